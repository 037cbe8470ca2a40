"""A plugin-based zoo of generative adversarial networks for PyTorch.

The names below are imported on first use: ``import ganzoo`` alone imports neither torch nor
pydantic nor any plugin.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ganzoo.about import __version__ as __version__

if TYPE_CHECKING:
    from ganzoo.checking import DataReport as DataReport
    from ganzoo.checking import check_data as check_data
    from ganzoo.data.sources.python import register_dataset as register_dataset
    from ganzoo.drawing import save_grid as save_grid
    from ganzoo.drawing import show as show
    from ganzoo.drawing import to_grid as to_grid
    from ganzoo.drawing import to_pil as to_pil
    from ganzoo.errors import GanzooError as GanzooError
    from ganzoo.evaluation.evaluate import evaluate as evaluate
    from ganzoo.hub.loading import PretrainedInfo as PretrainedInfo
    from ganzoo.hub.loading import load as load
    from ganzoo.hub.loading import load_discriminator as load_discriminator
    from ganzoo.hub.loading import load_generator as load_generator
    from ganzoo.hub.loading import load_pair as load_pair
    from ganzoo.hub.loading import pretrained_info as pretrained_info
    from ganzoo.hub.published import Published as Published
    from ganzoo.hub.publishing import push as push
    from ganzoo.hub.pulling import pull as pull
    from ganzoo.hub.translating import translate as translate
    from ganzoo.importing.bringing import ImportReport as ImportReport
    from ganzoo.importing.bringing import import_checkpoint as import_checkpoint
    from ganzoo.listing import info as info
    from ganzoo.listing import list_architectures as list_architectures
    from ganzoo.listing import list_augmentations as list_augmentations
    from ganzoo.listing import list_datasets as list_datasets
    from ganzoo.listing import list_extractors as list_extractors
    from ganzoo.listing import list_imports as list_imports
    from ganzoo.listing import list_losses as list_losses
    from ganzoo.listing import list_objectives as list_objectives
    from ganzoo.listing import list_penalties as list_penalties
    from ganzoo.listing import list_pretrained as list_pretrained
    from ganzoo.networks.base import Discriminator as Discriminator
    from ganzoo.networks.base import Network as Network
    from ganzoo.networks.creating import create_discriminator as create_discriminator
    from ganzoo.networks.creating import create_generator as create_generator
    from ganzoo.networks.generator import Generator as Generator
    from ganzoo.networks.translator import Translator as Translator
    from ganzoo.registry import register as register
    from ganzoo.training.finetuning import finetune as finetune
    from ganzoo.training.observers.observer import Observer as Observer
    from ganzoo.training.run import Run as Run
    from ganzoo.training.session import export as export
    from ganzoo.training.session import resume as resume
    from ganzoo.training.session import train as train
    from ganzoo.training.trainer import Trainer as Trainer
    from ganzoo.tuning.results import Sweep as Sweep
    from ganzoo.tuning.sweep import sweep as sweep
else:
    # Out of the sight of type checkers, which would take a misspelt name for one of ours.
    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'ganzoo' has no attribute {name!r}")
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


_NAMES = {
    "checking": "DataReport check_data",
    "data.sources.python": "register_dataset",
    "errors": "GanzooError",
    "evaluation.evaluate": "evaluate",
    "hub.loading": "PretrainedInfo load load_discriminator load_generator load_pair "
    "pretrained_info",
    "hub.published": "Published",
    "hub.publishing": "push",
    "hub.pulling": "pull",
    "hub.translating": "translate",
    "importing.bringing": "ImportReport import_checkpoint",
    "listing": "info list_architectures list_augmentations list_datasets list_extractors "
    "list_imports list_losses list_objectives list_penalties list_pretrained",
    "networks.base": "Discriminator Network",
    "networks.creating": "create_discriminator create_generator",
    "networks.generator": "Generator",
    "networks.translator": "Translator",
    "drawing": "save_grid show to_grid to_pil",
    "registry": "register",
    "training.finetuning": "finetune",
    "training.observers.observer": "Observer",
    "training.run": "Run",
    "training.session": "export resume train",
    "training.trainer": "Trainer",
    "tuning.results": "Sweep",
    "tuning.sweep": "sweep",
}
_HOMES = {name: f"ganzoo.{home}" for home, names in _NAMES.items() for name in names.split()}

__all__ = ["__version__", *_HOMES]


def __dir__() -> list[str]:
    return sorted(__all__)
