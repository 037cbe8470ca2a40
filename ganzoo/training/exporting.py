"""Writing the weights folder of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.aside import folder_aside, write_text
from ganzoo.settings import own_settings
from ganzoo.training.facts import recipe_of
from ganzoo.weights import saving
from ganzoo.weights.card import write_card

if TYPE_CHECKING:
    from ganzoo.training.trainer import Trainer


@own_settings(grad=True)
def export_weights(trainer: Trainer, folder: str | Path) -> Path:
    """Write the networks of a run as they are now.

    Beside them lie a card, a sheet of samples, the config that trains them again, and the scores of
    this step. Returns the folder.
    """
    networks, folder = trainer.objective.networks, Path(folder)
    kept = {
        **networks,
        **{role: trainer.snapshot(role).module for role in trainer.objective.architecture.makers},
        **{f"{role}_raw": networks[role] for role in trainer.emas},
    }
    scores = [score.model_dump(mode="json") for score in trainer.scores]
    info, sheet = trainer.snapshot().info.model_copy(update={"scores": scores}), trainer.sheet()
    with _placed(folder) as path:
        saving.save(path, info, kept)
        if sheet is not None:
            sheet.save(path / saving.SHEET_FILE)
        recipe = recipe_of(trainer.config, trainer.hardware.precision)
        write_text(path / saving.RECIPE_FILE, recipe)
        files = [file.name for file in path.iterdir()]
        write_text(path / saving.CARD_FILE, write_card(info, "./folder", files))
    return folder


@contextmanager
def _placed(folder: Path) -> Iterator[Path]:
    """Lend a folder for weights, which takes the place of another as a whole."""
    if folder.is_dir() and not any(folder.iterdir()):
        yield folder  # it may be one that is mounted, or where a shell stands
        return
    with folder_aside(folder) as aside:
        yield aside
        saving.carry_over(folder, aside)
