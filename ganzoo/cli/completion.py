"""What a shell completes names from; no torch is imported, and nobody would see an error."""

from ganzoo.errors import GanzooError


def complete_plugins() -> list[str]:
    """Return the names of all plugins."""
    from ganzoo import registry

    try:
        return [name for group in registry.GROUPS for name in registry.names(group)]
    except GanzooError:
        return []


def complete_datasets() -> list[str]:
    """Return the datasets that have a name; a shell completes paths by itself."""
    from ganzoo import registry
    from ganzoo.resolve.paths import UNNAMED

    try:
        return [name for name in registry.names("datasets") if name not in UNNAMED]
    except GanzooError:
        return []


def references() -> list[str]:
    """Return the weights that come with architectures."""
    from ganzoo.listing import list_pretrained

    try:
        return list_pretrained()
    except GanzooError:
        return []


def described() -> list[str]:
    """Return what ``ganzoo info`` describes by name."""
    return [*complete_plugins(), *references()]
