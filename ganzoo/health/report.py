"""What is known of a run's health, in words."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ganzoo.evaluation.records import LOWER_IS_BETTER, Score
from ganzoo.health.findings import Finding
from ganzoo.health.monitors import too_early
from ganzoo.health.rows import FAKE, REAL, Row, with_outputs
from ganzoo.resolve.outline import Outline
from ganzoo.terminal import printable

WIDTH = 100
"""Most characters of a line."""


class Need(NamedTuple):
    """What a monitor looks at."""

    figures: tuple[str, ...]
    setting: str


_LOOKS = "health.every=250 looks every 250 steps"

NEEDS: dict[str, Need] = {
    "mode-collapse": Need(
        ("health/diversity", "health/nearest", "health/duplicates", "health/coverage"), _LOOKS
    ),
    "discriminator-dominance": Need(("health/separation",), _LOOKS),
    "oscillation": Need(("health/straightness",), _LOOKS),
    "discriminator-overfitting": Need(
        ("health/recognition",), "data.holdout=256 keeps reals aside for it"
    ),
    "non-finite": Need(("step",), "logging.every=50 writes a row every 50 steps"),
}
"""Every monitor, and what it needs."""


@dataclass(frozen=True)
class Facts:
    """What a report begins with."""

    name: str
    config: Outline
    step: int
    state: str
    note: str


STATES = ("severe", "warning", "too early", "no sign", "not watched")
"""What a monitor may have to say, the worst first."""


@dataclass(frozen=True)
class Verdict:
    """What one monitor has to say of a run.

    Attributes:
        monitor: Its name.
        state: One of `STATES`; too early where it found nothing, and has seen too little for that
            to mean anything.
        watched: Whether the log holds what it looks at.
        severity: The worst that was found; empty where nothing was.
        first: The first step at which something was found.
        last: The last one.
        evidence: What was seen, or why it is too early.
        advice: What to try; where it could not look, what makes it look.
    """

    monitor: str
    state: str
    watched: bool
    severity: str = ""
    first: int | None = None
    last: int | None = None
    evidence: str = ""
    advice: str = ""


class Course(NamedTuple):
    """A score over a run, each entry with its step."""

    name: str
    first: tuple[int, float]
    best: tuple[int, float]
    last: tuple[int, float]


def verdicts(rows: Sequence[Row], findings: Iterable[Finding]) -> list[Verdict]:
    """Sum up what each monitor found: those that found something come first, the worst on top."""
    of: dict[str, list[Finding]] = {name: [] for name in NEEDS}
    for finding in findings:
        of.setdefault(finding.monitor, []).append(finding)
    seen, early = {key for row in rows for key in row}, too_early(rows)
    result = [_verdict(name, found, seen, early.get(name, "")) for name, found in of.items()]
    return sorted(result, key=lambda verdict: STATES.index(verdict.state))


def _verdict(name: str, found: Sequence[Finding], seen: set[str], early: str) -> Verdict:
    if not found:
        need = NEEDS[name]
        if seen.isdisjoint(need.figures):
            return Verdict(name, "not watched", watched=False, advice=need.setting)
        return Verdict(name, "too early" if early else "no sign", watched=True, evidence=early)
    # Of the worst ones the last tells how it stands.
    worst = max(found, key=lambda finding: (finding.severity == "severe", finding.step))
    steps, state = [finding.step for finding in found], worst.severity
    return Verdict(name, state, True, state, min(steps), max(steps), worst.evidence, worst.advice)


def latest(rows: Iterable[Row]) -> dict[str, tuple[int, float]]:
    """Return the last value of each figure, with its step; signals are in only some rows."""
    return {key: (int(row["step"]), value) for row in rows for key, value in row.items()}


def courses(scores: Iterable[tuple[int, Sequence[Score]]]) -> list[Course]:
    """Sum up the scores over a run; those of different protocols apart, as they do not compare."""
    of: dict[str, tuple[Score, list[tuple[int, float]]]] = {}
    for step, taken in scores:
        for score in taken:
            key = f"{score.name} {score.weights} {score.protocol.model_dump_json()}"
            of.setdefault(key, (score, []))[1].append((step, score.value))
    result = []
    for score, values in of.values():
        sign = 1 if LOWER_IS_BETTER.get(score.protocol.metric, False) else -1
        best = min(values, key=lambda pair: sign * pair[1])
        result.append(Course(score.name, values[0], best, values[-1]))
    return result


def report(
    facts: Facts,
    rows: Sequence[Row],
    scores: Sequence[tuple[int, Sequence[Score]]],
    findings: Iterable[Finding],
) -> str:
    """Write the report on a run.

    Returns:
        Lines of at most `WIDTH` characters, but for words that are longer.
    """
    config = facts.config
    lines = [
        facts.name,
        *_indented(
            f"{config.architecture} with the {config.loss} loss on {config.data}, "
            f"{facts.step:,} of {config.training.steps:,} steps: {facts.note}"
        ),
    ]
    if not rows:
        return "\n".join(map(printable, lines))
    last = latest(map(with_outputs, rows))
    lines += ["", "latest figures", *_columns(_in_words(last))]
    if not any(key.startswith("health/") for key in last):
        lines += _indented(_no_signals(facts))
    if scores:
        told = [
            (c.name, ", ".join(_at(word, *pair) for word, pair in zip(ENDS, c[1:], strict=True)))
            for c in courses(scores)
        ]
        lines += ["", "scores", *_columns(told)]
    lines += ["", "findings"]
    for verdict in verdicts(rows, findings):
        lines += _told(verdict)
    return "\n".join(map(printable, lines))


ENDS = ("first", "best", "last")


def _at(word: str, step: int, value: float) -> str:
    return f"{word} {value:.4g} (step {step:,})"


def _no_signals(facts: Facts) -> str:
    every = facts.config.health.every
    if not every:
        return f"no health signals, as health.every is 0; {_LOOKS}"
    if facts.step < every:
        return f"no health signals yet; the first look is at step {every:,}"
    return "no health signals: the log was written without them"


def _in_words(last: Mapping[str, tuple[int, float]]) -> list[tuple[str, str]]:
    """The latest figures as pairs of a word and what is to be said of it."""
    # What is said under one word: figures, each with the words that its value stands in.
    said = {
        "losses": {
            "loss/generator": "generator {:.3g}",
            "loss/discriminator": "discriminator {:.3g}",
        },
        "D outputs": {REAL: "{:.3g} on reals", FAKE: "{:.3g} on fakes"},
        "separation": {
            "health/separation": "D scores a real above a fake in {:.0%} of pairs",
            "health/margin": "by {:.3g} on average",
        },
        "diversity": {"health/diversity": "fakes are {:.1f} times as varied as reals"},
        "nearest": {"health/nearest": "fakes are {:.1f} times as far from each other as reals are"},
        "duplicates": {"health/duplicates": "{:.0%} of fakes have a near copy"},
        "coverage": {
            "health/coverage": "{:.0%} of reals have a fake near them",
            "health/classes": "{:.0%} of the classes are there",
        },
        "gradients": {
            "health/gradient/generator": "norm {:.3g} for the generator",
            "health/gradient/discriminator": "{:.3g} for the discriminator",
        },
        "movement": {
            "health/drift": "samples moved by {:.2g} of the data's spread since the last look",
            "health/straightness": "{:.2g} of the way was straight",
        },
        "overfit": {
            "health/recognition": "D scores a real of training above a held-out one in {:.0%} of "
            "pairs",
            "health/overfit": "held-out ones lie {:.0%} of the way from reals to fakes",
        },
    }
    told = []
    for word, figures in said.items():
        parts = [text.format(last[key][1]) for key, text in figures.items() if key in last]
        if parts:
            steps = {last[key][0] for key in figures if key in last}
            told.append((word, f"{', '.join(parts)} (step {max(steps):,})"))
    return told


def _columns(pairs: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(word) for word, _ in pairs), default=0) + 2
    return [
        line for word, text in pairs for line in _indented(f"{word:{width}}{text}", " " * width)
    ]


def _told(verdict: Verdict) -> list[str]:
    if not verdict.watched:
        return _indented(f"{verdict.monitor}: not watched; {verdict.advice}")
    if verdict.state == "too early":
        return _indented(f"{verdict.monitor}: too early to say; {verdict.evidence}")
    if not verdict.severity:
        return _indented(f"{verdict.monitor}: no sign")
    first, last = verdict.first, verdict.last
    when = f"at step {first:,}" if first == last else f"from step {first:,} to step {last:,}"
    return [
        *_indented(f"{verdict.monitor}: {verdict.severity}, {when}"),
        *_indented(f"  seen: {verdict.evidence}", " " * 8),
        *_indented(f"  try:  {verdict.advice}", " " * 8),
    ]


def _indented(text: str, further: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent=f"  {further}",
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_values(
    facts: Facts,
    rows: Sequence[Row],
    scores: Sequence[tuple[int, Sequence[Score]]],
    findings: Iterable[Finding],
) -> dict[str, Any]:
    """Return what `report` tells as plain values, for programs."""
    every = verdicts(rows, findings)
    return {
        "run": facts.name,
        "architecture": facts.config.architecture,
        "loss": facts.config.loss,
        "data": facts.config.data,
        "step": facts.step,
        "steps": facts.config.training.steps,
        "state": facts.state,
        "latest": {
            key: {"step": step, "value": value}
            for key, (step, value) in latest(rows).items()
            if key != "step"
        },
        "scores": [
            {
                "name": course.name,
                **{
                    word: {"step": step, "value": value}
                    for word, (step, value) in zip(ENDS, course[1:], strict=True)
                },
            }
            for course in courses(scores)
        ],
        "health": every[0].state,
        "monitors": [vars(verdict) for verdict in every],
    }
