"""Every page can be followed word by word, and the generated ones leave nothing out."""

import re
import shutil
from subprocess import CalledProcessError

import pytest
import torch

import ganzoo
from ganzoo import registry
from ganzoo.cli import app
from ganzoo.config import LatentConfig, RunConfig
from ganzoo.config.documents import parse_yaml
from ganzoo.config.optimizers import OPTIMIZERS
from ganzoo.config.watching import METRICS
from ganzoo.errors import GanzooError
from ganzoo.importing.reader import bounds
from ganzoo.listing import import_formats, list_imports
from ganzoo.weights.description import (
    WEIGHTS_FORMAT,
    BaseModel,
    Calibration,
    DataFacts,
    ImportedFrom,
    Info,
    Origin,
)
from tests.importing import foreign
from tests.imports import ROOT
from tests.texts import HOOKS, PAGES, Reader, blocks, fewer_steps, page, prints, shows

OUTCOMES = {
    "docs/index.md": "mine.png",
    "docs/tutorial/your-first-gan.md": "runs/hinge/progress.gif",
    "docs/how-to/bring-weights-from-another-tool.md": "theirs.png",
    "docs/how-to/load-a-pretrained-generator.md": "digits/recipe.yaml",
    "docs/how-to/look-at-your-images-first.md": "padded.png",
    "docs/how-to/publish-your-weights.md": "mine/discriminator.safetensors",
    "docs/how-to/read-the-health-report.md": "runs/ring/health.png",
    "docs/how-to/resume-and-reproduce.md": "best.png",
    "docs/how-to/train-on-several-gpus.md": "runs/two/checkpoints/step-0000000004/state.json",
    "docs/reference/api/hub.md": "digits/samples.png",
    "docs/reference/config.md": "run.toml",
}
"""What a reader has in the end who followed a page: one file of its last steps."""


THERE = {"docs/how-to/load-a-pretrained-generator.md": "you/digits"}
"""The repository that a page takes for granted."""


@pytest.fixture
def reader(tmp_path, monkeypatch, session_hub):
    return Reader(tmp_path, monkeypatch, session_hub)


ELSEWHERE = {"docs/how-to/add-a-loss.md", "docs/how-to/write-your-architecture.md"}
"""Pages that install distributions: `tests/plugins/test_how_to.py` follows them."""


LONG = {
    "docs/explanation/gans-and-their-failures.md",
    "docs/how-to/find-hyper-parameters.md",
    "docs/how-to/fine-tune-on-your-own-images.md",
    "docs/how-to/load-a-pretrained-generator.md",
    "docs/how-to/read-the-health-report.md",
    "docs/how-to/resume-and-reproduce.md",
    "docs/how-to/score-a-generator.md",
    "docs/how-to/score-while-training.md",
    "docs/how-to/train-on-several-gpus.md",
    "docs/how-to/use-your-own-images.md",
    "docs/reference/api/training.md",
    "docs/reference/command-line.md",
    "docs/reference/fine-tuning.md",
    "docs/reference/mode-coverage.md",
    "docs/reference/quality.md",
    "docs/tutorial/from-a-folder-to-a-published-model.md",
    "docs/tutorial/translate-images.md",
    "docs/tutorial/your-first-gan.md",
}
"""Pages that take longest, and whose commands the tests of those commands run as well."""


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=pytest.mark.sweep if path in LONG else ())
        for path in sorted({*PAGES, "CONTRIBUTING.md"} - ELSEWHERE)
    ],
)
def test_a_page_can_be_followed(path, reader):
    if path in THERE:
        reader.publish(THERE[path])
    if path == "docs/reference/command-line.md":
        grant(reader)
    reader.follow(page(path))
    assert (reader.folder / OUTCOMES.get(path, ".")).exists()
    if "tutorial" in path:
        # By the command and from Python, of the same run.
        name = "orange" if "translate" in path else "sevens"
        assert one_file(reader, f"{name}.png") == one_file(reader, f"{name}-again.png")


def grant(reader):
    """Make what the examples of commands take for granted."""
    shutil.copytree("images", "photos")
    torch.save(foreign.dcgan_generator().state_dict(), "netG_epoch_24.pth")
    reader.type(
        "ganzoo train architecture=pix2pix architecture.generator=resnet data=pairs "
        "data.a=./images data.b=./photos --out runs/maps"
    )


@pytest.mark.sweep
def test_the_page_on_several_gpus_with_several_processes(reader):
    reader.torchrun = True
    reader.follow(page("docs/how-to/train-on-several-gpus.md"))


def one_file(reader, name):
    return (reader.folder / name).read_bytes()


def test_every_page_is_in_the_navigation_once():
    def names(entry):
        if isinstance(entry, str):
            return [entry]
        items = entry.values() if isinstance(entry, dict) else entry
        return [name for item in items for name in names(item)]

    nav = parse_yaml((ROOT / "mkdocs.yml").read_text())["nav"]
    assert sorted(f"docs/{name}" for name in names(nav)) == PAGES


