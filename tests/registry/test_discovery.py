"""What is installed, by name: a pure function of entry points, and looking names up in it."""

import json
import sys
from collections import Counter
from importlib.metadata import DistributionFinder, EntryPoint, PathDistribution, distributions

import pytest

from ganzoo import listing, registry
from ganzoo.cli import listing as commands
from ganzoo.errors import PluginError
from ganzoo.spec import Architecture

from .conftest import write_distribution


def points(*names, group="ganzoo.architectures"):
    return [EntryPoint(name, f"no_such_package_{name}:SPEC", group) for name in names]


def points_in(site):
    return [point for found in distributions(path=[str(site)]) for point in found.entry_points]


def origins(table, group="architectures"):
    return {name: [offer.distribution for offer in offers] for name, offers in table[group].items()}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
def test_names_are_sorted_whatever_the_order_of_the_entry_points(order):
    given = points("alpha", "beta", "gamma")
    assert list(registry.scan(given[i] for i in order)["architectures"]) == [
        "alpha",
        "beta",
        "gamma",
    ]


def test_every_group_is_there_even_without_entry_points():
    assert registry.scan([]) == {
        "architectures": {},
        "objectives": {},
        "losses": {},
        "penalties": {},
        "augmentations": {},
        "datasets": {},
        "extractors": {},
    }


@pytest.mark.parametrize(
    "group",
    ["architectures", "ganzoo", "ganzoo.", "ganzoo.schedulers", "zoo.losses", "ganzoo.losses.x"],
)
def test_other_groups_are_passed_over(group):
    assert not any(registry.scan(points("alpha", group=group)).values())


def test_an_offer_says_what_and_whose_without_importing_it(site):
    write_distribution(site, "Some_Zoo", {"losses": {"l": "pkg_some_zoo.a:L"}}, version="2.3")
    (offer,) = registry.scan(points_in(site))["losses"]["l"]
    assert (offer.group, offer.name, offer.target) == ("losses", "l", "pkg_some_zoo.a:L")
    assert (offer.distribution, offer.version) == ("some-zoo", "2.3")
    assert "pkg_some_zoo" not in sys.modules


def test_a_distribution_that_is_found_twice_counts_once_and_the_first_counts(tmp_path):
    for folder, target in (("first", "a:SPEC"), ("second", "b:SPEC")):
        write_distribution(tmp_path / folder, "zoo", {"architectures": {"x": target}})
    found = points_in(tmp_path / "first") + points_in(tmp_path / "second")
    assert [offer.target for offer in registry.scan(found)["architectures"]["x"]] == ["a:SPEC"]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        pytest.param(None, {"x": ["one-zoo", "two-zoo"], "y": ["two-zoo"]}, id="not set"),
        pytest.param("", {"x": ["one-zoo", "two-zoo"], "y": ["two-zoo"]}, id="empty"),
        pytest.param(" , ", {"x": ["one-zoo", "two-zoo"], "y": ["two-zoo"]}, id="blank"),
        pytest.param("one-zoo", {"x": ["one-zoo"]}, id="one"),
        pytest.param("One_Zoo", {"x": ["one-zoo"]}, id="another spelling"),
        pytest.param("two..__zoo", {"x": ["two-zoo"], "y": ["two-zoo"]}, id="runs of separators"),
        pytest.param(
            "two-zoo, one-zoo", {"x": ["one-zoo", "two-zoo"], "y": ["two-zoo"]}, id="both"
        ),
    ],
)
def test_the_limit_names_the_distributions_that_are_seen(site, limit, expected):
    write_distribution(site, "two.zoo", {"architectures": {"x": "b:X", "y": "b:Y"}})
    write_distribution(site, "one-zoo", {"architectures": {"x": "a:X"}})
    assert origins(registry.scan(points_in(site), limit)) == expected


def test_a_limit_that_names_a_distribution_without_plugins_is_an_error(site):
    write_distribution(site, "one-zoo", {"architectures": {"x": "a:X"}})
    with pytest.raises(PluginError, match=r"GANZOO_PLUGINS names ome-zoo.*did you mean 'one-zoo'"):
        registry.scan(points_in(site), "one-zoo,ome-zoo")


