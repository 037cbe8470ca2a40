"""A run that goes wrong, made up: its rows, scores and findings."""

import math

import pytest

from ganzoo.evaluation.records import Protocol, Score
from ganzoo.health.findings import Finding


def score(name, metric, value, **protocol):
    values = {"data": "ring8", "data_fingerprint": "x", "sample_shape": (2,), "fakes": 9}
    how = Protocol.model_validate({"metric": metric, "reals": 9, **values, **protocol})
    return Score(
        name=name, value=value, protocol=how, seed=0, weights="averaged", precision="fp32",
        device="cpu",
    )  # fmt: skip


def signals(step, overfit):
    part = step / 5000
    values = {
        "diversity": 1 - 0.8 * part + 0.05 * math.sin(step),
        "nearest": 0.9 - 0.8 * part,
        "duplicates": 0.6 * part,
        "coverage": 0.8 - 0.6 * part,
        "separation": 0.6 + 0.4 * part,
        "margin": 6 * part,
        "gradient/generator": 10 ** (-2 * part),
        "gradient/discriminator": 3 + math.cos(step),
        "drift": 0.3 + 0.1 * math.sin(step),
        "straightness": 0.5 + 0.3 * math.cos(step),
    }
    if overfit:
        values["recognition"] = 0.5 + 0.4 * part
        values["overfit"] = 0.7 * part
    return {f"health/{key}": value for key, value in values.items()}


def made_up(*, look=250, overfit=True):
    rows = []
    for step in range(50, 5001, 50):
        wave = math.sin(step / 200)
        row = {"step": step, "samples": 64 * step, "steps_per_second": 50.0}
        row |= {"loss/generator": 1 + step / 2500 + wave / 5, "loss/discriminator": 1.2 - wave / 5}
        row |= {"real/discriminator": 0.6 + wave / 9, "fake/discriminator": 0.35 - wave / 9}
        if look and step % look == 0:
            row |= signals(step, overfit)
        rows.append(row)
    return rows


@pytest.fixture
def rows():
    return made_up()


@pytest.fixture
def scores():
    values = ((1000, 9.0, 0.2), (2000, 3.5, 0.6), (3000, 5.25, 0.5))
    return [
        (step, [score("FID-digits", "fid", fid), score("recall-digits", "recall", recall)])
        for step, fid, recall in values
    ]


@pytest.fixture
def findings():
    def found(monitor, severity, step):
        evidence, advice = f"{monitor} was seen at {step}", f"try against {monitor}"
        return Finding(
            monitor=monitor, severity=severity, step=step, evidence=evidence, advice=advice
        )

    return [
        found("discriminator-dominance", "warning", 2500),
        found("mode-collapse", "warning", 2000),
        found("mode-collapse", "severe", 4000),
        found("mode-collapse", "warning", 4500),
    ]
