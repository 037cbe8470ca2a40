"""Finding the format of a checkpoint, by the names and shapes of its tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.errors import WeightsError, closest
from ganzoo.importing.candidates import Candidate, divided
from ganzoo.importing.likeness import seems
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
    networks: Mapping[str, Candidate]


def match(
    parts: Sequence[Candidate], facts: Mapping[str, Any], label: str, wanted: str | None
) -> Match:
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
        raise WeightsError(f"there is no import format {wanted!r}{closest(wanted, known)}")
    chosen = known if wanted is None else {wanted: known[wanted]}
    fitting = _fitting(chosen.values(), parts, facts, label)
    if len(fitting) > 1:
        names = " or ".join(f"--as {m.form.name}" for m in fitting)
        raise WeightsError(f"{label} fits several formats; choose one: {names}")
    if fitting:
        return fitting[0]
    critics = [form.name for spec, form in chosen.values() if any(_roles(spec, form, parts, facts))]
    if critics:
        raise WeightsError(
            f"{label} holds a discriminator alone ({' or '.join(critics)}); name the file of its "
            "generator, and keep this one beside it"
        )
    if wanted is None:
        what = seems(parts, facts)
        raise WeightsError(f"{label} is of no format that can be imported: {what}")
    others = [m.form.name for m in _fitting(known.values(), parts, facts, label)]
    what = f"it is of {' or '.join(others)}" if others else seems(parts, facts)
    raise WeightsError(f"{label} is not of the format {wanted}: {what}")


def _fitting(
    chosen: Iterable[tuple[Architecture, Import]],
    parts: Sequence[Candidate],
    facts: Mapping[str, Any],
    label: str,
) -> list[Match]:
    """The formats that fit the parts, or where none does, the tables that those hold."""
    for tables in (parts, [piece for part in parts for piece in divided(part)]):
        found = [_matched(spec, form, tables, facts, label) for spec, form in chosen]
        fitting = [m for m in found if m is not None]
        if fitting:
            return fitting
    return []


def _matched(
    spec: Architecture,
    form: Import,
    parts: Sequence[Candidate],
    facts: Mapping[str, Any],
    label: str,
) -> Match | None:
    roles: dict[str, list[Candidate]] = {}
    for part, role in zip(parts, _roles(spec, form, parts, facts), strict=True):
        if role is not None:
            roles.setdefault(role, []).append(part)
    if not any(role in spec.makers for role in roles):
        return None
    networks: dict[str, Candidate] = {}
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


def _roles(
    spec: Architecture, form: Import, parts: Iterable[Candidate], facts: Mapping[str, Any]
) -> list[str | None]:
    """The role of each part in a format; none where the format is wrong, or fails on it."""
    found = []
    for part in parts:
        try:
            role = form.recognise(part.shapes, {**facts, "label": part.label})
        except Exception:  # of a plugin: other formats work; the conformance kit names the fault
            role = None
        found.append(role if role in spec.networks else None)
    return found
