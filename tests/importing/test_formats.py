"""Every format comes in: what is imported makes what plain torch makes of the same tensors."""

import argparse
import json
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import ganzoo
from ganzoo.errors import ConfigError, WeightsError
from tests.hub.server import ALICE
from tests.importing import foreign
from tests.importing.foreign import called, scrambled


class Form:
    """Networks of a format, and how what is imported is compared with them.

    Args:
        name: The format.
        networks: By file, the network that it holds; the first is the one that is imported.
        roles: By file, the role that it gets.
        data: The fields of the section ``data`` for fine-tuning.
    """

    def __init__(self, name, networks, roles, data):
        self.name, self.networks, self.roles, self.data = name, networks, roles, data

    def made(self):
        return {
            file: scrambled(make(), seed) for seed, (file, make) in enumerate(self.networks.items())
        }


FORMS = {
    "dcgan": Form(
        "pytorch-dcgan",
        {
            "netG_epoch_3.pth": foreign.dcgan_generator,
            "netD_epoch_3.pth": foreign.dcgan_discriminator,
        },
        {"netG_epoch_3.pth": "generator", "netD_epoch_3.pth": "discriminator"},
        "images",
    ),
    "dcgan of other widths": Form(
        "pytorch-dcgan",
        {
            "generator.pt": lambda: foreign.dcgan_generator(7, 3, 1, levels=3),
            "discriminator.pt": lambda: foreign.dcgan_discriminator(5, 1, levels=3),
        },
        {"generator.pt": "generator", "discriminator.pt": "discriminator"},
        "images",
    ),
    "dcgan of studiogan": Form(
        "studiogan-dcgan",
        {
            "model=G-best-weights-step=1.pth": foreign.DeepConvGenerator,
            "model=D-best-weights-step=1.pth": foreign.DeepConvDiscriminator,
        },
        {
            "model=G-best-weights-step=1.pth": "generator",
            "model=D-best-weights-step=1.pth": "discriminator",
        },
        "images",
    ),
    "dcgan of studiogan, normalised": Form(
        "studiogan-dcgan",
        {
            "netG.pth": lambda: foreign.DeepConvGenerator(7, 3),
            "netD.pth": lambda: foreign.DeepConvDiscriminator(2, normalised=True),
        },
        {"netG.pth": "generator", "netD.pth": "discriminator"},
        "images",
    ),
    "wgan-gp": Form(
        "gan-collections-wgan-gp",
        {"netG.pt": foreign.ResidualGenerator, "netD.pt": foreign.ResidualDiscriminator},
        {"netG.pt": "generator", "netD.pt": "discriminator"},
        "images",
    ),
    "cyclegan": Form(
        "junyanz-cyclegan",
        {
            "latest_net_G_A.pth": foreign.resnet,
            "latest_net_G_B.pth": foreign.resnet,
            "latest_net_D_A.pth": foreign.patches,
            "latest_net_D_B.pth": foreign.patches,
        },
        {
            "latest_net_G_A.pth": "a_to_b",
            "latest_net_G_B.pth": "b_to_a",
            "latest_net_D_A.pth": "discriminator_b",
            "latest_net_D_B.pth": "discriminator_a",
        },
        "domains",
    ),
    "cyclegan with dropout, alone": Form(
        "junyanz-cyclegan",
        {"horse2zebra.pth": lambda: foreign.resnet(dropout=True, blocks=3)},
        {"horse2zebra.pth": "a_to_b"},
        "domains",
    ),
    "pix2pix": Form(
        "junyanz-pix2pix",
        {
            "latest_net_G.pth": foreign.unet,
            "latest_net_D.pth": lambda: foreign.patches("batch", channels=6, halvings=2),
        },
        {"latest_net_G.pth": "generator", "latest_net_D.pth": "discriminator"},
        "pairs",
    ),
    "pix2pix with instance norm and pixels": Form(
        "junyanz-pix2pix",
        {
            "latest_net_G.pth": lambda: foreign.unet("instance"),
            "latest_net_D.pth": lambda: foreign.pixels("instance"),
        },
        {"latest_net_G.pth": "generator", "latest_net_D.pth": "discriminator"},
        "pairs",
    ),
}