def section(text, heading):
    """Return what stands under a heading, with its sub-sections."""
    level = heading.partition(" ")[0]
    _, found, after = f"\n{text}".partition(f"\n{heading}\n")
    assert found, heading
    return re.split(rf"^#{{1,{len(level)}}} ", after, maxsplit=1, flags=re.M)[0]


COMMANDS = [command.name for command in app.registered_commands] + [
    f"{group.name} {command.name}"
    for group in app.registered_groups
    for command in group.typer_instance.registered_commands
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told_of_with_all_that_its_help_tells(command, reader, capsys):
    told = section(page("docs/reference/command-line.md"), f"## `ganzoo {command}`")
    reader.ganzoo(*command.split(), "--help")
    shown = capsys.readouterr().out
    options = set(re.findall(r"(?<![\w-])--?[a-z]+", shown)) - {"--help"}
    assert options == {option for option in options if option in told}
    summary = shown.split("\n\n")[1]
    assert " ".join(summary.split()) in told


def config_page():
    return page("docs/reference/config.md")


@pytest.mark.parametrize("name", RunConfig.model_fields)
def test_every_section_of_a_config_is_told_of(name):
    model = HOOKS.SECTIONS.get(name)
    told = section(config_page(), f"## `{name}`")
    assert model is None or all(f"| `{field}` |" in told for field in model.model_fields)


def own_fields(config):
    return {field.alias or name for name, field in config.model_fields.items()} - HOOKS.HIDDEN


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (group, name)
        for group in registry.GROUPS
        for name in registry.names(group)
        if group != "extractors"  # which no run's config names
    ],
)
def test_every_plugin_is_told_of_with_all_its_fields(group, name):
    told = section(config_page(), f"## `{registry.GROUPS[group].section}`")
    spec = registry.find(group, name).spec()
    own = section(told, f"### `{name}`")
    shared = told.partition("### `")[0]
    assert spec.summary in own
    assert all(f"| `{field}` |" in own + shared for field in own_fields(spec.config))
    assert all(f"**Preset `{preset}`**" in own for preset in getattr(spec, "presets", ()))


def test_plugins_that_happen_to_be_installed_are_not_told_of(monkeypatch):
    before = {mark: make() for mark, make in HOOKS.MAKERS.items()}
    table = {group: dict(offers) for group, offers in registry.installed().items()}
    for group in table:
        stranger = registry.Offer(group, "stranger", "ganzoo-stranger", "1.0", "nowhere:SPEC")
        table[group] = {"stranger": (stranger,), **table[group]}
    monkeypatch.setattr(registry, "installed", lambda: table)
    assert "stranger" in registry.names("losses")
    assert {mark: make() for mark, make in HOOKS.MAKERS.items()} == before


@pytest.mark.parametrize("name", [*METRICS, *registry.names("extractors")])
def test_every_metric_and_extractor_is_told_of(name):
    assert f"`{name}`" in page("docs/how-to/score-a-generator.md")


def test_every_format_of_checkpoints_is_told_of():
    told = section(page("docs/how-to/bring-weights-from-another-tool.md"), "## Formats")
    assert first_cells(told) == list_imports()
    assert all(form.title in told for _, form in import_formats().values())


def test_every_bound_of_the_reader_is_told_of_with_its_reason():
    told = section(page("docs/explanation/what-is-trusted.md"), "## Checkpoints of other tools")
    limits = {name: value for name, value in vars(bounds).items() if name.isupper()}
    assert first_cells(told) == [*limits]
    for name, value in limits.items():
        assert re.search(rf"^\| `{name}` \| {value:,} \| .{{20,}} \|$", told, re.M)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_is_told_of_with_all_its_fields(name):
    told = section(config_page(), f"### `{name}`")
    assert all(f"| `{field}` |" in told for field in own_fields(OPTIMIZERS[name]))


def first_cells(text):
    """What the rows of a text's tables begin with, as it stands between backticks or bare."""
    cells = re.findall(r"^\| ((?!-).+?) \|", text, re.M)[1:]
    return [word for cell in cells for word in re.split(r"[`, ]+", cell) if word]


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("## Fields", Info),
        ("### `architecture`", LatentConfig),
        ("### `data`", DataFacts),
        ("### `plugin`", Origin),
        ("### `base_model`", BaseModel),
        ("### `imported`", ImportedFrom),
        ("### `calibration`", Calibration),
    ],
)
def test_every_field_of_a_config_json_is_told_of(heading, model):
    told = section(page("docs/reference/config-json.md"), heading).partition("\n### ")[0]
    assert first_cells(told) == list(model.model_fields)


def test_every_format_that_is_read_is_told_of():
    told = section(page("docs/reference/config-json.md"), "## Formats")
    assert first_cells(told) == [str(WEIGHTS_FORMAT)]


