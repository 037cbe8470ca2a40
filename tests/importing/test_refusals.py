"""Files that cannot be imported: each is named for what it seems to be, with what to do instead."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sys
import tarfile
import zipfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo.cli import main
from ganzoo.errors import ConfigError, GanzooError, RequestError, WeightsError


def saved(value, **options):
    """The bytes that torch writes for a value."""
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def network(*names):
    """The bytes of a state_dict with small tensors of these names."""
    return saved({name: torch.zeros(2) for name in names})


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b"0123456789" * 100)
    return buffer.getvalue()


def tarred(**options):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **options) as archive:
        archive.addfile(tarfile.TarInfo("netG.pth"))
    return buffer.getvalue()


def optimizer():
    weight = torch.nn.Parameter(torch.zeros(2, 3))
    adam = torch.optim.Adam([weight])
    weight.sum().backward()
    adam.step()
    return adam.state_dict()


def scripted():
    buffer = io.BytesIO()
    # Not with torch.jit, which is deprecated: what matters is where an archive holds programs.
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "code/__torch__.py"):
            archive.writestr(f"model/{name}", b"\x80\x02}q\x00.")
    return buffer.getvalue()


def array(value):
    buffer = io.BytesIO()
    np.save(buffer, value)
    return buffer.getvalue()


def generator(width=8, channels=3, latents=16, sizes=3):
    """A DCGAN of pytorch/examples for images of 16 pixels: its generator's state_dict."""
    widths = [width * 2**n for n in reversed(range(sizes - 1))]
    tensors, before = {}, latents
    for number, count in enumerate(widths):
        tensors[f"main.{3 * number}.weight"] = torch.full((before, count, 4, 4), 0.1)
        norm = f"main.{3 * number + 1}"
        for last in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{norm}.{last}"] = torch.ones(count)
        tensors[f"{norm}.num_batches_tracked"] = torch.tensor(5)
        before = count
    tensors[f"main.{3 * len(widths)}.weight"] = torch.full((before, channels, 4, 4), 0.1)
    return tensors


def discriminator(width=8):
    return {
        "main.0.weight": torch.ones(width, 3, 4, 4),
        "main.2.weight": torch.ones(2 * width, width, 4, 4),
        **{f"main.3.{n}": torch.ones(2 * width) for n in ("weight", "bias", "running_mean")},
        "main.3.running_var": torch.ones(2 * width),
        "main.5.weight": torch.ones(1, 2 * width, 4, 4),
    }


GOOD = saved(generator())

