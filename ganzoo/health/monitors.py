"""The monitors, which look at a run's figures and tell what goes wrong.

Each sees the rows of the log one by one, oldest first, and remembers little of them, so that the
same findings come of a run that goes on and of its log. What it takes for wrong has to hold at
`PERSISTENCE` of the last `WINDOW` looks: one look is one draw of a few hundred samples. Where it
has too little to look at, a monitor says so (`early`), as silence would read as an all-clear.
"""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import ClassVar, Literal

from ganzoo.health.findings import Finding
from ganzoo.health.rows import FAKE, REAL, Row, with_outputs

Severity = Literal["warning", "severe"]
Look = tuple[Severity, str]
"""How bad a look is, and what was seen at it."""

PERSISTENCE, WINDOW = 2, 3

YOUNG = 500
"""Steps of a run in which healthy generators too make few kinds of samples that keep changing."""


class Monitor(ABC):
    """Watches for one failure.

    Attributes:
        name: Of the failure.
        advice: What to try against it.
        enough: Looks that a verdict needs. The first look of a run shows the networks as they
            began, so that there are `WINDOW` others.
        when: Which looks count, as words after them; empty for all.
    """

    name: ClassVar[str]
    advice: ClassVar[str]
    enough: ClassVar[int] = WINDOW + 1
    when: ClassVar[str] = ""

    def __init__(self) -> None:
        self._last: deque[Severity | None] = deque(maxlen=WINDOW)
        self._looks = 0

    def see(self, row: Row) -> Finding | None:
        """Take in a row; return what is wrong at it, if anything is."""
        if not self.looks(row):
            return None
        try:
            seen = self.judge(row)
        except KeyError:  # a row that an editor took a figure out of
            return None
        self._looks += 1
        self._last.append(seen and seen[0])
        bad = [severity for severity in self._last if severity is not None]
        if seen is None or len(bad) < PERSISTENCE:
            return None
        severity: Severity = "severe" if bad.count("severe") >= PERSISTENCE else "warning"
        return Finding(
            monitor=self.name,
            severity=severity,
            step=int(row["step"]),
            evidence=seen[1],
            advice=self.advice,
        )

    def early(self) -> str:
        """Return why no finding means nothing yet; empty where it means no sign."""
        if self._looks >= self.enough:
            return ""
        return f"{self._looks} of the {self.enough} looks{self.when} that a verdict needs"

    @abstractmethod
    def looks(self, row: Row) -> bool:
        """Whether a row has what is looked at."""

    @abstractmethod
    def judge(self, row: Row) -> Look | None:
        """Tell how bad a row is; None where it is not."""


class ModeCollapse(Monitor):
    """The generator makes few kinds of samples, and not more of them than ever before.

    (All generators begin with one kind.)
    """

    name = "mode-collapse"
    advice = (
        "lower optimizers.generator.lr, add the penalty r1 or a gradient penalty, try the loss "
        "relativistic, or raise training.batch_size"
    )
    diversity: ClassVar[tuple[float, float]] = (0.5, 0.25)
    """Below which fakes are too alike: a warning, and severe."""
    duplicates: ClassVar[tuple[float, float]] = (0.25, 0.6)
    """Above which share too many of them have a copy."""
    classes: ClassVar[tuple[float, float]] = (0.6, 0.35)
    """Below which share of the classes too many are missing."""
    BETTER: ClassVar[float] = 0.1
    """By which share a figure has to pass the best one so far to be getting better."""
    covered: ClassVar[float] = 0.02
    """At which share of reals with a fake near them, or less, fakes are nothing like them yet."""

    def __init__(self) -> None:
        super().__init__()
        self._best: dict[str, float] = {}
        self._young = ""
        self._covered: deque[float] = deque(maxlen=WINDOW)

    def early(self) -> str:
        """Say so as well while fakes are unlike reals, as the variety of noise means nothing."""
        if (reason := super().early()) or max(self._covered) > self.covered:
            return reason or self._young
        return (
            f"fakes are still unlike the reals: {max(self._covered):.0%} of the reals have a "
            "fake near them"
        )

    def looks(self, row: Row) -> bool:
        """Where samples were compared."""
        return "health/diversity" in row

    def judge(self, row: Row) -> Look | None:
        """Look at distances, copies and classes."""
        apart, copies = row["health/diversity"], row["health/duplicates"]
        covered = row.get("health/classes", 1.0)
        self._covered.append(row.get("health/coverage", 1.0))
        before = self._best or {"apart": 0.0, "copies": math.inf, "covered": 0.0}
        self._best = {
            "apart": max(before["apart"], apart),
            "copies": min(before["copies"], copies),
            "covered": max(before["covered"], covered),
        }
        found: list[Look] = []
        if apart < self.diversity[0] and apart < (1 + self.BETTER) * before["apart"]:
            text = f"fakes are {apart:.0%} as far apart as reals"
            found.append(("severe" if apart < self.diversity[1] else "warning", text))
        if copies > self.duplicates[0] and copies > (1 - self.BETTER) * before["copies"]:
            text = f"{copies:.0%} of the fakes have a near copy among the others"
            found.append(("severe" if copies > self.duplicates[1] else "warning", text))
        if covered < self.classes[0] and covered <= before["covered"]:
            text = f"{1 - covered:.0%} of the classes are missing among the fakes"
            found.append(("severe" if covered < self.classes[1] else "warning", text))
        seen, self._young = _worst(found), ""
        if seen and row["step"] <= YOUNG and max(self._covered) > self.covered:
            self._young = f"{seen[1]}, as in many runs before step {YOUNG}"
            return None
        return seen


