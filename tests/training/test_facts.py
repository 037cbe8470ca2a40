"""What a run publishes of its config."""

from typing import Any

import pytest

from ganzoo.config import DataConfig
from ganzoo.config.documents import parse_yaml
from ganzoo.data.config import FolderConfig, StandardConfig
from ganzoo.resolve import resolve
from ganzoo.training.facts import recipe_of


class Listed(DataConfig):
    """Of a plugin that reads several folders, each with what goes with it."""

    roots: list[str]
    masks: dict[str, Any]


CASES = {
    "the source": (FolderConfig(source="/home/ada/cats"), {"source": "./cats"}),
    "a field": (StandardConfig(source="mnist", root="/home/ada/sets"), {"root": "./sets"}),
    "fields of a plugin": (
        Listed(source="own", roots=["/home/ada/a", "b"], masks={"c": {"d": "/home/ada/e.png"}}),
        {"roots": ["./a", "b"], "masks": {"c": {"d": "./e.png"}}},
    ),
    "paths that are not absolute": (
        Listed(source="own", roots=["../home/ada/a", "~/home/ada/b", "./c"], masks={}),
        {"roots": ["./a", "./b", "./c"]},
    ),
    "a name": (DataConfig(source="hf://ada/cats"), {"source": "hf://ada/cats"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_recipe_tells_no_place_of_this_machine(name):
    data, expected = CASES[name]
    config = resolve({"architecture": "vanilla"}).config.model_copy(update={"data": data})
    text = recipe_of(config, "fp32")
    assert "/home/ada" not in text
    assert parse_yaml(text)["data"].items() >= expected.items()
