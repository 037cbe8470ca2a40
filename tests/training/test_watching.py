"""Looks at a run's health: when, on what, and that they leave training alone."""

import json

import pytest
import torch

import ganzoo
from ganzoo.errors import ConfigError
from ganzoo.resolve import resolve
from ganzoo.training import checkpoints
from ganzoo.training.observers.observer import Observer
from ganzoo.training.trainer import Trainer

SMALL = {
    "architecture": {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]},
    "data": "ring8",
    "training": {"batch_size": 16, "checkpoint_every": 0, "sample_every": 0, "precision": "fp32"},
    "logging": {"every": 10},
}
DCGAN = {
    **SMALL,
    "architecture": {"name": "dcgan", "width": 4, "sample_shape": [1, 16, 16]},
    "data": "mnist5k",
    "logging": {"every": 2},
}


def looks(run):
    return [row["step"] for row in run.log if "health/diversity" in row]


@pytest.mark.parametrize(
    ("every", "steps", "expected"),
    [
        (0, 60, []),
        (20, 60, [10, 20, 40, 60]),
        (1, 40, [10, 20, 30, 40]),
        (30, 45, [10, 30, 45]),
    ],
)
def test_looks_are_at_rows_of_the_log(tmp_path, every, steps, expected):
    run = ganzoo.train(SMALL, {"health.every": every, "steps": steps}, out=tmp_path / "run")
    assert looks(run) == expected


@pytest.mark.parametrize(
    ("steps", "values", "every"),
    [
        (300, {}, 50),
        (3, {}, 1),
        (20_000, {}, 250),
        (300, {"health.every": 250}, 250),
        (300, {"health.every": 0}, 0),
    ],
)
def test_a_short_run_is_looked_at_more_often(steps, values, every):
    config = resolve(SMALL, {**values, "steps": steps}).config
    assert config.health.every == every
    assert resolve(config).config == config


@pytest.mark.parametrize(("holdout", "count"), [(0, 256), (49_500, 125), (49_900, 32)])
def test_of_a_small_set_a_part_is_compared(tmp_path, holdout, count):
    trainer = Trainer(SMALL, tmp_path / "run", overrides={"data.holdout": holdout})
    assert trainer.watch.count == count


@pytest.mark.parametrize("config", [SMALL, DCGAN], ids=["vanilla", "dcgan"])
def test_watching_leaves_training_alone(tmp_path, config):
    """Batch norm's statistics and random numbers included, with held-out reals looked at."""
    weights = []
    for every in (0, 1):
        overrides = {"health.every": every, "steps": 20, "data.holdout": 32}
        trainer = Trainer(config, tmp_path / str(every), overrides=overrides)
        trainer.fit()
        weights.append(checkpoints.collect(trainer.objective, trainer.optimizers, trainer.emas))
    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        assert tensor.equal(weights[1][name]), name


def test_a_run_that_goes_on_looks_when_it_would_have(tmp_path):
    overrides = {"health.every": 20, "health.samples": 64}
    whole = ganzoo.train(SMALL, {**overrides, "steps": 100}, out=tmp_path / "whole")
    part = ganzoo.train(SMALL, {**overrides, "steps": 50}, out=tmp_path / "part")
    # At 50, its end then, the shorter one looked once more.
    assert looks(ganzoo.resume(part, steps=100)) == sorted({*looks(whole), 50})
    last, other = whole.log[-1], part.log[-1]
    for name in ("diversity", "separation", "gradient/generator"):
        assert last[f"health/{name}"] == other[f"health/{name}"]


def test_what_is_looked_at(tmp_path):
    overrides = {"health.every": 10, "steps": 40, "data.holdout": 64}
    rows = ganzoo.train(SMALL, overrides, out=tmp_path / "points").log
    names = "diversity nearest duplicates coverage separation margin overfit recognition"
    gradients = {"health/gradient/generator", "health/gradient/discriminator"}
    first = {f"health/{name}" for name in names.split()} | gradients
    assert {key for key in rows[0] if key.startswith("health/")} == first
    later = first | {"health/drift", "health/straightness"}
    assert {key for key in rows[-1] if key.startswith("health/")} == later
    images = ganzoo.train(DCGAN, {"steps": 2, "health.samples": 160}, out=tmp_path / "images")
    assert "health/classes" in images.log[-1]
    assert "health/overfit" not in images.log[-1]


def test_held_out_samples_are_in_no_batch(tmp_path):
    trainer = Trainer(SMALL, tmp_path / "run", overrides={"data.holdout": 49_900})
    loader = trainer.loader
    assert (len(loader.held_out), len(loader.trained_on)) == (49_900, 100)
    assert not set(loader.held_out.tolist()) & set(loader.trained_on.tolist())
    shown = {
        loader.groups["sample"].order[position : position + 1].item() for position in range(100)
    }
    assert shown == set(range(100))
    other = Trainer(SMALL, tmp_path / "other", overrides={"data.holdout": 49_900, "seed": 7})
    assert other.loader.held_out.equal(loader.held_out)


def test_holding_out_everything_is_refused():
    with pytest.raises(ConfigError, match=r"data\.holdout: cannot hold out 5000 samples, because"):
        resolve(DCGAN, {"data.holdout": 5000})


class Listener(Observer):
    def __init__(self):
        self.heard = []

    def found(self, trainer, finding):
        self.heard.append((finding.monitor, finding.severity))


def test_a_collapsed_generator_is_told_once(tmp_path, capsys):
    """One whose latents are nothing makes one point alone."""

    class Blind(Listener):
        def start(self, trainer):
            def same(network, inputs, keywords):
                if inputs:
                    return (torch.zeros_like(inputs[0]), *inputs[1:]), keywords
                return inputs, {**keywords, "latents": torch.zeros_like(keywords["latents"])}

            generator = trainer.objective.networks["generator"]
            generator.register_forward_pre_hook(same, with_kwargs=True)

    listener = Blind()
    overrides = {"health.every": 10, "steps": 60}
    run = ganzoo.train(SMALL, overrides, out=tmp_path / "run", observers=[listener])
    collapse = [item for item in listener.heard if item[0] == "mode-collapse"]
    assert collapse == [("mode-collapse", "severe")]
    (told,) = [item for item in run.findings if item.monitor == "mode-collapse"]
    assert (told.severity, told.step) == ("severe", 30)
    assert "mode-collapse (severe): fakes are 0% as far apart as reals" in capsys.readouterr().err
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == sorted(line["step"] for line in lines)


def test_a_run_that_diverges_says_so_in_its_log(tmp_path):
    listener = Listener()
    overrides = {"optimizers.generator": {"name": "sgd", "lr": 1e30}, "steps": 40}
    with pytest.raises(ganzoo.GanzooError, match=r"stopped being finite|is not finite"):
        ganzoo.train(SMALL, overrides, out=tmp_path / "run", observers=[listener])
    assert ("non-finite", "severe") in listener.heard
