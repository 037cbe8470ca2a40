"""Figures of training, which stay on the device until a row of the log is written."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo import distribution
from ganzoo.distribution import Processes
from ganzoo.objectives.turns import Scalars


class Figures:
    """The scalars of all parts of steps since the last row of the log."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._pending: list[Scalars] = []

    def add(self, scalars: Scalars) -> None:
        """Keep the scalars of a part, on their device."""
        self._pending.append(scalars)

    def clear(self) -> None:
        """Begin anew."""
        self._pending.clear()

    def means(self) -> dict[str, float]:
        """Fetch the mean of each figure. This waits for the device, once."""
        gathered: dict[str, list[Tensor]] = defaultdict(list)
        for scalars in self._pending:
            for name, value in scalars.items():
                gathered[name].append(value)
        if not gathered:
            return {}
        means = torch.stack([torch.stack(values).mean() for values in gathered.values()])
        means = means.cpu().double()  # in this order, as mps has no double precision
        distribution.average(self._processes, [means])
        return dict(zip(gathered, means.tolist(), strict=True))

    def not_finite(self, means: Mapping[str, float]) -> str | None:
        """Return the name of the figure that was the first not to be finite; None where all are."""
        bad = [name for name, mean in means.items() if not math.isfinite(mean)]
        if not bad:
            return None
        pairs = (pair for scalars in self._pending for pair in scalars.items())
        # Where none is bad here, it was in another process.
        return next((name for name, value in pairs if not math.isfinite(value.item())), bad[0])


def on_collapse(figure: str, step: int, saved: Sequence[Path], precision: str) -> str:
    """Say what is left of a run of which a figure stopped being finite, and what to try."""
    kept = f"the last good checkpoint is {saved[-1]}" if saved else "no checkpoint was written"
    advice = ["a lower optimizers.*.lr", "a penalty such as r1"]
    if precision == "bf16":
        advice.insert(0, "training.precision=fp32")
    return (
        f"{figure} stopped being finite before step {step}, and training stopped; {kept}; try "
        f"{', or '.join(advice)}"
    )
