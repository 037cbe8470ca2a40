"""From files and overrides to a config that is checked against the plugins that it names."""

from ganzoo.resolve.resolution import Resolution, data_config, resolve, user_values
from ganzoo.resolve.schema import json_schema
from ganzoo.resolve.validation import open_dataset

__all__ = [
    "Resolution",
    "data_config",
    "json_schema",
    "open_dataset",
    "resolve",
    "user_values",
]
