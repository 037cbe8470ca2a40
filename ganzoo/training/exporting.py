"""Writing the weights folder of a run."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from torch import nn

from ganzoo.config import RunConfig
from ganzoo.training.facts import recipe_of
from ganzoo.weights import saving as weights_folder
from ganzoo.weights.card import write_card
from ganzoo.weights.description import Info
from ganzoo.weights.files import folder_aside, write_text
from ganzoo.weights.saving import CARD_FILE, RECIPE_FILE, SHEET_FILE


def write_weights(
    folder: Path,
    info: Info,
    networks: Mapping[str, nn.Module],
    sheet: Image.Image | None,
    config: RunConfig,
    precision: str,
) -> None:
    """Write networks with a card, a sheet of samples and the config that trains them again."""
    with _placed(folder) as path:
        weights_folder.save(path, info, networks)
        if sheet is not None:
            sheet.save(path / SHEET_FILE)
        write_text(path / RECIPE_FILE, recipe_of(config, precision))
        files = [file.name for file in path.iterdir()]
        write_text(path / CARD_FILE, write_card(info, "./folder", files))


@contextmanager
def _placed(folder: Path) -> Iterator[Path]:
    """Lend a folder for weights, which takes the place of another as a whole."""
    if folder.is_dir() and not any(folder.iterdir()):
        yield folder  # it may be one that is mounted, or where a shell stands
        return
    with folder_aside(folder) as aside:
        yield aside
        weights_folder.carry_over(folder, aside)
