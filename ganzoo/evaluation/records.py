"""Scores with all that they depend on, so that only like is compared with like."""

from collections.abc import Collection, Iterable
from typing import Annotated, Any

from pydantic import Field

from ganzoo.config import Model
from ganzoo.config.models import AsTuple
from ganzoo.errors import RequestError

LOWER_IS_BETTER = {"fid": True, "kid": True, "divergence": True, "mae": True}
"""Of the metrics that are distances; all others grow with quality."""


class Protocol(Model):
    """How a score was computed; two scores compare only where all of it is the same.

    Attributes:
        metric: As ``fid``.
        extractor: What the features are of; empty for scores that need none.
        extractor_hash: SHA-256 of its weights.
        resize: How images were brought to its size.
        data: The real data by its name or its folder's.
        data_fingerprint: Which changes whenever any real sample does.
        split: Which of the published splits the reals are; ``all`` of data without such.
        sample_shape: What reals and fakes were like before that.
        labels: How those of the fakes were drawn: ``data``, with the shares that the reals have;
            ``none`` of an unconditional generator.
        reals: How many reals; of translations with known targets, how many targets.
        fakes: How many fakes.
        role: The translator; empty for a generator.
        use: How it was used, ``published`` or ``eval``; empty for a generator.
        held_out: Whether what was translated was held out of training.
        truncation: Of the fakes; None for none.
        settings: Numbers of the metric itself, as the neighbours of precision.
    """

    metric: str
    extractor: str = ""
    extractor_hash: str = ""
    resize: str = ""
    data: str
    data_fingerprint: str
    split: str = "all"
    sample_shape: Annotated[tuple[int, ...], AsTuple]
    labels: str = "none"
    reals: int
    fakes: int
    role: str = ""
    use: str = ""
    held_out: bool = False
    truncation: float | None = None
    settings: dict[str, int] = Field(default_factory=dict)


class Score(Model):
    """A number, and where it comes from.

    Attributes:
        name: As a person may call it: ``FID`` for the published extractor's alone, else with the
            extractor's name, as ``FID-digits``.
        value: The number.
        std: Over parts of the samples, where the metric has such.
        protocol: What has to be the same for two scores to compare.
        seed: Of the fakes, and of the metric's own choices.
        weights: ``averaged`` or ``raw``: which generator made the fakes.
        precision: Of the arithmetic of generator and extractor.
        device: Where both ran.
        versions: Of ganzoo, torch and what the extractor stands on.
    """

    name: str
    value: float
    std: float | None = None
    protocol: Protocol
    seed: int
    weights: str
    precision: str
    device: str
    versions: dict[str, str] = Field(default_factory=dict)


def rank(scores: Iterable[Score], *, across: Collection[str] = ()) -> list[Score]:
    """Order scores from the best to the worst.

    Args:
        scores: Of one metric.
        across: Fields of the protocol whose difference is the point of comparing, as
            ``truncation``.

    Raises:
        RequestError: They are of different protocols; the message lists what differs.
    """
    scores = list(scores)
    for score in scores[1:]:
        check_comparable(scores[0], score, across=across)
    lower = bool(scores) and LOWER_IS_BETTER.get(scores[0].protocol.metric, False)
    return sorted(scores, key=lambda score: score.value if lower else -score.value)


def check_comparable(one: Score, other: Score, *, across: Collection[str] = ()) -> None:
    """Check that two scores mean the same.

    Raises:
        RequestError: Their protocols differ; the message lists how.
    """
    found = [
        f"{field} ({first} and {second})"
        for field, first, second in protocol_differences(one, other)
        if field not in across
    ]
    if found:
        raise RequestError(
            f"{one.name} and {other.name} cannot be compared: they differ in "
            f"{', '.join(found)}; evaluate both in the same way"
        )


def protocol_differences(one: Score, other: Score) -> list[tuple[str, Any, Any]]:
    """List the fields of the protocol in which two scores differ, with both values."""
    first, second = one.protocol.model_dump(), other.protocol.model_dump()
    return [(key, first[key], second[key]) for key in first if first[key] != second[key]]
