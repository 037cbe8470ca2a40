"""The conformance kit: whether a plugin keeps what ganzoo expects of its kind.

In a plugin's own tests, one row for each check::

    import pytest
    from ganzoo.testing import checks_of

    @pytest.mark.parametrize("check", checks_of("my-architecture"), ids=str)
    def test_conformance(check):
        check.verify()
"""

from contextlib import suppress
from importlib import import_module
from typing import Any

from ganzoo import registry
from ganzoo.listing import find_anywhere
from ganzoo.spec import Spec
from ganzoo.testing import shared
from ganzoo.testing.check import Check, Fault, Result, Subject

__all__ = ["Check", "Result", "check_plugin", "checks_of"]


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
    group = next(group for group in registry.GROUPS.values() if isinstance(spec, group.spec))
    # Each group's module makes the cases of a plugin, and lists its checks.
    module = import_module(f"{__name__}.{group.name}")
    subject = Subject(spec, offer, values, module.cases)
    if values:
        # Those that are not allowed are an error of the request, and no fault of the plugin.
        with suppress(Fault):
            _ = subject.cases
    return [
        Check(shared.free_of_torch, subject, once=True),
        Check(shared.config_round_trip, subject, once=True),
        *(Check(function, subject) for function in module.CHECKS),
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
