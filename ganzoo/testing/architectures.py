"""What is demanded of an architecture: the configs that are checked, and all of its checks."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from ganzoo.config import ArchitectureConfig, TranslatorConfig
from ganzoo.resolve.validation import check_architecture, validate
from ganzoo.spec import Architecture, Shape, Traits
from ganzoo.testing import imports, keeping, networks, shared, stages, styles, translators
from ganzoo.testing.built import ArchitectureCase
from ganzoo.testing.check import Fault, Subject
from ganzoo.testing.standins import CLASSES

SIDE = 8
"""Of the images of an architecture that makes any."""

VECTOR = (2,)


def cases(subject: Subject) -> Iterator[ArchitectureCase]:
    """Every preset, at the smallest shapes, with labels and without."""
    spec: Architecture = subject.spec
    for name, preset in spec.presets.items():
        values = {**preset.values, **subject.values, "name": spec.name, "preset": name}
        draft = validate(spec.config, values, "architecture")
        for shape, classes in _variants(spec.traits(draft), draft, subject.values):
            given = {**values, "sample_shape": shape, "num_classes": classes}
            if issubclass(spec.config, TranslatorConfig):
                given = {**given, "source_shape": shape, **subject.values}
            config = validate(spec.config, given, "architecture")
            check_architecture(spec, config)
            sizes = "x".join(map(str, shape))
            title = f"preset {name}, shape {sizes}, {classes or 'no'} classes"
            yield ArchitectureCase(spec, subject.offer, config, title=title)


def _variants(
    traits: Traits, draft: ArchitectureConfig, given: Mapping[str, Any]
) -> Iterator[tuple[Shape, int]]:
    """Shapes and numbers of classes: what is given, else the smallest and the most various."""
    classes = [0, CLASSES] if traits.labels else [0]
    if "classes" in traits.critic_extras:
        classes = [CLASSES]
    if "num_classes" in given:
        classes = [draft.num_classes]
    if "sample_shape" in given:
        yield from product([draft.sample_shape], classes)
        return
    if not traits.images and not traits.vectors:
        raise Fault("the traits allow neither images nor vectors; let traits allow one")
    if traits.images:
        side = min(traits.sides or (SIDE,))
        # Where any height and width is promised, they differ.
        width = side if traits.sides else side + 4
        channels = traits.channels or (1, 3)
        # Grey without labels, colour with them: every choice is met once.
        numbers = [min(channels), 3 if 3 in channels else max(channels)]
        pairs = {(numbers[0], classes[0]), (numbers[1], classes[-1])}
        yield from (((number, side, width), count) for number, count in sorted(pairs))
    if traits.vectors:
        yield from product([VECTOR], classes)


CHECKS = (
    networks.networks_are_whole,
    networks.initialisation_is_seeded,
    networks.networks_share_nothing,
    networks.samples_have_their_shape,
    networks.samples_are_in_range,
    networks.logits_have_their_shape,
    networks.extras_are_told,
    networks.logits_have_no_sigmoid,
    networks.inputs_are_kept,
    networks.labels_matter,
    networks.samples_stand_alone,
    networks.coupling_is_told,
    networks.global_state_is_kept,
    networks.draws_are_used,
    networks.device_is_kept,
    keeping.gradients_reach_all,
    keeping.samples_get_gradients,
    keeping.sampling_is_seeded,
    keeping.copies_are_independent,
    keeping.averages_are_used,
    keeping.weights_round_trip,
    *translators.CHECKS,
    *styles.CHECKS,
    stages.stages_can_be_frozen,
    *imports.CHECKS,
    networks.recipe_resolves,
    *shared.precisions(ArchitectureCase.run),
)
