"""What is published of a folder, a run or a network: checked first, then gathered."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.errors import RequestError, WeightsError
from ganzoo.hub.loading import open_weights
from ganzoo.networks.base import Network
from ganzoo.networks.generator import Generator
from ganzoo.networks.translator import Translator
from ganzoo.sheet import sample_sheet
from ganzoo.spec import Architecture
from ganzoo.weights.description import Info, read_info
from ganzoo.weights.files import not_finite
from ganzoo.weights.metadata import read_card, split
from ganzoo.weights.reading import FolderFiles
from ganzoo.weights.reference import Repository, parse
from ganzoo.weights.saving import CARD_FILE, MODEL_FILE, SHEET_FILE, all_files, network_files
from ganzoo.weights.strict import load_network

CHECKED_SAMPLES = 8


@dataclass(frozen=True)
class Staged:
    """What is to be published, but for the card."""

    info: Info
    files: dict[str, Path]
    card: str


@contextmanager
def staged(
    source: Network | str | os.PathLike[str], *, discriminator: bool = True
) -> Iterator[Staged]:
    """Gather what is to be published, once it was found to load strictly and to sample.

    Raises:
        WeightsError: The weights do not load, or make samples that are not finite.
    """
    if isinstance(source, Network):
        with TemporaryDirectory(prefix="ganzoo-push-") as folder:
            source.save(folder)
            sheet = sample_sheet(source) if isinstance(source, Generator) else None
            if sheet is not None:
                sheet.save(Path(folder) / SHEET_FILE)
            yield _gather(FolderFiles(Path(folder), f"the {source.role}"), discriminator)
        return
    # A folder of that name here is told by what opens it.
    if isinstance(parse(source), Repository) and not os.path.isdir(source):
        raise RequestError(
            f"{source} is on the Hub already; to publish a copy, pull it into a folder first"
        )
    store = open_weights(source)
    if not isinstance(store, FolderFiles):
        raise RequestError(f"{source} is on the Hub already, in {store.source.repository}")
    yield _gather(store, discriminator)


def _gather(store: FolderFiles, discriminator: bool) -> Staged:
    info = read_info(store)
    name = info.architecture.name
    files = {file: store.folder / file for file in all_files(name) if file in store.sizes()}
    files.pop(CARD_FILE, None)
    card = read_card(store)
    split(card, store.label(CARD_FILE))  # so that it is told before the Hub is asked
    roles = registry.get(Architecture, name).networks
    for network, file in network_files(name).items():
        role = roles[network.removesuffix("_raw")]
        if role.kind == "critic" and not discriminator:
            files.pop(file, None)
        if file not in files and file != MODEL_FILE:
            continue
        module = load_network(store, network, info)
        if role.maker:
            kind = Generator if role.kind == "generator" else Translator
            made = kind(module, info, role=network.removesuffix("_raw"))
            _check_samples(made, f"{file} of {store.source.reference}")
    return Staged(info, files, card)


def _check_samples(maker: Generator | Translator, label: str) -> None:
    made: dict[str, Tensor] = {}

    def keep(module: nn.Module, given: object, output: Tensor) -> None:
        made["output"] = output  # as images are clamped after it, which hides an infinity

    hook = maker.module.register_forward_hook(keep)
    try:
        if isinstance(maker, Generator):
            made["samples"] = maker.sample(CHECKED_SAMPLES, seed=0)
        else:
            source = torch.Generator().manual_seed(0)
            made["samples"] = maker.translate(
                torch.rand(1, *maker.source_shape, generator=source), seed=0
            )
    finally:
        hook.remove()
    if not_finite(made):
        raise WeightsError(f"{label} makes samples that are not finite; nothing was published")
