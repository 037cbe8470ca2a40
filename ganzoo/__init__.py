"""A plugin-based zoo of generative adversarial networks for PyTorch.

The names below are imported on first use: ``import ganzoo`` alone imports neither torch nor
pydantic nor any plugin.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ganzoo.about import __version__ as __version__

if TYPE_CHECKING:
    from ganzoo.data.sources.python import register_dataset as register_dataset
    from ganzoo.errors import GanzooError as GanzooError
    from ganzoo.evaluation.evaluate import evaluate as evaluate
    from ganzoo.hub.loading import PretrainedInfo as PretrainedInfo
    from ganzoo.hub.loading import load_discriminator as load_discriminator
    from ganzoo.hub.loading import load_generator as load_generator
    from ganzoo.hub.loading import load_pair as load_pair
    from ganzoo.hub.loading import pretrained_info as pretrained_info
    from ganzoo.hub.published import Published as Published
    from ganzoo.hub.publishing import push as push
    from ganzoo.hub.pulling import pull as pull
    from ganzoo.listing import info as info
    from ganzoo.listing import list_architectures as list_architectures
    from ganzoo.listing import list_augmentations as list_augmentations
    from ganzoo.listing import list_datasets as list_datasets
    from ganzoo.listing import list_extractors as list_extractors
    from ganzoo.listing import list_losses as list_losses
    from ganzoo.listing import list_penalties as list_penalties
    from ganzoo.listing import list_pretrained as list_pretrained
    from ganzoo.networks import Discriminator as Discriminator
    from ganzoo.networks import Generator as Generator
    from ganzoo.networks import create_discriminator as create_discriminator
    from ganzoo.networks import create_generator as create_generator
    from ganzoo.pictures import save_grid as save_grid
    from ganzoo.pictures import to_pil as to_pil
    from ganzoo.registry import register as register
    from ganzoo.training.finetuning import finetune as finetune
    from ganzoo.training.observers.base import Observer as Observer
    from ganzoo.training.run import Run as Run
    from ganzoo.training.session import export as export
    from ganzoo.training.session import resume as resume
    from ganzoo.training.session import train as train
    from ganzoo.training.trainer import Trainer as Trainer
    from ganzoo.tuning.results import Sweep as Sweep
    from ganzoo.tuning.sweep import sweep as sweep

_HOMES = {
    "GanzooError": "ganzoo.errors",
    "evaluate": "ganzoo.evaluation.evaluate",
    "PretrainedInfo": "ganzoo.hub.loading",
    "load_discriminator": "ganzoo.hub.loading",
    "load_generator": "ganzoo.hub.loading",
    "load_pair": "ganzoo.hub.loading",
    "pretrained_info": "ganzoo.hub.loading",
    "Published": "ganzoo.hub.published",
    "push": "ganzoo.hub.publishing",
    "pull": "ganzoo.hub.pulling",
    "info": "ganzoo.listing",
    "list_architectures": "ganzoo.listing",
    "list_augmentations": "ganzoo.listing",
    "list_datasets": "ganzoo.listing",
    "list_extractors": "ganzoo.listing",
    "list_losses": "ganzoo.listing",
    "list_penalties": "ganzoo.listing",
    "list_pretrained": "ganzoo.listing",
    "Discriminator": "ganzoo.networks",
    "Generator": "ganzoo.networks",
    "create_discriminator": "ganzoo.networks",
    "create_generator": "ganzoo.networks",
    "save_grid": "ganzoo.pictures",
    "to_pil": "ganzoo.pictures",
    "register": "ganzoo.registry",
    "finetune": "ganzoo.training.finetuning",
    "register_dataset": "ganzoo.data.sources.python",
    "Observer": "ganzoo.training.observers.base",
    "Run": "ganzoo.training.run",
    "export": "ganzoo.training.session",
    "resume": "ganzoo.training.session",
    "train": "ganzoo.training.session",
    "Trainer": "ganzoo.training.trainer",
    "Sweep": "ganzoo.tuning.results",
    "sweep": "ganzoo.tuning.sweep",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
