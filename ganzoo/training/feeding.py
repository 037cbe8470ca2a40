"""What feeds a run: the stores of its data, and the loader of its batches."""

from ganzoo import distribution, registry
from ganzoo.config import RunConfig
from ganzoo.data.base import Dataset
from ganzoo.data.cache import open_stores
from ganzoo.data.fields import reshaped
from ganzoo.data.loader import Loader
from ganzoo.hardware import Hardware
from ganzoo.spec import Architecture, ObjectiveSpec


def loader_of(config: RunConfig, dataset: Dataset, hardware: Hardware) -> tuple[Loader, list[str]]:
    """Open the fields that the objective reads, in the shapes of the networks.

    Returns:
        The loader, and what a user should know, as sentences.
    """
    spec = registry.get(Architecture, config.architecture.name)
    shapes = {
        name: spec.shape_of(name, config.architecture)
        for name in registry.get(ObjectiveSpec, config.objective.name).fields
        if name in dataset.fields and name != "label"
    }
    fields = reshaped(dataset.fields, shapes)
    with distribution.first_goes_ahead(hardware.processes):
        stores, notes = open_stores(dataset, fields, name=config.data.source)
    loader = Loader(
        stores,
        fields,
        seed=config.training.seed,
        device=hardware.device,
        dtype=hardware.dtype,
        flip=config.data.flip,
        dequantize=config.data.dequantize,
        channels_last=config.training.channels_last,
        holdout=config.data.holdout,
    )
    return loader, notes
