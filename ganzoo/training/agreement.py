"""What weights and images do not agree in, told before a run starts from them."""

from dataclasses import dataclass

from ganzoo import registry
from ganzoo.building import build_network
from ganzoo.config import ArchitectureConfig
from ganzoo.data.base import Dataset
from ganzoo.resolve import Resolution
from ganzoo.spec import Architecture
from ganzoo.training.starting import Base, all_told, base_of, carried_over

NAMED = 5
"""How many classes a sentence names."""


@dataclass(frozen=True)
class Agreement:
    """How far weights fit a run: in sentences, whether in part only, and whether at all."""

    name: str
    sentences: tuple[str, ...]
    partial: bool
    fits: bool


def agreement(resolution: Resolution) -> Agreement:
    """Look how far the weights that a run starts from fit its data; errors are those of loading."""
    config, dataset, base = resolution.config, resolution.dataset, base_of(resolution)
    roles = registry.get(Architecture, config.architecture.name).networks
    networks = {role: build_network(role, config.architecture, seed=0) for role in roles}
    grafts, _ = carried_over(base, config, networks, dataset)
    old, new = base.info.architecture, config.architecture
    sentences = [
        *_of_classes(base, new, dataset),
        *_of_shape(base.name, old, new, dataset),
        *_of_values(old, new),
    ]
    if "discriminator" not in base.published:
        sentences.append(f"{base.name} has no discriminator, so a new one is made")
    partial = not all(found.whole for found in grafts.values())
    unfit = [role for role, found in grafts.items() if not found.fits]
    if unfit:
        sentences.append(
            f"nothing in the {' and the '.join(unfit)} of {base.name} fits, so ganzoo finetune "
            "will refuse it; keep its architecture's values, or train from scratch"
        )
    elif partial:
        sentences.append(f"{base.name} fits only in part: {all_told(grafts)}")
    return Agreement(base.name, tuple(sentences), partial, not unfit)


def _of_classes(base: Base, new: ArchitectureConfig, dataset: Dataset) -> list[str]:
    before, after = base.info.architecture.num_classes, new.num_classes
    if not after:
        if before:
            return [f"{base.name} has {before} classes, and the run has none: they are dropped"]
        if dataset.class_names:
            return [f"{base.name} takes no labels: the classes of the images are not used"]
        return []
    if not before:
        return [
            f"{base.name} has no classes, and the run has {after}: the layers that read "
            "them are new"
        ]
    known, here = base.info.data.class_names, dataset.class_names[:after]
    if not known:
        if before == after:
            return [f"{base.name} does not name its classes; this order is assumed for them"]
        return [f"{base.name} has {before} classes without names, but the run has {after}"]
    strange = [name for name in here if name not in known]
    gone = [name for name in known if name not in here]
    sentences = []
    if strange:
        sentences.append(
            f"{len(strange)} of {len(here)} classes are new to {base.name}, and start as the "
            f"mean of its own: {_named(strange)}"
        )
    if gone:
        sentences.append(
            f"{len(gone)} of {len(known)} classes of {base.name} do not appear in the images, "
            f"and are dropped: {_named(gone)}"
        )
    return sentences


def _of_shape(
    name: str, old: ArchitectureConfig, new: ArchitectureConfig, dataset: Dataset
) -> list[str]:
    before, after = old.sample_shape, new.sample_shape
    if len(before) != 3 or len(after) != 3:
        return []
    sentences = []
    if before[1:] != after[1:]:
        sizes = [f"{shape[2]}x{shape[1]}" for shape in (before, after)]
        sentences.append(
            f"{name} makes {sizes[0]}, but the run makes {sizes[1]}: some layers are new"
        )
    if before[0] != after[0]:
        sentences.append(
            f"{name} has {before[0]} channels, but the run has {after[0]}: the first and last "
            "layers are adapted where possible"
        )
    if dataset.shape[0] == 1 and after[0] > 1:
        sentences.append("the images are grey, but the networks make colour images")
    return sentences


def _of_values(old: ArchitectureConfig, new: ArchitectureConfig) -> list[str]:
    before, after = (config.model_dump(mode="json") for config in (old, new))
    known = {"sample_shape", "num_classes"}
    other = [name for name, value in after.items() if value != before[name] and name not in known]
    return [f"architecture.{name} changes from {before[name]} to {after[name]}" for name in other]


def _named(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
