"""Beginning a run with the weights of another: what is taken over, and what is said of it."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ganzoo import registry
from ganzoo.aside import write_text
from ganzoo.config import FinetuneConfig, RunConfig
from ganzoo.data.base import Dataset
from ganzoo.errors import ConfigError, WeightsError
from ganzoo.hub.loading import open_weights
from ganzoo.objectives.base import Objective
from ganzoo.resolve import Resolution
from ganzoo.spec import Architecture
from ganzoo.training.freezing import check_frozen, freeze
from ganzoo.training.run import BASE_FILE
from ganzoo.weights.description import Info, kind_of, read_info
from ganzoo.weights.grafting import Graft, GraftPlan, graft
from ganzoo.weights.reading import WeightsFiles
from ganzoo.weights.reference import is_local
from ganzoo.weights.saving import MODEL_FILE, network_files
from ganzoo.weights.strict import MAX_BYTES, load_network
from ganzoo.weights.structure import channel_axes, class_axes, counterparts

NAMED = 3
"""How many tensors a sentence names."""

REPORTED = ("taken", "adapted", "reordered", "new", "left")
"""What ``base.json`` tells of a network."""


@dataclass(frozen=True)
class Base:
    """The weights that a run starts from; `published` names the networks that are there."""

    store: WeightsFiles
    info: Info
    published: frozenset[str]

    @classmethod
    def open(cls, reference: str | os.PathLike[str]) -> "Base":
        """Find weights; errors are those of `ganzoo.load_generator`."""
        if not isinstance(reference, str):  # of which a relative one could be taken for a name
            reference = os.path.abspath(reference)
        store = open_weights(reference)
        info, sizes = read_info(store), store.sizes()
        files = network_files(info.architecture.name)
        return cls(store, info, frozenset(name for name, file in files.items() if file in sizes))

    @property
    def name(self) -> str:
        """What they are called in sentences."""
        return self.store.source.reference

    @property
    def reference(self) -> str:
        """By which they are found again from anywhere, at the same commit."""
        source = self.store.source
        if source.repository:
            return f"{source.repository}@{source.commit}"
        if is_local(source.reference):
            return os.path.abspath(os.path.expanduser(source.reference))
        return source.reference

    @cached_property
    def sha(self) -> str:
        """The commit on the Hub, else the SHA-256 of the default network's file."""
        if self.store.source.commit:
            return self.store.source.commit
        with self.store.fetch(MODEL_FILE, largest=MAX_BYTES).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Start:
    """What a fine-tuning run begins with: by role what became of each tensor, and averages."""

    base: Base
    grafts: Mapping[str, Graft]
    averages: Mapping[str, Mapping[str, Tensor]]
    notes: list[str] = field(default_factory=list)

    @property
    def partial(self) -> bool:
        """Whether anything is not as it was."""
        return not all(graft.whole for graft in self.grafts.values())

    @property
    def report(self) -> dict[str, Any]:
        """All that was taken over, tensor by tensor, as plain values."""
        networks = {
            role: {key: getattr(graft, key) for key in REPORTED}
            for role, graft in self.grafts.items()
        }
        return {
            "reference": self.base.reference,
            "sha": self.base.sha,
            "partial": self.partial,
            "networks": networks,
        }

    def write(self, folder: Path) -> None:
        """Write the report into the folder of a run."""
        write_text(folder / BASE_FILE, json.dumps(self.report, indent=1, ensure_ascii=False) + "\n")


def base_of(resolution: Resolution) -> Base:
    """Return the weights that a run starts from, which finding its config may have opened."""
    wanted, base = resolution.config.finetune, resolution.base
    assert wanted is not None
    return base if base and base.reference == wanted.reference else Base.open(wanted.reference)


def begin(resolution: Resolution, objective: Objective, *, begun: bool) -> Start | None:
    """Bring the networks of a run to the weights that it starts from, and freeze their stages.

    The generator starts from the weights as trained where they were published, else from their
    average, and its average from the published one. Where stages of it are frozen, both
    start from the average, as what stays is to be what was published.

    Returns None where there is nothing to take over, or no more, as the run has `begun`. Raises
    WeightsError or ConfigError where the weights have changed or do not fit.
    """
    config, dataset = resolution.config, resolution.dataset
    wanted = config.finetune
    if wanted is None:
        return None
    frozen = freeze(wanted.freeze, objective.networks)
    if begun:
        return None
    base = base_of(resolution)
    _check(base, config, wanted)
    grafts, averages = carried_over(base, config, objective.networks, dataset)
    base.store.remember()
    _check_fit(base, grafts, wanted)
    check_frozen(frozen, grafts)
    for role, found in grafts.items():
        objective.networks[role].load_state_dict(found.state)
    kept = {
        role: {name: found.state[name] for name, _ in objective.networks[role].named_parameters()}
        for role, found in averages.items()
    }
    return Start(base, grafts, kept, _notes(base, grafts, config, dataset))