class DiscriminatorDominance(Monitor):
    """The discriminator tells all fakes, and the generator gets nowhere against it.

    Either its outputs stay at their ends (1 and 0, which a row has at each of its steps), or it
    tells all fakes and the generator's gradient vanishes.
    """

    name = "discriminator-dominance"
    advice = (
        "add the penalty r1 or raise its weight, lower optimizers.discriminator.lr or "
        "objective.discriminator_steps, or use the loss non-saturating instead of minimax"
    )
    ends: ClassVar[tuple[float, float]] = (0.015, 0.005)
    """How near to 1 and 0 the mean outputs are at their ends: a warning, and severe."""
    HOLD: ClassVar[int] = 150
    """Steps from the first row to the last in which they have to stay there."""
    ROWS: ClassVar[int] = 3
    """Rows that have to show it."""
    separation: ClassVar[float] = 0.98
    """Above which chance of telling a real from a fake the game is one-sided."""
    fallen: ClassVar[tuple[float, float]] = (0.2, 0.05)
    """Below which share of its early level the generator's gradient has vanished."""
    EARLY: ClassVar[int] = 3
    """Looks that make the early level."""

    def __init__(self) -> None:
        super().__init__()
        self._early: list[float] = []
        self._since = self._rows = 0
        self._lately: deque[tuple[int, float]] = deque()

    def see(self, row: Row) -> Finding | None:
        """Take in a row; each has outputs, and some have a look as well."""
        seen = super().see(row)
        return self._at_ends(row) or seen

    def early(self) -> str:
        """Say so as well while the outputs are at their ends, and were not for long enough."""
        if (reason := super().early()) or not self._rows:
            return reason
        return f"the discriminator's outputs have been at their extremes since step {self._since:,}"

    def _at_ends(self, row: Row) -> Finding | None:
        """Look at how sure the discriminator is; a generator that waits is not its match."""
        # Scores that are no probabilities are hardly ever within these bounds.
        outputs = with_outputs(row)
        real, fake = 1 - outputs.get(REAL, -1.0), outputs.get(FAKE, -1.0)
        away = max(real, fake)
        if min(real, fake) < 0 or away > self.ends[0] or "loss/generator" not in row:
            self._rows = 0
            self._lately.clear()
            return None
        step = int(row["step"])
        self._since = self._since if self._rows else step
        self._rows += 1
        self._lately.append((step, away))
        while step - self._lately[0][0] > self.HOLD:
            self._lately.popleft()
        if self._rows < self.ROWS or step - self._since < self.HOLD:
            return None
        severe = sum(near for _, near in self._lately) / len(self._lately) < self.ends[1]
        return Finding(
            monitor=self.name,
            severity="severe" if severe else "warning",
            step=step,
            evidence=f"the discriminator's mean output is {1 - real:.3f} on reals and "
            f"{fake:.3f} on fakes, and has been at these extremes since step {self._since:,}",
            advice=self.advice,
        )

    def looks(self, row: Row) -> bool:
        """Where separation and the generator's gradient were measured."""
        return "health/separation" in row and "health/gradient/generator" in row

    def judge(self, row: Row) -> Look | None:
        """Look at how well reals and fakes are told apart, and at the generator's gradient."""
        gradient, separation = row["health/gradient/generator"], row["health/separation"]
        if len(self._early) < self.EARLY:
            self._early.append(gradient)
        share = gradient / max(*self._early, 1e-30)
        if separation <= self.separation or share >= self.fallen[0]:
            return None
        text = (
            f"the discriminator tells a real from a fake {separation:.1%} of the time, and the "
            f"generator's gradient has fallen to {share:.1%} of its early level"
        )
        return "severe" if share < self.fallen[1] else "warning", text