# A file that is not a checkpoint of networks -> its bytes, and words of the message: what it is,
# and what to do.
FILES = {
    "an empty file": (b"", ("it is empty", "download it again")),
    "nothing but zeros": (bytes(5000), ("nothing but zeros", "download it again")),
    "a web page": (b"\n<!DOCTYPE html>\n<html>Sign in</html>", ("a web page", "download it again")),
    "S3's XML error": (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code></Error>',
        ("an error of a server", "download it again"),
    ),
    "a pointer of LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 12345\n",
        ("a pointer of Git LFS", "git lfs pull"),
    ),
    "a gzip archive": (gzip.compress(GOOD), ("a gzip archive", "unpack it")),
    "a bzip2 archive": (bz2.compress(GOOD), ("a bzip2 archive", "unpack it")),
    "an xz archive": (lzma.compress(GOOD), ("an xz archive", "unpack it")),
    "a 7z archive": (b"7z\xbc\xaf\x27\x1c" + bytes(99), ("a 7z archive", "unpack it")),
    "a rar archive": (b"Rar!\x1a\x07\x01\x00" + bytes(99), ("a rar archive", "unpack it")),
    "a tar archive": (tarred(), ("a tar archive", "unpack it")),
    "a zip archive": (zipped("netG.pth", "opt.txt"), ("a zip archive of files", "unpack it")),
    "NumPy's .npz": (zipped("a.npy", "b.npy"), ("NumPy's arrays", "state_dict")),
    "an empty zip archive": (zipped(), ("a zip archive", "empty")),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(99), ("an HDF5 file", "Keras")),
    "ONNX": (
        b"\x08\x08\x12\x07pytorch\x1a\x052.8.0:\xd0\x01\n\x00",
        ("an ONNX program", "import the checkpoint"),
    ),
    "TensorFlow's index": (
        bytes(200) + bytes.fromhex("57fb808b247547db"),
        ("of TensorFlow", "convert it"),
    ),
    "a graph of TensorFlow": (
        b"\x08\x01\x12\xe1\x8b\x01\n\x00\x12\x05serve" + bytes(99),
        ("of TensorFlow", "convert it"),
    ),
    "NumPy's .npy": (array(np.ones((4, 4))), ("a single NumPy array", "state_dict")),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(99), ("an image", "the file of the weights")),
    "JSON": (json.dumps({"model": "dcgan"}).encode(), ("it is JSON", "beside it")),
    "a program": (b"import torch\n", ("not a checkpoint that torch", "state_dict")),
    "a pickle of protocol 0": (pickle.dumps({"a": 1}, 0), ("protocol 0", "state_dict")),
    "TorchScript": (scripted(), ("a TorchScript archive", "state_dict")),
    "a half-downloaded zip": (GOOD[: len(GOOD) // 2], ("cut off", "download it again")),
    "a half-downloaded old stream": (
        saved(generator(), _use_new_zipfile_serialization=False)[:-99],
        ("cut off", "download it again"),
    ),
    "a half-downloaded safetensors": (
        (900).to_bytes(8, "little") + b'{"a":{"dtype":"F32"',
        ("cut off", "download it again"),
    ),
    "an optimizer alone": (saved(optimizer()), ("an optimizer alone", "the file of the networks")),
    "an optimizer under its name": (
        saved({"optimizer_state_dict": optimizer(), "epoch": 3}),
        ("an optimizer alone", "the file of the networks"),
    ),
    "an empty dict": (saved({}), ("no tensors", "the file of the networks")),
    "numbers": (saved({"epoch": 3, "loss": 0.5}), ("but epoch, loss", "the file of the networks")),
    "options": (saved(Namespace(lr=0.1, nz=8)), ("but lr, nz", "the file of the networks")),
    "a list": (saved([1.0, 2.0]), ("no tensors", "the file of the networks")),
    "a single tensor": (
        saved(torch.ones(3, 64, 64)),
        ("a single tensor", "a network's state_dict"),
    ),
    "a single tensor in a dict": (network("latent"), ("a single tensor", "a network's state_dict")),
    "a list of tensors": (
        saved([torch.ones(2), torch.ones(3)]),
        ("tensors without names", "a network's state_dict"),
    ),
}

# A network that is of no format -> names of its tensors, and what it is said to be.
NETWORKS = {
    "StyleGAN2 of NVIDIA": (
        ("mapping.fc0.weight", "mapping.w_avg", "synthesis.b4.const", "synthesis.b4.conv1.weight"),
        "StyleGAN2 of NVIDIA",
    ),
    "StyleGAN3": (
        ("mapping.fc0.weight", "synthesis.input.freqs", "synthesis.L0_36_512.weight"),
        "StyleGAN3 of NVIDIA",
    ),
    "StyleGAN2 of rosinality": (
        ("style.1.weight", "input.input", "convs.0.conv.modulation.weight", "to_rgb1.bias"),
        "StyleGAN2 of rosinality",
    ),
    "R3GAN": (
        (
            "Model.MainLayers.0.TransitionLayer.Basis",
            "Model.MainLayers.0.Layers.0.LinearLayer1.Layer.weight",
        ),
        "R3GAN",
    ),
    "BigGAN": (
        ("shared.weight", "linear.weight", "linear.u0", "linear.sv0", "blocks.0.0.conv1.weight"),
        "BigGAN",
    ),
    "StudioGAN": (
        ("linear0.weight_orig", "linear0.weight_u", "blocks.0.0.conv2d1.weight_orig"),
        "a network of StudioGAN",
    ),
    "BigGAN of Hugging Face": (
        ("embeddings.weight", "generator.gen_z.weight_orig", "generator.layers.0.conv_0.bias"),
        "BigGAN of Hugging Face",
    ),
    "lightweight-gan": (
        ("G.initial_conv.0.weight", "G.out_conv.weight", "GE.out_conv.weight"),
        "lightweight-gan",
    ),
    "FastGAN": (
        ("module.init.init.0.weight_orig", "module.feat_8.1.weight", "module.se_64.main.1.weight"),
        "FastGAN",
    ),
    "the progressive GAN": (
        ("formatLayer.module.weight", "scaleLayers.0.0.module.weight", "toRGBLayers.0.module.bias"),
        "the progressive GAN",
    ),
    "mimicry": (("l1.weight", "block2.c1.weight", "block2.c_sc.bias", "b6.weight"), "mimicry"),
    "a critic of mimicry": (
        ("block1.c_sc.weight", "block1.c_sc.sn_u", "block1.c_sc.sn_sigma", "l5.weight", "l5.sn_u"),
        "mimicry",
    ),
    "DCGAN of PyTorch-GAN": (
        ("l1.0.weight", "conv_blocks.0.weight", "conv_blocks.2.weight"),
        "PyTorch-GAN",
    ),
    "CycleGAN of PyTorch-GAN": (
        ("model.1.weight", "model.10.block.1.weight", "model.10.block.5.weight"),
        "PyTorch-GAN",
    ),
    "pix2pix of PyTorch-GAN": (("down1.model.0.weight", "final.2.weight"), "PyTorch-GAN"),
    "ESRGAN": (("conv_first.weight", "body.0.rdb1.conv1.weight"), "super-resolution"),
    "GFPGAN": (("stylegan_decoder.style_mlp.1.weight", "conv_body_first.weight"), "GFPGAN"),
    "HiFi-GAN": (("conv_pre.weight_g", "ups.0.weight_g", "resblocks.0.convs1.0.bias"), "HiFi-GAN"),
    "a VAE": (("encoder.0.0.weight", "fc_mu.weight", "fc_var.bias", "decoder.0.0.weight"), "a VAE"),
    "VQ-GAN": (
        ("encoder.conv_in.weight", "quantize.embedding.weight", "decoder.conv_out.bias"),
        "the autoencoder of VQ-GAN",
    ),
    "Stable Diffusion": (
        (
            "model.diffusion_model.time_embed.0.weight",
            "first_stage_model.quant_conv.weight",
            "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight",
        ),
        "Stable Diffusion",
    ),
    "a diffusion model": (("time_embed.0.weight", "input_blocks.0.0.weight"), "a diffusion model"),
    "a LoRA": (
        ("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", "lora_te.lora_up.weight"),
        "a LoRA",
    ),
    "a LoRA of PEFT": (("base_model.model.q_proj.lora_A.weight", "q_proj.lora_B.weight"), "a LoRA"),
    "CLIP": (
        ("logit_scale", "visual.conv1.weight", "transformer.resblocks.0.ln_1.weight"),
        "CLIP",
    ),
    "a ResNet classifier": (
        ("conv1.weight", "layer1.0.conv1.weight", "fc.weight"),
        "a ResNet classifier",
    ),
    "VGG": (("features.0.weight", "classifier.0.weight"), "an image classifier"),
    "Inception": (("Conv2d_1a_3x3.conv.weight", "Mixed_5b.branch1x1.conv.weight"), "Inception"),
    "a vision transformer": (
        ("cls_token", "patch_embed.proj.weight", "blocks.0.attn.qkv.weight"),
        "a vision transformer",
    ),
    "a language model": (("transformer.wte.weight", "transformer.h.0.ln_1.bias"), "language model"),
    "BERT": (("bert.embeddings.word_embeddings.weight", "cls.predictions.bias"), "BERT"),
    "YOLO": (("model.0.conv.weight", "model.2.cv1.conv.weight"), "an object detector (YOLO)"),
    "an LSTM": (("lstm.weight_ih_l0", "lstm.weight_hh_l0", "head.weight"), "a recurrent network"),
    "an autoencoder": (("encoder.0.weight", "decoder.0.weight"), "an autoencoder"),
    "a quantised network": (
        ("conv.weight", "conv.scale", "conv.zero_point"),
        "a quantised network",
    ),
    "an unknown network": (("alpha.weight", "beta.weight"), "are named alpha.weight, beta.weight"),
}

# Whether or not a network is a GAN, the message says what to do with it.
ADVICE = ("a plugin can bring", "use the library", "import the network", "ganzoo reads")


def refusal(source, folder, *, kind=WeightsError, **more):
    """Import something that is refused with one sentence that names it, and leaves nothing."""
    with pytest.raises(kind) as found:
        ganzoo.import_checkpoint(source, folder, **more)
    message = str(found.value)
    assert "\n" not in message
    assert not folder.exists()
    return message


@pytest.mark.parametrize("row", FILES)
def test_a_file_without_networks(tmp_path, row):
    content, words = FILES[row]
    file = tmp_path / "netG.pth"
    file.write_bytes(content)
    message = refusal(file, tmp_path / "out")
    assert str(file) in message
    assert [word for word in words if word not in message] == []


@pytest.mark.parametrize("row", NETWORKS)
def test_a_network_of_no_format(tmp_path, row):
    names, words = NETWORKS[row]
    file = tmp_path / "model.pt"
    file.write_bytes(network(*names))
    message = refusal(file, tmp_path / "out")
    assert str(file) in message
    assert words in message
    assert any(advice in message for advice in ADVICE)


@pytest.fixture
def folder(tmp_path):
    """A folder for the files of a row."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    return folder


def put(folder, **networks):
    """Write checkpoints, by the stem of their names, and return the last one."""
    for stem, tensors in networks.items():
        file = folder / f"{stem}.pth"
        torch.save(tensors, file)
    return file


def without(tensors, name):
    return {key: tensor for key, tensor in tensors.items() if key != name}


def translator():
    """A ResNet with batch norm, which both translators of junyanz may be."""
    tensors = {"model.1.weight": torch.ones(4, 3, 7, 7), "model.2.weight": torch.ones(4)}
    block = {f"model.10.conv_block.{n}.weight": torch.ones(16, 16, 3, 3) for n in (1, 5)}
    return {**tensors, **block, "model.18.weight": torch.ones(3, 4, 7, 7)}


def many(folder):
    return put(folder, **{f"epoch_{n}": generator() for n in range(40)}).parent


def near(folder):
    return put(folder, netG_epoch_24=generator()).with_name("netG_epoch_42.pth")


NOT_FINITE = generator() | {"main.3.weight": torch.full((16, 8, 4, 4), torch.nan)}

# What is asked for -> the files, how they are imported, the kind of error and words of it.
REQUESTS = {
    "a discriminator alone": (
        lambda folder: put(folder, critic=discriminator()),
        {},
        WeightsError,
        ("a discriminator alone (pytorch-dcgan)", "name the file of its generator"),
    ),
    "a folder without checkpoints": (
        lambda folder: folder,
        {},
        WeightsError,
        ("holds no checkpoint", ".pth"),
    ),
    "a folder with 40 of them": (
        many,
        {},
        WeightsError,
        ("40 checkpoints", "epoch_0.pth", "name the file"),
    ),
    "a folder with two generators": (
        lambda folder: put(folder, first=generator(), second=generator()).parent,
        {},
        WeightsError,
        ("first.pth, second.pth", "name one file"),
    ),
    "an unknown format": (
        lambda folder: put(folder, netG=generator()),
        {"form": "pytorch-dcgam"},
        WeightsError,
        ("'pytorch-dcgam'", "did you mean 'pytorch-dcgan'?"),
    ),
    "a wrong format": (
        lambda folder: put(folder, netG=generator()),
        {"form": "junyanz-pix2pix"},
        WeightsError,
        ("is not of the format junyanz-pix2pix", "it is of pytorch-dcgan"),
    ),
    "a wrong format for what has none": (
        lambda folder: put(folder, G=dict.fromkeys(NETWORKS["BigGAN"][0], torch.ones(2))),
        {"form": "junyanz-pix2pix"},
        WeightsError,
        ("is not of the format junyanz-pix2pix", "it seems to be BigGAN"),
    ),
    "two formats": (
        lambda folder: put(folder, latest_net_G=translator()),
        {},
        WeightsError,
        ("--as junyanz-cyclegan or --as junyanz-pix2pix",),
    ),
    "a missing tensor": (
        lambda folder: put(folder, netG=without(generator(), "main.1.bias")),
        {},
        WeightsError,
        ("lacks layers.0.bias of the generator", "with gaps"),
    ),
    "a tensor of another shape": (
        lambda folder: put(folder, netG=generator() | {"main.1.bias": torch.ones(3)}),
        {},
        WeightsError,
        ("layers.0.bias of the generator is [3]", "[16]"),
    ),
    "a tensor too many": (
        lambda folder: put(folder, netG=generator() | {"main.1.filter": torch.ones(3)}),
        {},
        WeightsError,
        ("layers.0.filter, which the generator of dcgan does not have", "another version"),
    ),
    "a number that is not finite": (
        lambda folder: put(folder, netG=NOT_FINITE),
        {},
        WeightsError,
        ("netG.pth: the generator is not saved: layers.2.weight is not finite", "earlier"),
    ),
    "a folder that exists": (
        lambda folder: put(folder, netG=generator()),
        {"folder": "theirs"},
        RequestError,
        ("theirs", "already exists", "give a new folder"),
    ),
    "a value that is not allowed": (
        lambda folder: put(folder, netG=generator()),
        {"values": {"latent": "cauchy"}},
        ConfigError,
        ("netG.pth as pytorch-dcgan", "latent", "'normal'"),
    ),
    "an unknown field": (
        lambda folder: put(folder, netG=generator()),
        {"values": {"latents": "normal"}},
        ConfigError,
        ("latents", "did you mean"),
    ),
    "a value that the tensors contradict": (
        lambda folder: put(folder, netG=generator()),
        {"values": {"width": 16}},
        WeightsError,
        ("project.weight of the generator is", "with these values"),
    ),
    "a file that does not exist": (
        near,
        {},
        WeightsError,
        ("there is no file", "did you mean 'netG_epoch_24.pth'?"),
    ),
    "an address of the web": (
        lambda folder: "https://example.org/netG.pth",
        {},
        WeightsError,
        ("https://example.org/netG.pth", "download it"),
    ),
    "a repository without a file": (
        lambda folder: "hf://org",
        {},
        WeightsError,
        ("does not name a file", "hf://org/name/path"),
    ),
}


@pytest.mark.parametrize("row", REQUESTS)
def test_a_request_that_is_refused(tmp_path, folder, row):
    files, more, kind, words = REQUESTS[row]
    source = files(folder)
    there = sorted(folder.iterdir())
    target = tmp_path / more.get("folder", "out")
    more = {key: value for key, value in more.items() if key != "folder"}
    with pytest.raises(kind) as found:
        ganzoo.import_checkpoint(source, target, **more)
    assert [word for word in words if word not in str(found.value)] == []
    assert "\n" not in str(found.value)
    assert sorted(folder.iterdir()) == there
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_read(tmp_path, folder, monkeypatch):
    file, opened = put(folder, netG=generator()), Path.open

    def refuse(path, *more, **options):
        if path == file:
            raise PermissionError(13, "Permission denied")
        return opened(path, *more, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert "netG.pth cannot be read: Permission denied" in refusal(
        file, tmp_path / "out", kind=GanzooError
    )


def test_a_neighbour_that_is_no_checkpoint_is_passed_over(tmp_path, folder):
    file = put(folder, netD={}, netG=generator())
    file.with_name("netD.pth").write_bytes(b"<html>")
    report = ganzoo.import_checkpoint(file, tmp_path / "out")
    assert [*report.networks] == ["generator"]


# Arguments -> words on standard error; each ends with 2, and prints nothing else.
COMMANDS = {
    "a web page": (["page.pth", "-o", "out"], "page.pth cannot be imported: it is a web page"),
    "another network": (["vae.pth", "-o", "out"], "it seems to be a VAE; it is not a GAN"),
    "no file": (["netH.pth", "-o", "out"], "there is no file netH.pth; did you mean 'netG.pth'"),
}


@pytest.mark.parametrize("row", COMMANDS)
def test_from_the_command_line(folder, monkeypatch, capsys, row):
    arguments, words = COMMANDS[row]
    put(folder, vae=dict.fromkeys(NETWORKS["a VAE"][0], torch.ones(2)), netG=generator())
    (folder / "page.pth").write_bytes(b"<html>")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["ganzoo", "import", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    captured = capsys.readouterr()
    assert (stop.value.code, captured.out) == (2, "")
    assert words in " ".join(captured.err.split())
    assert not (folder / "out").exists()
