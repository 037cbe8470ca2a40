"""Config files: three languages, one meaning; strict values; a frozen result."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ganzoo import errors
from ganzoo.config import documents
from ganzoo.config.written import parse_override
from ganzoo.errors import ConfigError
from ganzoo.resolve import dotted, resolve

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
    assert documents.read(tmp_path / "run.yaml") == {}


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "run.json").write_text(JSON, encoding="utf-8-sig")
    assert documents.read(tmp_path / "run.json") == json.loads(JSON)


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
        ("./images", "./images"),
        ("'5'", "5"),
    ],
)
def test_yaml_is_that_of_version_1_2(text, value):
    parsed = documents.parse_yaml(text)
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
    assert documents.parse_yaml(documents.dump_yaml(content)) == content


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


def tree(levels, width=10, start="x"):
    """A few lines of YAML that stand for width to the power of levels values."""
    lines = [f"a0: &a0 {start}"]
    for n in range(1, levels):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]")
    return "\n".join(lines)


MANY = {f"a{n}": n for n in range(6_000)}
MERGED = "a0: &a0 {k0: 1, l0: 1}\n" + "\n".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9)
)
TOO_MUCH = {
    "a tree of references": ("run.yaml", tree(9), "over 10,000 values"),
    "a tree of mappings": ("run.yaml", MERGED, "over 10,000 values"),
    "wide references": ("run.yaml", tree(3, width=120), "over 10,000 values"),
    "a reference to itself": ("run.yaml", "data: &a [*a]", "over 32 levels"),
    "an anchor twice": ("run.yaml", "data: [&a 1, &a 2]", "the anchor &a is given twice"),
    "a reference to nothing": ("run.yaml", "data: *a", "found undefined alias"),
    "unknown sections": ("run.json", json.dumps(MANY), "over 10,000 values"),
    "unknown fields": ("run.json", json.dumps({"data": MANY}), "over 10,000 values"),
    "unknown fields in TOML": (
        "run.toml",
        "[data]\n" + "\n".join(f"a{n} = 1" for n in range(6_000)),
        "over 10,000 values",
    ),
    "unknown fields in YAML": (
        "run.yaml",
        "data:\n" + "\n".join(f"  a{n}: 1" for n in range(6_000)),
        "over 10,000 values",
    ),
    "deep YAML": ("run.yaml", "data: " + "[" * 5_000, "over 32 levels"),
    "deep JSON": ("run.json", '{"data": ' + "[" * 40 + "]" * 40 + "}", "over 32 levels"),
    "deeper JSON": ("run.json", '{"data": ' + "[" * 49_000 + "]" * 49_000 + "}", "malformed"),
    "deep TOML": ("run.toml", "data = " + "[" * 40 + "]" * 40, "over 32 levels"),
    "an octal number": ("run.yaml", f"training: {{steps: 0o{'7' * 6000}}}", "over 300 digits"),
    "a hexadecimal number": ("run.toml", f"[training]\nsteps = 0x{'f' * 6000}", "over 300 digits"),
    "a decimal number": ("run.json", f'{{"training": {{"steps": {"9" * 4000}}}}}', "over 300 dig"),
    "more digits than Python reads": ("run.json", f'{{"a": {"9" * 6000}}}', "malformed"),
    "no number": ("run.json", '{"ema": {"half_life": NaN}}', "NaN is not a finite number"),
    "an infinite number": ("run.json", '{"ema": {"half_life": 1e999}}', "is not a finite number"),
    "a key that is a number": ("run.yaml", "data: {1: 2}", "a key that is not text"),
    "a section that is a number": ("run.yaml", "1: 2", "a key that is not text"),
    "half a character": ("run.json", '{"data": "\\ud800"}', "an incomplete Unicode char"),
    "a field twice in JSON": (
        "run.json",
        '{"training": {"steps": 3, "seed": 1, "steps": 4}}',
        "'steps' is given twice",
    ),
    "a section twice in JSON": ("run.json", '{"data": "a", "data": "b"}', "'data' is given twice"),
    "a field twice in YAML": (
        "run.yaml",
        "training: {steps: 3, steps: 4}",
        'duplicate key "steps"',
    ),
    "a field twice in TOML": ("run.toml", "[training]\nsteps = 3\nsteps = 4", "overwrite"),
    "a file that is too large": ("run.json", " " * 100_001, "over 100,000 bytes"),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_a_file_is_bounded_before_it_is_checked(case, tmp_path, monkeypatch):
    name, text, problem = TOO_MUCH[case]
    monkeypatch.setattr(
        "ganzoo.resolve.resolution.expand", None
    )  # whatever walks through the values
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=problem) as error:
        resolve(tmp_path / name)
    assert len(str(error.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize(
    "text", ["steps=0o" + "7" * 6000, "ema.half_life=1" + "0" * 400, "penalties.r1=" + "[" * 99]
)
def test_so_is_an_override(text):
    with pytest.raises(ConfigError, match=r"cannot be read: .*(digits|levels)"):
        resolve({"architecture": "vanilla"}, dict([parse_override(text)]))


def test_references_that_stand_for_little_are_read(tmp_path):
    (tmp_path / "run.yaml").write_text(
        "optimizers:\n  generator: &a {lr: 1e-3}\n  discriminator: {<<: *a, weight_decay: 0.1}\n"
        "architecture: vanilla\n"
    )
    found = resolve(tmp_path / "run.yaml").config.optimizers
    assert (found["discriminator"].lr, found["discriminator"].weight_decay) == (1e-3, 0.1)


def test_close_matches_are_sought_for_a_few_names_of_usual_length(monkeypatch):
    asked = []
    find, likeness = errors.difflib.get_close_matches, dotted._likeness
    monkeypatch.setattr(
        errors.difflib, "get_close_matches", lambda *a, **k: asked.append(a[0]) or find(*a, **k)
    )
    monkeypatch.setattr(dotted, "_likeness", lambda *a: asked.append(a[0]) or likeness(*a))
    unknown = {f"stesp{n}" + "x" * 500 * (n % 2): 1 for n in range(3_000)}
    with pytest.raises(ConfigError, match="and 2,990 more faults") as error:
        resolve({"architecture": "vanilla", "training": unknown})
    assert len(set(asked)) <= 20
    assert max(map(len, asked)) <= 100
    assert len(str(error.value)) < 10_000
