"""The command that scores."""

import json

import numpy as np
import pytest


def test_scores_are_told_one_a_line(command):
    result = command("evaluate", "vanilla.mnist5k", "-n", "300", "--metrics", "fid, recall")
    assert result.code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert [line[0] for line in lines] == ["FID-digits", "recall-digits"]
    assert 0 < float(lines[0][1]) < 5
    assert 0.1 < float(lines[1][1]) <= 1
    assert result.err == "5,000 reals of mnist5k, 300 fakes, seed 0\n"


def test_json_holds_the_whole_protocol(command):
    options = ("-n", "200", "--metrics", "kid", "--seed", "3", "--truncation", "0.5")
    result = command("evaluate", "vanilla.mnist5k", *options, "--json", "--data", "mnist5k")
    (score,) = json.loads(result.out)
    assert (score["name"], score["seed"], score["weights"]) == ("KID-digits", 3, "averaged")
    assert score["protocol"]["fakes"] == 200
    assert score["protocol"]["truncation"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dcgan.mnist5k", "--metrics", "fdi"], "there is no metric 'fdi'; did you mean 'fid'"),
        (["dcgan.mnist5k", "--extractor", "eye"], "unknown extractor 'eye'"),
        (["dcgan.mnist5k", "-n", "0"], "fakes (-n) is 0; it must be a whole number of at least 2"),
        (["dcgan.mnist5k", "-n", "3"], "(-n) is 3; precision needs at least 4, so give more or"),
        (["dcgan.mnist5k", "--data", "nothing"], "data.source: unknown dataset 'nothing'"),
        (["dcgan.mnist5k", "--data", "./nowhere"], "nowhere"),
        (["dcgan.mnist5k", "--data", "ring8"], "ring8 holds vectors"),
        (["./nothing"], "there is no folder ./nothing"),
        (["dcgan.mnist5k", "--truncation", "3"], "truncation is 3.0"),
    ],
)
def test_bad_requests_are_one_sentence(command, arguments, message):
    result = command("evaluate", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert result.err.count("\n") == 1


def test_data_has_to_be_told_where_the_weights_name_none(command, tmp_path):
    import ganzoo

    ganzoo.create_generator("vanilla", sample_shape=(1, 8, 8)).save(tmp_path / "w")
    result = command("evaluate", str(tmp_path / "w"))
    assert result.code == 2
    assert "give the real data to score against (--data)" in result.err


def test_a_run_is_scored_against_its_own_data(command, tmp_path):
    import ganzoo

    small = {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]}
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8, 1), dtype=np.uint8)
    np.save(tmp_path / "mine.npy", images)
    run = ganzoo.train(
        {"architecture": small, "data": {"source": "./mine.npy"}, "training": {"batch_size": 4}},
        {"health.every": 0, "evaluation.every": 1, "evaluation.extractor": "digits"}
        | {"evaluation.fakes": 4, "evaluation.metrics": ["fid"]},
        steps=1,
        out="run",
    )
    options = ("-n", "50", "--metrics", "fid", "--extractor", "digits")
    results = [command("evaluate", place, *options) for place in ("./run", run.weights, run.best)]
    assert [result.code for result in results] == [0, 0, 0], results
    assert {result.err for result in results} == {"40 reals of mine.npy, 50 fakes, seed 0\n"}
    (tmp_path / "mine.npy").rename(tmp_path / "moved.npy")
    result = command("evaluate", "./run", *options)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "if the data of run has moved, give its new place with --data" in result.err
    result = command("evaluate", "./run", *options, "--data", "./moved.npy")
    assert result.err == "40 reals of moved.npy, 50 fakes, seed 0\n"
    (tmp_path / "run" / "config.yaml").unlink()  # it is a weights folder like any other
    assert "give the real data" in command("evaluate", "./run/weights", *options).err


def test_weights_need_the_extractor_that_they_are_of(command, tmp_path):
    result = command("evaluate", "dcgan.mnist5k", "--weights", "w.pth")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "name it with --extractor" in result.err
    named = ("--extractor", "inception", "--weights", str(tmp_path / "w.pth"))
    result = command("evaluate", "dcgan.mnist5k", *named)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "the extractor inception has no weights: there is no file" in result.err
    result = command("evaluate", "dcgan.mnist5k", "--extractor", "digits", "--weights", "w.pth")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "extractor.weights: unknown field" in result.err
