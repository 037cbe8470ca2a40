"""From files and overrides to a config that is checked against the plugins that it names."""

from ganzoo.resolve.data_section import data_config, open_dataset
from ganzoo.resolve.resolution import Resolution, resolve, user_values
from ganzoo.resolve.schema import json_schema

__all__ = [
    "Resolution",
    "data_config",
    "json_schema",
    "open_dataset",
    "resolve",
    "user_values",
]
