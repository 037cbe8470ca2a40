"""What there is: names and descriptions, without torch."""

from fnmatch import fnmatchcase

from ganzoo import registry
from ganzoo.errors import PluginError, closest
from ganzoo.spec import Architecture, Spec


def list_architectures(pattern: str = "*") -> list[str]:
    """Return the names of architectures that match a shell pattern; imports no plugin."""
    return _matching("architectures", pattern)


def list_losses(pattern: str = "*") -> list[str]:
    """Return the names of losses that match a shell pattern; imports no plugin."""
    return _matching("losses", pattern)


def list_penalties(pattern: str = "*") -> list[str]:
    """Return the names of penalties that match a shell pattern; imports no plugin."""
    return _matching("penalties", pattern)


def list_augmentations(pattern: str = "*") -> list[str]:
    """Return the names of augmentations that match a shell pattern; imports no plugin."""
    return _matching("augmentations", pattern)


def list_datasets(pattern: str = "*") -> list[str]:
    """Return the names of datasets that match a shell pattern; imports no plugin."""
    return _matching("datasets", pattern)


def list_extractors(pattern: str = "*") -> list[str]:
    """Return the names of extractors that match a shell pattern; imports no plugin."""
    return _matching("extractors", pattern)


def list_pretrained(pattern: str = "*") -> list[str]:
    """Return the weights that come with architectures, as ``architecture.tag``.

    Imports the description of every architecture; those that are broken have none.
    """
    tags = []
    for name in registry.names("architectures"):
        try:
            spec = registry.get(Architecture, name)
        except PluginError:
            continue
        tags += [f"{name}.{tag}" for tag in spec.pretrained]
    return [tag for tag in sorted(tags) if fnmatchcase(tag, pattern)]


def info(name: str) -> Architecture:
    """Return an architecture's description; imports no torch.

    Raises:
        PluginError: It is unknown or broken.
    """
    return registry.get(Architecture, name)


def find_anywhere(name: str) -> tuple[str, Spec]:
    """Find a name, or ``distribution:name``: the first group that has it, and the spec."""
    for group in registry.GROUPS:
        if registry.choices(group, name):
            return group, registry.find(group, name).spec()
    known = {known for group in registry.GROUPS for known in registry.names(group)}
    raise PluginError(f"there is no plugin {name!r}{closest(name, known)}")


def _matching(group: str, pattern: str) -> list[str]:
    return [name for name in registry.names(group) if fnmatchcase(name, pattern)]
