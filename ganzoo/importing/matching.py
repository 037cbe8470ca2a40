"""Finding the format of a checkpoint, by the names and shapes of its tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.errors import WeightsError, closest
from ganzoo.importing.families import seems
from ganzoo.importing.parts import Part, divided
from ganzoo.listing import import_formats
from ganzoo.spec import Architecture, Import


@dataclass(frozen=True)
class Match:
    """A format that a checkpoint is of.

    Attributes:
        spec: The architecture.
        form: The format.
        networks: The part of each role; ``<role>_raw`` is a maker as trained, where `role` is its
            average.
    """

    spec: Architecture
    form: Import
    networks: Mapping[str, Part]


def match(parts: Sequence[Part], facts: Mapping[str, Any], label: str, wanted: str | None) -> Match:
    """Find the one format whose networks are among the parts of a checkpoint.

    Args:
        parts: The tables of tensors that were found.
        facts: What the files say beside them.
        label: What the user named.
        wanted: The format to take; None for the one that fits.

    Raises:
        WeightsError: None fits, or several; or several parts could be the same network.
    """
    known = import_formats()
    if wanted is not None and wanted not in known:
        raise WeightsError(f"there is no import {wanted!r}{closest(wanted, known)}")
    chosen = known if wanted is None else {wanted: known[wanted]}
    for tables in (parts, [piece for part in parts for piece in divided(part)]):
        found = [_matched(spec, form, tables, facts, label) for spec, form in chosen.values()]
        fitting = [m for m in found if m is not None]
        if len(fitting) > 1:
            names = " or ".join(f"--as {m.form.name}" for m in fitting)
            raise WeightsError(f"{label} fits several formats; choose one: {names}")
        if fitting:
            return fitting[0]
    critics = _critics(parts, facts, chosen.values())
    if critics:
        raise WeightsError(
            f"{label} holds a discriminator alone ({critics}); name the file of its generator, and "
            "keep this one beside it"
        )
    what = seems(parts, facts)
    wish = f" is not of the format {wanted}" if wanted else " is of no format that can be imported"
    raise WeightsError(f"{label}{wish}: {what}")


def _matched(
    spec: Architecture,
    form: Import,
    parts: Sequence[Part],
    facts: Mapping[str, Any],
    label: str,
) -> Match | None:
    roles: dict[str, list[Part]] = {}
    for part in parts:
        role = form.recognise(part.shapes, {**facts, "label": part.label})
        if role is not None:
            roles.setdefault(role, []).append(part)
    if not any(role in spec.makers for role in roles):
        return None
    networks: dict[str, Part] = {}
    for role, candidates in roles.items():
        averaged = [part for part in candidates if part.averaged] if role in spec.makers else []
        raw = [part for part in candidates if part not in averaged]
        for name, these in ((role, averaged or raw), (f"{role}_raw", raw if averaged else [])):
            if len(these) > 1:
                raise WeightsError(
                    f"{label} holds several networks that could be the {role}: "
                    f"{', '.join(part.label for part in these[:4])}; name one file"
                )
            if these:
                networks[name] = these[0]
    return Match(spec, form, networks)


def _critics(
    parts: Iterable[Part], facts: Mapping[str, Any], chosen: Iterable[tuple[Architecture, Import]]
) -> str:
    """The format of which there is a critic and no maker; empty for none."""
    for _, form in chosen:
        for part in parts:
            if form.recognise(part.shapes, {**facts, "label": part.label}) is not None:
                return form.name
    return ""
