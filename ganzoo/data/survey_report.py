"""The survey of a source as text for a terminal."""

import math
import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ganzoo.config import DataConfig, RunConfig
from ganzoo.data.advice import Advice, as_argument
from ganzoo.data.survey import Survey
from ganzoo.spec import Shape
from ganzoo.terminal import printable

WIDTH, LABEL = 80, 12
NAMED = 10
"""So many names of a kind are told; JSON has all."""

TOGETHER = 4
"""So many of a group of copies."""


def survey_report(
    source: str,
    survey: Survey,
    config: RunConfig,
    advice: Advice | None,
    *,
    name: str,
    command: str | None,
    max_bad: float,
) -> str:
    """Tell a survey in lines of 80 columns, but for what can be copied, which is not broken."""
    lines = _content(source, survey, config.data, max_bad)
    if survey.spread is None:
        lines += _training(survey, f"{name} sees", config.architecture.sample_shape, config.data)
    lines += _doubts([*survey.notes, *(advice.warnings if advice else ())])
    if advice is not None and command is not None:
        lines += ["", "a starting point"]
        for key, reason in advice.reasons.items():
            text = f"{key}={as_argument(advice.values[key])}: {reason}"
            lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
        if advice.reasons:
            lines.append("")
        lines += [*textwrap.wrap(condition(survey, max_bad), WIDTH), command]
    return "\n".join(map(printable, lines))


def report_fields(
    surveys: Mapping[str, Survey],
    shapes: Mapping[str, Shape],
    data: DataConfig,
    doubts: Sequence[str],
    *,
    max_bad: float,
) -> str:
    """Tell the surveys of several fields in the same way."""
    lines = []
    for field, survey in surveys.items():
        lines += _content(field, survey, data, max_bad)
        lines += [*_training(survey, "networks see", shapes[field], data), ""]
    return "\n".join(map(printable, [*lines[:-1], *_doubts(doubts)]))


def _content(source: str, survey: Survey, data: DataConfig, max_bad: float) -> list[str]:
    """Tell what is in a source; its own place is left out of names."""
    kind = "vectors" if survey.spread is not None else "images"
    lines = [f"{source}: {survey.count:,} {kind}"]
    lines += _images(survey) if survey.spread is None else _vectors(survey.spread)
    if survey.classes:
        lines += _row("classes", f"{len(survey.classes)}: {_counted(survey.classes)}")
    causes = list(survey.bad)
    for place in filter(None, (getattr(data, name) for name in data.PLACES)):
        causes = [sentence.removeprefix(os.path.join(place, "")) for sentence in causes]
    lines += _row("unreadable", _bad(survey, max_bad)) + _listed(causes)
    if survey.passed_over:
        count = sum(survey.passed_over.values())
        endings = {ending or "no ending": n for ending, n in survey.passed_over.items()}
        such = f"{', '.join(survey.others)}{', ...' if count > len(survey.others) else ''}"
        lines += _row("passed over", f"{count:,} not images: {_counted(endings)} ({such})")
        lines += _listed(
            f"data={os.path.join(source, file)} reads the images that it lists, with their labels"
            for file in survey.lists
        )
    lines += _row("copies", _groups(survey.copies))
    lines += _listed(_joined(" = ", group) for group in survey.copies)
    if survey.spread is None:
        lines += _row("near copies", _groups(survey.near))
        lines += _listed(_joined(" ~ ", group) for group in survey.near)
    return lines


def _doubts(sentences: Sequence[str]) -> list[str]:
    lines = ["", "look at this first"] if sentences else []
    for doubt in sentences:
        lines += textwrap.wrap(doubt, WIDTH, initial_indent="  - ", subsequent_indent="    ")
    return lines


def condition(survey: Survey, max_bad: float) -> str:
    """Say what has to be done before training takes the data; nothing where it does."""
    if survey.bad_share <= max_bad:
        return ""
    enough = math.ceil(100 * survey.bad_share) / 100
    return (
        f"first remove or replace the {len(survey.bad):,} unreadable images, or skip them with "
        f"data.max_bad={enough:g}:"
    )


def _images(survey: Survey) -> list[str]:
    lines = _row("stored as", _counted(survey.modes))
    for side, row in zip(("width", "height"), survey.sizes.T, strict=True):
        same = row.min() == row.max()
        spread = f"{row.min():,} to {row.max():,}, median {np.median(row):,.0f}"
        lines += _row(side, f"{row[0]:,}, all" if same else spread)
    return lines


def _vectors(spread: NDArray[np.float64]) -> list[str]:
    lines = _row("dimension", f"{spread.shape[1]:,}")
    for place, (least, mean, std, most) in enumerate(spread.T[:NAMED]):
        lines += _row(f"x{place}", f"{least:.4g} to {most:.4g}, mean {mean:.4g}, std {std:.4g}")
    return lines


def _training(survey: Survey, who: str, shape: Shape, data: DataConfig) -> list[str]:
    channels, height, width = shape
    colours = {1: "in grey", 3: "in colour", 4: "in colour with alpha"}.get(
        channels, f"in {channels} channels"
    )
    fit = getattr(data, "fit", "crop")
    how = {
        "crop": ", cut to that aspect at both ends",
        "pad": ", padded to that aspect with the background",
        "stretch": ", stretched to that aspect",
    }
    other = (survey.sizes[:, 0] * height != survey.sizes[:, 1] * width).any()
    changed = how[fit] if other else ""
    if load_size := getattr(data, "load_size", None):
        changed += f", cropped at random from a shorter side of {load_size}"
    mirrored = ", half of them mirrored" if data.flip else ""
    return _row("training", f"{who} {width}x{height} {colours}{changed}{mirrored}")


def _bad(survey: Survey, max_bad: float) -> str:
    if not survey.bad:
        return "none"
    share = f"{len(survey.bad):,} of {survey.count:,} ({survey.bad_share:.2%})"
    if survey.bad_share > max_bad:
        return (
            f"{share}; training refuses this many, because data.max_bad={max_bad:g} allows fewer: "
            "remove or replace them"
        )
    return f"{share}; they are skipped, as data.max_bad={max_bad:g} allows"


def _groups(groups: tuple[tuple[str, ...], ...]) -> str:
    if not groups:
        return "none"
    count = sum(map(len, groups))
    return f"{count:,} in {len(groups):,} group{'s' if len(groups) > 1 else ''}"


def _joined(sign: str, names: Sequence[str]) -> str:
    """Name the first few of a group."""
    more = f" and {len(names) - TOGETHER:,} more" if len(names) > TOGETHER else ""
    return sign.join(names[:TOGETHER]) + more


def _row(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"  {label:{LABEL}}", subsequent_indent=" " * (LABEL + 2)
    )


def _listed(texts: Iterable[str]) -> list[str]:
    """Name the first, each on a line of its own, which is not broken so that it can be copied."""
    every = list(texts)
    lines = [f"    {text}" for text in every[:NAMED]]
    if len(every) > NAMED:
        lines.append(f"    and {len(every) - NAMED:,} more (--json lists all)")
    return lines


def _counted(counts: Mapping[str, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in list(counts.items())[:NAMED]]
    more = f", and {len(counts) - NAMED:,} more" if len(counts) > NAMED else ""
    return ", ".join(shown) + more
