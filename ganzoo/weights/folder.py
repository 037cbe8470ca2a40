"""Writing a weights folder."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from ganzoo.errors import WeightsError
from ganzoo.weights.files import ASIDE, not_finite, portable_state, write_tensors, write_text
from ganzoo.weights.info import CONFIG_FILE, Info

FILES = {
    "generator": "model.safetensors",
    "discriminator": "discriminator.safetensors",
    "generator_raw": "generator_raw.safetensors",
}
"""The file of each network."""

CARD_FILE = "README.md"
SHEET_FILE = "samples.png"
RECIPE_FILE = "recipe.yaml"

ALL_FILES = (CONFIG_FILE, *FILES.values(), CARD_FILE, SHEET_FILE, RECIPE_FILE)
"""Every file that a weights folder may have; what else lies in it is not ours."""


def save(folder: str | Path, info: Info, networks: Mapping[str, nn.Module]) -> Path:
    """Write networks and their info into a folder; files of the same name are replaced.

    Raises:
        WeightsError: A network holds a number that is not finite; nothing is written then.
    """
    folder = Path(folder)
    states = {name: portable_state(module) for name, module in networks.items()}
    for name, state in states.items():
        bad = not_finite(state)
        if bad:
            raise WeightsError(f"the {name} is not saved: {bad[0]} is not finite")
    folder.mkdir(parents=True, exist_ok=True)
    for name, state in states.items():
        write_tensors(folder / FILES[name], state, {"format": "pt"})
    text = json.dumps(info.model_dump(mode="json"), indent=2, ensure_ascii=False)
    write_text(folder / CONFIG_FILE, text + "\n")
    return folder


def carry_over(folder: Path, new: Path) -> None:
    """Copy what is not ours from a weights folder into the one that takes its place."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name in ALL_FILES or path.match(ASIDE):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name, follow_symlinks=False)
