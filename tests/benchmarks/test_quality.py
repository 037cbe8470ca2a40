"""The benchmark of quality: runs end by their time, and are scored as they are then."""

import dataclasses
import json
import sys

import pytest

from benchmarks import quality
from tests.imports import ROOT

TINY = {"name": "vanilla", "generator_widths": [8], "discriminator_widths": [8]}

RUNS = [
    {"data": "ring8", "case": "vanilla", "seed": seed, "seconds": 60, "modes": seed,
     "quality": 0.5, "divergence": 0.25, "steps": 1000 * seed}
    for seed in (1, 2, 4)
]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("labelled-digits", marks=pytest.mark.sweep),  # the digits that are asked for
        "ring8",
    ],
)
def test_a_run_ends_when_its_time_is_over(data, monkeypatch):
    small = dataclasses.replace(
        quality.COMPARISONS[data], cases={"small": {"architecture": TINY}}, fakes=500
    )
    monkeypatch.setitem(quality.COMPARISONS, data, small)
    found = quality.run(data, "small", 0, 0.2)
    assert 1 <= found["steps"] < 5000
    assert {*small.metrics, "cpu", "commit"} <= found.keys()


def test_the_table():
    assert quality.table("ring8", RUNS) == [
        "| ring8 | modes | quality | divergence | steps |",
        "| --- | --- | --- | --- | --- |",
        "| vanilla | 2 (1 to 4) | 0.5 | 0.25 | 2,000 (1,000 to 4,000) |",
    ]


def test_a_cell_is_empty_where_no_run_has_a_value():
    run = {"data": "labelled-digits", "case": "wgan-gp", "fid": 5.0, "precision": 0.5,
           "recall": 0.5, "steps": 9}  # fmt: skip
    assert quality.table("labelled-digits", [run])[2] == "| wgan-gp | 5 | 0.5 | 0.5 |  | 9 |"


def test_no_run_is_done_twice(tmp_path, monkeypatch, capsys):
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps({**run, "seed": s}) + "\n" for s, run in enumerate(RUNS)))
    asked = []

    def apart(place, file):
        asked.append(place)
        return {**RUNS[0], **place}

    monkeypatch.setattr(quality, "apart", apart)
    command = ["quality", "ring8", "--workers", "2", "--results", str(results)]
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", command)
        quality.main()
    cases = list(quality.COMPARISONS["ring8"].cases)
    assert sorted((place["case"], place["seed"]) for place in asked) == [
        (case, seed) for case in sorted(cases[1:]) for seed in range(3)
    ]
    assert len(results.read_text().splitlines()) == 3 * len(cases)
    assert "| vanilla | 2 (1 to 4) |" in capsys.readouterr().out


def test_the_page_shows_the_results_that_are_kept():
    results = quality.read(quality.RESULTS).values()
    page = (ROOT / "docs" / "reference" / "quality.md").read_text()
    for data in {result["data"] for result in results}:
        kept = [result for result in results if result["data"] == data]
        assert "\n".join(quality.table(data, kept)) in page
