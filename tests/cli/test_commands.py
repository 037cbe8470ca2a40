"""Every command from end to end, on tiny runs."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

import ganzoo
from ganzoo import registry
from ganzoo.about import DISTRIBUTION, __version__
from ganzoo.spec import Architecture
from ganzoo.training import checkpoints

SMALL = [
    "architecture={name: vanilla, generator_widths: [8], discriminator_widths: [8]}",
    "batch_size=8",
]

OWN_ARCHITECTURE = """
import ganzoo
import torch
from torch import nn

from ganzoo.config import LatentConfig
from ganzoo.spec import Architecture, Traits


class Generator(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.shape = config.sample_shape
        self.layer = nn.Linear(config.latent_dim, torch.Size(self.shape).numel())

    def forward(self, latents, labels=None):
        return self.layer(latents).tanh().unflatten(1, self.shape)


class Discriminator(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layer = nn.Linear(torch.Size(config.sample_shape).numel(), 1)

    def forward(self, samples, labels=None):
        return self.layer(samples.flatten(1)).squeeze(1)


@ganzoo.register
def line():
    return Architecture(
        name="line",
        summary="One layer each.",
        config=LatentConfig,
        generator=Generator,
        discriminator=Discriminator,
        traits=lambda config: Traits(),
    )
"""


@pytest.fixture
def forgetful(monkeypatch, tmp_path):
    """What a command registers and imports is gone for the next one, as in a new process."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def forget():
        monkeypatch.setattr(registry, "_local", {})
        for name, module in list(sys.modules.items()):
            if str(tmp_path) in str(getattr(module, "__file__", "")):
                del sys.modules[name]

    forget()
    yield forget
    forget()


def done(result):
    """Check that a command did its work, and return what it wrote to standard output."""
    assert result.code == 0, result.err
    assert "Traceback" not in result.err
    return result.out


# --- listing -----------------------------------------------------------------------------------


def test_list(command):
    lines = done(command("list")).splitlines()
    assert lines[0] == "architectures"
    assert lines[1].split(maxsplit=1) == ["biggan", ganzoo.info("biggan").summary]
    assert [line for line in lines if line and line[0] != " "] == list(registry.GROUPS)
    assert max(map(len, lines)) > 80, "a summary is cut off in a pipe"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_list_fits_a_terminal(command, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    whole = done(command("list")).splitlines()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    styled = done(command("list"))
    monkeypatch.setenv("NO_COLOR", "1")
    lines = done(command("list")).splitlines()
    assert "\x1b" in styled
    assert "\x1b" not in "".join(lines)
    assert max(map(len, lines)) <= width
    for line, full in zip(lines, whole, strict=True):
        assert full == line if len(full) <= width else full.startswith(line.removesuffix("…"))
        assert line.endswith("…") == (len(full) > width)


def test_list_shows_a_plugin_that_does_not_load(command, monkeypatch):
    offer = registry.Offer("losses", "broken", "broken-zoo", "1", "no_such_module:SPEC")
    monkeypatch.setattr(registry, "_local", {("losses", "broken"): offer})
    assert done(command("list", "losses", "b*")) == (
        "losses\n  broken  does not load; ganzoo plugins says why\n"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], {group: registry.names(group) for group in registry.GROUPS}),
        (["losses"], {"losses": ganzoo.list_losses()}),
        (["losses", "*s"], {"losses": ["least-squares"]}),
        (
            ["*gan*"],
            {
                "architectures": [n for n in ganzoo.list_architectures() if "gan" in n],
                "objectives": [],
                "losses": [],
                "penalties": ["dragan"],
                "augmentations": [],
                "datasets": [],
                "extractors": [],
            },
        ),
        (["pretrained"], {"pretrained": ganzoo.list_pretrained()}),
    ],
    ids=["all", "group", "pattern", "pattern-alone", "pretrained"],
)
def test_list_as_json(command, arguments, expected):
    found = json.loads(done(command("list", *arguments, "--json")))
    assert {group: list(items) for group, items in found.items()} == expected
    assert all(summary for items in found.values() for summary in items.values())


