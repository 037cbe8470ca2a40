"""What each of the three tiers imports: names nothing, descriptions no torch."""

import json
import os
import subprocess
import sys

import pytest

from .conftest import beside, write_distribution

HEAVY = {"torch", "torchvision"}
PLUGINS = {"ganzoo_dcgan", "ganzoo_vanilla", "ganzoo_wgan_gp"}
CONFIGS = {"ganzoo.config", "ganzoo.resolve", "numpy"}

PROBE = """
import sys
before = set(sys.modules)
try:
    {body}
except SystemExit as leaving:
    assert not leaving.code, leaving.code
import json
print("\\n" + json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_of(body, **environment):
    """Run code in a fresh process, and return the modules that it has imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(body=body)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of_command(*arguments, **environment):
    body = f"sys.argv[1:] = {list(arguments)!r}; from ganzoo.cli import main; main()"
    return modules_of(body, **environment)


def test_the_package_alone_imports_nothing_of_others_and_scans_nothing():
    imported = modules_of("import ganzoo; ganzoo.__version__; dir(ganzoo)")
    own = {name for name in imported if name.partition(".")[0] == "ganzoo"}
    assert own == {"ganzoo", "ganzoo.about"}
    tops = {name.partition(".")[0] for name in imported - own}
    assert tops <= sys.stdlib_module_names
    assert "importlib.metadata" not in imported


@pytest.mark.parametrize(
    ("body", "unwanted"),
    [
        pytest.param(
            "import ganzoo; ganzoo.list_architectures(); ganzoo.list_losses(); "
            "ganzoo.list_penalties(); ganzoo.list_datasets('m*')",
            HEAVY | PLUGINS | CONFIGS | {"pydantic", "PIL", "ganzoo.losses", "ganzoo.data"},
            id="names",
        ),
        pytest.param("import ganzoo; ganzoo.info('dcgan')", HEAVY | {"numpy"}, id="one"),
        pytest.param(
            "from ganzoo import registry\n"
            "    for group in registry.GROUPS:\n"
            "        for name in registry.names(group): registry.find(group, name).spec()",
            HEAVY | {"numpy", "PIL"},
            id="every description",
        ),
        pytest.param(
            "from ganzoo.resolve import resolve; resolve(None, {'architecture': 'wgan-gp'})",
            HEAVY,
            id="a config",
        ),
    ],
)
def test_python_imports_no_more_than_is_asked_for(body, unwanted):
    assert not modules_of(body) & unwanted


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        ("--help", HEAVY | PLUGINS | CONFIGS | {"pydantic", "ganzoo.registry"}),
        ("list", HEAVY),
        ("list losses --json", HEAVY | PLUGINS),
        ("plugins", HEAVY),
        ("info dcgan", HEAVY),
        ("config schema", HEAVY),
        ("new-plugin --help", HEAVY | PLUGINS | CONFIGS | {"ganzoo.registry"}),
        ("check-plugin --help", HEAVY | PLUGINS | CONFIGS | {"ganzoo.registry"}),
        ("config validate architecture=dcgan", HEAVY),
    ],
)
def test_a_command_imports_no_more_than_is_asked_for(command, unwanted):
    imported = modules_of_command(*command.split())
    assert "ganzoo.cli" in imported
    assert not imported & unwanted


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        ("sam", HEAVY | PLUGINS | CONFIGS | {"ganzoo.registry"}),
        ("check-plugin r", HEAVY | PLUGINS | CONFIGS),
        ("sample d", HEAVY),
    ],
)
def test_completing_imports_no_more_than_names_need(words, unwanted):
    environment = {"COMP_WORDS": f"ganzoo {words}", "COMP_CWORD": str(len(words.split()))}
    imported = modules_of_command(_GANZOO_COMPLETE="complete_bash", **environment)
    assert "ganzoo.cli" in imported
    assert not imported & unwanted


def test_a_plugin_of_strangers_is_listed_without_being_imported(site):
    write_distribution(
        site,
        "loud-zoo",
        {"architectures": {"loud": "loud_zoo:SPEC"}},
        {"loud_zoo": "raise RuntimeError('imported')"},
    )
    imported = modules_of(
        "import ganzoo; assert 'loud' in ganzoo.list_architectures()",
        **beside("loud-zoo", site=site),
    )
    assert "loud_zoo" not in imported


def test_a_broken_plugin_is_one_sentence_and_no_other_command_notices(site):
    write_distribution(
        site,
        "broken-zoo",
        {"architectures": {"broken": "broken_zoo:SPEC"}},
        {"broken_zoo": "import no_such_dependency"},
    )

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "ganzoo", *arguments],
            capture_output=True,
            text=True,
            env=beside("broken-zoo", site=site),
        )

    asked, other, shown = run("info", "broken"), run("info", "hinge"), run("plugins")
    assert asked.returncode == 2
    assert len(asked.stderr.splitlines()) == 1
    assert "broken-zoo 1.0 fails to import (ModuleNotFoundError" in asked.stderr
    assert (other.returncode, other.stderr) == (0, "")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "No module named 'no_such_dependency'" in shown.stdout
