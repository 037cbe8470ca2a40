"""What to say of a run that had to stop."""

from collections.abc import Sequence
from pathlib import Path


def on_collapse(figure: str, step: int, saved: Sequence[Path], precision: str) -> str:
    """Say what is left of a run of which a figure stopped being finite, and what to try.

    Args:
        figure: As in the log.
        step: Steps done.
        saved: The checkpoints, oldest first.
        precision: The run's arithmetic.
    """
    kept = f"the last good checkpoint is {saved[-1]}" if saved else "no checkpoint was written"
    advice = ["a lower optimizers.*.lr", "a penalty such as r1"]
    if precision == "bf16":
        advice.insert(0, "training.precision=fp32")
    return (
        f"{figure} stopped being finite before step {step}, and training was stopped; {kept}; try "
        f"{', or '.join(advice)}"
    )
