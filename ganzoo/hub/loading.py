"""Loading weights by reference: from a folder, from a plugin, or from the Hub."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ganzoo import registry
from ganzoo.errors import RequestError, WeightsError, closest
from ganzoo.networks.base import Discriminator, Network
from ganzoo.networks.generator import Generator
from ganzoo.networks.translator import Translator
from ganzoo.settings import own_settings
from ganzoo.spec import Architecture
from ganzoo.weights.description import Info, read_info
from ganzoo.weights.locating import pretrained, weights_folder
from ganzoo.weights.metadata import read_card, split
from ganzoo.weights.reading import FolderFiles, WeightsFiles, WeightsSource
from ganzoo.weights.reference import SCHEME, Place, Repository, Tag, is_local, parse
from ganzoo.weights.saving import CARD_FILE
from ganzoo.weights.strict import load_network


def load(
    reference: str | os.PathLike[str],
    role: str | None = None,
    *,
    raw: bool = False,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> Network:
    """Load a network of any role.

    Args:
        reference: As that of `load_generator`.
        role: Which of the networks, as the architecture calls it; the default one where left out.
        raw: Load a generator or a translator as trained instead of its moving average.
        device: As that of `load_generator`.
        dtype: As that of `load_generator`.
        token: As that of `load_generator`.
        cache_dir: As that of `load_generator`.
        local_files_only: As that of `load_generator`.

    Returns:
        A `Generator`, a `Translator`, a `Discriminator`, or a plain `Network`, by the kind of the
        role; in evaluation mode.

    Raises:
        RequestError: The weights hold no such role.
        WeightsError: There are no such weights, or they do not fit the architecture.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """
    store = open_weights(reference, token, cache_dir, local_files_only=local_files_only)
    [network] = _load(store, (role, raw), device=device, dtype=dtype)
    return network


def load_generator(
    reference: str | os.PathLike[str],
    *,
    raw: bool = False,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> Generator:
    """Load a generator for sampling.

    Args:
        reference: A weights folder or a run (``./path``, ``/path``, ``~/path``), weights that come
            with an architecture (``architecture.tag``), or a repository on the Hugging Face Hub
            (``org/name``, ``org/name@revision``, ``hf://org/name@revision``).
        raw: Load the generator as trained instead of its moving average.
        device: Where to put it.
        dtype: The type of its floating-point tensors; as stored (float32) where left out.
        token: Of the Hub's user; None for the one that is logged in, False for none.
        cache_dir: Where files of the Hub are kept; its client's own cache where left out.
        local_files_only: Ask nothing of the Hub: what is in the cache has to do.

    Returns:
        The generator, in evaluation mode; its `source` says which commit it is of.

    Raises:
        WeightsError: There are no such weights, or they do not fit the architecture.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """
    store = open_weights(reference, token, cache_dir, local_files_only=local_files_only)
    [generator] = _load(store, (None, raw), device=device, dtype=dtype, kind="generator")
    assert isinstance(generator, Generator)
    return generator


def load_translator(
    reference: str | os.PathLike[str],
    role: str | None = None,
    *,
    raw: bool = False,
    device: str | torch.device = "cpu",
) -> Translator:
    """Load a translator; arguments and errors are those of `load`.

    Raises:
        RequestError: The role is not that of a translator.
    """
    store = open_weights(reference)
    [translator] = _load(store, (role, raw), device=device, dtype=None, kind="translator")
    assert isinstance(translator, Translator)
    return translator


def load_discriminator(
    reference: str | os.PathLike[str],
    *,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> Discriminator:
    """Load a discriminator; arguments and errors as those of `load_generator`."""
    store = open_weights(reference, token, cache_dir, local_files_only=local_files_only)
    [discriminator] = _load(store, ("discriminator", False), device=device, dtype=dtype)
    assert isinstance(discriminator, Discriminator)
    return discriminator


def load_pair(
    reference: str | os.PathLike[str],
    *,
    raw: bool = False,
    device: str | torch.device = "cpu",
    dtype: torch.dtype | None = None,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> tuple[Generator, Discriminator]:
    """Load a generator and its discriminator, both of the same commit.

    Arguments and errors are those of `load_generator`.
    """
    store = open_weights(reference, token, cache_dir, local_files_only=local_files_only)
    wanted = ((None, raw), ("discriminator", False))
    pair = _load(store, *wanted, device=device, dtype=dtype, kind="generator")
    generator, discriminator = pair
    assert isinstance(generator, Generator)
    assert isinstance(discriminator, Discriminator)
    return generator, discriminator


@dataclass(frozen=True)
class PretrainedInfo:
    """What is known of weights without fetching them.

    Attributes:
        source: The reference, and the commit that it was resolved to.
        info: The contents of ``config.json``.
        card: The metadata of the card (``README.md``).
        sizes: The size of every file in bytes; without the Hub, of those on this machine.
    """

    source: WeightsSource
    info: Info
    card: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)


def pretrained_info(
    reference: str | os.PathLike[str],
    *,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    local_files_only: bool = False,
) -> PretrainedInfo:
    """Describe weights without fetching them: config, scores, card and sizes.

    Arguments and errors are those of `load_generator`.
    """
    store = open_weights(reference, token, cache_dir, local_files_only=local_files_only)
    info, sizes = read_info(store), store.sizes(whole=False)
    card, _ = split(read_card(store), store.label(CARD_FILE))
    store.remember()
    return PretrainedInfo(store.source, info, card, sizes)


def open_weights(
    reference: str | os.PathLike[str],
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
    *,
    local_files_only: bool = False,
) -> WeightsFiles:
    """Find where the files of a reference are, resolved to a commit if they are on the Hub.

    Raises:
        WeightsError: It names no weights, or could mean both a folder and something else.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """
    if isinstance(reference, str):
        _refuse_ambiguous(reference)
    found, text = parse(reference), os.fspath(reference)
    if isinstance(found, Place):
        return FolderFiles(weights_folder(found.path), text)
    if isinstance(found, Tag):
        bundled = pretrained(found.architecture, found.tag)
        if bundled.folder is not None:
            return FolderFiles(bundled.folder, text, bundled=True)
        name, _, commit = bundled.repository.partition("@")
        found = Repository(name, commit)
    from ganzoo.hub.client import Client
    from ganzoo.hub.snapshot import Snapshot

    client = Client(token, cache_dir, local_files_only=local_files_only)
    return Snapshot.open(client, found, text)


def _refuse_ambiguous(text: str) -> None:
    """Refuse a name that is also a folder here; with a revision or a scheme it is none."""
    if is_local(text) or re.search("@|://", text) or not os.path.isdir(text):
        return
    other = ""
    with suppress(WeightsError):
        named = parse(text)
        if isinstance(named, Repository):
            other = f", and for the repository {SCHEME}{text}"
        if isinstance(named, Tag):
            spellings = [
                f"{offer.distribution}:{offer.name}.{named.tag}"
                for offer in registry.choices("architectures", named.architecture)
            ]
            if spellings:
                other = f", and for what comes with the architecture {' or '.join(spellings)}"
    raise WeightsError(
        f"{text!r} could be a folder or a name; for the folder write ./{text}{other}"
    )


KINDS: dict[str, type[Network]] = {
    "generator": Generator,
    "translator": Translator,
    "critic": Discriminator,
    "other": Network,
}
"""What is returned for a role, by its kind."""


@own_settings(grad=True)
def _load(
    store: WeightsFiles,
    *wanted: tuple[str | None, bool],
    device: str | torch.device,
    dtype: torch.dtype | None,
    kind: str = "",
) -> list[Network]:
    """Load networks of one commit, each a role (the default one if None), perhaps as trained.

    The first has to be of a kind, if one is named.
    """
    info = read_info(store)
    spec = registry.get(Architecture, info.architecture.name)
    roles = [role or spec.makers[0] for role, _ in wanted]
    for role in roles:
        _check_role(role, info, spec, store.source.reference)
    if kind:
        _check_kind(roles[0], kind, spec, store.source.reference)
    networks: list[Network] = []
    for role, (_, raw) in zip(roles, wanted, strict=True):
        name = f"{role}_raw" if raw else role
        module = load_network(store, name, info)
        network = KINDS[spec.networks[role].kind](module, info, store.source, role=role)
        networks.append(network.to(device=device, dtype=dtype).eval())
    store.remember()
    return networks


def _check_role(role: str, info: Info, spec: Architecture, reference: str) -> None:
    """Check that weights hold a role, as far as they say (RequestError)."""
    held = [name for name in spec.networks if name in info.networks] or [*spec.networks]
    if role not in held:
        raise RequestError(f"{reference} has no role {role!r:.60}{closest(role, held)}")


def _check_kind(role: str, kind: str, spec: Architecture, reference: str) -> None:
    """Check that a role is of a kind, and name the command for it where it is not (RequestError).

    That is told before a file of its size is fetched.
    """
    found = spec.networks[role].kind
    if found == kind:
        return
    others = [name for name, item in spec.networks.items() if item.kind == kind]
    does = DOES[found]
    if others:
        cure = f"choose {' or '.join(others)}"
    elif found == "translator":
        cure = "translate images with ganzoo translate (in Python: ganzoo.load)"
    else:
        cure = "draw samples with ganzoo sample (in Python: ganzoo.load_generator)"
    raise RequestError(f"the {role} of {reference} {does}; {cure}")


DOES = {
    "generator": "makes images from noise, and does not translate any",
    "translator": "translates images, and does not make them from noise",
    "critic": "scores images, and does not make any",
    "other": "does not make images",
}
"""What a network of each kind does, in errors of those who want another."""
