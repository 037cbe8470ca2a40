"""What may change when a run goes on."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from ganzoo.config import DataConfig, EvaluationConfig, HealthConfig, LoggingConfig, RunConfig
from ganzoo.errors import DataError, RequestError, RunError
from ganzoo.hardware import Hardware
from ganzoo.resolve import Resolution, data_config, resolve
from ganzoo.resolve.merge import Values, expand, flat, merge, nest
from ganzoo.resolve.paths import shown_path
from ganzoo.resolve.resolution import DEFAULTS, user_values
from ganzoo.resolve.validation import shown as value_shown
from ganzoo.training.run import Run
from ganzoo.weights.locating import RUN_CONFIG

CHANGEABLE = frozenset(
    {
        "training.steps",
        "training.checkpoint_every",
        "training.keep_checkpoints",
        "training.sample_every",
        "training.device",
        *(f"evaluation.{name}" for name in EvaluationConfig.model_fields),
        *(f"health.{name}" for name in HealthConfig.model_fields),
        *(f"logging.{name}" for name in LoggingConfig.model_fields),
    }
)
"""Fields that do not change what a step computes, beside those of `changeable`."""

NAMED = 5
"""How many changed fields a sentence names."""


def resumed_config(run: Run, overrides: Mapping[str, Any]) -> Resolution:
    """Lay overrides over the config of a run; RunError where they would change what was done."""
    changes, before = nest(overrides), user_values(run.path / RUN_CONFIG)
    data = data_config(merge(DEFAULTS, before)["data"])
    timed = _follow_the_run(before)
    allowed = changeable(data) - ({"training.steps"} if timed else set())
    for section, values in changes.items():
        fields = values if isinstance(values, Mapping) else {"": values}
        for field in fields:
            key = f"{section}.{field}".rstrip(".")
            if key not in allowed:
                reason = ""
                if key == "training.steps" and timed:
                    reason = f", because {timed[0]} ends with the run (over: run)"
                raise RunError(
                    f"{key} cannot change when a run is resumed{reason}; these can: "
                    f"{', '.join(sorted(allowed))}; start a new run for anything else"
                )
    try:
        return resolve(_overlaid(before, changes))
    except DataError as error:
        places = " or ".join(f"data.{place}=PATH" for place in data.PLACES)
        raise RunError(
            f"{error}; if the data of {shown_path(run.path)} has moved, give its new place with "
            f"{places}"
        ) from error


def _follow_the_run(values: Values) -> list[str]:
    """Return the numbers whose schedules end with the run."""
    suffix = ".over"
    found = flat(values).items()
    return [
        key.removesuffix(suffix) for key, value in found if key.endswith(suffix) and value == "run"
    ]


def changeable(data: DataConfig) -> frozenset[str]:
    """Return the fields that may change; checkpoints know the same data in another place."""
    return CHANGEABLE | {f"data.{place}" for place in data.PLACES}


def check_unchanged(run: Run, config: RunConfig, state: Mapping[str, Any]) -> None:
    """Check that a config, which may be edited, computes what a checkpoint holds (RunError)."""
    now, before = config.model_dump(mode="json"), state["config"]
    allowed = changeable(config.data)
    if _follow_the_run(now):
        allowed -= {"training.steps"}
    if _kept(now, allowed) == _kept(before, allowed):
        return
    # Other versions of ganzoo and of plugins have other fields: one that is new has its default.
    may_change: Values = {}
    for key in allowed:
        section, _, field = key.partition(".")
        may_change.setdefault(section, {})[field] = now[section][field]
    try:
        before = resolve(_overlaid(expand(before), may_change)).config.model_dump(mode="json")
    except RequestError as error:
        raise RunError(
            f"the checkpoint of step {state['step']} was written with a config that cannot be "
            f"used here ({error}); resume with ganzoo {state['ganzoo']}, or start a new run"
        ) from error
    old, new = _kept(before, allowed), _kept(now, allowed)
    changed = [
        f"{key} ({_told(old, key)}, now {_told(new, key)})"
        for key in sorted(old.keys() | new.keys())
        if key not in old or key not in new or old[key] != new[key]
    ]
    if changed:
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        raise RunError(
            f"{run.path / RUN_CONFIG} was changed since step {state['step']}: "
            f"{', '.join(changed[:NAMED])}{more}; a resumed run cannot change this, so change "
            f"it back, or start a new run with: ganzoo train {run.path / RUN_CONFIG}"
        )


def _overlaid(values: Values, changes: Mapping[str, Mapping[str, Any]]) -> Values:
    """Replace single fields; by `merge` another source would drop the fields beside it."""
    return values | {key: {**(values.get(key) or {}), **new} for key, new in changes.items()}


def _kept(values: Mapping[str, Any], allowed: frozenset[str]) -> Values:
    """The fields that may not change, by dotted key."""
    return {
        key: value
        for key, value in flat(values).items()
        if ".".join(key.split(".")[:2]) not in allowed
    }


def _told(values: Values, key: str) -> str:
    return value_shown(values[key]) if key in values else "not there"


def circumstances_changed(
    state: Mapping[str, Any],
    hardware: Hardware,
    plugins: Mapping[str, str],
    own: Sequence[str] = (),
) -> list[str]:
    """Note what is other than when a checkpoint was written, as far as results depend on it.

    Args:
        state: The plain values of the checkpoint.
        hardware: Where the run continues.
        plugins: Its plugins now.
        own: What each process kept for itself in the checkpoint, by name.
    """
    notes, processes, threads = [], hardware.processes, torch.get_num_threads()
    if state["processes"] != processes.world:
        result = (
            "the result will match an uninterrupted run except for rounding and for what depends "
            "on how a batch is split"
        )
        if own:
            result = (
                f"what each process keeps for itself starts empty ({', '.join(own)}), so the "
                "result will differ from that of an uninterrupted run"
            )
        notes.append(
            f"the checkpoint was written by {state['processes']} processes, and this run "
            f"continues in {processes.world}: {result}"
        )
    # An older checkpoint does not hold the number.
    if hardware.device.type == "cpu" and state.get("threads", threads) != threads:
        notes.append(
            f"the checkpoint was written with OMP_NUM_THREADS={state['threads']}, and torch now "
            f"uses {threads}: the result may differ from that of an uninterrupted run in the last "
            "bits"
        )
    if state["plugins"] != plugins:
        notes.append(
            f"the checkpoint was written with {state['plugins']}, and this run continues with "
            f"{plugins}: the result may differ from that of an uninterrupted run"
        )
    return notes
