"""What there is: names and descriptions, without torch."""

from collections.abc import Callable
from fnmatch import fnmatchcase

from ganzoo import registry
from ganzoo.errors import PluginError, closest
from ganzoo.spec import Architecture, Import, Spec


def _lister(group: str) -> Callable[..., list[str]]:
    def names(pattern: str = "*") -> list[str]:
        return [name for name in registry.names(group) if fnmatchcase(name, pattern)]

    names.__name__ = names.__qualname__ = f"list_{group}"
    names.__doc__ = f"Return the names of {group} that match a shell pattern; imports no plugin."
    return names


list_architectures = _lister("architectures")
list_augmentations = _lister("augmentations")
list_datasets = _lister("datasets")
list_extractors = _lister("extractors")
list_losses = _lister("losses")
list_objectives = _lister("objectives")
list_penalties = _lister("penalties")


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


def import_formats() -> dict[str, tuple[Architecture, Import]]:
    """Return the layouts of other tools' checkpoints that can be imported, by name.

    Imports the description of every architecture; those that are broken have none.

    Raises:
        PluginError: Two layouts have one name.
    """
    found: dict[str, tuple[Architecture, Import]] = {}
    for name in registry.names("architectures"):
        try:
            spec = registry.get(Architecture, name)
        except PluginError:
            continue
        for form in spec.imports:
            if form.name in found:
                owners = " and ".join(dict.fromkeys([found[form.name][0].name, name]))
                raise PluginError(
                    f"two imports of {owners} are called {form.name!r}; rename one of them"
                )
            found[form.name] = (spec, form)
    return dict(sorted(found.items()))


def list_imports(pattern: str = "*") -> list[str]:
    """Return the names of the layouts of checkpoints that `ganzoo.import_checkpoint` reads."""
    return [name for name in import_formats() if fnmatchcase(name, pattern)]


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