def test_the_weights_of_an_architecture_with_a_dot_in_its_name(command):
    dcgan = registry.get(Architecture, "dcgan")
    with registry.registered(dataclasses.replace(dcgan, name="dcgan-1.5")):
        found = json.loads(done(command("list", "pretrained", "dcgan-1*", "--json")))
    assert found["pretrained"] == {"dcgan-1.5.mnist5k": dcgan.pretrained["mnist5k"].summary}


def test_list_of_nothing(command):
    assert done(command("list", "losses", "nothing*")) == "losses\n  none\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("check", ["check-plugin"]),
        ("list au", ["augmentations"]),
        ("list pre", ["pretrained"]),
        ("info dc", ["dcgan", "dcgan.mnist5k"]),
        ("check-plugin hi", ["hinge"]),
        *((f"{name} van", ["vanilla.mnist5k"]) for name in ("sample", "finetune", "push")),
        ("finetune dcgan.mnist5k --data mn", ["mnist", "mnist5k"]),
        ("evaluate dcgan.mnist5k --data fo", []),  # a path is completed by the shell itself
        ("data check ./images --base wg", ["wgan-gp.mnist5k"]),
    ],
)
def test_a_shell_completes(command, monkeypatch, words, expected):
    monkeypatch.setenv("_GANZOO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"ganzoo {words}")
    monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
    assert done(command()).split() == expected
    monkeypatch.setenv("GANZOO_PLUGINS", "nobody")
    registry.installed.cache_clear()
    result = command()
    registry.installed.cache_clear()
    assert (result.code, result.err) == (0, "")  # as it would stand in the user's line


def test_completion_is_installed(command, monkeypatch, tmp_path):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    script = done(command("--show-completion", "bash"))
    assert script.endswith("complete -o default -F _ganzoo_completion ganzoo\n")
    done(command("--install-completion", "bash"))
    assert (tmp_path / ".bash_completions" / "ganzoo.sh").read_text() == script.rstrip("\n")


def test_plugins(command):
    rows = json.loads(done(command("plugins", "--json")))
    known = [(group, name) for group in registry.GROUPS for name in registry.names(group)]
    assert [(row["group"], row["name"]) for row in rows] == known
    assert {row["state"] for row in rows} == {"ok"}
    head, *lines = done(command("plugins")).splitlines()
    assert head.split() == ["group", "name", "distribution", "state"]
    column = head.index("state")
    assert all(line[column:] == "ok" for line in lines)


def test_info_of_an_architecture(command):
    out = done(command("info", "dcgan"))
    lines = out.splitlines()
    spec = ganzoo.info("dcgan")
    assert lines[0] == "dcgan"
    assert lines[1] == spec.summary
    assert max(map(len, lines)) <= 80
    fields = lines[lines.index("fields") + 1 :]
    row = next(line for line in fields if line.startswith("  width "))
    assert row.split()[:3] == ["width", "64", "Channels"]
    starts = {
        line.index(word) for word in ("Length", "Channels") for line in fields if word in line
    }
    assert len(starts) == 1
    assert not {"'", '"', "\\"} & set(row)


def test_info_as_json(command):
    values = json.loads(done(command("info", "dcgan", "--json")))
    assert values["group"] == "architectures"
    assert values["default_preset"] in values["presets"]
    assert values["labels"] is True
    assert values["fields"]["width"]["default"] == 64
    assert values["fields"]["sample_shape"]["default"] == [3, 64, 64]


@pytest.mark.parametrize(
    ("name", "word"), [("hinge", "Margin"), ("r1", "gamma"), ("ring8", "Radius of the circle")]
)
def test_info_of_other_plugins(command, name, word):
    assert word in done(command("info", name))


def test_info_of_weights(command, trained):
    values = json.loads(done(command("info", trained, "--json")))
    assert values["architecture"]["name"] == "vanilla"
    assert values["training"]["steps"] == 4
    size = (trained / "weights" / "model.safetensors").stat().st_size
    assert values["file_sizes"]["model.safetensors"] == size
    assert "generator_widths      [8]" in done(command("info", trained))


@pytest.mark.parametrize("arguments", [[], ["config"]], ids=["ganzoo", "config"])
def test_alone_it_shows_its_help(command, arguments):
    result = command(*arguments)
    assert result.code == 2
    assert result.err == ""
    assert result.out == command(*arguments, "--help").out


COMMANDS = [
    *("train", "resume", "sample", "export", "list", "info", "plugins", "doctor", "config"),
    *("new-plugin", "check-plugin"),
]


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)], ids=str)
def test_help(command, arguments):
    out = done(command(*arguments, "--help"))
    assert out.startswith("Usage: ganzoo")
    assert max(map(len, out.splitlines())) <= 80
    assert "..." not in out.partition("Commands:")[2], "a summary is cut off"
    assert not {"Raises:", "Args:"} & set(out.split())


