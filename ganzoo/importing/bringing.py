"""Bringing in a checkpoint of another tool as a weights folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.aside import folder_aside, write_text
from ganzoo.building import architecture_config, build_network, check_memory
from ganzoo.config import ArchitectureConfig
from ganzoo.errors import ConfigError, GanzooError, WeightsError, brief
from ganzoo.importing import locations
from ganzoo.importing.candidates import Candidate, candidates_in
from ganzoo.importing.document import Document
from ganzoo.importing.matching import Match, match
from ganzoo.settings import own_settings
from ganzoo.spec import Imported, Shapes
from ganzoo.weights import saving
from ganzoo.weights.card import write_card
from ganzoo.weights.description import ImportedFrom, Info
from ganzoo.weights.files import once

SHOWN = 3
"""Tensors that a message names."""


@dataclass(frozen=True)
class NetworkReport:
    """What became of the tensors of one network.

    Attributes:
        part: Where the network stood in the checkpoint.
        taken: The tensors that were taken, by the name that they had.
        left: Those that were not.
        made: Tensors of the new network that the checkpoint does not hold and that need no value
            of its own (counters of batches).
    """

    part: str
    taken: tuple[str, ...]
    left: tuple[str, ...]
    made: tuple[str, ...]


@dataclass(frozen=True)
class ImportReport:
    """What was imported.

    Attributes:
        folder: The weights folder.
        format: The format's name.
        title: What writes such files.
        architecture: The architecture's name.
        config: Its config.
        networks: By role, what became of the tensors.
        notes: Sentences on what was assumed.
        names: What unpickling the files would have imported; nothing of it was.
        imported: What config.json records of the files.
    """

    folder: Path
    format: str
    title: str
    architecture: str
    config: ArchitectureConfig
    networks: Mapping[str, NetworkReport]
    notes: tuple[str, ...]
    names: tuple[str, ...]
    imported: ImportedFrom


@own_settings(grad=False)
def import_checkpoint(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    values: Mapping[str, Any] | None = None,
    *,
    form: str | None = None,
    licence: str = "",
    origin: str = "",
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
) -> ImportReport:
    """Make a weights folder from a checkpoint that another tool wrote.

    Nothing in the file is run or imported: a process of its own reads it, with limits on memory and
    time, and knows only data (see "What is trusted" in the docs).

    Args:
        source: The file, beside which the discriminator is looked for by its name; a folder of such
            files; or ``hf://org/name/path[@revision]``.
        folder: The weights folder to make.
        values: Fields of the architecture's config that the file does not give, or gives wrongly,
            as ``{"latent": "uniform"}``.
        form: The format, as ``pytorch-dcgan``; recognised where left out.
        licence: Of the weights, as the Hub names it; unknown where left out.
        origin: Where the file is from, for the card.
        token: Of the Hub's user; None for the one that is logged in, False for none.
        cache_dir: Where files of the Hub are kept; its client's own cache where left out.

    Returns:
        What was taken, and what was not.

    Raises:
        WeightsError: The file is not a checkpoint, or damaged; it is of no known format, or of
            several; a tensor is missing or of another shape, or holds a number that is not finite.
        ConfigError: A value is not allowed, or one is missing that the file does not give.
        RequestError: The folder holds something already, or memory is too small.
        GanzooError: The folder cannot be written.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """
    target = locations.check_target(folder)
    checkpoint = locations.locate(source, token=token, cache_dir=cache_dir)
    documents = _documents(checkpoint)
    names = sorted({name for document in documents.values() for name in document.names})
    facts = {
        "names": names,
        "values": {name: document.facts for name, document in documents.items()},
        "options": locations.options_of(checkpoint.notes),
        "notes": checkpoint.notes,
    }
    parts = [
        part for name, document in documents.items() for part in candidates_in(document.root, name)
    ]
    found = match(parts, facts, checkpoint.label, form)
    read, reports, states = _read(found, facts, checkpoint.label)
    config = _config(found, read, values or {}, checkpoint.label)
    default = found.spec.makers[0]
    if default not in states:
        raise WeightsError(
            f"{checkpoint.label} holds no {default}, which is what weights of {found.spec.name} "
            "are loaded as; keep the file of that network beside it"
        )
    modules = {
        name: _module(name, config, state, reports[name], checkpoint.label)
        for name, state in states.items()
    }
    used = {part.label.partition("/")[0] for part in found.networks.values()}
    imported = ImportedFrom(
        format=found.form.name,
        files={name: d.digest for name, d in documents.items() if name in used},
        commit=checkpoint.commit,
        origin=origin or (checkpoint.label if checkpoint.commit else ""),
        licence=licence,
    )
    info = Info.of(config, imported=imported)
    try:
        _write(target, info, modules, licence)
    except WeightsError as error:  # a number that is not finite
        raise WeightsError(f"{checkpoint.label}: {error}; import an earlier checkpoint") from error
    return ImportReport(
        folder=target,
        format=found.form.name,
        title=found.form.title,
        architecture=found.spec.name,
        config=config,
        networks={name: reports[name].report for name in states},
        notes=read.notes,
        names=tuple(names),
        imported=imported,
    )


def _documents(checkpoint: locations.Checkpoint) -> dict[str, Document]:
    """Read the files; one beside the named file that is not a checkpoint is passed over."""
    documents = {}
    for number, (name, path) in enumerate(checkpoint.files.items()):
        try:
            documents[name] = Document(path)
        except WeightsError:
            if not number:
                raise
    return documents


class _Taking:
    """The table of a part, which keeps count of what was taken."""

    def __init__(self, part: Candidate) -> None:
        self.part = part
        self.taken: set[str] = set()
        self.made: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Tensor:
        source = self.part.tensors[name]
        self.taken.update(source.names)
        return source.load()

    @property
    def shapes(self) -> Shapes:
        return self.part.shapes

    @property
    def report(self) -> NetworkReport:
        every = dict.fromkeys(n for s in self.part.tensors.values() for n in s.names)
        return NetworkReport(
            self.part.label,
            tuple(name for name in every if name in self.taken),
            tuple(name for name in every if name not in self.taken),
            self.made,
        )


def _read(
    found: Match, facts: Mapping[str, Any], label: str
) -> tuple[Imported, dict[str, _Taking], dict[str, Mapping[str, Tensor]]]:
    """Let the format read the networks, and once more with a maker as it was trained."""
    tables = {name: _Taking(part) for name, part in found.networks.items()}
    usual = {name: table for name, table in tables.items() if not name.endswith("_raw")}
    try:
        read = found.form.read(usual, facts)
        states = dict(read.networks)
        for name, table in tables.items():
            role = name.removesuffix("_raw")
            if role != name:
                again = found.form.read({**usual, role: table}, facts)
                states[name] = again.networks[role]
    except GanzooError:
        raise
    except Exception as error:  # a plugin may raise anything, on a file that holds anything
        raise WeightsError(
            f"{label} could not be read as {found.form.name} ({type(error).__name__}: "
            f"{brief(error)}); it may be of another format, which --as names"
        ) from error
    return read, tables, states


def _config(
    found: Match, read: Imported, given: Mapping[str, Any], label: str
) -> ArchitectureConfig:
    for name, what in found.form.asks.items():
        if name not in read.values and name not in given:
            raise ConfigError(f"{label} does not say {what}; give it as {name}=...")
    values = {**read.values, **given}
    try:
        return architecture_config(found.spec.name, read.preset or None, **values)
    except ConfigError as error:
        raise ConfigError(f"{label} as {found.form.name}: {error}") from error


def _module(
    name: str,
    config: ArchitectureConfig,
    state: Mapping[str, Tensor],
    table: _Taking,
    label: str,
) -> nn.Module:
    """Build a network around the tensors that were read for it.

    Raises:
        WeightsError: One is missing, unknown, or of another shape.
    """
    role = name.removesuffix("_raw")
    check_memory([role], config)
    module = build_network(role, config, seed=0, device="meta")
    expected = once(module.state_dict(keep_vars=True))
    missing = [key for key in expected if key not in state]
    table.made = tuple(key for key in missing if key.endswith("num_batches_tracked"))
    lacking = [key for key in missing if key not in table.made]
    if lacking:
        raise WeightsError(
            f"{label} lacks {_listed(lacking)} of the {role} of {config.name}; a network with "
            "gaps is not imported"
        )
    unknown = [key for key in state if key not in expected]
    if unknown:
        raise WeightsError(
            f"{label} would fill {_listed(unknown)}, which the {role} of {config.name} does not "
            "have; it may be of another version of the tool, or of another format, which --as names"
        )
    for key, tensor in state.items():
        if tensor.shape != expected[key].shape:
            raise WeightsError(
                f"{label} is not quite of this format: {key} of the {role} is "
                f"{[*tensor.shape]}, and {config.name} with these values has "
                f"{[*expected[key].shape]}"
            )
    zeros = {key: torch.zeros((), dtype=torch.int64) for key in table.made}
    floats = {k: t.float() if t.is_floating_point() else t for k, t in state.items()}
    module.load_state_dict({**floats, **zeros}, strict=False, assign=True)
    return module


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _write(target: Path, info: Info, modules: Mapping[str, nn.Module], licence: str) -> None:
    """Write the folder, whole or not at all."""
    try:
        if target.is_dir():
            # It may be one that is mounted, or where a shell stands: it has to stay.
            _fill(target, info, modules, licence)
        else:
            with folder_aside(target) as new:
                _fill(new, info, modules, licence)
    except OSError as error:
        raise GanzooError(
            f"{target} cannot be written: {error.strerror or error}; free some space, or give a "
            "folder that can be written"
        ) from error


def _fill(folder: Path, info: Info, modules: Mapping[str, nn.Module], licence: str) -> None:
    saving.save(folder, info, modules)
    files = [file.name for file in folder.iterdir()]
    write_text(folder / saving.CARD_FILE, write_card(info, "./folder", files, licence=licence))
