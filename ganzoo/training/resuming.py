"""What may change when a run goes on."""

from collections.abc import Mapping
from typing import Any

from ganzoo.config import EvaluationConfig, HealthConfig, LoggingConfig
from ganzoo.errors import DataError, RunError
from ganzoo.resolve import Resolution, resolve
from ganzoo.resolve.merge import nest
from ganzoo.resolve.paths import shown
from ganzoo.training.distribution import Processes
from ganzoo.training.run import Run
from ganzoo.weights.places import RUN_CONFIG

CHANGEABLE = frozenset(
    {
        "training.steps",
        "training.checkpoint_every",
        "training.keep_checkpoints",
        "training.sample_every",
        "training.device",
        "data.source",  # checkpoints tell whether it is the same data in another place
        *(f"evaluation.{name}" for name in EvaluationConfig.model_fields),
        *(f"health.{name}" for name in HealthConfig.model_fields),
        *(f"logging.{name}" for name in LoggingConfig.model_fields),
    }
)
"""Fields that do not change what a step computes."""


def resumed_config(run: Run, overrides: Mapping[str, Any]) -> Resolution:
    """Lay overrides over the config of a run.

    Raises:
        RunError: One of them would change the steps that were done already, or the data is no
            longer where it was.
    """
    for section, values in nest(overrides).items():
        fields = values if isinstance(values, Mapping) else {"": values}
        for field in fields:
            key = f"{section}.{field}".rstrip(".")
            if key not in CHANGEABLE:
                raise RunError(
                    f"{key} cannot change when a run goes on; what can is "
                    f"{', '.join(sorted(CHANGEABLE))}; begin a new run for anything else"
                )
    try:
        return resolve(run.path / RUN_CONFIG, overrides)
    except DataError as error:
        raise RunError(
            f"{error}; where the data of {shown(run.path)} has another place now, name it by "
            "data.source=PATH"
        ) from error


def differences(
    state: Mapping[str, Any], processes: Processes, plugins: Mapping[str, str]
) -> list[str]:
    """Tell what is other than when a checkpoint was written, as far as results depend on it.

    Args:
        state: The checkpoint's plain values.
        processes: Those that go on.
        plugins: Those of the run, as they are now.
    """
    notes = []
    if state["processes"] != processes.world:
        notes.append(
            f"the checkpoint was written by {state['processes']} processes, and this run goes "
            f"on in {processes.world}: the result will be that of an undisturbed run but "
            "for rounding, and for what depends on the split of a batch"
        )
    if state["plugins"] != plugins:
        notes.append(
            f"the checkpoint was written with {state['plugins']}, and this run goes on with "
            f"{plugins}: the result may differ from that of an undisturbed run"
        )
    return notes
