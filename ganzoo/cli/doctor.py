"""``doctor``: what this machine and installation are like."""

import typer

from ganzoo.about import DISTRIBUTION, __version__
from ganzoo.cli.common import echo


def doctor() -> None:
    """Report on this machine and installation.

    Exits with 1 if something needs attention.
    """
    import platform

    import torch

    from ganzoo import registry
    from ganzoo.config import TrainingConfig
    from ganzoo.data.cache import CACHE_VARIABLE, cache_folder
    from ganzoo.errors import PluginError
    from ganzoo.hardware import choose

    trouble = []
    hardware = choose(TrainingConfig())
    _line("ganzoo", f"{DISTRIBUTION} {__version__}, Python {platform.python_version()}")
    _line("torch", f"{torch.__version__}, {torch.get_num_threads()} threads")
    name = torch.cuda.get_device_name() if hardware.device.type == "cuda" else platform.machine()
    _line("device", f"{hardware.device} ({name})")
    _line("precision", f"auto is {hardware.precision}, as {hardware.reason}")

    offers = [o for g in registry.GROUPS for many in registry.offers(g).values() for o in many]
    broken = [o.outcome for o in offers if isinstance(o.outcome, PluginError)]
    _line("plugins", f"{len(offers) - len(broken)} work, {len(broken)} do not")
    trouble += [str(error) for error in broken]
    for group in registry.GROUPS:
        for bare, many in registry.offers(group).items():
            if len(many) > 1:
                spellings = " or ".join(f"{o.distribution}:{bare}" for o in many)
                trouble.append(f"the name {bare!r} is offered more than once; write {spellings}")

    place = cache_folder()
    files = [path for path in place.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    _line("cache", f"{place} ({size:.1f} MB; {CACHE_VARIABLE} sets the place)")
    if (stranger := _stranger()) is not None:
        trouble.append(stranger)
    for text in trouble:
        _line("trouble", text)
    if trouble:
        raise typer.Exit(1)


def _stranger() -> str | None:
    """Say so where the unrelated distribution of our import name is installed."""
    import importlib.metadata

    try:
        version = importlib.metadata.version("ganzoo")
    except importlib.metadata.PackageNotFoundError:
        return None
    return (
        f"the distribution 'ganzoo' {version} is installed; it is another project and "
        f"overwrites this one's files; uninstall it, then reinstall {DISTRIBUTION} from its "
        "repository"
    )


def _line(title: str, text: str) -> None:
    echo(f"{title:<10} {text}")
