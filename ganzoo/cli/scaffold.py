"""Writing the distribution of a new plugin from the templates that come with ganzoo."""

import importlib.util
import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from ganzoo import registry
from ganzoo.about import DISTRIBUTION, PLUGIN_API
from ganzoo.errors import PluginError, RequestError

ENDING = ".template"
"""Of the files in ``ganzoo/templates``, which are no modules of ganzoo."""

LONGEST = 30
"""Longer names would break the lines of what is written."""


def write_plugin(name: str, folder: Path) -> Path:
    """Write a distribution that supplies one architecture.

    Raises:
        PluginError: The name is malformed or taken.
        RequestError: The folder holds something already.
    """
    package = f"ganzoo_{name.replace('-', '_')}"
    _check_name(name, package)
    folder = folder.expanduser()
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RequestError(f"{folder} exists already; give a new folder with --out")
    title = "".join(part.capitalize() for part in name.split("-"))
    words = {"name": name, "package": package, "title": title, "api": str(PLUGIN_API)}
    for place, template in _files(resources.files("ganzoo") / "templates" / "plugin"):
        path = folder / Template(place).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(template).substitute(words), encoding="utf-8")
    return folder


def _check_name(name: str, package: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or len(name) > LONGEST:
        raise PluginError(
            f"{name!r:.50} cannot be a plugin's name; it has at most {LONGEST} lower-case letters "
            "and digits, in words joined by '-', and begins with a letter, as my-gan"
        )
    for group in registry.GROUPS:
        if rivals := registry.choices(group, name):
            raise PluginError(
                f"{name!r} is among the {group} of {rivals[0].distribution} already; choose "
                "another name"
            )
    taken = f"ganzoo-{name}" == DISTRIBUTION or importlib.util.find_spec(package) is not None
    if taken:
        raise PluginError(f"there is a package {package} or ganzoo-{name} already; choose another")


def _files(folder: Traversable, place: str = "") -> Iterator[tuple[str, str]]:
    """Find every template below a folder, with the path that it is for."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{place}{entry.name}/")
        else:
            yield place + entry.name.removesuffix(ENDING), entry.read_text(encoding="utf-8")
