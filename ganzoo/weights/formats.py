"""What is read of older weights, and how: explicit tables; what is in none is refused."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ganzoo.about import WEIGHTS_FORMAT, __version__
from ganzoo.errors import WeightsError
from ganzoo.spec import Architecture

Values = Mapping[str, Any]

FORMATS: Mapping[int, Callable[[Values], Values]] = {}
"""By the number of a format: what turns a ``config.json`` of it into one of the next."""


def upgrade_format(values: Values, label: str) -> Values:
    """Bring a ``config.json`` to the format that this version writes.

    Raises:
        WeightsError: Its format is unknown, or its values are not as that format has them.
    """
    number = values.get("format")
    if type(number) is not int or not (number in FORMATS or number == WEIGHTS_FORMAT):
        known = ", ".join(map(str, (*FORMATS, WEIGHTS_FORMAT)))
        found = f"format {number!r:.60}" if "format" in values else "no format"
        raise WeightsError(
            f"{label} is of {found}, and this ganzoo {__version__} reads {known}; "
            "use the version of ganzoo that wrote it"
        )
    while number < WEIGHTS_FORMAT:
        values = _migrated(FORMATS[number], values, f"{label}, of format {number},")
        number += 1
    return {**values, "format": WEIGHTS_FORMAT}


def upgrade_architecture(
    values: Values, recorded: Any, installed: Mapping[str, str], spec: Architecture, label: str
) -> Values:
    """Bring an architecture's values to those of the installed major version of its plugin.

    Args:
        values: The architecture's values.
        recorded: The distribution and version that wrote them, as the file says.
        installed: The distribution and version that is installed here.
        spec: The installed architecture, whose `migrations` are used.
        label: Names the file.

    Raises:
        WeightsError: A newer major version wrote them, an older one without a migration, or they
            are not as that version has them.
    """
    if not isinstance(recorded, Mapping):
        return values  # the strict schema says what is wrong with it
    if recorded.get("distribution") != installed["distribution"]:
        return values  # of another distribution, whose versions say nothing about this one's
    there, here = _major(recorded.get("version")), _major(installed["version"])
    if there is None or here is None:
        return values
    path = range(there, here)
    if there > here or not all(major in spec.migrations for major in path):
        needed = "a newer version" if there > here else f"version {there}"
        raise WeightsError(
            f"{label} was written by version {recorded['version']!r:.30} of the plugin of "
            f"{spec.name}, and version {installed['version']} is installed, which does not read "
            f"it; {needed} of {installed['distribution']} is needed"
        )
    for major in path:
        which = f"the architecture of {label}, of version {major} of the plugin of {spec.name},"
        values = _migrated(spec.migrations[major], values, which)
    return values


def _migrated(migrate: Callable[[Values], Values], values: Values, which: str) -> Values:
    try:
        return migrate(values)
    except Exception as error:
        # It is given what the file says, which may be anything.
        cause = f"{type(error).__name__}: {error}"
        raise WeightsError(f"{which} could not be brought up to date ({cause:.200})") from error


def _major(version: object) -> int | None:
    """The first number of a version, as packages write them; None where it is no version."""
    if not isinstance(version, str):
        return None
    match = re.match(r"v?(?:\d+!)?(\d{1,4000})(?![\d!])", version, re.ASCII | re.IGNORECASE)
    return int(match[1]) if match else None