def test_version(command):
    assert done(command("--version")) == f"{DISTRIBUTION} {__version__}\n"


# --- configs -----------------------------------------------------------------------------------


def test_config_show(command, tmp_path):
    arguments = ["config", "show", *SMALL, "steps=7"]
    result = command(*arguments)
    (tmp_path / "run.yaml").write_text(done(result))
    assert result.err.startswith("note: ")
    shown = json.loads(done(command(*arguments, "--json")))
    assert shown["training"]["steps"] == 7
    assert json.loads(done(command("config", "show", "run.yaml", "--json"))) == shown


def test_config_validate(command, tmp_path):
    (tmp_path / "a=b.yaml").write_text("architecture: vanilla")
    assert done(command("config", "validate", "a=b.yaml", "steps=3")) == "the config is valid\n"


def test_config_schema(command):
    assert "training" in json.loads(done(command("config", "schema")))["properties"]


# --- doctor ------------------------------------------------------------------------------------


def test_doctor(command, monkeypatch):
    result = command("doctor")
    titles = [line.split()[0] for line in result.out.splitlines()]
    assert titles[:6] == ["ganzoo", "torch", "device", "precision", "plugins", "cache"]
    assert os.environ["GANZOO_CACHE"] in result.out
    assert result.code == ("trouble" in titles)


def test_doctor_tells_trouble(command, monkeypatch):
    monkeypatch.setattr("ganzoo.cli.doctor._stranger", lambda: "a stranger is installed")
    result = command("doctor")
    assert result.code == 1
    assert result.out.splitlines()[-1].split(maxsplit=1) == ["trouble", "a stranger is installed"]
    assert result.err == ""


# --- training ----------------------------------------------------------------------------------


def test_train_resume_sample_export(command, tmp_path):
    result = command("train", *SMALL, "steps=2", "--out", "run")
    assert done(result) == "./run\n"
    assert "samples: run/samples/" in result.err
    assert done(command("resume", "run", "steps=3")) == "./run\n"
    assert ganzoo.Run.open(tmp_path / "run").log[-1]["step"] == 3

    assert done(command("sample", "./run", "-n", "6", "--columns", "3", "-o", "six.png")) == (
        "six.png\n"
    )
    with Image.open(tmp_path / "six.png") as image:
        assert image.width > image.height
    assert done(command("export", "run", "weights")) == "weights\n"
    done(command("sample", "./weights", "-n", "6", "--columns", "3", "-o", "same.png"))
    assert (tmp_path / "six.png").read_bytes() == (tmp_path / "same.png").read_bytes()


def test_export_of_one_checkpoint(command, trained, tmp_path):
    first, last = checkpoints.every(trained / "checkpoints")
    done(command("export", first, "first"))
    done(command("export", last, "last"))
    models = [tmp_path / name / "model.safetensors" for name in ("first", "last")]
    assert models[0].read_bytes() != models[1].read_bytes()
    assert models[1].read_bytes() == (trained / "weights" / "model.safetensors").read_bytes()


