"""Which weights of other versions are read; what is in no table is refused."""

import re
from collections.abc import Mapping
from typing import Any

from ganzoo.about import WEIGHTS_FORMAT, __version__
from ganzoo.errors import WeightsError, brief
from ganzoo.spec import Architecture

Recorded = Mapping[str, Any]


def check_format(values: Recorded, label: str) -> None:
    """Check that a ``config.json`` is of the format that this version reads, or WeightsError."""
    number = values.get("format")
    if type(number) is not int or number != WEIGHTS_FORMAT:
        found = f"format {number!r:.60}" if "format" in values else "no format"
        raise WeightsError(
            f"{label} is of {found}, and this ganzoo {__version__} reads {WEIGHTS_FORMAT}; "
            "use the version of ganzoo that wrote it"
        )


def upgrade_architecture(
    values: Recorded, recorded: Any, installed: Mapping[str, str], spec: Architecture, label: str
) -> Recorded:
    """Bring an architecture's values to those of the installed major version of its plugin.

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
            f"{label} was written by version {recorded['version']!r:.30} of the {spec.name} "
            f"plugin, which the installed version {installed['version']} cannot read; install "
            f"{needed} of {installed['distribution']}"
        )
    for major in path:
        try:
            values = spec.migrations[major](values)
        except Exception as error:
            # It is given what the file says, which may be anything.
            raise WeightsError(
                f"the architecture of {label} could not be migrated from version {major} of the "
                f"{spec.name} plugin ({type(error).__name__}: {brief(error)})"
            ) from error
    return values


def _major(version: object) -> int | None:
    """The first number of a version, as packages write them; None where it is no version."""
    if not isinstance(version, str):
        return None
    match = re.match(r"v?(?:\d+!)?(\d{1,4000})(?![\d!])", version, re.ASCII | re.IGNORECASE)
    return int(match[1]) if match else None
