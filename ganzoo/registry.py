"""One registry for every group of plugins: discovered through entry points, or registered here.

Three tiers of cost: `names`, and with it ``ganzoo.list_architectures`` and the like, reads
entry-point names and imports nothing else; ``spec`` imports the plugin's torch-free description, as
``ganzoo list`` does for its summaries; ``instantiate`` imports torch and builds.

Discovery is a pure function of the installed entry points (`scan`); its result is kept for the
process, and asked for only when a name is.
"""

import functools
import importlib
import importlib.metadata
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast, overload

from ganzoo.about import DISTRIBUTION, PLUGIN_API, __version__
from ganzoo.errors import PluginError, closest
from ganzoo.spec import (
    Architecture,
    AugmentationSpec,
    DatasetSpec,
    ExtractorSpec,
    LossSpec,
    ObjectiveSpec,
    PenaltySpec,
    Spec,
)

LIMIT_VARIABLE = "GANZOO_PLUGINS"
"""Environment variable: comma-separated distributions whose plugins are seen, and no others.

Empty is the same as not set.
"""


@dataclass(frozen=True)
class Group:
    """A kind of plugin; its entry points stand under ``ganzoo.<name>``.

    Attributes:
        name: As ``architectures``.
        singular: As ``architecture``.
        spec: The class of its descriptions.
        section: The section of a run's config that names one, if any does.
        key: The field of the section that does; empty where the section holds several by name.
    """

    name: str
    singular: str
    spec: type[Spec]
    section: str = ""
    key: str = "name"


GROUPS = {
    group.name: group
    for group in (
        Group("architectures", "architecture", Architecture, "architecture"),
        Group("objectives", "objective", ObjectiveSpec, "objective"),
        Group("losses", "loss", LossSpec, "loss"),
        Group("penalties", "penalty", PenaltySpec, "penalties", key=""),
        Group("augmentations", "augmentation", AugmentationSpec, "augmentation"),
        Group("datasets", "dataset", DatasetSpec, "data", key="source"),
        Group("extractors", "extractor", ExtractorSpec),
    )
}
"""All kinds of plugins, by name."""

SECTIONS = {group.section: group for group in GROUPS.values() if group.section and group.key}
"""The sections of a config that name one plugin, and its group."""

LOCAL = "local"
"""The distribution that a plugin registered in this process is shown with."""

S = TypeVar("S", bound=Spec)


@dataclass(frozen=True)
class Offer:
    """One distribution's offer of a name: what to import (``package:SPEC``), or a spec."""

    group: str
    name: str
    distribution: str
    version: str
    target: str | Spec

    @functools.cached_property
    def outcome(self) -> Spec | PluginError:
        """The spec, or why there is none; found once."""
        try:
            return self._load()
        except PluginError as error:
            return error

    def spec(self) -> Spec:
        """Return the spec; PluginError where it fails to import, or is of another kind."""
        if isinstance(self.outcome, PluginError):
            raise self.outcome
        return self.outcome

    def _load(self) -> Spec:
        who = f"{GROUPS[self.group].singular} {self.name!r} of {self.distribution} {self.version}"
        spec = self.target
        if isinstance(spec, str):
            try:
                spec = import_target(spec)
            except (Exception, SystemExit) as error:
                # A plugin may raise anything; what it breaks is its own name alone.
                cause = f"{type(error).__name__}: {error}"
                raise PluginError(f"{who} fails to import ({cause})") from error
        wanted = GROUPS[self.group].spec
        api = getattr(spec, "api", PLUGIN_API)
        if api != PLUGIN_API:
            raise PluginError(
                f"{who} was written for version {api} of the plugin interface, but ganzoo "
                f"{__version__} has version {PLUGIN_API}; install a version that matches"
            )
        if not isinstance(spec, wanted):
            raise PluginError(f"{who} provides {type(spec).__name__} instead of {wanted.__name__}")
        if spec.name != self.name:
            raise PluginError(
                f"{who} has the name {spec.name!r} in its description; both names must be the same"
            )
        # In references, overrides and paths the other characters mean something else.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", spec.name):
            raise PluginError(
                f"{who} has a name that cannot be used; a name has letters, digits, '.', '_' "
                "and '-', and begins with a letter or digit"
            )
        return spec