def test_sampling_options_matter(command, trained, tmp_path):
    variants = {
        "plain": [],
        "seed": ["--seed", "1"],
        "label": ["--label", "3"],
        "truncation": ["--truncation", "0.3"],
        "raw": ["--raw"],
    }
    for name, options in variants.items():
        done(command("sample", trained, "-n", "4", *options, "-o", f"{name}.png"))
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in variants}) == len(variants)


def test_samples_in_files_of_their_own(command, trained, tmp_path):
    assert done(command("sample", trained, "-n", "3", "--each")) == "samples\n"
    assert len([*(tmp_path / "samples").iterdir()]) == 3
    done(command("sample", trained, "-n", "1", "--each", "--scale", "2", "-o", "large"))
    with Image.open(tmp_path / "large/00000.png") as image:
        assert image.size == (56, 56)
    done(command("sample", trained, "-n", "4", "--scale", "1"))
    with Image.open(tmp_path / "grid.png") as image:
        assert image.size == (62, 62)


def test_interpolating(command, trained, tmp_path):
    short = ["-n", "2", "--steps", "2"]
    assert done(command("interpolate", trained, *short, "-o", "new/film.gif")) == "new/film.gif\n"
    with Image.open(tmp_path / "new" / "film.gif") as film:
        assert film.n_frames == 4
    variants = {
        "plain": [],
        "again": [],
        "seed": ["--seed", "1"],
        "label": ["--label", "3"],
        "truncation": ["--truncation", "0.3"],
        "raw": ["--raw"],
        "legs": ["-n", "3"],
    }
    for name, options in variants.items():
        done(command("interpolate", trained, *short, *options, "-o", f"{name}.png"))
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in variants}) == len(variants) - 1
    with Image.open(tmp_path / "plain.png") as image:
        assert image.width > image.height


def test_leading_from_class_to_class(command, trained, tmp_path):
    classes = ["--label", "3", "--to", "8"]
    short = ["-n", "2", "--steps", "3"]
    done(command("interpolate", trained, *classes, *short, "-o", "film.gif"))
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 6
    done(command("interpolate", trained, *classes, *short, "-o", "there.png"))
    done(command("interpolate", trained, *classes[:2], *short, "-o", "within.png"))
    assert (tmp_path / "there.png").read_bytes() != (tmp_path / "within.png").read_bytes()


def test_finetuning_and_going_on(command, trained, tmp_path):
    small = ["training.batch_size=8", "training.sample_every=0"]
    reference = ["finetune", trained, "--data", "mnist5k", *small]
    result = command(*reference, "steps=2", "--out", "tuned")
    assert (result.code, result.out) == (0, "./tuned\n")
    assert "note: fine-tuning" in result.err
    assert "all 4 tensors kept" in " ".join(result.err.split())
    assert done(command("resume", "./tuned", "steps=3")) == "./tuned\n"
    done(command("export", "./tuned", "weights"))
    facts = json.loads((tmp_path / "weights" / "config.json").read_text())
    assert facts["base_model"]["repo"] == "./run"
    assert facts["training"]["steps"] == 3


def test_what_is_taken_over_in_part_is_counted(command, trained, tmp_path):
    few = ["training.batch_size=8", "training.sample_every=0", "steps=1", "--allow-partial"]
    none = "architecture.num_classes=0"
    result = command("finetune", trained, "--data", "mnist5k", none, *few, "--out", "tuned")
    assert result.code == 0, result.err
    assert result.err.splitlines()[:3] == [
        "                  taken reordered   adapted       new      left",
        "generator             2         0         2         0         0",
        "discriminator         2         0         2         0         0",
    ]
    assert "layers.0.weight: without its classes" in " ".join(result.err.split())
    told = json.loads((tmp_path / "tuned" / "base.json").read_text())
    assert told["networks"]["generator"]["adapted"].keys() == {"layers.0.weight", "layers.0.bias"}


def test_vectors_are_plotted(command, tmp_path):
    done(command("train", *SMALL, "data=ring8", "data.samples=64", "steps=1", "--out", "ring"))
    done(command("sample", "./ring", "-n", "50", "-o", "ring.png"))
    with Image.open(tmp_path / "ring.png") as image:
        assert image.size == (256, 256)


