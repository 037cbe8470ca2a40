"""Scores: only like is compared with like."""

import pytest

from ganzoo.errors import RequestError
from ganzoo.evaluation.records import Protocol, Score, protocol_differences, rank

PROTOCOL = {
    "metric": "fid",
    "extractor": "digits",
    "extractor_hash": "a" * 64,
    "resize": "bilinear",
    "data": "mnist5k",
    "data_fingerprint": "mnist5k-1",
    "sample_shape": (1, 32, 32),
    "split": "all",
    "labels": "data",
    "reals": 5000,
    "fakes": 10_000,
    "truncation": None,
    "role": "",
    "use": "",
    "held_out": False,
    "settings": {},
}
OTHERS = {
    "metric": "kid",
    "extractor": "inception",
    "extractor_hash": "b" * 64,
    "resize": "bicubic",
    "data": "mnist",
    "data_fingerprint": "mnist-1",
    "sample_shape": (1, 28, 28),
    "split": "test",
    "labels": "none",
    "reals": 60_000,
    "fakes": 50_000,
    "truncation": 0.7,
    "role": "b_to_a",
    "use": "eval",
    "held_out": True,
    "settings": {"subsets": 10},
}


def score(value=1.0, seed=0, weights="averaged", **protocol):
    return Score(
        name="FID-digits",
        value=value,
        protocol=Protocol(**{**PROTOCOL, **protocol}),
        seed=seed,
        weights=weights,
        precision="fp32",
        device="cpu",
        versions={"torch": "2"},
    )


def test_every_field_of_the_protocol_has_a_row_here():
    assert PROTOCOL.keys() == OTHERS.keys() == Protocol.model_fields.keys()


@pytest.mark.parametrize("field", OTHERS)
def test_scores_of_unlike_protocols_are_not_ranked(field):
    one, other = score(), score(**{field: OTHERS[field]})
    with pytest.raises(RequestError) as caught:
        rank([one, score(2.0), other])
    assert f"differ in {field} (" in str(caught.value)
    assert str(OTHERS[field]) in str(caught.value)
    assert protocol_differences(one, other) == [(field, PROTOCOL[field], OTHERS[field])]
    if field != "metric":
        assert rank([one, other], across=[field]) == [one, other]


def test_all_that_differs_is_listed():
    with pytest.raises(RequestError, match=r"reals \(5000 and 1\), fakes \(10000 and 2\);"):
        rank([score(), score(reals=1, fakes=2)])


@pytest.mark.parametrize(
    ("metric", "best"), [("fid", 1.0), ("kid", 1.0), ("divergence", 1.0), ("precision", 3.0)]
)
def test_the_best_comes_first(metric, best):
    scores = [score(value, metric=metric) for value in (2.0, 1.0, 3.0)]
    values = [item.value for item in rank(scores)]
    assert values in ([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    assert values[0] == best


def test_seeds_and_weights_may_differ():
    assert len(rank([score(seed=1), score(seed=2), score(weights="raw")])) == 3
    assert rank([]) == []


def test_a_score_comes_back_from_json():
    original = score(truncation=0.5, settings={"k": 3})
    assert Score.model_validate_json(original.model_dump_json()) == original
    assert Score.model_validate(original.model_dump(mode="json")) == original
