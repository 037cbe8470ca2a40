"""What a check is, and how it answers."""

import os
import random
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from unittest import SkipTest, mock

import numpy as np
import safetensors
import torch

import ganzoo.about
from ganzoo import registry
from ganzoo.data.cache import CACHE_VARIABLE
from ganzoo.errors import GanzooError, brief
from ganzoo.randomness import isolated
from ganzoo.settings import own_settings
from ganzoo.spec import Spec
from ganzoo.testing.standins import PERCEPTRONS, SAMPLES, SIZE, data_beside

OTHERS = [
    Path(file).parent for file in (ganzoo.about.__file__, torch.__file__, safetensors.__file__)
]
STANDARD = Path(os.__file__).parent


class Fault(Exception):  # noqa: N818 - it is an answer, and no error of the kit
    """A demand that is not met: its cause and the cure, in one sentence."""


class NotApplicable(Exception):  # noqa: N818
    """A demand that has no meaning for the plugin, and why."""


@dataclass(frozen=True)
class Case:
    """One config under which a plugin is checked."""

    spec: Any
    offer: registry.Offer | None
    config: Any
    title: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Subject:
    """A plugin that is checked."""

    spec: Any
    offer: registry.Offer | None
    values: dict[str, Any]
    find: Callable[["Subject"], Iterable[Case]]

    @cached_property
    def cases(self) -> list[Case]:
        """The configs under which it is checked; found when they are first asked for."""
        return list(self.find(self))


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        check: The check's name.
        state: ``skipped`` where the demand has no meaning for this plugin.
        message: Cause and cure of a failure, or why it was skipped; empty where it passed.
    """

    check: str
    state: Literal["passed", "failed", "skipped"]
    message: str = ""


@dataclass(frozen=True)
class Check:
    """One demand on one plugin.

    Attributes:
        function: Raises where a case does not meet the demand. It gives the check its name and, by
            its docstring, the demand in words.
        subject: The plugin.
        once: Whether one case stands for all.
    """

    function: Callable[[Any], None]
    subject: Subject
    once: bool = False

    @property
    def name(self) -> str:
        """The name, as ``labels-matter``."""
        return self.function.__name__.replace("_", "-")

    @property
    def plugin(self) -> str:
        """The plugin's name."""
        return str(self.subject.spec.name)

    @property
    def demand(self) -> str:
        """The demand in one sentence."""
        return (self.function.__doc__ or "").partition("\n")[0]

    def __str__(self) -> str:
        return self.name

    def run(self) -> Result:
        """Run the check on every case, up to the first that fails.

        Random state, registry and data cache are afterwards as they were.
        """
        reasons, passed = [], False
        title = ""
        try:
            with undisturbed(self.subject.spec):
                for case in self.subject.cases[: 1 if self.once else None]:
                    title = f" ({case.title})" if case.title and not self.once else ""
                    try:
                        self.function(case)
                        passed = True
                    except NotApplicable as reason:
                        reasons.append(str(reason))
        except Fault as fault:
            return Result(self.name, "failed", f"{fault}{title}")
        except (Exception, SystemExit) as error:
            return Result(self.name, "failed", f"{_told(error)}{title}")
        if reasons and not passed:
            return Result(self.name, "skipped", reasons[0])
        return Result(self.name, "passed")

    def verify(self) -> None:
        """Run the check as a test: for a test runner it passes, fails or is skipped.

        Raises:
            AssertionError: The demand is not met; the message has the cause and the cure.
            unittest.SkipTest: The demand has no meaning for this plugin.
        """
        result = self.run()
        if result.state == "skipped":
            raise SkipTest(result.message)
        if result.state == "failed":
            raise AssertionError(f"{self.name}: {result.message}")


@contextmanager
def undisturbed(*specs: Spec) -> Iterator[None]:
    """Register plugins, seed torch, and put everything back afterwards that a plugin may change."""
    python, numpy = random.getstate(), np.random.get_state()
    with (
        registry.registered(PERCEPTRONS, SAMPLES, SIZE, *specs),
        registry.registered(*(data for spec in specs for data in data_beside(spec))),
        isolated(torch.device("cpu"), 0),
        own_settings(grad=True),
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        mock.patch.dict(os.environ, {CACHE_VARIABLE: folder}),
    ):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


def _told(error: BaseException) -> str:
    """Tell an exception, and the last line of the plugin's own code that it went through."""
    if isinstance(error, GanzooError):
        return str(error)
    told = f"it raised {type(error).__name__}: {brief(error, 300)}"
    own = [f for f in traceback.extract_tb(error.__traceback__) if _is_own(Path(f.filename))]
    return f"{told}, in {Path(own[-1].filename).name} line {own[-1].lineno}" if own else told


def _is_own(file: Path) -> bool:
    standard = STANDARD in file.parents and "site-packages" not in file.parts
    return not standard and not any(folder in file.parents for folder in OTHERS)
