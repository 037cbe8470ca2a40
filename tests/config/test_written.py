"""What stands after the ``=`` of an override: text where its field holds text, else YAML."""

import json
import shlex
from typing import Annotated, Literal

import pytest
from pydantic import Field

from ganzoo.config import DataConfig, LatentConfig
from ganzoo.config.written import Written, parse_override, settled
from ganzoo.data.advice import Advice
from ganzoo.errors import ConfigError
from ganzoo.resolve import user_values
from ganzoo.resolve.data_section import data_config
from ganzoo.resolve.merge import merge, nest

# Texts that YAML would take for something else: comments, mappings, numbers, truth, nothing, tags,
# references, lists, texts in quotes, and what it cannot read at all.
ODD = (
    "./pics #2",
    "./a: b",
    "./blank ",
    " ./blank",
    "./a, b",
    "./'quoted'",
    './"quoted"',
    "./[1]",
    "./- a",
    "./a:",
    "./x\ty",
    "./\N{RIGHT-TO-LEFT OVERRIDE}x",
)
COLUMNS = (
    "#id",
    "1",
    "1.5",
    "1e3",
    "0x10",
    "true",
    "False",
    "~",
    "Null",
    "'quoted'",
    '"half',
    "[a",
    "{a}",
    "- a",
    "*a",
    "&a",
    "!a",
    "@a",
    "a: b",
    "a #b",
    "2001-01-01",
    ".inf",
    " a ",
    "",
)


def overrides(*texts):
    return dict(map(parse_override, texts))


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("key", ["data", "data.source"])
def test_a_source_is_what_stands_there(key, name, tmp_path, monkeypatch):
    """The folders that YAML would make of it are there, too, and are not taken."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir(parents=True)
    for other in ("pics", "a", "blank", "x", "quoted"):
        (tmp_path / other).mkdir(exist_ok=True)
    values = user_values(None, overrides(f"{key}={name}"))
    assert data_config(values["data"]).source == str(tmp_path / name)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_text_field_of_a_plugin_takes_the_text(column):
    values = user_values(None, overrides("data=./list.csv", f"data.label_column={column}"))
    config = data_config(values["data"])
    assert (config.label_column, type(config.label_column)) == (column, str)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("data.file_column=null", "file_column", None),
        ("data.channels=null", "channels", None),
        ("data.channels=3", "channels", 3),
        ("data.background=#ff8800", "background", "#ff8800"),
        ("data.background=white", "background", "#ffffff"),
        ("data.fit=pad", "fit", "pad"),
        ("data.max_bad=1e-2", "max_bad", 0.01),
        ("data.flip=true", "flip", True),
        ("data.image_size=32 # px", "image_size", 32),
    ],
)
def test_the_type_of_the_field_decides(text, field, value):
    config = data_config(user_values(None, overrides("data=./list.csv", text))["data"])
    assert getattr(config, field) == value
    assert type(getattr(config, field)) is type(value)


@pytest.mark.parametrize(
    ("text", "nested"),
    [
        ("steps=7", {"training": {"steps": 7}}),
        ("training.device=cpu", {"training": {"device": "cpu"}}),
        ("ema=null", {"ema": None}),
        ("penalties.r1=null", {"penalties": {"r1": None}}),
        ("penalties.r1={weight: 2}", {"penalties": {"r1": {"weight": 2}}}),
        ("penalties.r1.weight=2", {"penalties": {"r1": {"weight": 2}}}),
        ("optimizers.generator=sgd", {"optimizers": {"generator": "sgd"}}),
        ("optimizers.generator.betas=[0, 0.9]", {"optimizers": {"generator": {"betas": [0, 0.9]}}}),
        ("evaluation.metrics=[fid, kid]", {"evaluation": {"metrics": ["fid", "kid"]}}),
        ("evaluation.extractor=null", {"evaluation": {"extractor": None}}),
        ("evaluation.extractor=1", {"evaluation": {"extractor": "1"}}),
        ("finetune.reference=./a #1", {"finetune": {"reference": "./a #1"}}),
        ("architecture=dcgan", {"architecture": {"name": "dcgan"}}),
        ("architecture=1", {"architecture": {"name": "1"}}),
        ("architecture={name: dcgan}", {"architecture": {"name": "dcgan"}}),
        ("loss=null", {"loss": {"name": "null"}}),
        ("architecture.num_classes=null", {"architecture": {"num_classes": None}}),
        ("architecture.sample_shape=[1, 8, 8]", {"architecture": {"sample_shape": [1, 8, 8]}}),
    ],
)
def test_what_is_known_before_the_plugins(text, nested):
    found = nest(overrides(text))
    assert json.dumps(found) == json.dumps(nested)
    assert not any(isinstance(x, Written) for v in found.values() for x in (v or {}).values())


@pytest.mark.parametrize("text", ["steps=[1", "data.max_bad=*a", "penalties.r1={a", "ema=@"])
def test_what_cannot_be_read_is_refused_where_it_is_no_text(text):
    with pytest.raises(ConfigError, match=r"cannot be read|is not allowed"):
        data_config(user_values(None, overrides("data.source=./list.csv", text))["data"])


class Odd(LatentConfig):
    kind: Annotated[Literal["1", "none"], Field(description="Text.")] = "none"
    maybe: Annotated[str, Field(min_length=1)] | None = None
    either: int | str = 0
    parts: dict[str, str | None] = Field(default_factory=dict)
    inner: DataConfig | None = None


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("kind", "1", "1"),
        ("kind", "null", "null"),
        ("maybe", "1", "1"),
        ("maybe", "null", None),
        ("either", "1", 1),
        ("either", "a #b", "a"),
        ("parts", "{a: b}", {"a": "b"}),
        ("parts.a", "1", "1"),
        ("parts.a", "null", None),
        ("inner.source", "./a #b", "./a #b"),
        ("inner.holdout", "3", 3),
        ("inner", "null", None),
        ("unknown", "1", "1"),
    ],
)
def test_types_of_all_kinds(key, text, value):
    given = Written(text, key)
    for part in reversed(key.split(".")):
        given = {part: given}
    found = settled(given, Odd)
    for part in key.split("."):
        found = found[part]
    assert (found, key != "unknown" and type(found) is not type(value)) == (value, False)


def test_a_mapping_is_laid_over_that_of_the_recipe():
    recipe = {"architecture": {"name": "a", "inner": {"one": 5, "two": 6}}}
    merged = merge(recipe, nest(overrides("architecture.inner={two: 7}")))
    assert merged == {"architecture": {"name": "a", "inner": {"one": 5, "two": 7}}}


@pytest.mark.parametrize("name", [*ODD, "./it's", "./a$b`c", "./a\nb"])
def test_a_proposed_line_can_be_pasted(name):
    advice = Advice((), {"data.holdout": 3, "penalties.r1.weight": 0.5}, {})
    given = overrides("data.file_column=#id", "training.steps=9")
    for partial, first in ((None, 2), (True, 3)):
        words = shlex.split(advice.command("dcgan", name, given, partial=partial))
        texts = [word for word in words[first:] if "=" in word]
        read = overrides(*texts)
        assert name in (read.get("data"), words[words.index("--data") + 1] if partial else None)
        assert (read["data.file_column"], read["training.steps"]) == ("#id", "9")
        assert read["data.holdout"].value == 3
