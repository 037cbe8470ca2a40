"""What a monitor tells."""

from typing import Literal

from ganzoo.config import Model


class Finding(Model):
    """Something that goes wrong in a run.

    Attributes:
        monitor: Which failure it is, as ``mode-collapse``.
        severity: ``warning``, or ``severe`` where going on as it is will hardly mend it.
        step: Of the run, at which it was seen.
        evidence: What was seen, in words with numbers.
        advice: What to try, in words.
    """

    monitor: str
    severity: Literal["warning", "severe"]
    step: int
    evidence: str
    advice: str
