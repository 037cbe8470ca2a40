"""Writing the distribution of a new plugin from the templates that come with ganzoo."""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import product
from pathlib import Path
from string import Template

from ganzoo import registry
from ganzoo.about import DISTRIBUTION, PLUGIN_API
from ganzoo.errors import PluginError, RequestError

ENDING = ".template"
"""Of the files in ``ganzoo/templates``, which are no modules of ganzoo."""

LONGEST = 30
"""Longer names would break the lines of what is written."""


def write_plugin(name: str, folder: Path, *, objective: bool = False) -> Path:
    """Write a distribution that supplies one architecture.

    Args:
        name: The architecture's name.
        folder: The folder to create.
        objective: Supply an objective as well, ``<name>-game``, with which it is trained.

    Returns:
        The folder.

    Raises:
        PluginError: The name is malformed or taken.
        RequestError: The folder holds something already.
    """
    package = f"ganzoo_{name.replace('-', '_')}"
    _check_name(name, package, [f"{name}-game"] if objective else [])
    folder = folder.expanduser()
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RequestError(f"{folder} already exists; give a new folder with --out")
    title = "".join(part.capitalize() for part in name.split("-"))
    words = {"name": name, "package": package, "title": title, "api": str(PLUGIN_API)}
    words["objectives"] = f'\n    objectives=("{name}-game", "adversarial"),' if objective else ""
    for kind in ("plugin", "objective") if objective else ("plugin",):
        for place, template in _files(resources.files("ganzoo") / "templates" / kind):
            path = folder / Template(place).substitute(words)
            path.parent.mkdir(parents=True, exist_ok=True)
            # What an objective needs in a file of the architecture stands at its end.
            with path.open("a", encoding="utf-8") as file:
                file.write(Template(template).substitute(words))
    return folder


def _check_name(name: str, package: str, others: Sequence[str]) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > LONGEST:
        raise PluginError(
            f"{name!r:.50} cannot be a plugin's name; it has at most {LONGEST} lower-case letters "
            "and digits, in words joined by '-', and begins with a letter, as my-gan"
        )
    for group, wanted in product(registry.GROUPS, (name, *others)):
        if rivals := registry.choices(group, wanted):
            raise PluginError(
                f"{wanted!r} already exists among the {group} of {rivals[0].distribution}; choose "
                "another name"
            )
    taken = f"ganzoo-{name}" == DISTRIBUTION or importlib.util.find_spec(package) is not None
    if taken:
        raise PluginError(
            f"a package {package} or ganzoo-{name} already exists; choose another name"
        )


def _files(folder: Traversable, place: str = "") -> Iterator[tuple[str, str]]:
    """Find every template below a folder, with the path that it is for."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{place}{entry.name}/")
        else:
            yield place + entry.name.removesuffix(ENDING), entry.read_text(encoding="utf-8")
