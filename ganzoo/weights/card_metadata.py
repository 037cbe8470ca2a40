"""What the metadata at the head of a card says of weights, as the Hub reads it."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo import registry
from ganzoo.errors import WeightsError
from ganzoo.spec import Architecture
from ganzoo.weights.description import Info, flat_record
from ganzoo.weights.reference import parse_repository

TASK = "unconditional-image-generation"
"""What the Hub calls generators of images without labels."""

TRANSLATION = "image-to-image"
"""What the Hub calls translators of images."""

CONDITIONAL = "class-conditional-image-generation"
"""The tag of generators of images with labels, which the Hub has no task for."""


def card_metadata(before: Mapping[str, Any], info: Info, name: str, licence: str) -> dict[str, Any]:
    """Return the metadata of a card.

    Args:
        before: That of the card that was there, of which what others wrote stays.
        info: What the weights are.
        name: Their own name.
        licence: Their licence, as the Hub names it.
    """
    task, tags = _task(info), ["gan", info.architecture.name]
    if info.data.kind == "images" and info.architecture.num_classes:
        tags.append(CONDITIONAL)
    values: dict[str, Any] = {
        "license": licence,
        "library_name": "ganzoo",
        "pipeline_tag": task,
        "tags": _united(before.get("tags"), tags, {*registry.names("architectures"), CONDITIONAL}),
        "datasets": _united(before.get("datasets"), _datasets(info), registry.names("datasets")),
        "base_model": _base_model(info),
        "model-index": _model_index(info, name),
    }
    merged = {**before, **{key: value for key, value in values.items() if value}}
    # What would be said of earlier weights is not true of these.
    for key in ("datasets", "base_model", "model-index"):
        if not values[key]:
            merged.pop(key, None)
    if not task and merged.get("pipeline_tag") in (TASK, TRANSLATION):
        del merged["pipeline_tag"]
    return merged


def translates(info: Info) -> bool:
    """Whether the default network translates images."""
    spec = registry.get(Architecture, info.architecture.name)
    return spec.networks[spec.makers[0]].kind == "translator"


def _task(info: Info) -> str:
    """What the Hub calls what the networks do; empty where it has no word for it."""
    if translates(info):
        return TRANSLATION
    return TASK if info.data.kind == "images" and not info.architecture.num_classes else ""


def _united(before: Any, ours: list[str], known: Iterable[str]) -> list[Any]:
    """Add our values to those that are there, without those that we gave to earlier weights."""
    there = before if isinstance(before, list) else [] if before in (None, "") else [before]
    stale = set(known) - set(ours)
    united: list[Any] = []
    for value in (*there, *ours):
        if value not in united and not (isinstance(value, str) and value in stale):
            united.append(value)
    return united


def _datasets(info: Info) -> list[str]:
    """The data by its name, if it is one that others know: a folder's name is nobody's business."""
    name = info.training.get("data")
    return [name] if isinstance(name, str) and name in registry.names("datasets") else []


def _base_model(info: Info) -> str:
    """The repository that the weights were fine-tuned from; the Hub takes no other name."""
    try:
        return parse_repository(info.base_model.repo).name if info.base_model else ""
    except WeightsError:
        return ""


def _model_index(info: Info, name: str) -> list[dict[str, Any]]:
    metrics = [
        {
            "type": score["metric"].lower(),
            "name": score_name(score),
            "value": score["value"],
            "args": {
                key: value
                for key, value in score.items()
                if key not in ("name", "metric", "value") and value not in (None, "")
            },
        }
        for score in recorded_scores(info)
    ]
    if not metrics:
        return []
    task = {"type": _task(info)}
    if info.data.kind != "images":
        task = {"type": "other", "name": "generation of vectors"}
    elif info.architecture.num_classes:
        task = {"type": "other", "name": "class-conditional image generation"}
    data = str(info.training.get("data") or "unknown")
    result = {"task": task, "dataset": {"name": data, "type": data}, "metrics": metrics}
    return [{"name": name, "results": [result]}]


def recorded_scores(info: Info) -> list[dict[str, Any]]:
    """The records of evaluations that have a metric and a number, with their protocols' fields."""
    return [
        score
        for score in map(flat_record, info.scores)
        if isinstance(score.get("metric"), str)
        and score["metric"].strip()
        and type(score.get("value")) in (int, float)
        and -math.inf < score["value"] < math.inf
    ]


def score_name(score: Mapping[str, Any]) -> str:
    """What people call a score: ``FID-digits``, where its metric is ``fid``."""
    name = score.get("name")
    return name if isinstance(name, str) and name.strip() else str(score["metric"])