def test_the_limit_is_read_from_the_environment(install, monkeypatch):
    install("one-zoo", {"architectures": {"x": "a:X"}})
    assert {"x", "dcgan"} <= set(registry.names("architectures"))
    registry.installed.cache_clear()
    monkeypatch.setenv("GANZOO_PLUGINS", "one-zoo")
    assert registry.names("architectures") == ["x"]
    assert registry.names("losses") == []


def test_a_process_scans_once_and_only_when_it_is_asked(fresh, monkeypatch):
    scans = []

    class Counter(DistributionFinder):
        def find_distributions(self, context=None):
            scans.append(context)
            return iter(())

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Counter()])
    assert not scans
    registry.names("architectures")
    first = len(scans)
    assert first
    registry.names("losses")
    registry.find("architectures", "dcgan")
    listing.list_datasets()
    assert len(scans) == first


EVERY_GROUP = {
    group: {f"{group}-{i}": "no_such_zoo:SPEC" for i in "abc"} for group in registry.GROUPS
}


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda: registry.names("architectures"), id="one group"),
        pytest.param(lambda: [registry.names(group) for group in registry.GROUPS], id="all groups"),
        pytest.param(lambda: registry.find("losses", "hinge"), id="one name"),
        pytest.param(lambda: listing.find_anywhere("ring8"), id="a name of any group"),
        pytest.param(lambda: commands.list_(), id="list"),
        pytest.param(lambda: commands.list_("losses", as_json=True), id="list losses"),
        pytest.param(lambda: commands.plugins(), id="plugins"),
    ],
)
@pytest.mark.parametrize(
    "groups",
    [
        pytest.param({}, id="no plugins"),
        pytest.param({"losses": {"mine": "no_such_zoo:SPEC"}}, id="one plugin each"),
        pytest.param(EVERY_GROUP, id="18 plugins each"),
    ],
)
def test_the_metadata_of_a_distribution_is_read_once(ask, groups, install, site, monkeypatch):
    for letter in "abc":
        install(f"zoo-{letter}", groups)
    read, real = Counter(), PathDistribution.read_text

    def read_text(self, filename):
        if self._path.parent == site:
            read[self._path.name[:5], filename] += 1
        return real(self, filename)

    monkeypatch.setattr(PathDistribution, "read_text", read_text)
    ask()
    names = ("entry_points.txt", "METADATA") if groups else ("entry_points.txt",)
    assert read == {(f"zoo_{letter}", name): 1 for letter in "abc" for name in names}


def test_a_distribution_without_metadata_breaks_nothing(install, site, monkeypatch):
    install("zoo", {"losses": {"mine": "no_such_zoo:SPEC"}})
    (site / "zoo-1.0.dist-info" / "METADATA").unlink()
    registry.installed.cache_clear()
    monkeypatch.setenv(registry.LIMIT_VARIABLE, "ganzoo-torch,unknown")
    (offer,) = registry.offers("losses")["mine"]
    assert (offer.distribution, offer.version) == ("unknown", "unknown")


@pytest.fixture
def rivals(install):
    """Two distributions that offer one name."""
    for letter in "ab":
        source = f'SPEC = architecture("same", paper="{letter}")'
        target = {"same": f"rival_{letter}:SPEC"}
        install(f"zoo-{letter}", {"architectures": target}, {f"rival_{letter}": source})


@pytest.mark.usefixtures("rivals")
def test_a_name_that_two_distributions_offer_is_refused_and_both_are_named():
    with pytest.raises(PluginError, match=r"'same'.*write zoo-a:same or zoo-b:same"):
        registry.find("architectures", "same")
    with pytest.raises(PluginError, match="write zoo-a:same or zoo-b:same"):
        listing.find_anywhere("same")


@pytest.mark.usefixtures("rivals")
@pytest.mark.parametrize(
    ("name", "paper"), [("zoo-a:same", "a"), ("zoo-b:same", "b"), ("Zoo_B:same", "b")]
)
def test_the_distribution_before_a_name_picks_one(name, paper):
    assert registry.get(Architecture, name).paper == paper
    assert listing.find_anywhere(name)[1].paper == paper
    assert registry.provenance("architectures", name) == {
        "distribution": f"zoo-{paper}",
        "version": "1.0",
    }


