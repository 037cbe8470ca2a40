"""Opening the sources of which data of several fields is made."""

from ganzoo.config import DataConfig
from ganzoo.data.base import Dataset
from ganzoo.data.config import ImagesConfig, PartsConfig
from ganzoo.errors import ConfigError, DataError, PluginError
from ganzoo.resolve.data_section import data_config, open_dataset

OF_IMAGES = ImagesConfig.model_fields.keys() - DataConfig.model_fields.keys()
NO_LABELS = dict.fromkeys(("labels", "label_column", "label"), "")


def opened(field: str, config: PartsConfig) -> Dataset:
    """Open the images that a field of a config names, with what it says of all images.

    Raises:
        ConfigError: There is no such source; the message names the field.
        DataError: They cannot be read, or are no images; likewise.
    """
    place = getattr(config, field)
    try:
        reads = data_config({"source": place})
        chosen = {name: getattr(config, name) for name in OF_IMAGES} | NO_LABELS
        known = {name: chosen[name] for name in chosen.keys() & type(reads).model_fields.keys()}
        dataset = open_dataset(reads.model_copy(update=known))
    except (ConfigError, DataError, PluginError) as error:
        raise type(error)(str(error).replace("data.source", f"data.{field}")) from error
    if dataset.kind != "images" or "sample" not in dataset.fields:
        holds = dataset.kind if "sample" in dataset.fields else " and ".join(dataset.fields)
        raise DataError(f"data.{field}: {place} holds {holds}; give images")
    dataset.notes = tuple(note.replace("data=", f"data.{field}=") for note in dataset.notes)
    channels, height, width = dataset.shape
    dataset.shape = (config.channels or channels, height, width)
    return dataset