def write(folder, networks, old=False):
    for file, network in networks.items():
        state = OrderedDict(network.state_dict())
        torch.save(state, folder / file, _use_new_zipfile_serialization=not old)
    return folder / next(iter(networks))


def check_same(networks, roles, weights):
    """Each network that was imported does what its original does."""
    source = torch.Generator().manual_seed(5)
    for file, role in roles.items():
        network, ours = networks[file], ganzoo.load(weights, role=role)
        if isinstance(ours, ganzoo.Generator):
            latents = ours.latents(3, seed=0)
            dense = hasattr(network, "linear") or hasattr(network, "linear0")
            given = latents if dense else latents[:, :, None, None]
            made, expected = ours.generate(latents=latents), called(network, given).add(1).div(2)
        elif isinstance(ours, ganzoo.Translator):
            images = torch.rand(2, 3, 32, 64, generator=source)
            made = ours.translate(images, use="eval", seed=0)
            expected = called(network, images * 2 - 1).add(1).div(2)
        else:
            shape = ours.config.sample_shape
            side = max(32, shape[1])
            samples = torch.randn(
                2, shape[0], shape[1] if shape[1] < 32 else side, side, generator=source
            )
            condition = {}
            given = samples
            if ours.config.name == "pix2pix":
                condition["condition"] = torch.randn(samples.shape, generator=source)
                given = torch.cat([condition["condition"], samples], 1)
            with torch.no_grad():
                made = ours.module(samples, **condition)
            expected = called(network, given).view_as(made)
        torch.testing.assert_close(made, expected, rtol=0, atol=1e-5 * expected.abs().max().item())


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old stream"])
@pytest.mark.parametrize("name", FORMS)
def test_a_format_comes_in(tmp_path, name, old):
    form = FORMS[name]
    networks = form.made()
    report = ganzoo.import_checkpoint(write(tmp_path, networks, old), tmp_path / "weights")
    assert report.format == form.name
    assert report.networks.keys() == {*form.roles.values()}
    for file, role in form.roles.items():
        found = report.networks[role]
        assert (found.part, found.left, found.made) == (file, (), ())
        assert sorted(found.taken) == sorted(networks[file].state_dict())
    check_same(networks, form.roles, tmp_path / "weights")


def images_for(kind, folder, shape):
    random = np.random.default_rng(0)
    channels, side = shape[0], max(shape[1], 32)
    pixels = random.integers(256, size=(2, 6, side, side, channels), dtype=np.uint8)
    if channels == 1:
        pixels = pixels[..., 0]
    for half, name in zip(pixels, "ab", strict=True):
        np.save(folder / f"{name}.npy", half)
    places = {f"data.{name}": str(folder / f"{name}.npy") for name in "ab"}
    if kind == "images":
        return {"data": str(folder / "a.npy")}
    return {
        "overrides": {
            "data.source": kind,
            "data.image_size": side,
            "data.load_size": side,
            **places,
        }
    }


ROADS = ["dcgan", "wgan-gp", "cyclegan", "pix2pix"]


@pytest.mark.parametrize("name", ROADS)
def test_it_is_tuned_exported_published_and_loaded(tmp_path, session_hub, name):
    session_hub.reset()
    form = FORMS[name]
    weights = tmp_path / "weights"
    # A ResNet takes images of any size; that of the published ones would take a minute.
    sizes = {"sample_shape": (3, 32, 32), "source_shape": (3, 32, 32)}
    ganzoo.import_checkpoint(
        write(tmp_path, form.made()),
        weights,
        sizes if name == "cyclegan" else None,
        licence="mit",
        origin="a friend's drive",
    )
    config = ganzoo.load(weights).config
    given = images_for(form.data, tmp_path, config.sample_shape)
    overrides = {
        **given.pop("overrides", {}),
        "training.batch_size": 2,
        "training.sample_every": 0,
        "health.every": 0,
    }
    run = ganzoo.finetune(weights, overrides=overrides, out=tmp_path / "run", steps=3, **given)
    assert all(not net["left"] and not net["new"] for net in run.base["networks"].values())
    out = ganzoo.export(run, tmp_path / "tuned")
    ganzoo.push(out, "alice/tuned", token=ALICE)
    loaded, here = ganzoo.load("alice/tuned", cache_dir=tmp_path / "cache"), ganzoo.load(out)
    state = here.module.state_dict()
    assert all(tensor.equal(state[key]) for key, tensor in loaded.module.state_dict().items())

    ganzoo.push(weights, "alice/imported", token=ALICE)
    card = session_hub.repos["alice/imported"].files()["README.md"].decode()
    assert "license: mit" in card
    assert f"`{form.name}`" in card
    assert "a friend&#39;s drive" in card or "a friend's drive" in card


