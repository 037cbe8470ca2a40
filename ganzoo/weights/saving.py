"""Writing a weights folder."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from ganzoo import registry
from ganzoo.aside import ASIDE, write_text
from ganzoo.errors import WeightsError
from ganzoo.spec import Architecture
from ganzoo.weights.description import CONFIG_FILE, Info, KeptNetwork
from ganzoo.weights.files import not_finite, portable_state, write_tensors

MODEL_FILE = "model.safetensors"
"""The network that is loaded where none is named: the first maker, averaged where it was."""

CARD_FILE = "README.md"
SHEET_FILE = "samples.png"
RECIPE_FILE = "recipe.yaml"

BESIDE = (CONFIG_FILE, CARD_FILE, SHEET_FILE, RECIPE_FILE)
"""The files of a weights folder that are no networks."""


def network_files(architecture: str) -> dict[str, str]:
    """Return the file of each network that weights of an architecture may hold.

    Args:
        architecture: Its name.

    Returns:
        By role, and ``<role>_raw`` for a maker as trained where `role` is its average.
    """
    spec = registry.get(Architecture, architecture)
    files = {role: f"{role}.safetensors" for role in spec.networks}
    raw = {f"{role}_raw": f"{role}_raw.safetensors" for role in spec.makers}
    return {**files, spec.makers[0]: MODEL_FILE, **raw}


def all_files(architecture: str) -> tuple[str, ...]:
    """Every file that weights of an architecture may have; what else lies there is not ours."""
    return (*BESIDE, *network_files(architecture).values())


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
    files = network_files(info.architecture.name)
    kinds = registry.get(Architecture, info.architecture.name).networks
    kept = {
        name: KeptNetwork(kind=kinds[name.removesuffix("_raw")].kind, file=file)
        for name, file in files.items()
        if name in networks or (folder / file).is_file()
    }
    info = info.model_copy(update={"networks": kept})
    for name, state in states.items():
        write_tensors(folder / files[name], state, {"format": "pt"})
    text = json.dumps(info.model_dump(mode="json"), indent=2, ensure_ascii=False)
    write_text(folder / CONFIG_FILE, text + "\n")
    return folder


def carry_over(folder: Path, new: Path) -> None:
    """Copy what is not ours from a weights folder into the one that takes its place."""
    if not folder.is_dir():
        return
    ours = {*BESIDE, *_networks_of(folder)}
    for path in folder.iterdir():
        if path.name in ours or path.match(ASIDE):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, new / path.name, symlinks=True)
        else:
            shutil.copy2(path, new / path.name, follow_symlinks=False)


def _networks_of(folder: Path) -> list[str]:
    """The files of networks that a weights folder's config lists."""
    try:
        values = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        return [str(network["file"]) for network in values["networks"].values()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []
