"""The conformance kit: whether a plugin keeps what ganzoo expects of its kind.

In a plugin's own tests, one row for each check::

    import pytest
    from ganzoo.testing import checks_of

    @pytest.mark.parametrize("check", checks_of("my-architecture"), ids=str)
    def test_conformance(check):
        check.verify()
"""

from collections.abc import Callable, Iterable
from typing import Any

from ganzoo import registry
from ganzoo.listing import find_anywhere
from ganzoo.spec import (
    Architecture,
    AugmentationSpec,
    DatasetSpec,
    ExtractorSpec,
    LossSpec,
    PenaltySpec,
    Spec,
)
from ganzoo.testing import (
    architectures,
    augmentations,
    datasets,
    extractors,
    keeping,
    losses,
    penalties,
    shared,
    stages,
)
from ganzoo.testing.check import Case, Check, Result, Subject

__all__ = ["Check", "Result", "check_plugin", "checks_of"]

_ARCHITECTURES = (
    architectures.networks_are_whole,
    architectures.initialisation_is_seeded,
    architectures.networks_share_nothing,
    architectures.samples_have_their_shape,
    architectures.samples_are_in_range,
    architectures.logits_have_their_shape,
    architectures.logits_have_no_sigmoid,
    architectures.inputs_are_kept,
    architectures.labels_matter,
    architectures.samples_stand_alone,
    architectures.coupling_is_told,
    architectures.global_state_is_kept,
    keeping.gradients_reach_all,
    keeping.samples_get_gradients,
    keeping.sampling_is_seeded,
    keeping.copies_are_independent,
    keeping.averages_are_used,
    keeping.weights_round_trip,
    stages.stages_can_be_frozen,
    architectures.recipe_resolves,
    *shared.precisions(architectures.ArchitectureCase.run),
)


_OF: dict[type, tuple[Callable[[Subject], Iterable[Case]], tuple[Callable[[Any], None], ...]]] = {
    Architecture: (architectures.cases, _ARCHITECTURES),
    LossSpec: (losses.cases, losses.CHECKS),
    PenaltySpec: (penalties.cases, penalties.CHECKS),
    AugmentationSpec: (augmentations.cases, augmentations.CHECKS),
    DatasetSpec: (datasets.cases, datasets.CHECKS),
    ExtractorSpec: (extractors.cases, extractors.CHECKS),
}
"""What makes the cases of a plugin, and its checks."""


def checks_of(plugin: str | Spec, /, **values: Any) -> list[Check]:
    """Return the checks of a plugin, of whatever group; none has run yet.

    Args:
        plugin: Its name, ``distribution:name``, or its spec.
        **values: Fields of its config, where other values are to be checked than the defaults: as
            ``width=8`` for small networks, or ``source="./images"`` for a dataset of files.

    Raises:
        ganzoo.errors.PluginError: There is no such plugin, or it does not import.
        ganzoo.errors.ConfigError: A value is not allowed.
    """
    spec, offer = _looked_up(plugin)
    find, functions = next(_OF[kind] for kind in _OF if isinstance(spec, kind))
    subject = Subject(spec, offer, values, find)
    if values:
        # Those that are not allowed are an error of the request, and no fault of the plugin.
        _ = subject.cases
    return [
        Check(shared.free_of_torch, subject, once=True),
        Check(shared.config_round_trip, subject, once=True),
        *(Check(function, subject) for function in functions),
    ]


def check_plugin(plugin: str | Spec, /, **values: Any) -> list[Result]:
    """Run every check of a plugin; see `checks_of`."""
    return [check.run() for check in checks_of(plugin, **values)]


def _looked_up(plugin: str | Spec) -> tuple[Spec, registry.Offer | None]:
    if not isinstance(plugin, str):
        return plugin, None
    group, spec = find_anywhere(plugin)
    offer = registry.find(group, plugin)
    return spec, None if offer.distribution == registry.LOCAL else offer
