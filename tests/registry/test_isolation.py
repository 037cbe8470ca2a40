"""A plugin that does not load breaks its own name, and nothing else."""

import json

import pytest

from ganzoo import listing, registry
from ganzoo.cli import listing as commands
from ganzoo.errors import PluginError
from ganzoo.spec import Architecture, LossSpec

HEALTHY = 'SPEC = architecture("healthy")'

BROKEN = {
    "a missing dependency": (
        "import no_such_dependency",
        r"fails to import \(ModuleNotFoundError: .*no_such_dependency",
        ModuleNotFoundError,
    ),
    "leaves the process": ("raise SystemExit('no licence')", "SystemExit: no licence", SystemExit),
    "raises": ("1 / 0", "ZeroDivisionError: division by zero", ZeroDivisionError),
    "an error of its own": (
        "class Odd(Exception): ...\nraise Odd('first line')",
        "Odd: first line",
        Exception,
    ),
    "an attribute error": (
        "import os\nos.no_such_function",
        "AttributeError: module 'os' has no attribute 'no_such_function'",
        AttributeError,
    ),
    "not Python": ("SPEC = = 1", "SyntaxError", SyntaxError),
    "lacks the name": ("OTHER = 1", "module 'broken_zoo' has no 'SPEC'", ImportError),
    "not a spec": ("SPEC = 7", "provides int instead of Architecture", None),
    "a class, not a spec": ("SPEC = Architecture", "provides type instead", None),
    "a spec of another group": (
        "from ganzoo.losses import HINGE as SPEC",
        "provides LossSpec instead of Architecture",
        None,
    ),
    "another name": (
        "SPEC = architecture('other')",
        "'broken' of broken-zoo 1.0 has the name 'other' in its description",
        None,
    ),
    "an older interface": (
        "SPEC = architecture('broken', api=0)",
        "version 0 of the plugin interface, but ganzoo .* has version 1",
        None,
    ),
    "a newer interface, of unknown type": (
        "class SPEC: api = 2",
        "version 2 of the plugin interface",
        None,
    ),
    "a field that this version has not": (
        "SPEC = architecture('broken', colour='red')",
        "TypeError: .*colour",
        TypeError,
    ),
    "a default that is no preset": (
        "SPEC = architecture('broken', default_preset='none')",
        "ValueError: default preset 'none' is not among",
        ValueError,
    ),
}


@pytest.fixture(params=BROKEN.values(), ids=BROKEN.keys())
def broken(request, install):
    """A distribution with a broken and a healthy plugin; what the broken one says, and why."""
    source, message, cause = request.param
    install(
        "broken-zoo",
        {"architectures": {"broken": "broken_zoo:SPEC", "healthy": "healthy_zoo:SPEC"}},
        {"broken_zoo": source, "healthy_zoo": HEALTHY},
    )
    return message, cause


def test_only_its_own_name_breaks_and_the_cause_is_chained(broken, capsys):
    message, cause = broken
    assert {"broken", "healthy", "dcgan"} <= set(listing.list_architectures())
    for _ in range(2):
        with pytest.raises(PluginError, match=message) as raised:
            listing.info("broken")
        assert isinstance(raised.value.__cause__, cause or type(None))
    assert listing.info("healthy").name == "healthy"
    assert listing.info("dcgan").name == "dcgan"

    commands.plugins(as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["broken"]["distribution"] == "broken-zoo 1.0"
    assert rows["broken"]["state"] == str(raised.value)
    assert {row["state"] for name, row in rows.items() if name != "broken"} == {"ok"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no_such_module_of_zoo:SPEC", "No module named 'no_such_module_of_zoo'"),
        ("healthy_zoo", "'healthy_zoo' is not of the form package.module:Name"),
        ("healthy_zoo:", "'healthy_zoo:' is not of the form package.module:Name"),
        (":SPEC", "fails to import"),
    ],
)
def test_a_target_that_is_none_breaks_its_own_name(install, target, message):
    targets = {"broken": target, "healthy": "healthy_zoo:SPEC"}
    install("broken-zoo", {"architectures": targets}, {"healthy_zoo": HEALTHY})
    with pytest.raises(PluginError, match=message) as raised:
        registry.get(Architecture, "broken")
    assert raised.value.__cause__ is not None
    assert registry.get(Architecture, "healthy").name == "healthy"


@pytest.mark.parametrize("name", ["two words", "org/zoo", "zoo@1", ".zoo", "-zoo", "zoo:x"])
def test_a_name_that_could_not_be_asked_for_is_shown_as_broken(install, name):
    source = f"SPEC = architecture({name!r})"
    install("broken-zoo", {"architectures": {name: "odd_zoo:SPEC"}}, {"odd_zoo": source})
    (offer,) = registry.offers("architectures")[name]
    with pytest.raises(PluginError, match="has a name that cannot be used"):
        offer.spec()


def test_an_interruption_while_a_plugin_is_imported_goes_through(install):
    targets = {"architectures": {"slow": "slow_zoo:SPEC"}}
    install("slow-zoo", targets, {"slow_zoo": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        registry.get(Architecture, "slow")


@pytest.mark.parametrize(
    ("source", "message", "cause"),
    [
        ("", "its factory 'zoo_loss:Loss' fails to import .*has no 'Loss'", ImportError),
        ("import no_such_dependency", "No module named 'no_such_dependency'", ImportError),
        ("raise SystemExit(3)", "SystemExit: 3", SystemExit),
    ],
)
def test_a_class_that_does_not_import_is_told_when_it_is_built(install, source, message, cause):
    spec = """
from ganzoo.config import LossConfig
SPEC = LossSpec("sad", "A test.", LossConfig, "zoo_loss:Loss")
"""
    install("zoo", {"losses": {"sad": "sad_zoo:SPEC"}}, {"sad_zoo": spec, "zoo_loss": source})
    assert registry.get(LossSpec, "sad").factory == "zoo_loss:Loss"
    with pytest.raises(PluginError, match=f"loss 'sad' of zoo: .*{message}") as raised:
        registry.instantiate("losses", "sad", None)
    assert isinstance(raised.value.__cause__, cause)


def test_a_class_is_built_with_what_it_takes(install):
    spec = """
from ganzoo.config import LossConfig
from ganzoo.spec import LossSpec
SPEC = LossSpec("glad", "A test.", LossConfig, "zoo_made:make")
"""
    modules = {"glad_zoo": spec, "zoo_made": "def make(*values): return values"}
    install("zoo", {"losses": {"glad": "glad_zoo:SPEC"}}, modules)
    assert registry.instantiate("losses", "glad", 1, 2) == (1, 2)
