"""The config of an objective, and networks that it can train: what its checks look at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ganzoo import registry
from ganzoo.about import DISTRIBUTION
from ganzoo.config import ArchitectureConfig, TranslatorConfig
from ganzoo.objectives.base import Objective
from ganzoo.resolve.validation import validate
from ganzoo.spec import Architecture, ObjectiveSpec
from ganzoo.testing import architectures
from ganzoo.testing.check import Case, Fault, NotApplicable, Subject
from ganzoo.testing.playing import trainer_of
from ganzoo.testing.standins import (
    CLASSES,
    LATENT,
    PERCEPTRONS,
    StandInConfig,
    architecture_run,
    translating,
)

IMAGES = (3, 8, 8)


@dataclass(frozen=True)
class ObjectiveCase(Case):
    """The config of an objective, and networks that it can train."""

    spec: ObjectiveSpec
    architecture: Architecture
    networks: ArchitectureConfig

    def run(self) -> dict[str, Any]:
        """Return the config of a small run with this objective."""
        config = architecture_run(self.architecture, self.networks)
        return {**config, "objective": self.config.model_dump(mode="json")}

    @contextmanager
    def objective(
        self, parts: int = 1, precision: str = "fp32", **sections: Any
    ) -> Iterator[Objective]:
        """Build the objective for a run, with sections of one's own."""
        training = {"accumulate": parts, "precision": precision}
        with trainer_of({**self.run(), "training": training, **sections}) as trainer:
            yield trainer.objective

    @contextmanager
    def in_parts(self, parts: int) -> Iterator[Objective]:
        """Build it in float64, in evaluation mode, where batch norm treats samples one by one."""
        couplings = {*self.architecture.traits(self.networks).coupling.values()}
        if self.spec.coupling != "none" or "groups" in couplings:
            raise NotApplicable("the samples of a batch depend on each other")
        with self.objective(parts, "fp64") as objective:
            for network in objective.networks.values():
                network.eval()
            yield objective


def cases(subject: Subject) -> list[ObjectiveCase]:
    """Its config, for networks with its roles."""
    spec: ObjectiveSpec = subject.spec
    config = validate(spec.config, {**subject.values, "name": spec.name}, "objective")
    return [
        ObjectiveCase(spec, subject.offer, config, architecture, networks, title=title)
        for title, architecture, networks in _trained_by(spec, subject.offer)
    ]


def _trained_by(
    spec: ObjectiveSpec, offer: registry.Offer | None
) -> Iterator[tuple[str, Architecture, ArchitectureConfig]]:
    """Find networks to train: those of the plugin's own distribution, else small ones of ours."""
    stranger = offer is not None and offer.distribution != DISTRIBUTION
    own = _named_by(spec.name, offer.distribution) if offer is not None and stranger else None
    usual = {*spec.roles} <= {*PERCEPTRONS.networks} and {*spec.fields} <= {"sample", "label"}
    if own is None and usual:
        architecture = replace(PERCEPTRONS, objectives=(spec.name,))
        for classes in (0, CLASSES) if "label" in spec.fields else (0,):
            config: ArchitectureConfig = StandInConfig(
                name=architecture.name,
                preset=architecture.default_preset,
                sample_shape=(1, 8, 8),
                latent_dim=LATENT,
                num_classes=classes,
            )
            yield f"{classes or 'no'} classes", architecture, config
        return
    found = own or _named_by(spec.name)
    if found is None:
        raise Fault(
            f"no installed architecture names {spec.name!r} in its objectives; install one with "
            f"the roles {', '.join(spec.roles)}, so that there is something to train"
        )
    if own is None and {role.kind for role in found.networks.values()} <= {"translator", "critic"}:
        architecture = translating(spec.name, found.networks)
        config = TranslatorConfig(
            name=architecture.name,
            preset=architecture.default_preset,
            sample_shape=IMAGES,
            source_shape=IMAGES,
        )
        yield f"small networks with the roles of {found.name}", architecture, config
        return
    for case in architectures.cases(Subject(found, None, {}, architectures.cases)):
        if case.config.preset == found.default_preset:
            yield f"{found.name}, {case.title}", found, case.config


def _named_by(objective: str, distribution: str | None = None) -> Architecture | None:
    """Find an architecture that is trained with an objective; broken ones are passed over."""
    for offers in registry.offers("architectures").values():
        for offer in offers:
            spec = offer.outcome
            asked = distribution in (None, offer.distribution)
            if asked and isinstance(spec, Architecture) and objective in spec.objectives:
                return spec
    return None