def test_the_pages_of_the_python_reference_name_every_public_name():
    text = "".join(page(path) for path in PAGES if "/api/" in path)
    told = set(re.findall(r"^::: ganzoo\.(\w+)$", text, re.M))
    assert told >= {*ganzoo.__all__} - {"__version__", "GanzooError"}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 10**12}, "integer ≥ 1"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 2}, "number > 0, ≤ 2"),
        ({"type": "boolean"}, "`true`, `false`"),
        ({"type": "string"}, "text"),
        ({"enum": ["a", 1]}, "`a`, `1`"),
        ({"anyOf": [{"enum": [1]}, {"type": "null"}]}, "`1` or `null`"),
        ({"oneOf": [{"type": "number"}, {"$ref": "#"}]}, "number or [schedule](#schedules)"),
        ({"type": "array", "items": {"type": "string"}}, "list of: text"),
        ({"type": "array", "prefixItems": 2 * [{"type": "number"}]}, "2 of: number"),
    ],
)
def test_what_a_schema_allows_in_words(schema, words):
    assert HOOKS.allowed(schema) == words


@pytest.mark.parametrize(
    ("given", "fewer"),
    [
        ("steps=2000", "steps=2"),
        ("training.steps=20000", "training.steps=20"),
        ("steps: 2600", "steps: 3"),
        ('{"training.steps": 4000}', '{"training.steps": 4}'),
        ("steps=0", "steps=0"),
        ("objective.discriminator_steps=2", "objective.discriminator_steps=2"),
        ("checkpoint_every=1000", "checkpoint_every=1"),
        ("checkpoints/step-0000005000", "checkpoints/step-0000000005"),
        ("every: 16", "every: 16"),
    ],
)
def test_fewer_steps(given, fewer):
    assert fewer_steps(given) == fewer


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```\nganzoo list\n```", id="no language"),
        pytest.param("```bash\nganzoo list\n```", id="another language"),
        pytest.param("- item\n\n  ```python\n  1 / 0\n  ```", id="indented"),
        pytest.param("```python\n1 / 0", id="not closed"),
        pytest.param("~~~python\n1 / 0\n~~~", id="another fence"),
        pytest.param("```python\n1 / 0\n```", id="python that fails"),
        pytest.param("```console\nganzoo lists\n```", id="no such command"),
        pytest.param("```console\nganzoo train architecture=dcgam\n```", id="a bad config"),
        pytest.param("```console\nmake coffee\n```", id="no such target"),
        pytest.param("```console\nrm -rf runs\n```", id="a command of others"),
        pytest.param("```console\npip install torch\n```", id="not from a clone"),
        pytest.param("```yaml\ntraining: {stepz: 3}\n```", id="an unknown field"),
        pytest.param("```toml\nloss = 'hinges'\n```", id="an unknown loss"),
        pytest.param("```yaml\n# run.yaml\ntraining: {stepz: 3}\n```", id="a bad file"),
        pytest.param("```console\nA=1 rm -rf runs\n```", id="a command of others, in another way"),
        pytest.param("```console\nA=1 ganzoo lists\n```", id="no such command, in another way"),
        pytest.param("```console\nganzoo info you/digits\n```", id="a repository not there"),
        pytest.param("````python\n1 / 0\n````", id="a longer fence"),
        pytest.param(
            '```console\nganzoo list losses\n```\n\n```text title="output"\nhinge\n```',
            id="another output",
        ),
        pytest.param('```json title="log.jsonl"\n{"step": 1}\n```', id="a file that is not there"),
    ],
)
def test_nothing_escapes(text, reader):
    errors = (AssertionError, ValueError, ArithmeticError, GanzooError, CalledProcessError)
    with pytest.raises(errors):
        reader.follow(text)


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        ({"a": 1, "b": {"c": 2}}, {"b": {"c": 3}, "a": 0}, True),
        ({"a": {}}, {"a": {"b": 1}}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, False),
    ],
)
def test_what_a_text_shows_of_a_file(shown, real, same):
    assert shows(shown, real) == same


@pytest.mark.parametrize(
    ("shown", "real", "same"),
    [
        pytest.param("a  12 bytes\n", "a  1,234 bytes\n", True, id="another number"),
        pytest.param("a  12\nb  3\n", "a        12\nb         3\n", True, id="other columns"),
        pytest.param("a\n...\nd\n", "a\nb\nc\nd\n", True, id="some left out"),
        pytest.param("a\n...\nd\n", "a\nd\n", True, id="none left out"),
        pytest.param("...\n", "a\n", True, id="all left out"),
        pytest.param("a.c\n", "abc\n", False, id="as a pattern it would be the same"),
        pytest.param("a\n", "a\nb\n", False, id="a line more"),
        pytest.param("a\nb\n", "a\n", False, id="a line less"),
        pytest.param("b\na\n", "a\nb\n", False, id="another order"),
        pytest.param("mnist5k\n", "mnist6k\n", False, id="a number in a name"),
        pytest.param(f"@{'a1' * 20}\n", f"@{'b2' * 20}\n", True, id="another commit"),
    ],
)
def test_what_a_text_shows_of_an_output(shown, real, same):
    assert prints(shown, real) == same


def test_a_longer_fence_may_hold_others():
    (block,) = blocks('````text title="output"\n```python\n1 / 0\n```\n````\n')
    assert (block.language, block.title) == ("text", "output")
    assert block.code == "```python\n1 / 0\n```\n"
