"""Sweeps of tiny runs."""

import os
import shutil
import signal

import optuna
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo.errors import ConfigError, RunError
from ganzoo.training.observers.observer import Observer
from ganzoo.training.trainer import InterruptedRunError
from ganzoo.tuning import study as studies
from ganzoo.tuning.plan import folder_of, make_plan
from ganzoo.tuning.ranking import draw, ranking
from ganzoo.tuning.results import Sweep, Trial
from ganzoo.tuning.space import parse_space

SMALL = {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]}
BASE = {
    "architecture": SMALL,
    "training": {"steps": 6, "batch_size": 8},
    "evaluation": {"every": 3, "fakes": 64},
}
OVER = {"optimizers.generator.lr": "1e-5..1e-2", "loss": "hinge,non-saturating"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep of four trials; do not change it."""
    return ganzoo.sweep(BASE, OVER, trials=4, out=tmp_path_factory.mktemp("sweeps") / "whole")


def told(sweep):
    return [(trial.values, trial.scores) for trial in sweep.trials]


def test_trials_are_ordinary_runs_with_their_scores(whole):
    assert [trial.state for trial in whole.trials] == 4 * ["complete"]
    assert whole.best.score == min(trial.score for trial in whole.trials)
    for trial in whole.trials:
        run = ganzoo.Run.open(trial.path)
        assert run.config.optimizers["generator"].lr == trial.values["optimizers.generator.lr"]
        assert run.config.loss.name == trial.values["loss"]
        assert {step: scores[0].value for step, scores in run.scores} == trial.scores
        assert list(trial.scores) == [3, 6]
    assert ganzoo.load_generator(run.weights).sample(2).shape[0] == 2


def test_the_report_and_the_image(whole):
    text = (whole.path / "report.md").read_text()
    first = next(line for line in text.splitlines() if line.startswith(f"| {whole.best.number} "))
    assert f"{whole.best.score:.4g}" in first
    assert "too few to say" in text
    with Image.open(whole.path / "sweep.png") as image:
        assert image.width > 1000


def test_stopped_it_goes_on_as_it_would_have(whole, tmp_path, monkeypatch):
    class Stop(Observer):
        def step(self, trainer):
            if trainer.run.path.name == "001" and trainer.step == 4:
                os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        scoring = studies.Reporter
        patch.setattr(studies, "Reporter", lambda *a: Both(scoring(*a), Stop()))
        with pytest.raises(InterruptedRunError, match=r"trial 1 of 4.*--out"):
            ganzoo.sweep(BASE, OVER, trials=4, out=tmp_path / "s")
    assert "stopped" in (tmp_path / "s" / "report.md").read_text()
    assert told(ganzoo.sweep(BASE, OVER, trials=4, out=tmp_path / "s")) == told(whole)


class Both(Observer):
    def __init__(self, one, other):
        self.scored, self.step = one.scored, other.step


def test_another_sweep_is_not_gone_on_with(whole):
    with pytest.raises(RunError, match=r"training.batch_size \(8, now 9\)"):
        ganzoo.sweep(BASE, OVER, overrides={"batch_size": 9}, out=whole.path)
    with pytest.raises(RunError, match=r"over.loss \(.*, now \"hinge,minimax\"\)"):
        ganzoo.sweep(BASE, {**OVER, "loss": "hinge,minimax"}, out=whole.path)


@pytest.mark.parametrize(
    "text", ["{\n", "[]\n", "{}\n", '{"op_code": 1e999}\n', '{"op_code": 4}\n']
)
def test_a_damaged_journal_is_named(whole, tmp_path, text):
    sweep = shutil.copytree(whole.path, tmp_path / "s")
    with (sweep / "study.journal").open("a") as journal:
        journal.write(text + '{"op_code": 4}\n')
    with pytest.raises(RunError, match=r"study.journal is damaged .*give a new folder"):
        ganzoo.sweep(BASE, OVER, trials=4, out=sweep)


def test_a_trial_that_fails_does_not_end_the_sweep(tmp_path):
    base = {**BASE, "optimizers": {"discriminator": {"name": "sgd"}}}
    over = {"optimizers.discriminator.lr": "1e37..1e38"}
    found = ganzoo.sweep(base, over, trials=2, out=tmp_path / "s")
    assert [trial.state for trial in found.trials] == ["failed", "failed"]
    assert found.best is None
    assert "finite" in (tmp_path / "s" / "report.md").read_text()


def test_a_trial_without_memory_does_not_end_the_sweep(tmp_path, monkeypatch):
    class Starve(Observer):
        def step(self, trainer):
            if trainer.run.path.name == "000":
                torch.empty(10**16)

    scoring = studies.Reporter
    monkeypatch.setattr(studies, "Reporter", lambda *a: Both(scoring(*a), Starve()))
    found = ganzoo.sweep(BASE, OVER, trials=2, out=tmp_path / "s")
    assert [trial.state for trial in found.trials] == ["failed", "complete"]
    assert "not enough memory" in (tmp_path / "s" / "report.md").read_text()


def test_poor_trials_are_stopped_and_kept(tmp_path, monkeypatch):
    """By a pruner to which every score is poor."""
    monkeypatch.setattr(
        optuna.pruners, "MedianPruner", lambda **_: optuna.pruners.ThresholdPruner(upper=0)
    )
    found = ganzoo.sweep(BASE, OVER, trials=2, out=tmp_path / "s")
    assert [(trial.state, list(trial.scores)) for trial in found.trials] == 2 * [("pruned", [3])]
    assert found.best is None
    run = ganzoo.resume(found.trials[0].path)
    assert [step for step, _ in run.scores] == [3, 6]


def test_the_median_decides(tmp_path):
    """The first score of a trial never stops it, and a later one does where it is poor."""
    plan = make_plan(BASE, {"steps": 9}, parse_space(OVER), None, 0)
    with folder_of(plan, tmp_path / "s") as folder:
        study = studies._open(plan, folder)
    for _ in range(5):
        trial = study.ask()
        for step in (3, 6, 9):
            trial.report(10.0 - step, step)
        study.tell(trial, 1.0)
    poor = study.ask()
    poor.report(90.0, 3)
    assert not poor.should_prune()
    poor.report(90.0, 6)
    assert poor.should_prune()


def test_importances_of_a_study(tmp_path):
    plan = make_plan(
        BASE, {}, parse_space({"loss": "hinge,non-saturating", "seed": "0..9"}), None, 0
    )
    with folder_of(plan, tmp_path / "s") as folder:
        pass
    study = studies._open(plan, folder)
    for _ in range(studies.LEAST_COMPLETE):
        trial = study.ask({k: studies.optuna_distribution(d) for k, d in plan.space.items()})
        study.tell(trial, float(trial.params["loss"] == "hinge") + trial.params["seed"] / 1000)
    importances = studies._result(study, plan, folder).importances
    assert importances["loss"] > importances["seed"]
    assert sum(importances.values()) == pytest.approx(1)


def test_importances_are_drawn_and_told(tmp_path):
    space = parse_space(OVER)
    trials = tuple(
        Trial(n, tmp_path, "complete", {"optimizers.generator.lr": 1e-4, "loss": "hinge"}, {3: n})
        for n in range(10)
    )
    sweep = Sweep(tmp_path, "fid", True, trials, {"loss": 0.75, "optimizers.generator.lr": 0.25})
    assert "| loss                    | 0.75  |" in ranking(sweep)
    assert len(draw(sweep, space).axes) == 4


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"optimizers.generator.rl": "1..2"}, "optimizers.generator.rl"),
        ({"loss": "hinge,hingo"}, "did you mean 'hinge'"),
        ({"training.batch_size": "0..5"}, "training.batch_size: 0"),
        ({"data": "ring8,mnist5k"}, "--over data: trials that are scored differently"),
        ({"training.steps": "10..20"}, "--over training.steps: trials that are scored"),
    ],
)
def test_every_key_and_end_is_checked_before_any_trial(over, message, tmp_path):
    with pytest.raises(ganzoo.GanzooError, match=message):
        ganzoo.sweep(BASE, over, out=tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_what_is_set_is_not_varied(tmp_path):
    with pytest.raises(ConfigError, match="both set and varied"):
        ganzoo.sweep(BASE, OVER, overrides={"loss": "hinge"}, out=tmp_path / "s")


@pytest.mark.parametrize(
    ("key", "text", "values"),
    [
        ("loss", "hinge,wasserstein", ("hinge", "wasserstein")),
        ("loss.name", "hinge, wasserstein", ("hinge", "wasserstein")),
        ("batch_size", "8, 0x10", (8, 16)),
        ("objective.passes", "joint,separate", ("joint", "separate")),
        ("objective.generator_batch", "null,8", (None, 8)),
        ("architecture.generator_widths", "[8],[8, 16]", ([8], [8, 16])),
        ("penalties.r1", "null,{weight: 2, every: 4}", (None, {"weight": 2, "every": 4})),
        ("penalties.r1.weight", "1,2.5,7", (1, 2.5, 7)),
        ("ema", "null,{half_life: 100}", (None, {"half_life": 100})),
        ("training.device", "cpu,auto", ("cpu", "auto")),
    ],
)
def test_the_type_of_a_field_tells_texts_from_others(key, text, values):
    space = make_plan(BASE, {}, parse_space({key: text}), None, 0).space
    assert space[key].values == values
    assert [type(value) for value in space[key].values] == [type(value) for value in values]


def test_a_choice_has_each_value_once():
    with pytest.raises(ConfigError, match="a value is repeated"):
        make_plan(BASE, {}, parse_space({"batch_size": "8,0x8"}), None, 0)
