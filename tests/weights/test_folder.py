"""Weights folders: what is written is read back, and nothing else is."""

import json
import os
import pickle
import resource
import struct
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import ganzoo
from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.errors import ConfigError, RunError, WeightsError
from ganzoo.hub.loading import load_discriminator, load_generator, load_pair, open_weights
from ganzoo.networks import Generator, create_generator
from ganzoo.spec import Architecture, Pretrained, Traits
from ganzoo.training.run import Run
from ganzoo.weights import files, strict
from ganzoo.weights import saving as weights
from ganzoo.weights.description import DataFacts, Info
from ganzoo.weights.scores import own_folder, save_scores

FILES = ("model.safetensors", "discriminator.safetensors", "generator_raw.safetensors")


def equal(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(t.equal(other[k]) for k, t in one.items())


def located(reference):
    """The weights folder that a reference means."""
    return open_weights(reference).folder


def edit(path, change):
    """Change a file of tensors in place."""
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def edit_config(folder, **values):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    for key, value in values.items():
        inner = config
        *parents, last = key.split("__")
        for parent in parents:
            inner = inner[parent]
        inner[last] = value
    path.write_text(json.dumps(config))


class TestRoundTrip:
    def test_every_network_comes_back_bit_for_bit(self, saved, G, D):
        loaded, raw = load_generator(saved), load_generator(saved, raw=True)
        assert equal(loaded, G)
        assert equal(load_discriminator(saved), D)
        assert not equal(raw, G)
        pair = load_pair(saved)
        assert equal(pair[0], G)
        assert equal(pair[1], D)
        assert equal(load_pair(saved, raw=True)[0], raw)
        assert loaded.info.model_copy(update={"networks": {}}) == G.info
        assert {name: kept.file for name, kept in loaded.info.networks.items()} == {
            "generator": "model.safetensors",
            "discriminator": "discriminator.safetensors",
            "generator_raw": "generator_raw.safetensors",
        }
        assert loaded.sample(3, seed=0).equal(G.eval().sample(3, seed=0))

    def test_what_is_loaded_is_in_evaluation_mode(self, saved):
        assert not any(m.training for net in load_pair(saved) for m in net.modules())

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("vanilla", {"preset": "mlp", "generator_widths": (8, 8), "sample_shape": (2,)}),
            ("wgan-gp", {"preset": "resnet", "width": 4, "sample_shape": (4, 16, 16)}),
            ("dcgan", {"discriminator_norm": "spectral", "width": 2, "sample_shape": (2, 16, 16)}),
            ("dcgan", {"discriminator_norm": "instance", "width": 2, "sample_shape": (2, 16, 16)}),
        ],
        ids=["vanilla", "wgan-gp", "spectral", "instance"],
    )
    def test_a_network_saves_itself(self, tmp_path, name, values):
        G = ganzoo.create_generator(name, **values)
        D = ganzoo.create_discriminator(name, **values)
        assert G.save(tmp_path / "new" / "folder") == tmp_path / "new" / "folder"
        D.save(tmp_path / "new" / "folder")
        loaded = load_pair(tmp_path / "new" / "folder")
        assert equal(loaded[0], G)
        assert equal(loaded[1], D)
        assert loaded[0].config == G.config

    def test_facts_of_vectors_come_back(self, tmp_path):
        G = create_generator("vanilla", sample_shape=(2,), seed=0)
        data = DataFacts(kind="vectors", shift=[0.1, 1e-9], scale=[3.0, 1 / 3])
        G.info = Info.of(G.config, data=data, scores=[{"fid": 1.5}])
        assert load_generator(G.save(tmp_path)).info.data == data
        assert load_generator(tmp_path).info.scores == G.info.scores

    def test_saving_again_replaces(self, saved, G):
        with torch.no_grad():
            next(G.parameters()).mul_(2)
        G.save(saved)
        assert equal(load_generator(saved), G)

    def test_a_missing_network_is_said(self, saved):
        for name, load in (
            ("model.safetensors", load_generator),
            ("discriminator.safetensors", load_discriminator),
            ("generator_raw.safetensors", lambda f: load_generator(f, raw=True)),
        ):
            (saved / name).unlink()
            with pytest.raises(WeightsError, match=f"holds no {name}"):
                load(saved)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
    def test_a_network_is_loaded_to_a_device(self, saved, G):
        assert load_generator(saved, device="cuda").device.type == "cuda"
        assert equal(load_generator(saved, device="cuda").cpu(), G)


