"""Config files: three languages, one meaning; strict values; a frozen result."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ganzoo.config import files
from ganzoo.errors import ConfigError
from ganzoo.resolve import resolve

YAML = """
architecture: {name: dcgan, width: 8, discriminator_norm: none}
penalties:
  gradient-penalty: {weight: 5, every: 2}
optimizers:
  generator: {lr: 2e-4, betas: [0.0, {schedule: linear, from: 0.9, to: 0.99, over: 1e3}]}
training: {steps: 7}
"""
TOML = """
[architecture]
name = "dcgan"
width = 8
discriminator_norm = "none"
[penalties.gradient-penalty]
weight = 5
every = 2
[optimizers.generator]
lr = 2e-4
betas = [0.0, {schedule = "linear", from = 0.9, to = 0.99, over = 1e3}]
[training]
steps = 7
"""
JSON = json.dumps(
    {
        "architecture": {"name": "dcgan", "width": 8, "discriminator_norm": "none"},
        "penalties": {"gradient-penalty": {"weight": 5, "every": 2}},
        "optimizers": {
            "generator": {
                "lr": 2e-4,
                "betas": [0.0, {"schedule": "linear", "from": 0.9, "to": 0.99, "over": 1e3}],
            }
        },
        "training": {"steps": 7},
    }
)


def test_three_languages_give_one_config(tmp_path):
    texts = {"run.yaml": YAML, "run.yml": YAML, "run.json": JSON, "run.toml": TOML}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    configs = [resolve(tmp_path / name).config for name in texts]
    assert all(config == configs[0] for config in configs)
    assert configs[0].optimizers["generator"].lr == 2e-4
    assert configs[0].training.steps == 7


def test_an_empty_file_says_nothing(tmp_path):
    (tmp_path / "run.yaml").write_text("# nothing yet\n")
    assert files.read(tmp_path / "run.yaml") == {}


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "run.json").write_text(JSON, encoding="utf-8-sig")
    assert files.read(tmp_path / "run.json") == json.loads(JSON)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1E6", 1e6),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("010", 10),
        ("0o10", 8),
        ("12:30", "12:30"),
        ("[1, 28, 28]", [1, 28, 28]),
        ("{a: 1}", {"a": 1}),
        ("./pictures", "./pictures"),
        ("'5'", "5"),
    ],
)
def test_yaml_is_that_of_version_1_2(text, value):
    parsed = files.parse_yaml(text)
    assert parsed == value
    assert type(parsed) is type(value)


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), values, max_size=3))
def test_what_is_written_reads_the_same(content):
    assert files.parse_yaml(files.dump_yaml(content)) == content


STRICT = {
    "text for a whole number": ({"training": {"steps": "7"}}, "training.steps"),
    "truth for a whole number": ({"training": {"steps": True}}, "training.steps"),
    "a fraction for a whole number": ({"training": {"steps": 7.0}}, "training.steps"),
    "a number for truth": ({"data": {"flip": 1}}, "data.flip"),
    "text for truth": ({"data": {"flip": "yes"}}, "data.flip"),
    "truth for a number": ({"ema": {"half_life": True}}, "ema.half_life"),
    "text for a number": ({"ema": {"half_life": "9"}}, "ema.half_life"),
    "a number for text": ({"training": {"precision": 32}}, "training.precision"),
    "infinity": ({"ema": {"half_life": float("inf")}}, "ema.half_life"),
    "text for a list": ({"optimizers": {"generator": {"betas": "0.5"}}}, "generator.betas"),
}


@pytest.mark.parametrize("case", STRICT)
def test_types_are_strict(case):
    config, field = STRICT[case]
    with pytest.raises(ConfigError, match=f"{field}: .* is not allowed"):
        resolve({"architecture": "vanilla", **config})


def test_a_whole_number_will_do_for_a_fraction():
    config = resolve({"architecture": "vanilla", "ema": {"half_life": 5}}).config
    assert config.ema.half_life == 5.0


@pytest.mark.parametrize("section", ["architecture", "loss", "data", "training", "ema", "logging"])
def test_a_config_is_frozen(section):
    config = resolve({"architecture": "vanilla"}).config
    part = getattr(config, section)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(config, section, part)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(part, next(iter(type(part).model_fields)), 1)


def test_checking_a_config_imports_no_torch():
    code = (
        "import sys; from ganzoo.resolve import json_schema, resolve; json_schema();"
        "[resolve({'architecture': name}) for name in ('dcgan', 'vanilla', 'wgan-gp')];"
        "assert not {'torch', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
