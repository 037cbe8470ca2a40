"""Scores while training, and the weights of the best one."""

import json
import os

import pytest
from PIL import Image

import ganzoo
from ganzoo.aside import replace_folder, tidy
from ganzoo.errors import ConfigError, RequestError
from ganzoo.resolve import resolve
from ganzoo.training.observers.observer import Observer
from ganzoo.training.run import BEST
from tests.training.test_resume import QUIET, SMALL_VANILLA, assert_same_bits, tensors_of

CONFIG = {
    "architecture": SMALL_VANILLA,
    "training": {**QUIET, "checkpoint_every": 10},
    "evaluation": {"every": 5, "fakes": 60, "metrics": ["fid", "recall"]},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return ganzoo.train(CONFIG, out=tmp_path_factory.mktemp("scored") / "run", steps=22)


def config_json(folder):
    return json.loads((folder / "config.json").read_text())


def test_scores_are_taken_at_the_cadence_and_at_the_end(run):
    assert [step for step, _ in run.scores] == [5, 10, 15, 20, 22]
    for _, scores in run.scores:
        assert [score.name for score in scores] == ["FID-digits", "recall-digits"]
        assert {(score.seed, score.weights) for score in scores} == {(0, "averaged")}


def test_training_is_not_touched(run, tmp_path):
    plain = {**CONFIG, "evaluation": {}}
    other = ganzoo.train(plain, out=tmp_path / "run", steps=22)
    assert other.scores == []
    assert other.best is None
    assert_same_bits(tensors_of(run), tensors_of(other))


def test_a_run_that_was_stopped_has_the_same_scores_and_the_same_best(run, tmp_path):
    class Stop(Observer):
        def step(self, trainer):
            if trainer.step == 17:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        ganzoo.train(CONFIG, out=tmp_path / "run", steps=22, observers=[Stop()])
    again = ganzoo.resume(tmp_path / "run")  # from step 10: that of step 15 is taken again
    assert again.scores == run.scores
    assert again.best_score == run.best_score
    names = ["config.json", "model.safetensors", "README.md"]
    for name in names:
        assert (again.path / BEST / name).read_bytes() == (run.path / BEST / name).read_bytes()


def test_the_best_weights_have_the_lowest_fid(run):
    step, score = run.best_score
    best = min(run.scores, key=lambda item: item[1][0].value)
    assert (step, score) == (best[0], best[1][0])
    assert ganzoo.load_generator(run.best).info.training["steps"] == step
    again = ganzoo.evaluate(run.best, "mnist5k", metrics=["fid"], fakes=60)
    assert again[0].value == pytest.approx(score.value, rel=1e-6)
    assert not [path for path in run.path.iterdir() if path.name.startswith(".")]


def test_the_last_weights_hold_the_scores_of_their_step(run):
    expected = [score.model_dump(mode="json") for score in run.scores[-1][1]]
    assert config_json(run.path / "weights")["scores"] == expected
    assert "FID-digits" in (run.path / "weights" / "README.md").read_text()


def test_another_protocol_takes_the_place_of_the_best(tmp_path):
    run = ganzoo.train(CONFIG, out=tmp_path / "run", steps=5)
    again = ganzoo.resume(run, {"evaluation.fakes": 80}, steps=6)
    step, score = again.best_score
    assert (step, score.protocol.fakes) == (6, 80)


def test_the_data_may_go_once_they_are_decoded(tmp_path):
    class Move(Observer):
        def start(self, trainer):
            images.rename(tmp_path / "moved")

    images = tmp_path / "images"
    images.mkdir()
    for number in range(12):
        Image.new("L", (8, 8), 20 * number).save(images / f"{number}.png")
    evaluation = {**CONFIG["evaluation"], "extractor": "digits"}
    config = {**CONFIG, "data": {"source": str(images)}, "evaluation": evaluation}
    run = ganzoo.train(config, out=tmp_path / "run", steps=10, observers=[Move()])
    assert run.best_score[1].name == "FID-digits"


def test_more_may_be_better(tmp_path):
    config = {**CONFIG, "evaluation": {"every": 5, "fakes": 60, "metrics": ["is"]}}
    run = ganzoo.train(config, out=tmp_path / "run", steps=15)
    assert run.best_score[1].value == max(scores[0].value for _, scores in run.scores)


def test_points_are_scored_by_their_modes_if_nothing_is_said():
    evaluation = resolve({"data": "ring8", "architecture": "vanilla"}).config.evaluation
    assert evaluation.metrics == ("modes", "quality", "divergence")
    assert evaluation.best_metric == "divergence"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluation": {"every": 5, "extractor": "eye"}}, "evaluation.extractor: unknown extr"),
        (
            {"data": "ring8", "evaluation": {"every": 5, "metrics": ["fid"]}},
            "evaluation.metrics: fid does not apply to vectors",
        ),
        ({"evaluation": {"every": 5, "metrics": ["fdi"]}}, "evaluation.metrics"),
        (
            {"evaluation": {"every": 5, "metrics": ["is"], "fakes": 9}},
            "evaluation.fakes is 9; is needs at least 10, so give more or leave is out",
        ),
        ({"evaluation": {"every": 5, "best": "kid"}}, "evaluation: best kid is not among metrics"),
    ],
)
def test_what_cannot_be_scored_is_told_before_the_first_step(tmp_path, changes, message):
    with pytest.raises((ConfigError, RequestError), match=message):
        ganzoo.train({**CONFIG, **changes}, out=tmp_path / "run", steps=5)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr("ganzoo.aside._exchanged", lambda one, other: False)
    for text in ("one", "two"):
        new = tmp_path / f".new-{text}"
        new.mkdir()
        (new / "file").write_text(text)
        replace_folder(tmp_path / BEST, new)
        assert (tmp_path / BEST / "file").read_text() == text
        assert os.listdir(tmp_path) == [BEST]


def test_a_folder_comes_back_that_was_about_to_be_replaced(tmp_path):
    (tmp_path / f".{BEST}-before").mkdir()
    tidy(tmp_path)
    assert os.listdir(tmp_path) == [BEST]