class TestFiles:
    def test_a_folder_holds_these_files_and_no_others(self, saved):
        assert sorted(os.listdir(saved)) == sorted([*FILES, "config.json"])

    @pytest.mark.parametrize("umask", [0o022, 0o077], ids=oct)
    def test_files_may_be_read_by_whom_the_umask_says(self, tmp_path, G, umask):
        before = os.umask(umask)
        try:
            G.save(tmp_path / "w")
        finally:
            os.umask(before)
        modes = {(tmp_path / "w" / n).stat().st_mode & 0o777 for n in os.listdir(tmp_path / "w")}
        assert modes == {0o666 & ~umask}

    def test_the_config_says_everything(self, saved, G):
        text = (saved / "config.json").read_text(encoding="utf-8")
        config = json.loads(text)
        assert config["format"] == 1
        assert config["architecture"] == {
            "name": "dcgan",
            "preset": "pytorch",
            "sample_shape": [1, 16, 16],
            "latent_dim": 100,
            "latent": "normal",
            "num_classes": 3,
            "layers": "strided",
            "width": 2,
            "discriminator_width": None,
            "discriminator_norm": "batch",
            "norm_eps": 1e-5,
            "initialisation": "normal",
        }
        assert config["data"]["class_names"] == ["Ä", "b", "c"]
        assert "Ä" in text
        assert config["plugin"] == {
            "distribution": "ganzoo-torch",
            "version": ganzoo.__version__,
        }
        assert config["ganzoo"] == ganzoo.__version__
        assert config["training"] == {"steps": 7}

    @pytest.mark.parametrize("convert", ["double", "bfloat16", "channels_last"])
    def test_tensors_are_float32_and_contiguous_whatever_they_were(self, tmp_path, G, convert):
        expected = {k: t.clone() for k, t in G.state_dict().items()}
        if convert == "channels_last":
            G.to(memory_format=torch.channels_last)
        else:
            getattr(G, convert)()
        G.save(tmp_path)
        state = load_file(tmp_path / "model.safetensors")
        for key, tensor in state.items():
            assert tensor.dtype in (torch.float32, torch.int64)
            assert tensor.allclose(expected[key], rtol=0 if convert != "bfloat16" else 1e-2)
        with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
            assert file.metadata() == {"format": "pt"}
        load_generator(tmp_path)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_nothing_is_saved_that_is_not_finite(self, tmp_path, G, D, value):
        with torch.no_grad():
            G.module.layers[0].running_mean[1] = value
        networks = {"discriminator": D.module, "generator": G.module}
        with pytest.raises(WeightsError, match=r"generator is not saved: layers\.0\.running_mean"):
            weights.save(tmp_path / "new", G.info, networks)
        assert not (tmp_path / "new").exists()

    def test_a_write_that_fails_leaves_the_old_file_and_no_other(self, saved, G, monkeypatch):
        before = {name: (saved / name).read_bytes() for name in os.listdir(saved)}

        def full(tensors, path, metadata):
            path.write_bytes(b"half of it")
            raise OSError("no space left on device")

        monkeypatch.setattr(files, "save_file", full)
        with pytest.raises(OSError, match="no space"):
            G.save(saved)
        assert {name: (saved / name).read_bytes() for name in os.listdir(saved)} == before


