"""A run over its steps, as one image."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.aside import aside
from ganzoo.evaluation.records import Score
from ganzoo.health.findings import Finding
from ganzoo.health.rows import FAKE as FAKE_OUTPUT
from ganzoo.health.rows import REAL as REAL_OUTPUT
from ganzoo.health.rows import Row, with_outputs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people with any kind of colour vision tell apart.
GENERATOR, DISCRIMINATOR, REAL, FAKE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
OTHERS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
SEVERITIES = {"warning": "#e69f00", "severe": "#c0392b"}
INK, RULE = "#333333", "#dddddd"

COLUMNS = 2
LARGEST = 1e30
"""Of what is drawn: beyond it a scale tells nothing any more."""
FEW = 40
"""Up to so many points of a line are marked."""


@dataclass(frozen=True)
class Panel:
    """One figure of the image."""

    title: str
    series: Mapping[str, tuple[str, str]]
    logarithmic: bool = False
    levels: Mapping[float, str] = field(default_factory=dict)


PANELS = (
    Panel(
        "losses",
        {
            "loss/generator": ("generator", GENERATOR),
            "loss/discriminator": ("discriminator", DISCRIMINATOR),
        },
    ),
    Panel("discriminator's outputs", {REAL_OUTPUT: ("reals", REAL), FAKE_OUTPUT: ("fakes", FAKE)}),
    Panel(
        "separation: D scores a real above a fake",
        {"health/separation": ("share of pairs", DISCRIMINATOR)},
        levels={0.5: "guessing", 1.0: "always"},
    ),
    Panel(
        "gradient norms",
        {
            "health/gradient/generator": ("generator", GENERATOR),
            "health/gradient/discriminator": ("discriminator", DISCRIMINATOR),
        },
        logarithmic=True,
    ),
    Panel(
        "variety of fakes",
        {
            "health/diversity": ("diversity", OTHERS[0]),
            "health/nearest": ("nearest", OTHERS[1]),
        },
        levels={1.0: "as reals"},
    ),
    Panel(
        "coverage of reals and classes, duplicates among fakes",
        {
            "health/coverage": ("coverage", OTHERS[2]),
            "health/classes": ("classes", OTHERS[0]),
            "health/duplicates": ("duplicates", OTHERS[3]),
        },
    ),
    Panel(
        "movement of samples",
        {
            "health/drift": ("drift", OTHERS[0]),
            "health/straightness": ("straightness", OTHERS[1]),
        },
        levels={0.7: "at random"},
    ),
    Panel(
        "recognition: D scores a real of training above a held-out one",
        {"health/recognition": ("recognition", DISCRIMINATOR)},
        levels={0.5: "guessing", 1.0: "always"},
    ),
)
"""Every panel of figures of the log, in the order of the page."""

Points = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Drawing:
    """A panel with the points that a run has for it."""

    panel: Panel
    points: dict[str, Points]


def drawings(
    rows: Sequence[Row], scores: Iterable[tuple[int, Sequence[Score]]] = ()
) -> list[Drawing]:
    """Choose the panels that a run has figures for: those of the log, then one for each score."""
    found, rows = [], [with_outputs(row) for row in rows]
    for panel in PANELS:
        points = {}
        for key in panel.series:
            pairs = [(float(row["step"]), float(row[key])) for row in rows if key in row]
            if line := _drawable(pairs, panel.logarithmic):
                points[key] = line
        if points:
            found.append(Drawing(panel, points))
    courses: dict[str, list[tuple[float, float]]] = {}
    for step, taken in scores:
        for score in taken:
            courses.setdefault(score.name, []).append((float(step), score.value))
    for name, pairs in courses.items():
        if line := _drawable(pairs, False):
            found.append(Drawing(Panel(f"score {name}", {name: (name, INK)}), {name: line}))
    return found


def _drawable(pairs: Iterable[tuple[float, float]], logarithmic: bool) -> Points | None:
    """Leave gaps where a value has no place on the scale; None where nothing is left."""
    steps, values = [], []
    for step, value in pairs:
        fits = abs(value) <= LARGEST and (not logarithmic or value > 1 / LARGEST)
        steps.append(step)
        values.append(value if fits else math.nan)
    return None if all(map(math.isnan, values)) else (steps, values)


def save_plots(
    path: str | Path,
    rows: Sequence[Row],
    scores: Iterable[tuple[int, Sequence[Score]]] = (),
    findings: Iterable[Finding] = (),
) -> bool:
    """Draw a run over its steps into one PNG; needs the package matplotlib.

    Steps at which something was found are shaded in all panels, and named in a strip above them.

    Args:
        path: The file.
        rows: Of the log, oldest first.
        scores: Those taken during training, with their steps.
        findings: Of all monitors.

    Returns:
        Whether there was anything to draw; if not, no file is written.

    Raises:
        ImportError: matplotlib is not installed.
    """
    # Not pyplot, which keeps figures of its own and looks for a screen.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = drawings(rows, scores)
    if not drawn:
        return False
    spans = _spans(findings)
    strip = 0.35 + 0.22 * len(spans) if spans else 0.0
    lines = math.ceil(len(drawn) / COLUMNS)
    figure = Figure(figsize=(11, 2.5 * lines + strip), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    heights = [strip] * bool(spans) + [2.5] * lines
    grid = figure.add_gridspec(len(heights), COLUMNS, height_ratios=heights)
    ends = [step for item in drawn for steps, _ in item.points.values() for step in steps]
    ends += [step for span in spans for step in span[2:]]
    limits = (min(0.0, *ends), max(ends) * 1.01 + 1)
    if spans:
        _draw_strip(figure.add_subplot(grid[0, :]), spans, limits)
    for index, item in enumerate(drawn):
        line, column = divmod(index, COLUMNS)
        axes = figure.add_subplot(grid[line + bool(spans), column])
        _draw(axes, item, spans, limits)
        if index >= len(drawn) - COLUMNS:
            axes.set_xlabel("step", color=INK, fontsize=9)
    with aside(Path(path)) as file:
        figure.savefig(file, format="png", dpi=100)
    return True


Span = tuple[str, str, float, float]
"""A monitor, its worst severity, and the first and last step at which it found something."""


def _spans(findings: Iterable[Finding]) -> list[Span]:
    found: dict[str, Span] = {}
    for finding in findings:
        step = float(finding.step)
        _, worst, first, last = found.get(
            finding.monitor, (finding.monitor, finding.severity, step, step)
        )
        worst = "severe" if "severe" in (worst, finding.severity) else worst
        found[finding.monitor] = (finding.monitor, worst, min(first, step), max(last, step))
    return list(found.values())


def _draw_strip(axes: "Axes", spans: Sequence[Span], limits: tuple[float, float]) -> None:
    """A line for each monitor that found something, from its first to its last step."""
    axes.set_title("findings", loc="left", color=INK, fontsize=10)
    middle = sum(limits) / 2
    for height, (monitor, severity, first, last) in enumerate(reversed(spans)):
        colour = SEVERITIES[severity]
        axes.plot([first, last], [height, height], color=colour, linewidth=4, marker="|")
        left = first > middle  # so that the name stays inside
        axes.annotate(
            _plain(f"{monitor} ({severity})"),
            (first if left else last, height),
            xytext=(-8 if left else 8, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            color=INK,
            fontsize=9,
            parse_math=False,
        )
    axes.set_xlim(limits)
    axes.set_ylim(-0.6, len(spans) - 0.4)
    axes.set_yticks([])
    _style(axes)


def _draw(axes: "Axes", item: Drawing, spans: Sequence[Span], limits: tuple[float, float]) -> None:
    panel = item.panel
    for _, severity, first, last in spans:
        colour = SEVERITIES[severity]
        axes.axvspan(first, last, color=colour, alpha=0.1, linewidth=0)
        axes.axvline(first, color=colour, alpha=0.6, linewidth=0.8)
    for key, (steps, values) in item.points.items():
        label, colour = panel.series[key]
        marker = "." if len(steps) <= FEW else ""
        axes.plot(steps, values, label=_plain(label), color=colour, linewidth=1.3, marker=marker)
    axes.set_title(_plain(panel.title), loc="left", color=INK, fontsize=10, parse_math=False)
    axes.set_xlim(limits)
    if panel.logarithmic:
        axes.set_yscale("log")
    _style(axes)
    for level, label in panel.levels.items():
        axes.axhline(level, color=INK, linewidth=0.8, linestyle="--", alpha=0.5)
        axes.annotate(
            label,
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            color=INK,
            fontsize=8,
        )
    if len(item.points) > 1:
        axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="best")


def _style(axes: Any) -> None:
    axes.set_facecolor("white")
    axes.grid(visible=True, color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=8, length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(RULE)


def _plain(text: str) -> str:
    """Escape what the font may not have, as names come from a file."""
    return text.encode("ascii", "backslashreplace").decode()