def test_a_run_without_a_name_gets_one(command, tmp_path):
    assert done(command("train", *SMALL, "steps=1")) == "./runs/vanilla-mnist5k\n"
    assert done(command("train", *SMALL, "steps=1")) == "./runs/vanilla-mnist5k-2\n"


def test_an_architecture_of_ones_own(command, forgetful, tmp_path):
    (tmp_path / "own.py").write_text(OWN_ARCHITECTURE)
    own = ["--import", "own.py"]
    done(command("train", "architecture=line", "steps=1", "batch_size=8", "--out", "run", *own))
    forgetful()
    refusal = command("sample", "./run")
    assert refusal.code == 2
    assert "needs the architecture 'line'" in refusal.err
    done(command("resume", "run", "steps=2", *own))
    forgetful()
    done(command("sample", "./run", "-n", "2", "-o", "two.png", *own))
    forgetful()
    done(command("export", "run", "weights", *own))
    forgetful()
    assert done(command("info", "line", *own)).startswith("line\nOne layer each.\n")
    forgetful()
    done(command("config", "validate", "architecture=line", "--import", "own"))


# --- as a process ------------------------------------------------------------------------------


def ganzoo_process(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "ganzoo", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.sweep
def test_results_alone_go_to_standard_output(tmp_path):
    process = ganzoo_process("train", *SMALL, "steps=1", "--out", "run", cwd=tmp_path)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out) == (0, "./run\n"), err
    assert "step 1/1" in err


def test_a_reader_that_goes_away_is_no_error():
    process = ganzoo_process("config", "schema")
    process.stdout.close()
    assert process.wait(timeout=600) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.sweep)]
)
def test_stopped_by_a_signal_it_can_go_on(command, tmp_path, number):
    run = tmp_path / "run"
    settings = ["steps=1000000", "checkpoint_every=5", "sample_every=0"]
    process = ganzoo_process("train", *SMALL, *settings, "--out", run)
    deadline = time.monotonic() + 600
    while not checkpoints.every(run / "checkpoints") and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(number)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 130
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith(f"ganzoo: stopped by {number.name} at step ")
    assert last.endswith("resume with: ganzoo resume run")
    step = int(checkpoints.every(run / "checkpoints")[-1].name.removeprefix("step-"))
    done(command("resume", run, f"steps={step + 1}"))
    assert ganzoo.Run.open(run).log[-1]["step"] == step + 1


CHEAP = [["--help"], ["list"], ["info", "dcgan"], ["plugins"], ["config", "validate", *SMALL]]


@pytest.mark.parametrize("arguments", CHEAP, ids=lambda arguments: arguments[0])
def test_what_trains_nothing_imports_no_torch(arguments):
    code = (
        "import atexit, sys; from ganzoo.cli import main; sys.argv[0] = 'ganzoo';"
        "atexit.register(lambda: sys.stderr.write(' '.join({'torch', 'torchvision'} &"
        " set(sys.modules))));"
        "main()"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    notes = [line for line in process.stderr.splitlines() if not line.startswith("note: ")]
    assert notes == []


@pytest.mark.parametrize(
    ("variables", "who"),
    [
        pytest.param({}, "ganzoo", id="alone"),
        pytest.param({"WORLD_SIZE": "4"}, "ganzoo", id="a scheduler's number of tasks"),
        pytest.param({"RANK": "3"}, "ganzoo", id="a scheduler's number of a task"),
        pytest.param(
            {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost"}, "ganzoo", id="one process"
        ),
        pytest.param(
            {"RANK": "3", "WORLD_SIZE": "4", "MASTER_ADDR": "localhost"},
            "ganzoo, process 3",
            id="several processes",
        ),
    ],
)
def test_an_error_names_its_process_where_there_are_several(command, monkeypatch, variables, who):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = command("info", "no-such")
    assert result.code == 2
    assert result.err.startswith(f"{who}: there is no plugin 'no-such'")