class Tied(nn.Module):
    """Two names for one matrix, and buffers of every kind."""

    def __init__(self, config):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        for index, dtype in enumerate(
            (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
        ):
            self.register_buffer(f"whole{index}", torch.ones(2, dtype=dtype))
        self.register_buffer("wide", torch.rand(2, dtype=torch.float64))
        self.register_buffer("narrow", torch.rand(2, dtype=torch.bfloat16))
        self.register_buffer("turned", torch.rand(2, dtype=torch.complex64))
        self.register_buffer("scalar", torch.tensor(3.0))

    def forward(self, latents, labels=None):
        return self.second(self.first(latents))


@pytest.fixture
def tied(own_plugins):
    spec = Architecture(
        name="tied",
        summary="A test.",
        config=LatentConfig,
        generator=Tied,
        discriminator=Tied,
        traits=lambda config: Traits(vectors=True, output="linear"),
    )
    registry.register(spec)
    return create_generator("tied", sample_shape=(4,), latent_dim=4)


def test_tied_tensors_are_stored_once_and_stay_tied(tmp_path, tied):
    tied.save(tmp_path)
    keys = load_file(tmp_path / "model.safetensors").keys()
    assert "first.weight" in keys
    assert "second.weight" not in keys
    loaded = load_generator(tmp_path).module
    assert loaded.second.weight is loaded.first.weight
    assert loaded.first.weight.equal(tied.module.first.weight)
    for name, buffer in tied.module.named_buffers():
        other = loaded.get_buffer(name)
        assert other.dtype == buffer.dtype
        tolerance = 1e-6 if name == "wide" else 0
        assert other.allclose(buffer, rtol=tolerance) if name != "whole5" else other.equal(buffer)


def test_a_tied_tensor_missing_under_its_first_name_is_missing(tmp_path, tied):
    tied.save(tmp_path)
    edit(tmp_path / "model.safetensors", lambda t: t.pop("first.weight"))
    with pytest.raises(WeightsError, match=r"1 missing \(first\.weight\)"):
        load_generator(tmp_path)


STRICT = {
    "missing": (
        lambda t: t.pop("project.weight"),
        [r"tensors 1 missing (project.weight)"],
    ),
    "shape": (
        lambda t: t.update({"project.weight": torch.zeros(100, 4, 4)}),
        ["1 of another type or shape (project.weight is F32 [100, 4, 4], and should be F32 ["],
    ),
    "type": (
        lambda t: t.update({"project.weight": t["project.weight"].half()}),
        ["project.weight is F16 [100, 4, 4, 4], and should be F32"],
    ),
}


@pytest.mark.parametrize(("change", "parts"), STRICT.values(), ids=STRICT.keys())
def test_tensors_that_do_not_fit_are_counted_and_named(saved, change, parts, monkeypatch):
    edit(saved / "model.safetensors", change)
    forbid_real_builds(monkeypatch)
    with pytest.raises(WeightsError, match="does not fit its config") as caught:
        load_generator(saved)
    for part in parts:
        assert part in str(caught.value)


def forbid_real_builds(monkeypatch):
    """Let networks be built on the meta device only."""
    build = strict.build_network

    def guarded(*arguments, **options):
        assert options["device"] == "meta", "built before the file was found to fit"
        return build(*arguments, **options)

    monkeypatch.setattr(strict, "build_network", guarded)


def header_of(entries):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text


def lie_of(path, **changes):
    """Change what the header of a file says of its first tensor."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["project.weight"].update(changes)
    path.write_bytes(header_of(header) + data[8 + length :])


BROKEN = {
    "empty": lambda p: p.write_bytes(b""),
    "a pickle": lambda p: torch.save({"project.weight": torch.zeros(3)}, p),
    "a byte long": lambda p: p.write_bytes(p.read_bytes() + b"\0"),
    "a huge header": lambda p: p.write_bytes(struct.pack("<Q", 2**62) + p.read_bytes()[8:]),
    "another shape": lambda p: lie_of(p, shape=[10**6, 10**6]),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_whole_file_of_tensors_is_refused(saved, damage, monkeypatch):
    damage(saved / "model.safetensors")
    forbid_real_builds(monkeypatch)
    monkeypatch.setattr(pickle, "Unpickler", lambda *_: pytest.fail("unpickled"))
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        load_generator(saved)


class TestHostileConfigs:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("{", id="half"),
            pytest.param('{"format": 1}', id="no architecture"),
            pytest.param('{"format": 1, "architecture": {"name": "gone"}}', id="not installed"),
            pytest.param('{"format": 1, "training": {"x": NaN}}', id="NaN"),
            pytest.param("[" * 100_000, id="deep lists"),
            pytest.param('"' + "x" * 1_000_001 + '"', id="over a megabyte"),
        ],
    )
    def test_a_file_that_is_no_config_is_refused(self, saved, text):
        (saved / "config.json").write_text(text)
        with pytest.raises(WeightsError, match=r"config\.json"):
            load_generator(saved)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("architecture__width", 10**30),
            ("architecture__width", "64"),
            ("architecture__sample_shape", [10**9, 64, 64]),
            ("architecture__generator", "os:system"),
            ("data__kind", "vectors"),
            ("data__class_names", ["only one"]),
            ("data__scale", [1.0]),
            ("plugin__extra", "x"),
            ("code", "print()"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_values_that_are_not_allowed_are_refused_by_name(self, saved, key, value):
        if key.startswith("plugin__"):
            edit_config(saved, plugin={"distribution": "a", "version": "1", "extra": value})
        else:
            edit_config(saved, **{key: value})
        with pytest.raises((WeightsError, ConfigError)) as caught:
            load_generator(saved)
        assert key.split("__")[0] in str(caught.value)

    @pytest.mark.parametrize("field", ["name", "plugin", "format"])
    def test_a_message_does_not_grow_with_what_the_file_says(self, saved, field):
        long = "x" * 900_000
        edit_config(saved, architecture__name=long)
        if field == "plugin":
            edit_config(saved, plugin={"distribution": long})
        elif field == "format":
            edit_config(saved, format=long)
        with pytest.raises(WeightsError) as caught:
            load_generator(saved)
        assert len(str(caught.value)) < 1500

    def test_an_architecture_that_is_not_installed_is_named_with_its_recorded_plugin(self, saved):
        edit_config(saved, architecture__name="dcgam", plugin__distribution="somebodys-gans")
        with pytest.raises(WeightsError, match=r"'dcgam'.*'somebodys-gans'.*did you mean 'dcgan'"):
            load_generator(saved)

    @pytest.mark.parametrize(
        "values",
        [
            pytest.param({"architecture__width": 4096}, id="width 4096"),
            pytest.param(
                {"architecture__width": 4096, "architecture__sample_shape": [1, 256, 256]},
                id="10^11 parameters",
            ),
            pytest.param(
                {
                    "architecture": {
                        "name": "vanilla",
                        "preset": "article",
                        "sample_shape": [256, 256, 256],
                        "generator_widths": [65536],
                    },
                    "data": {},
                },
                id="10^12 parameters",
            ),
            pytest.param(
                {
                    "architecture": {
                        "name": "vanilla",
                        "preset": "article",
                        "sample_shape": [65536, 65536, 65536],
                        "generator_widths": [65536],
                    },
                    "data": {},
                },
                id="2^64 parameters",
            ),
        ],
    )
    def test_an_implied_size_is_refused_before_memory_is_taken(self, saved, values, monkeypatch):
        edit_config(saved, **values)
        forbid_real_builds(monkeypatch)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises((WeightsError, ConfigError)):
            load_generator(saved)
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert kilobytes < 200_000

    def test_a_file_that_fits_is_built_for_real_once_after_the_check(self, saved, monkeypatch):
        devices, build = [], strict.build_network

        def watched(*arguments, **options):
            devices.append(options["device"])
            return build(*arguments, **options)

        monkeypatch.setattr(strict, "build_network", watched)
        load_generator(saved)
        assert devices == ["meta", "cpu"]


class TestReferences:
    @pytest.fixture
    def world(self, tmp_path, saved, own_plugins, monkeypatch):
        """A folder to stand in, with a run, weights, and weights that come with a plugin."""
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "config.yaml").write_text("")
        saved.rename(tmp_path / "run" / "weights")
        (tmp_path / "fresh-run").mkdir()
        (tmp_path / "fresh-run" / "config.yaml").write_text("")
        (tmp_path / "empty").mkdir()
        (tmp_path / "digits.tiny").mkdir()
        registry.register(
            Architecture(
                name="digits",
                summary="A test.",
                config=LatentConfig,
                generator=Tied,
                discriminator=Tied,
                pretrained={"small": Pretrained("Digits.", tmp_path / "run" / "weights")},
            )
        )
        return tmp_path

    @pytest.mark.parametrize(
        "text",
        [
            "./run",
            "./run/weights",
            "./run/../run/",
            "../{here}/run",
            "{cwd}/run",
            "{cwd}/run/weights/",
            "~/run",
            "~/run/weights",
            "digits.small",
            "local:digits.small",
        ],
    )
    def test_these_name_the_weights(self, world, text):
        found = located(text.format(cwd=world, here=world.name))
        assert found.resolve() == (world / "run" / "weights").resolve()
        if "digits" not in text:
            assert load_generator(found).config.width == 2

    def test_a_path_object_is_a_path_however_it_is_spelt(self, world):
        for path in (Path("run"), Path("run/weights"), world / "run"):
            assert located(path).resolve() == (world / "run" / "weights").resolve()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "does not name weights"),
            ("run", r"could be a folder or a name; for the folder write \./run"),
            ("digits.tiny", r"for the folder write \./digits\.tiny"),
            ("dcgan", "does not name weights"),
            ("digits.", "digits has no weights named ''"),
            (".small", "there is no folder"),
            ("digits.smal", "did you mean 'small'"),
            ("dcgan.nothing", "dcgan has no weights named 'nothing'"),
            ("digitz.small", "did you mean 'digits'"),
            ("./missing", "there is no folder"),
            ("~no-such-user/x", "there is no folder"),
            ("./empty", "neither a weights folder nor a run"),
            ("./fresh-run", "has no weights yet; .*ganzoo export"),
            ("./run/config.yaml", "neither a weights folder nor a run"),
            ("/" + "x" * 5000, "there is no folder"),
            ("x" * 5000, "does not name weights"),
            ("./nul\0byte", "there is no folder"),
            ("nul\0byte", "does not name weights"),
        ],
        ids=lambda value: ascii(value)[:30],
    )
    def test_these_are_refused_with_what_would_work(self, world, text, message):
        with pytest.raises(WeightsError, match=message):
            located(text)


def test_bundled_weights_are_loaded_by_their_tag(tmp_path, own_plugins):
    def spec(**values):
        return Architecture(
            name="small",
            summary="A test.",
            config=LatentConfig,
            generator=Tied,
            discriminator=Tied,
            traits=lambda config: Traits(vectors=True, output="linear"),
            **values,
        )

    registry.register(spec())
    G = create_generator("small", sample_shape=(4,), latent_dim=4)
    G.save(tmp_path)
    bundled = {"points": Pretrained("Points.", tmp_path)}
    registry.register(spec(pretrained=bundled), override=True)
    loaded = ganzoo.load_generator("small.points")
    assert isinstance(loaded, Generator)
    assert loaded.sample(2, seed=0).equal(G.sample(2, seed=0))
    assert loaded.info.plugin.distribution == "local"


def _link(inside, target):
    """Put a link in the place of a file."""
    inside.unlink(missing_ok=True)
    inside.symlink_to(target)


LED_OUT = (*FILES, "config.json", "README.md", "samples.png", "recipe.yaml", "notes.txt")


class TestLinks:
    @pytest.fixture
    def private(self, tmp_path, saved):
        """A folder of somebody's own with files that the weights' could be taken for."""
        folder = tmp_path / "private"
        folder.mkdir()
        for name in LED_OUT:
            there = saved / name
            (folder / name).write_bytes(there.read_bytes() if there.exists() else b"a secret")
        return folder

    @pytest.mark.parametrize("name", LED_OUT)
    def test_a_file_that_leads_out_is_refused_by_name(self, saved, private, name):
        _link(saved / name, private / name)
        for read in (
            load_generator,
            load_pair,
            lambda folder: ganzoo.push(folder, "acme/digits", dry_run=True),
            lambda folder: ganzoo.pull(folder, saved.parent / "pulled"),
            lambda folder: ganzoo.finetune(folder, "mnist5k", steps=1, out=saved.parent / "run"),
            lambda folder: save_scores(own_folder(folder), []),
        ):
            with pytest.raises(WeightsError, match=f"{name} is a link that leads out") as error:
                read(saved)
            assert "secret" not in str(error.value)
        assert (saved / name).is_symlink()
        assert sorted(path.name for path in saved.parent.iterdir()) == ["private", "weights"]

    @pytest.mark.parametrize(
        "target", ["../private/samples.png", "../gone", "/dev/zero", "link-to-a-link"]
    )
    def test_however_it_leads_out(self, saved, private, target):
        (saved / "link-to-a-link").symlink_to("../private")
        _link(saved / "samples.png", target)
        with pytest.raises(WeightsError, match="is a link that leads out"):
            load_generator(saved)

    def test_a_pipe_is_not_read(self, saved):
        os.mkfifo(saved / "samples.png")
        os.mkfifo(saved / "README.md")
        assert not {"samples.png", "README.md"} & open_weights(saved).sizes().keys()
        load_pair(saved)

    def test_the_folder_itself_may_lie_behind_a_link(self, saved, tmp_path):
        (tmp_path / "run").mkdir()
        saved.rename(tmp_path / "run" / "weights")
        for place in ("latest", "best"):
            (tmp_path / place).symlink_to({"latest": "run", "best": "run/weights"}[place])
            load_generator(tmp_path / place)

    def test_a_link_that_stays_inside_is_a_file(self, saved):
        (saved / "model.safetensors").rename(saved / "step-9.safetensors")
        (saved / "model.safetensors").symlink_to("step-9.safetensors")
        load_generator(saved)

    def test_a_snapshot_of_the_hubs_cache_has_its_files_among_the_blobs(self, saved, tmp_path):
        repository = tmp_path / "models--acme--digits"
        snapshot = repository / "snapshots" / ("0" * 40)
        (repository / "blobs").mkdir(parents=True)
        snapshot.mkdir(parents=True)
        for path in sorted(saved.iterdir()):
            path.rename(repository / "blobs" / path.name)
            (snapshot / path.name).symlink_to(f"../../blobs/{path.name}")
        load_pair(snapshot)

    def test_the_weights_of_a_run_lie_in_it(self, saved, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "weights").symlink_to(saved)
        with pytest.raises(WeightsError, match="run/weights is a link that leads out"):
            load_generator(tmp_path / "run")

    @pytest.mark.parametrize("name", ["config.yaml", "log.jsonl", "base.json"])
    def test_what_is_told_of_a_run_lies_in_it(self, tmp_path, name):
        run = tmp_path / "run"
        run.mkdir()
        (run / "config.yaml").write_text("architecture: dcgan\n")
        (tmp_path / "private").write_text("architecture: dcgan\n")
        _link(run / name, tmp_path / "private")
        with pytest.raises(RunError, match=f"{name} is a link that leads out"):
            Run.open(run)