Table = dict[str, dict[str, tuple[Offer, ...]]]
"""Group -> name -> offers."""


def scan(entry_points: Iterable[importlib.metadata.EntryPoint], limit: str | None = None) -> Table:
    """Sort entry points into groups and names, importing nothing.

    Where a distribution offers a name twice, the first counts, as on Python's own path.

    Raises:
        PluginError: The limit names a distribution that offers nothing.
    """
    allowed = {_canonical(name) for name in (limit or "").split(",") if name.strip()}
    found: dict[str, dict[str, dict[str, Offer]]] = {group: {} for group in GROUPS}
    owner = functools.cache(_owner)
    seen = set()
    for point in entry_points:
        group = point.group.removeprefix("ganzoo.")
        if not point.group.startswith("ganzoo.") or group not in GROUPS:
            continue
        distribution, version = owner(point.dist)
        seen.add(distribution)
        if not allowed or distribution in allowed:
            offer = Offer(group, point.name, distribution, version, point.value)
            found[group].setdefault(point.name, {}).setdefault(distribution, offer)
    if strangers := allowed - seen:
        raise PluginError(
            f"{LIMIT_VARIABLE} names {', '.join(sorted(strangers))}, which offers no plugins"
            f"{closest(min(strangers), seen)}"
        )
    return {
        group: {
            name: tuple(rivals[distribution] for distribution in sorted(rivals))
            for name, rivals in sorted(by_name.items())
        }
        for group, by_name in found.items()
    }


@functools.cache
def installed() -> Table:
    """Scan the installed distributions, once in a process and once for all groups."""
    every = importlib.metadata.entry_points()
    points = (point for group in GROUPS for point in every.select(group=f"ganzoo.{group}"))
    return scan(points, os.environ.get(LIMIT_VARIABLE))


_local: dict[tuple[str, str], Offer] = {}


def offers(group: str) -> dict[str, tuple[Offer, ...]]:
    """Return a group's offers by name; a registered one hides the installed ones of its name."""
    table = dict(installed()[group])
    table |= {name: (offer,) for (g, name), offer in _local.items() if g == group}
    return dict(sorted(table.items()))


def names(group: str) -> list[str]:
    """Return the names of a group, sorted, importing no plugin.

    A name that several distributions offer stands once for each, as ``distribution:name``.
    """
    return [
        name if len(rivals) == 1 else f"{offer.distribution}:{name}"
        for name, rivals in offers(group).items()
        for offer in rivals
    ]


def choices(group: str, name: str) -> tuple[Offer, ...]:
    """Return the offers that a name, or ``distribution:name``, may mean; none if it is unknown."""
    distribution, _, bare = name.rpartition(":")
    return tuple(
        offer
        for offer in offers(group).get(bare, ())
        if not distribution or offer.distribution == _canonical(distribution)
    )


def find(group: str, name: str) -> Offer:
    """Look a name up, importing nothing; PluginError where it is unknown or ambiguous."""
    found = choices(group, name)
    if not found:
        raise PluginError(f"unknown {GROUPS[group].singular} {name!r}{closest(name, names(group))}")
    if len(found) > 1:
        spellings = " or ".join(f"{offer.distribution}:{offer.name}" for offer in found)
        raise PluginError(
            f"{GROUPS[group].singular} {name!r} is offered by several distributions; write "
            f"{spellings}"
        )
    return found[0]


def get(kind: type[S], name: str) -> S:
    """Return the spec of a name; see `find` for the name and the errors.

    Args:
        kind: The class of the spec, which tells the group, as ``LossSpec``.
        name: The plugin's name, or ``distribution:name``.
    """
    group = next(group for group in GROUPS.values() if group.spec is kind)
    return cast(S, find(group.name, name).spec())


