"""Training in one call."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.config import RunConfig
from ganzoo.data.sources.python import Data, with_data
from ganzoo.errors import RunError
from ganzoo.locks import is_empty, writing
from ganzoo.resolve import resolve
from ganzoo.training import checkpoints
from ganzoo.training.exporting import export_weights
from ganzoo.training.observers.observer import Observer
from ganzoo.training.resuming import check_unchanged
from ganzoo.training.run import Run, run_around
from ganzoo.training.trainer import Trainer
from ganzoo.weights.locating import RUN_CONFIG


def train(
    config: RunConfig | Mapping[str, Any] | str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    data: Data | Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    observers: Sequence[Observer] = (),
    **keywords: Any,
) -> Run:
    """Train a GAN.

    Args:
        config: A config, plain values like one, or the path of a YAML, JSON or TOML file.
        overrides: Values by dotted key, as ``{"optimizers.generator.lr": 1e-4}``.
        data: The section ``data`` of the config: a dataset's name, a path, a map-style
            `torch.utils.data.Dataset` (see `ganzoo.register_dataset`), or a mapping with one of
            these as its ``source``.
        out: The run folder to make; one under ``runs/`` where left out.
        observers: Further observers.
        **keywords: Sections or fields of ``training``, as ``architecture="dcgan"``,
            ``steps=2000``.

    Returns:
        The run.

    Raises:
        ganzoo.errors.RequestError: The config, the data or the folder will not do; nothing was
            started.
        ganzoo.errors.TrainingError: A loss or a weight stopped being finite, or there was not
            enough memory.
    """
    laid_over = {**(overrides or {}), **keywords}
    if data is not None:
        laid_over["data"] = with_data(data)
    return Trainer(config, out, observers=observers, overrides=laid_over).fit()


def resume(
    run: Run | str | Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    observers: Sequence[Observer] = (),
    **keywords: Any,
) -> Run:
    """Resume a run from its last checkpoint, exactly as if it had never stopped.

    Args:
        run: The run or its folder.
        overrides: What may change: the number of steps, cadences, ``logging``, the data's place.
        observers: Further observers.
        **keywords: Further overrides, as ``steps=4000``.

    Returns:
        The run.

    Raises:
        ganzoo.errors.RunError: It is no run, is finished already, or cannot go on so.
    """
    laid_over = {**(overrides or {}), **keywords}
    return Trainer.resume(run, observers=observers, overrides=laid_over).fit()


def export(
    source: Run | str | Path,
    folder: str | Path,
    *,
    say: Callable[[str], None] | None = None,
) -> Path:
    """Make a weights folder from a run's last checkpoint, or from one of its checkpoints.

    Args:
        source: A run, or the folder of a checkpoint (``RUN/checkpoints/step-...``).
        folder: The weights folder to make.
        say: Called with a sentence for each damaged checkpoint of a run that was passed over.

    Returns:
        The folder, as an absolute path.

    Raises:
        RunError: There is no checkpoint that can be used, the run's config was changed since, the
            folder holds something already, or another command writes there.
    """
    target = Path(folder).expanduser().absolute()
    if target.is_file():
        raise RunError(f"{folder} is a file; give a new folder for the weights")
    path = Path(source).expanduser()
    if checkpoints.is_checkpoint(path):
        run, checkpoint = Run.open(path.absolute().parent.parent), checkpoints.read_checkpoint(path)
    else:
        run = Run.open(path)
        saved, notes = checkpoints.newest(run.checkpoints)
        if saved is None:
            raise RunError(f"{source} has no checkpoint yet")
        checkpoint = saved
        if say is not None:
            for note in notes:
                say(note)
    resolution = resolve(run.path / RUN_CONFIG)
    check_unchanged(run, resolution.config, checkpoint[1])
    with writing(run_around(target), "written"):
        if target.is_dir() and not is_empty(target):
            raise RunError(f"{folder} already exists; give a new folder for the weights")
        trainer = Trainer(resolution, run)
        trainer.load_checkpoint(checkpoint)
        return export_weights(trainer, target)
