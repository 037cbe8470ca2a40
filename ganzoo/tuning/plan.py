"""What a sweep is about to do, checked before the first trial."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo import locks
from ganzoo.about import __version__
from ganzoo.aside import write_text
from ganzoo.config import RunConfig
from ganzoo.config.watching import METRICS
from ganzoo.config.written import Written
from ganzoo.errors import ConfigError, RequestError, RunError, closest
from ganzoo.resolve import Resolution, resolve
from ganzoo.resolve.merge import flat, nest
from ganzoo.resolve.paths import short_name, shown_path
from ganzoo.tuning.space import Choice, Dimension, Range, Space

PLAN_FILE = "sweep.json"
"""In a sweep's folder: what all of its trials have in common."""

EVALUATIONS = 5
"""How often a trial is scored where the config does not say it."""


@dataclass(frozen=True)
class SweepPlan:
    """A sweep that may be carried out."""

    source: Any
    overrides: Mapping[str, Any]
    base: RunConfig
    space: Space
    metric: str
    seed: int
    notes: tuple[str, ...] = ()

    def resolve(self, values: Mapping[str, Any]) -> Resolution:
        """Make the config of a trial.

        Raises:
            ConfigError: The values do not go together.
        """
        return resolve(self.source, {**self.overrides, **values})

    def record(self) -> dict[str, Any]:
        """What has to be the same for a sweep to go on, as plain values."""
        return {
            "metric": self.metric,
            "seed": self.seed,
            "over": {key: str(dimension) for key, dimension in self.space.items()},
            "config": self.base.model_dump(mode="json"),
        }


def make_plan(
    source: RunConfig | Mapping[str, Any] | str | Path | None,
    overrides: dict[str, Any],
    space: Space,
    metric: str | None,
    seed: int,
) -> SweepPlan:
    """Check the config and every value that the space has by its ends and choices.

    Imports no torch.

    Raises:
        RequestError: One is not allowed.
    """
    if seed < 0:
        raise RequestError(f"seed is {seed}; it must be at least 0")
    if metric is not None and metric not in METRICS:
        raise RequestError(f"there is no metric {metric!r}{closest(metric, METRICS)}")
    for key in space:
        if key in overrides:
            raise ConfigError(f"{key} is both set and varied by --over; leave one of them out")
    base, notes = resolve(source, overrides).config, []
    if not base.evaluation.every:
        every = max(1, base.training.steps // EVALUATIONS)
        overrides["evaluation.every"] = every
        notes.append(f"trials are scored every {every} steps (evaluation.every)")
    if metric is None:
        metric = base.evaluation.best or base.evaluation.metrics[0]
    elif metric not in base.evaluation.metrics:
        overrides["evaluation.metrics"] = [metric]
        if base.evaluation.best is not None:
            overrides["evaluation.best"] = metric
    plan = SweepPlan(
        source, overrides, resolve(source, overrides).config, space, metric, seed, (*notes,)
    )
    return replace(plan, space={key: _checked(plan, key, item) for key, item in space.items()})


def _checked(plan: SweepPlan, key: str, dimension: Dimension) -> Dimension:
    """Try the values that a field may have, and tell texts from others by what its type made."""
    found = [_at(plan.resolve({key: value}).config, key) for value in dimension.probes()]
    if isinstance(dimension, Range):
        return dimension
    pairs = zip(dimension.values, found, strict=True)
    made = Choice(
        tuple(
            v if not isinstance(v, Written) else str(v) if isinstance(item, str) else v.value
            for v, item in pairs
        )
    )
    if len(set(made.labels)) < len(made.labels):
        raise ConfigError(f"--over {key}: a value is repeated; give each once")
    return made


def _at(config: RunConfig, key: str) -> Any:
    """What a config has at a key; of a section that names a plugin, the name."""
    found: Any = config
    place: Any = nest({key: ""})
    while isinstance(place, dict):
        [(name, place)] = place.items()
        found = found.get(name) if isinstance(found, dict) else getattr(found, name, None)
    return found


@contextmanager
def folder_of(plan: SweepPlan, out: str | Path | None) -> Iterator[Path]:
    """Be alone with the folder of a sweep, new or begun by the same plan, and leave the plan there.

    Raises:
        RunError: It holds something else, of which the message shows how it differs if it is a
            sweep; or another command writes there.
    """
    if out is None:
        source = short_name(plan.base.data.source) or "data"
        name = f"sweep-{plan.base.architecture.name}-{source}".replace(":", "-")
        with locks.numbered(stem := Path("runs") / name, "written") as number:
            folder = locks.nth(stem, number).absolute()
            _leave(plan, folder)
            yield folder
        return
    if Path(out).expanduser().is_file():
        raise RunError(f"{out} is a file; give a folder for the sweep")
    with locks.writing(Path(out), "written") as folder:
        file = folder / PLAN_FILE
        if file.is_file():
            _check_same(folder, file, plan)
        elif locks.is_empty(folder):
            _leave(plan, folder)
        else:
            raise RunError(f"{out} is not empty and does not hold a sweep; give a new folder")
        yield folder


def _leave(plan: SweepPlan, folder: Path) -> None:
    text = json.dumps({"ganzoo": __version__, **plan.record()}, indent=2)
    write_text(folder / PLAN_FILE, text + "\n")


def _check_same(folder: Path, file: Path, plan: SweepPlan) -> None:
    try:
        before = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        raise RunError(f"{shown_path(file)} is damaged; give a new folder for the sweep") from None
    old, new = flat(before), flat(plan.record())
    changed = [
        f"{key} ({_shown(old, key)}, now {_shown(new, key)})"
        for key in sorted(old.keys() | new.keys())
        if key != "ganzoo" and old.get(key) != new.get(key)
    ]
    if changed:
        raise RunError(
            f"{shown_path(folder)} holds another sweep, which differs in {', '.join(changed)}; "
            "repeat its command to resume it, or give a new folder"
        )


def _shown(values: Mapping[str, Any], key: str) -> str:
    return json.dumps(values[key]) if key in values else "not there"