@overload
def register(obj: S, *, override: bool = False) -> S: ...
@overload
def register(obj: Callable[[], Architecture], *, override: bool = False) -> Architecture: ...
@overload
def register(
    obj: None = None, *, override: bool = False
) -> Callable[[Callable[[], Architecture]], Architecture]: ...


def register(obj: Any = None, *, override: bool = False) -> Any:
    """Register a plugin in this process; its type tells the group.

    As a decorator it stands on a function without arguments that returns an `Architecture`, which
    then takes the function's place.

    Args:
        obj: An `Architecture`, or another spec of `ganzoo.spec`, or such a function.
        override: Take the place of a plugin that has the name already.

    Returns:
        The spec.

    Raises:
        PluginError: The name is taken, or the object is none of these.
    """
    if obj is None:
        return functools.partial(register, override=override)
    spec = obj() if callable(obj) and not isinstance(obj, type) else obj
    group = next((name for name, g in GROUPS.items() if isinstance(spec, g.spec)), None)
    if group is None:
        kinds = ", ".join(known.spec.__name__ for known in GROUPS.values())
        raise PluginError(f"register takes one of {kinds}, not {type(spec).__name__}")
    taken = (group, spec.name) in _local or spec.name in installed()[group]
    if taken and not override:
        holder = offers(group)[spec.name][0].distribution
        raise PluginError(
            f"{GROUPS[group].singular} {spec.name!r} is already registered ({holder}); choose "
            "another name, or pass override=True to replace it"
        )
    offer = Offer(group, spec.name, LOCAL, "0", spec)
    offer.spec()
    _local[group, spec.name] = offer
    return spec


@contextmanager
def registered(*specs: Spec) -> Iterator[None]:
    """Register plugins for a while; whatever had their names has them again afterwards."""
    before = dict(_local)
    try:
        for spec in specs:
            register(spec, override=True)
        yield
    finally:
        _local.clear()
        _local.update(before)


def import_target(target: Any) -> Any:
    """Import what ``package.module:Name`` names; anything else is returned as it is."""
    if not isinstance(target, str):
        return target
    module, _, attribute = target.partition(":")
    if not attribute:
        raise ImportError(f"{target!r} is not of the form package.module:Name")
    imported = importlib.import_module(module)
    if not hasattr(imported, attribute):
        raise ImportError(f"module {module!r} has no {attribute!r}")
    return getattr(imported, attribute)


def instantiate(group: str, name: str, *arguments: Any, role: str | None = None) -> Any:
    """Build the object of the class that a spec names, or raise PluginError.

    Args:
        group: The plugin's group.
        name: Its name.
        *arguments: Of the class.
        role: Of an architecture, which of its networks.
    """
    offer = find(group, name)
    spec: Any = offer.spec()
    target = spec.factory if role is None else spec.networks[role].network
    try:
        factory = import_target(target)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{GROUPS[group].singular} {name!r} of {offer.distribution}: its {role or 'factory'} "
            f"{target!r} fails to import ({type(error).__name__}: {error})"
        ) from error
    return factory(*arguments)


def provenance(group: str, name: str) -> dict[str, str]:
    """Return the distribution and version that offer a name, to be kept beside what it built."""
    offer = find(group, name)
    own = offer.distribution == DISTRIBUTION
    return {
        "distribution": offer.distribution,
        "version": __version__ if own else offer.version,
    }


def _owner(distribution: importlib.metadata.Distribution | None) -> tuple[str, str]:
    """Return a distribution's name and version; its metadata is read at every access."""
    facts: Any = distribution.metadata if distribution else {}
    name, version = (facts.get(key, "unknown") for key in ("Name", "Version"))
    return _canonical(name), version


def _canonical(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution.strip()).lower()