class Oscillation(Monitor):
    """The networks move, and get nowhere."""

    name = "oscillation"
    enough = WINDOW  # the first of them follows two others
    when = f" after step {YOUNG}"
    advice = (
        "add the penalty r1, lower both learning rates or let them fall (schedule: linear), or "
        "lower the first beta of adam (0.5 or 0)"
    )
    straightness: ClassVar[float] = 0.68
    """Below which a generator turns back; steps of random directions have 0.707."""
    drift: ClassVar[tuple[float, float]] = (0.7, 1.1)
    """Above which share of the distance of two reals samples of the same latents keep moving."""
    SETTLING: ClassVar[float] = 0.8
    """Below which share of the movement at the look before it is dying down."""

    def __init__(self) -> None:
        super().__init__()
        self._before = 0.0

    def looks(self, row: Row) -> bool:
        """Where the movement was followed, in a run that is not young."""
        followed = "health/straightness" in row and "health/drift" in row
        return followed and row["step"] > YOUNG

    def judge(self, row: Row) -> Look | None:
        """Look at how far samples move, and whether the generator's way leads on."""
        straight, drift = row["health/straightness"], row["health/drift"]
        before, self._before = self._before, drift
        settles = drift < self.SETTLING * before
        if straight >= self.straightness or drift <= self.drift[0] or settles:
            return None
        text = (
            f"from one look to the next, samples of the same latents move by {drift:.0%} of the "
            "distance between two reals, but the generator keeps turning back (straightness "
            f"{straight:.2f})"
        )
        return "severe" if drift > self.drift[1] else "warning", text


class DiscriminatorOverfitting(Monitor):
    """The discriminator knows its reals by heart."""

    name = "discriminator-overfitting"
    advice = (
        "use more data, mirror images if they are as real (data.flip=true), use a smaller "
        "discriminator, add the penalty r1, or stop at the best score"
    )
    recognition: ClassVar[tuple[float, float]] = (0.7, 0.85)
    """From which chance on a real that is trained on is scored above a held-out one."""

    def looks(self, row: Row) -> bool:
        """Where held-out reals were scored."""
        return "health/recognition" in row

    def judge(self, row: Row) -> Look | None:
        """Look at whether held-out reals are told from those that are trained on."""
        recognition, towards = row["health/recognition"], row["health/overfit"]
        if recognition < self.recognition[0]:
            return None
        text = (
            f"the discriminator scores a real of training above a held-out one {recognition:.0%} "
            f"of the time, and held-out reals {min(max(towards, 0), 1):.0%} of the way towards "
            "fakes"
        )
        return "severe" if recognition > self.recognition[1] else "warning", text


class NonFinite(Monitor):
    """A figure is no number any more."""

    name = "non-finite"
    enough = 0
    advice = "set training.precision=fp32, lower optimizers.*.lr, or add a penalty such as r1"

    def looks(self, row: Row) -> bool:
        """Everywhere."""
        return True

    def see(self, row: Row) -> Finding | None:
        """Take in a row; one is enough."""
        seen = self.judge(row)
        return seen and non_finite(int(row["step"]), seen[1])

    def judge(self, row: Row) -> Look | None:
        """Look at every figure."""
        bad = [name for name, value in row.items() if not math.isfinite(value)]
        return ("severe", f"{bad[0]} is not finite") if bad else None


def non_finite(step: int, evidence: str) -> Finding:
    """Make the finding of figures that are no numbers."""
    return Finding(
        monitor=NonFinite.name,
        severity="severe",
        step=step,
        evidence=evidence,
        advice=NonFinite.advice,
    )


def _worst(found: list[Look]) -> Look | None:
    """Put what was seen into one sentence, with the worst severity of all."""
    if not found:
        return None
    severe = any(severity == "severe" for severity, _ in found)
    return "severe" if severe else "warning", "; ".join(text for _, text in found)


MONITORS: dict[str, type[Monitor]] = {
    monitor.name: monitor
    for monitor in (
        ModeCollapse,
        DiscriminatorDominance,
        Oscillation,
        DiscriminatorOverfitting,
        NonFinite,
    )
}
"""Every monitor by its name."""


def diagnose(rows: Iterable[Row]) -> list[Finding]:
    """Tell what goes wrong in a run, from the rows of its log, oldest first.

    Returns:
        One finding for each look at which a failure was seen.
    """
    return _shown(rows)[1]


def too_early(rows: Iterable[Row]) -> dict[str, str]:
    """Return the monitors whose silence means nothing yet, each with the reason."""
    reasons = {monitor.name: monitor.early() for monitor in _shown(rows)[0]}
    return {name: reason for name, reason in reasons.items() if reason}


def _shown(rows: Iterable[Row]) -> tuple[list[Monitor], list[Finding]]:
    monitors = [monitor() for monitor in MONITORS.values()]
    seen = [monitor.see(row) for row in rows for monitor in monitors]
    return monitors, [finding for finding in seen if finding is not None]