def carried_over(
    base: Base, config: RunConfig, networks: Mapping[str, nn.Module], dataset: Dataset
) -> tuple[dict[str, Graft], dict[str, Graft]]:
    """Return what weights become in the networks of a run, by role, and the makers' averages."""
    sources = _sources(base.info, config, dataset)
    makers = registry.get(Architecture, config.architecture.name).makers
    frozen = config.finetune.freeze if config.finetune is not None else {}
    grafts, averages = {}, {}
    for role, network in networks.items():
        if role in base.published or role == makers[0]:
            grafts[role] = _grafted(base, role, config, network, sources)
        if role in makers and role in grafts:
            averages[role], raw = grafts[role], f"{role}_raw"
            if raw in base.published and not frozen.get(role):
                grafts[role] = _grafted(base, raw, config, network, sources)
    return grafts, averages


def _check(base: Base, config: RunConfig, wanted: FinetuneConfig) -> None:
    """Check that weights are those that were meant, and of the run's networks."""
    if base.sha != wanted.sha:
        raise WeightsError(
            f"finetune.sha: the weights of {base.name} are {base.sha}, but {wanted.sha} was asked "
            "for; they have changed since, so start a new run with ganzoo finetune"
        )
    old, new = base.info.architecture, config.architecture
    if old.name != new.name:
        raise ConfigError(
            f"architecture.name: {new.name} is not allowed, because {base.name} holds weights of "
            f"{old.name}; leave the name out"
        )
    if base.info.data.kind != kind_of(new.sample_shape):
        raise ConfigError(
            f"architecture.sample_shape: {base.name} makes {base.info.data.kind}, but the run "
            f"would make {kind_of(new.sample_shape)}; fine-tune on {base.info.data.kind}"
        )


def _sources(info: Info, config: RunConfig, dataset: Dataset) -> tuple[int | None, ...]:
    """For each class of the run the class of the base of the same name; None where it is new.

    Where the base names no classes, those of as many are taken to be the same.
    """
    count, old = config.architecture.num_classes, info.architecture.num_classes
    names = info.data.class_names
    if count == old and not names:
        return tuple(range(count))
    return tuple(
        names.index(name) if name in names else None for name in dataset.class_names[:count]
    )


def _grafted(
    base: Base, name: str, config: RunConfig, network: nn.Module, sources: Sequence[int | None]
) -> Graft:
    """Load a network of the base, and carry it over to one of the run."""
    old = load_network(base.store, name, base.info)
    before, after = base.info.architecture, config.architecture
    role = name.removesuffix("_raw")
    makes = registry.get(Architecture, after.name).networks[role].maker
    channels = before.sample_shape[0], after.sample_shape[0]
    plan = GraftPlan(
        names=counterparts(old, network) if makes else {},
        classes_before=class_axes(role, before),
        classes_after=class_axes(role, after),
        sources=sources,
        old_classes=before.num_classes,
        channels=channels,
        channel_axes=channel_axes(role, after, channels[0]),
        reads_samples=not makes,
    )
    initial = {key: tensor.detach().cpu().clone() for key, tensor in network.state_dict().items()}
    return graft(old.state_dict(), initial, plan)


def _check_fit(base: Base, grafts: Mapping[str, Graft], wanted: FinetuneConfig) -> None:
    """Refuse what has nothing in common, and what fits in part where that was not allowed."""
    for role, found in grafts.items():
        if not found.fits:
            raise WeightsError(
                f"nothing in the {role} of {base.name} fits the networks of this run; keep its "
                "architecture's values, or train from scratch with ganzoo train"
            )
    if not wanted.allow_partial and not all(found.whole for found in grafts.values()):
        parts = all_told(grafts)
        raise WeightsError(
            f"{base.name} fits only in part ({parts}); start from that part with "
            "--allow-partial (finetune.allow_partial=true), or keep its classes, channels, size "
            "and other values"
        )


def told(found: Graft) -> str:
    """Tell in words what became of the tensors of a network."""
    if found.whole and not found.reordered:
        return f"all {len(found.taken)} tensors kept"
    parts = [f"{len(found.taken)} tensors kept"]
    for kind, names in (
        ("with classes in another order", found.reordered),
        ("adapted", [f"{name}: {how}" for name, how in found.adapted.items()]),
        ("new", found.new),
        ("of the base left out", found.left),
    ):
        if names:
            more = ", ..." if len(names) > NAMED else ""
            parts.append(f"{len(names)} {kind} ({', '.join(names[:NAMED])}{more})")
    return ", ".join(parts)


def all_told(grafts: Mapping[str, Graft]) -> str:
    """Tell that of all networks."""
    return "; ".join(f"{role}: {told(found)}" for role, found in grafts.items())


def _notes(
    base: Base, grafts: Mapping[str, Graft], config: RunConfig, dataset: Dataset
) -> list[str]:
    notes = [
        f"fine-tuning {base.name} ({base.sha[:12]}), {role}: {told(found)}"
        for role, found in grafts.items()
    ]
    for role in registry.get(Architecture, config.architecture.name).critics:
        if role not in base.published:
            notes.append(f"{base.name} has no {role}, so a new one is made")
    if config.warm_up:
        notes.append(
            f"only the discriminator learns in the first {config.warm_up} steps (finetune.warm_up)"
        )
    if dataset.class_names and not config.architecture.num_classes:
        notes.append(
            f"the networks stay without labels: the classes of {config.data.source} are not used"
        )
    return notes