@pytest.mark.usefixtures("rivals")
def test_what_is_listed_can_be_asked_for():
    listed = listing.list_architectures("*same")
    assert listed == ["zoo-a:same", "zoo-b:same"]
    for group in registry.GROUPS:
        for name in registry.names(group):
            assert registry.find(group, name)


@pytest.mark.usefixtures("rivals")
def test_the_listing_of_plugins_shows_both_as_ambiguous(capsys):
    commands.plugins(as_json=True)
    rows = [row for row in json.loads(capsys.readouterr().out) if row["name"] == "same"]
    assert [(row["distribution"], row["state"]) for row in rows] == [
        ("zoo-a 1.0", "ambiguous name"),
        ("zoo-b 1.0", "ambiguous name"),
    ]


def test_a_distribution_may_stand_before_a_name_that_only_it_offers(fresh):
    assert registry.get(Architecture, "ganzoo-torch:dcgan") is registry.get(Architecture, "dcgan")
    assert listing.find_anywhere("ganzoo_torch:ring8")[0] == "datasets"


@pytest.mark.parametrize(
    ("group", "name", "message"),
    [
        pytest.param("architectures", "dcgn", "architecture 'dcgn'.*mean 'dcgan'", id="close"),
        pytest.param("losses", "hing", "unknown loss 'hing'; did you mean 'hinge'", id="loss"),
        pytest.param("penalties", "R1", "unknown penalty 'R1'; .*'r1'", id="penalty"),
        pytest.param("datasets", "mnist5", "unknown dataset 'mnist5'; .*'mnist5k'", id="dataset"),
        pytest.param("losses", "dcgan", r"'dcgan' \(available: .*hinge", id="of another group"),
        pytest.param("architectures", "", r"unknown architecture ''", id="empty"),
        pytest.param("architectures", "zoo:dcgan", "'zoo:dcgan'; .*'dcgan'", id="distribution"),
        pytest.param("architectures", "ganzoo-torch:", "'ganzoo-torch:'", id="distribution alone"),
        pytest.param(
            "architectures", "xyzzy", r"'xyzzy' \(available: biggan, ", id="nothing close"
        ),
    ],
)
def test_an_unknown_name_is_answered_with_what_is_close_and_what_there_is(
    fresh, group, name, message
):
    with pytest.raises(PluginError, match=message):
        registry.find(group, name)


def test_a_name_of_no_group_is_answered_with_the_close_ones_of_all(fresh):
    with pytest.raises(PluginError, match=r"no plugin 'ring9'; did you mean 'ring8'.*wgan-gp"):
        listing.find_anywhere("ring9")


@pytest.mark.parametrize(
    ("function", "pattern", "expected"),
    [
        (
            listing.list_architectures,
            "*gan*",
            ["biggan", "cyclegan", "dcgan", "r3gan", "sagan", "sngan", "stylegan2", "wgan-gp"],
        ),
        (listing.list_losses, "h*", ["hinge"]),
        (listing.list_penalties, "r?", ["r1", "r2"]),
        (listing.list_datasets, "[!a-q]*", ["repository", "ring8"]),
        (listing.list_architectures, "DCGAN", []),
    ],
)
def test_lists_are_filtered_by_shell_patterns(fresh, function, pattern, expected):
    assert function(pattern) == expected


def test_pretrained_weights_are_listed_and_a_broken_architecture_has_none(install):
    source = """
from pathlib import Path
from ganzoo.spec import Architecture, Pretrained
SPEC = architecture("zoo", pretrained={tag: Pretrained(tag, Path(tag)) for tag in ("two", "one")})
"""
    targets = {"zoo": "pretrained_zoo:SPEC", "broken": "no_such_module_of_zoo:SPEC"}
    install("zoo", {"architectures": targets}, {"pretrained_zoo": source})
    assert listing.list_pretrained("zoo.*") == ["zoo.one", "zoo.two"]
    assert not listing.list_pretrained("broken*")
