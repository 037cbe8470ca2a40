"""The benchmark of quality: runs end by their time, and are scored as they are then."""

import pytest

from benchmarks import quality


@pytest.mark.parametrize("data", [pytest.param("digits", marks=pytest.mark.sweep), "ring8"])
def test_a_run_ends_when_its_time_is_over(data, monkeypatch):
    small = {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]}
    monkeypatch.setitem(quality.CASES, data, {"small": {"architecture": small}})
    found = quality.run(data, "small", 0, 0.2)
    assert 1 <= found["steps"] < 5000
    assert set(quality.METRICS[data]) <= found.keys()


def test_the_table():
    runs = [
        {"data": "ring8", "case": "a", "seed": seed, "modes": seed, "quality": 0.5,
         "divergence": 0.25, "steps": 1000 * seed}
        for seed in (1, 2, 4)
    ]  # fmt: skip
    assert quality.table("ring8", runs) == [
        "| ring8 | modes | quality | divergence | steps |",
        "| --- | --- | --- | --- | --- |",
        "| a | 2 (1 to 4) | 0.5 | 0.25 | 2,000 (1,000 to 4,000) |",
    ]