# What wraps them.


def tensors_on_a_gpu(folder, state):
    """As torch writes tensors of a GPU: the same but for a word."""
    path = folder / "plain.pth"
    torch.save(state, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    path.unlink()
    tagged = content.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    assert tagged != content
    return tagged


def wrapped(name, state, folder):
    """What a file holds, by what is done to a state_dict."""
    match name:
        case "state_dict":
            return {"state_dict": state, "epoch": 3}
        case "model_state_dict":
            return {"model_state_dict": state, "global_step": np.int64(7)}
        case "netG_state_dict":
            return {"netG_state_dict": state, "args": argparse.Namespace(nz=5, lr=2e-4)}
        case "DataParallel":
            return {f"module.{key}": tensor for key, tensor in state.items()}
        case "compiled and DataParallel":
            return {f"_orig_mod.module.{key}": tensor for key, tensor in state.items()}
        case "half":
            return {k: t.half() if t.is_floating_point() else t for k, t in state.items()}
        case "bfloat16":
            return {k: t.bfloat16() if t.is_floating_point() else t for k, t in state.items()}
        case "channels last":
            last = torch.channels_last
            return {k: t.to(memory_format=last) if t.ndim == 4 else t for k, t in state.items()}
        case "parameters":
            return {k: nn.Parameter(t, requires_grad=False) for k, t in state.items()}
        case "huggan":
            return {key.replace("main.", "model."): tensor for key, tensor in state.items()}
        case "a name in front":
            return {f"generator.{key}": tensor for key, tensor in state.items()}
        case "one storage":
            flat = torch.cat([t.flatten() for t in state.values() if t.is_floating_point()])
            parts, start = {}, 0
            for key, tensor in state.items():
                if tensor.is_floating_point():
                    parts[key] = flat[start : start + tensor.numel()].view(tensor.shape)
                    start += tensor.numel()
                else:
                    parts[key] = tensor
            return parts
    raise AssertionError(name)


WRAPPED = {
    "state_dict": 0,
    "model_state_dict": 0,
    "netG_state_dict": 0,
    "DataParallel": 0,
    "compiled and DataParallel": 0,
    "half": 1e-2,
    "bfloat16": 5e-2,
    "channels last": 0,
    "parameters": 0,
    "huggan": 0,
    "a name in front": 0,
    "one storage": 0,
}
"""How much the numbers of the tensors change."""


def assert_tensors(weights, network, atol=0.0):
    ours = [t for t in ganzoo.load(weights).module.state_dict().values() if t.ndim == 4]
    theirs = [t for t in network.state_dict().values() if t.ndim == 4]
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize("name", WRAPPED)
def test_what_wraps_a_network_is_taken_away(tmp_path, name):
    network = scrambled(foreign.dcgan_generator())
    file = tmp_path / "netG.pth"
    torch.save(wrapped(name, network.state_dict(), tmp_path), file)
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    assert report.networks["generator"].left == ()
    assert_tensors(tmp_path / "weights", network, WRAPPED[name])


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_arrays_of_numpy_in_a_plain_pickle(tmp_path, protocol):
    network = scrambled(foreign.dcgan_generator())
    arrays = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    (tmp_path / "netG.pkl").write_bytes(pickle.dumps({"G": arrays}, protocol))
    ganzoo.import_checkpoint(tmp_path / "netG.pkl", tmp_path / "weights")
    assert_tensors(tmp_path / "weights", network)


def test_a_whole_module_and_one_saved_on_a_gpu(tmp_path):
    network = scrambled(foreign.dcgan_generator())
    torch.save(network["main"], tmp_path / "whole.pth")
    report = ganzoo.import_checkpoint(tmp_path / "whole.pth", tmp_path / "whole")
    assert "torch.nn.modules.conv.ConvTranspose2d" in report.names
    assert_tensors(tmp_path / "whole", network)

    (tmp_path / "gpu.pth").write_bytes(tensors_on_a_gpu(tmp_path, network.state_dict()))
    ganzoo.import_checkpoint(tmp_path / "gpu.pth", tmp_path / "gpu")
    assert_tensors(tmp_path / "gpu", network)


def test_safetensors_of_another_tool(tmp_path):
    network = scrambled(foreign.dcgan_generator())
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    ganzoo.import_checkpoint(tmp_path / "model.safetensors", tmp_path / "weights")
    assert_tensors(tmp_path / "weights", network)


@pytest.fixture
def training(tmp_path):
    """A checkpoint of a training: both networks, an average, optimizers, options and figures."""
    G, D = scrambled(foreign.dcgan_generator(), 1), scrambled(foreign.dcgan_discriminator(), 2)
    average = scrambled(foreign.dcgan_generator(), 3)
    G.train().requires_grad_(True)
    optimizer = torch.optim.Adam(G.parameters())
    G["main"](torch.randn(2, 5, 1, 1)).sum().backward()
    optimizer.step()
    values = {
        "netG": G.state_dict(),
        "netD": D.state_dict(),
        "g_ema": average.state_dict(),
        "optimizerG": optimizer.state_dict(),
        "epoch": 4,
        "args": argparse.Namespace(nz=5, dataroot="/data", betas=(0.5, 0.999)),
        "best_fid": np.float64(31.5),
        "history": [np.float32(x) for x in range(4)],
        "sizes": np.arange(4),
    }
    torch.save(values, tmp_path / "checkpoint.pt")
    return G, average, tmp_path / "checkpoint.pt"


def test_a_checkpoint_of_a_training(tmp_path, training):
    G, average, file = training
    report = ganzoo.import_checkpoint(file, tmp_path / "weights")
    parts = {role: found.part for role, found in report.networks.items()}
    assert parts == {
        "generator": "checkpoint.pt/g_ema",
        "generator_raw": "checkpoint.pt/netG",
        "discriminator": "checkpoint.pt/netD",
    }
    assert_tensors(tmp_path / "weights", average)
    raw = ganzoo.load_generator(tmp_path / "weights", raw=True)
    layer = raw.module.project.weight
    assert layer.equal(G["main"][0].weight)
    assert "argparse.Namespace" in report.names


def test_what_is_recorded(tmp_path):
    networks = FORMS["dcgan"].made()
    report = ganzoo.import_checkpoint(write(tmp_path, networks), tmp_path / "weights")
    config = json.loads((tmp_path / "weights" / "config.json").read_text())
    assert config["imported"] == report.imported.model_dump(mode="json")
    assert config["imported"]["files"].keys() == networks.keys()
    assert config["imported"]["licence"] == ""
    card = (tmp_path / "weights" / "README.md").read_text()
    assert "Their licence is unknown" in card
    for name, digest in report.imported.files.items():
        assert name in card
        assert digest in card
    assert str(tmp_path) not in card + json.dumps(config)


def test_values_that_the_file_does_not_tell(tmp_path):
    file = write(tmp_path, FORMS["dcgan"].made())
    report = ganzoo.import_checkpoint(file, tmp_path / "weights", {"latent": "uniform"})
    assert report.config.latent == "uniform"
    with pytest.raises(ConfigError, match="latent"):
        ganzoo.import_checkpoint(file, tmp_path / "other", {"latent": "cauchy"})
    assert not (tmp_path / "other").exists()


def test_two_formats_that_fit_ask_for_one(tmp_path):
    network = scrambled(foreign.resnet("batch"))
    torch.save(network.state_dict(), tmp_path / "G.pth")
    with pytest.raises(WeightsError, match="--as junyanz-cyclegan or --as junyanz-pix2pix"):
        ganzoo.import_checkpoint(tmp_path / "G.pth", tmp_path / "weights")
    for form, role in (("junyanz-cyclegan", "a_to_b"), ("junyanz-pix2pix", "generator")):
        ganzoo.import_checkpoint(tmp_path / "G.pth", tmp_path / form, form=form)
        check_same({"G.pth": network}, {"G.pth": role}, tmp_path / form)


def test_options_beside_a_file_decide(tmp_path):
    network = scrambled(foreign.resnet("batch"))
    torch.save(network.state_dict(), tmp_path / "latest_net_G.pth")
    text = "----------------- Options ---------------\n           model: pix2pix   [default: x]\n"
    (tmp_path / "train_opt.txt").write_text(f"{text}----------------- End -------------------\n")
    report = ganzoo.import_checkpoint(tmp_path / "latest_net_G.pth", tmp_path / "weights")
    assert report.format == "junyanz-pix2pix"


def test_statistics_of_old_instance_norms_are_left_and_said(tmp_path):
    network = scrambled(foreign.resnet())
    state = dict(network.state_dict())
    for place in (2, 5, 8):
        state[f"model.{place}.running_mean"] = torch.zeros(4)
        state[f"model.{place}.running_var"] = torch.ones(4)
    torch.save(state, tmp_path / "horse2zebra.pth")
    report = ganzoo.import_checkpoint(tmp_path / "horse2zebra.pth", tmp_path / "weights")
    assert len(report.networks["a_to_b"].left) == 6
    assert "running statistics of instance norms were left out" in report.notes[0]
    check_same({"horse2zebra.pth": network}, {"horse2zebra.pth": "a_to_b"}, tmp_path / "weights")


def test_pix2pix_is_used_as_published(tmp_path):
    file = write(tmp_path, FORMS["pix2pix"].made())
    ganzoo.import_checkpoint(file, tmp_path / "weights")
    config = ganzoo.load(tmp_path / "weights").config
    assert (config.use, config.dropout) == ("published", 0.5)


def test_counters_that_torch_once_had_not(tmp_path):
    network = scrambled(foreign.dcgan_generator())
    state = {k: t for k, t in network.state_dict().items() if "num_batches" not in k}
    torch.save(state, tmp_path / "netG.pth")
    report = ganzoo.import_checkpoint(tmp_path / "netG.pth", tmp_path / "weights")
    assert len(report.networks["generator"].made) == 4
    check_same({"netG.pth": network}, {"netG.pth": "generator"}, tmp_path / "weights")


# Spectral norm in its four spellings.


def spectral(spelling, network):
    """The state of a DCGAN's discriminator under spectral norm, in one spelling of four."""
    layers = network["main"]
    if spelling == "hook":
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.utils.spectral_norm(layer)
    else:
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.utils.parametrizations.spectral_norm(layer)
    return network


@pytest.mark.parametrize("spelling", ["hook", "parametrization", "u0", "sn_u"])
def test_spectral_norm(tmp_path, spelling):
    """Each divides by what its own layer divides by in evaluation."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 4, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for width in (4, 8):
        layers += [nn.Conv2d(width, 2 * width, 4, 2, 1), nn.LeakyReLU(0.2)]
    network = nn.ModuleDict({"main": nn.Sequential(*layers, nn.Conv2d(16, 1, 4, 1, 0, bias=False))})
    plain = scrambled(network, 4)
    state = dict(plain.state_dict())
    expected = plain
    if spelling in ("hook", "parametrization"):
        expected = spectral(spelling, plain).eval()
        state = dict(expected.state_dict())
    else:
        for name in [name for name in state if name.endswith("weight")]:
            weight = state[name]
            u = nn.functional.normalize(torch.randn(1, len(weight)), dim=1)
            head = name.removesuffix("weight")
            sigma = {"u0": "sv0", "sn_u": "sn_sigma"}[spelling]
            state[f"{head}{spelling}"], state[f"{head}{sigma}"] = u, torch.ones(1)
            # In evaluation both do one more iteration, and divide by the length of W v.
            v = nn.functional.normalize(u @ weight.flatten(1), dim=1)
            layer = plain.get_submodule(head.removesuffix("."))
            layer.weight.data = weight / (weight.flatten(1) @ v.T).norm()
    torch.save(scrambled(foreign.dcgan_generator(levels=3)).state_dict(), tmp_path / "netG.pth")
    torch.save(state, tmp_path / "netD.pth")
    report = ganzoo.import_checkpoint(tmp_path / "netG.pth", tmp_path / "weights")
    assert report.config.discriminator_norm == "spectral"
    ours = ganzoo.load_discriminator(tmp_path / "weights")
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        made = ours.module(images)
    torch.testing.assert_close(made, called(expected, images).flatten(), rtol=1e-5, atol=1e-6)
