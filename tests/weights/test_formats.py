"""Weights of other versions: migrated by explicit tables, step by step, or refused."""

import json
from pathlib import Path

import pytest
from pydantic import Field

import ganzoo
from ganzoo import registry
from ganzoo.about import WEIGHTS_FORMAT
from ganzoo.config import LatentConfig
from ganzoo.errors import ConfigError, WeightsError
from ganzoo.hub.loading import load_generator
from ganzoo.spec import Architecture, Pretrained, Traits
from ganzoo.weights.description import Info, read_info
from ganzoo.weights.formats import upgrade_architecture
from ganzoo.weights.reading import FolderFiles
from tests.operations import operations

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def rewrite(folder, change):
    """Change the values of a ``config.json``."""
    path = folder / "config.json"
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def refusal(folder):
    """What is said of a folder that is not read."""
    with pytest.raises(WeightsError) as caught:
        read_info(FolderFiles(folder))
    message = str(caught.value)
    assert str(folder / "config.json") in message
    assert "\n" not in message
    assert len(message) < 500 + len(str(folder))
    return message


class TestFormat:
    @pytest.mark.parametrize(
        "number",
        [WEIGHTS_FORMAT + 1, 0, 10**200, True, 1.0, "1", None, [1]],
        ids=lambda value: repr(value)[:20],
    )
    def test_a_number_that_is_in_no_table_is_refused(self, saved, number):
        rewrite(saved, lambda values: values.update(format=number))
        message = refusal(saved)
        assert (
            f"is of format {number!r:.60}, and this ganzoo {ganzoo.__version__} reads " in message
        )
        assert message.endswith("; use the version of ganzoo that wrote it")

    def test_a_file_without_a_number_is_refused(self, saved):
        rewrite(saved, lambda values: values.pop("format"))
        assert "is of no format, and this ganzoo" in refusal(saved)

    def test_the_number_of_today_changes_nothing(self, saved, G):
        assert read_info(FolderFiles(saved)).architecture == G.config


class OwnConfig(LatentConfig):
    """As the third major version of a plugin has it."""

    width: int = Field(8, ge=1, le=64)
    depth: int = Field(1, ge=1, le=8)


def second(values):
    """From version 1, where the width was a number of channels for a layer."""
    rest = {k: v for k, v in values.items() if k != "channels"}
    return {**rest, "width": values["channels"] * 2}


def third(values):
    """From version 2, which had no depth."""
    return {**values, "depth": 4}


def own(migrations, name="own"):
    return Architecture(
        name=name,
        summary="A test.",
        config=OwnConfig,
        generator="nowhere:Generator",
        discriminator="nowhere:Discriminator",
        traits=lambda config: Traits(),
        migrations=migrations,
    )


@pytest.fixture
def plugin(tmp_path, own_plugins, monkeypatch):
    """Registers an architecture as of a distribution and version, and writes a file for it."""

    def offer(installed, recorded, architecture, *, migrations=None, distribution="somebodys-gans"):
        registry.register(own(migrations or {}), override=True)
        origin = {"distribution": distribution, "version": installed}
        monkeypatch.setattr(registry, "provenance", lambda group, name: origin)
        values = {
            "format": WEIGHTS_FORMAT,
            "architecture": {"name": "own", "sample_shape": [1, 8, 8], **architecture},
            "plugin": recorded,
        }
        (tmp_path / "config.json").write_text(json.dumps(values))
        return tmp_path

    return offer


def by(version, distribution="somebodys-gans"):
    return {"distribution": distribution, "version": version}


class TestPlugins:
    @pytest.mark.parametrize(
        ("recorded", "architecture", "expected"),
        [
            ("1.0", {"channels": 3}, (6, 4)),
            ("1.9.2", {"channels": 4}, (8, 4)),
            ("2.0", {"width": 5}, (5, 4)),
            ("2rc1", {"width": 5}, (5, 4)),
            ("3.0", {"width": 5, "depth": 2}, (5, 2)),
            ("3.7.1.dev4+g0123", {"width": 5}, (5, 1)),
            ("3", {}, (8, 1)),
        ],
    )
    def test_older_values_are_brought_through_every_step(
        self, plugin, recorded, architecture, expected
    ):
        folder = plugin("3.1", by(recorded), architecture, migrations={1: second, 2: third})
        info = read_info(FolderFiles(folder))
        assert (info.architecture.width, info.architecture.depth) == expected
        assert info.plugin.version == recorded

    @pytest.mark.parametrize(
        "version", ["4.0", "4", "4a1", "v4.0", "0!4.0", "10.0", "2026.1", "9999999999.0", "4" * 900]
    )
    def test_a_newer_major_version_is_refused(self, plugin, version):
        folder = plugin(
            "3.1", by(version), {}, migrations={1: second, 2: third, 3: third, 4: third}
        )
        message = refusal(folder)
        told = f"was written by version {version!r:.30} of the own plugin, which the installed"
        assert f"{told} version 3.1 cannot read" in message
        assert message.endswith("; install a newer version of somebodys-gans")

    @pytest.mark.parametrize(
        ("version", "migrations"),
        [
            pytest.param("1.0", {}, id="no step at all"),
            pytest.param("2.0", {1: second}, id="not this step"),
            pytest.param("1.0", {1: second}, id="not the last step"),
            pytest.param("1.0", {2: third}, id="not the first step"),
            pytest.param("0.9", {1: second, 2: third}, id="before the first step"),
        ],
    )
    def test_an_older_one_without_every_step_is_refused(self, plugin, version, migrations):
        folder = plugin("3.1", by(version), {"channels": 3}, migrations=migrations)
        message = refusal(folder)
        assert f"version {version!r} of the own plugin, which the installed version 3.1" in message
        assert message.endswith(f"; install version {version[0]} of somebodys-gans")

    @pytest.mark.parametrize(
        "recorded",
        [
            pytest.param(by("9.0", "others-gans"), id="another distribution"),
            pytest.param(by("unknown"), id="unknown"),
            pytest.param(by(""), id="empty"),
            pytest.param(by("main"), id="a branch"),
            pytest.param(by("-4"), id="negative"),
            pytest.param(by("\u0664.0"), id="other digits"),
        ],
    )
    def test_a_version_that_says_nothing_changes_nothing(self, plugin, recorded):
        folder = plugin("3.1", recorded, {"width": 5}, migrations={1: second, 2: third})
        assert read_info(FolderFiles(folder)).architecture.width == 5

    @pytest.mark.parametrize(
        "recorded",
        [
            None,
            [],
            "somebodys-gans 4.0",
            4,
            {},
            {"distribution": "somebodys-gans"},
            by(4),
            by(None),
        ],
        ids=repr,
    )
    def test_a_record_that_is_none_is_refused_by_the_schema(self, plugin, recorded):
        folder = plugin("3.1", recorded, {"width": 5})
        with pytest.raises(ConfigError, match=r"config\.json: plugin"):
            read_info(FolderFiles(folder))

    def test_an_installed_version_that_says_nothing_changes_nothing(self, plugin):
        folder = plugin("unknown", by("9.0"), {"width": 5}, migrations={1: second})
        assert read_info(FolderFiles(folder)).architecture.width == 5

    def test_a_version_of_a_day_costs_nothing(self, plugin):
        folder = plugin("20260101.0", by("1.0"), {"width": 5}, migrations={1: second})
        # Counted up to, it would be 20 million steps.
        assert operations(refusal, folder) < 1_000_000
        assert "install version 1 of somebodys-gans" in refusal(folder)

    @pytest.mark.parametrize(
        ("architecture", "cause"),
        [
            ({}, "KeyError: 'channels'"),
            ({"channels": None}, "TypeError: "),
            ({"channels": {}}, "TypeError: "),
        ],
        ids=["missing", "null", "a mapping"],
    )
    def test_values_that_the_older_version_did_not_have_are_told(self, plugin, architecture, cause):
        folder = plugin("2.0", by("1.0"), architecture, migrations={1: second})
        message = refusal(folder)
        assert "could not be migrated from version 1 of the own plugin" in message
        assert cause in message

    @pytest.mark.parametrize("channels", [10**6, "x", -3, [1]], ids=repr)
    def test_what_a_step_makes_is_checked_as_strictly(self, plugin, channels):
        folder = plugin("2.0", by("1.0"), {"channels": channels}, migrations={1: second})
        with pytest.raises(ConfigError, match=r"config\.json: architecture\.width"):
            read_info(FolderFiles(folder))

    def test_a_step_that_makes_nothing_is_told(self, plugin):
        folder = plugin("2.0", by("1.0"), {}, migrations={1: lambda values: None})
        with pytest.raises(ConfigError, match=r"config\.json: architecture"):
            read_info(FolderFiles(folder))

    def test_the_values_of_the_file_are_not_changed(self):
        values = {"name": "own", "channels": 3}
        installed, spec = by("3.0"), own({1: second, 2: third})
        done = upgrade_architecture(values, by("1.0"), installed, spec, "a file")
        assert done == {"name": "own", "width": 6, "depth": 4}
        assert values == {"name": "own", "channels": 3}

    def test_what_is_registered_here_reads_what_it_wrote(self, tmp_path, own_plugins):
        registry.register(own({}))
        info = Info.of(OwnConfig(name="own", sample_shape=(1, 8, 8)))
        assert info.plugin.distribution == "local"
        (tmp_path / "config.json").write_text(json.dumps(info.model_dump(mode="json")))
        assert read_info(FolderFiles(tmp_path)) == info

    def test_what_was_registered_elsewhere_says_nothing_of_what_is_installed(self, saved, G):
        rewrite(saved, lambda values: values.update(plugin=by("0", "local")))
        assert read_info(FolderFiles(saved)).architecture == G.config
        load_generator(saved)

    def test_our_own_plugins_are_of_the_version_of_ganzoo(self, saved):
        major = int(ganzoo.__version__.partition(".")[0])
        rewrite(saved, lambda values: values["plugin"].update(version=f"{major + 1}.0"))
        assert f"dcgan plugin, which the installed version {ganzoo.__version__}" in refusal(saved)
        rewrite(saved, lambda values: values["plugin"].update(version=f"{major}.99.0"))
        load_generator(saved)


class TestPretrained:
    def test_a_folder_or_a_repository_at_a_commit(self):
        assert Pretrained("Digits.", Path("weights")).repository == ""
        found = Pretrained("Digits.", repository=f"org/name@{COMMIT}")
        assert (found.folder, found.repository) == (None, f"org/name@{COMMIT}")

    @pytest.mark.parametrize(
        "values",
        [{}, {"folder": None}, {"folder": Path("w"), "repository": f"org/name@{COMMIT}"}],
        ids=["neither", "none", "both"],
    )
    def test_neither_and_both_are_refused(self, values):
        with pytest.raises(ValueError, match="in a folder or a repository: give one of them"):
            Pretrained("Digits.", **values)

    @pytest.mark.parametrize(
        "repository",
        [
            "org/name",
            "org/name@main",
            "org/name@refs/pr/1",
            f"org/name@{COMMIT[:12]}",
            f"org/name@{COMMIT.upper()}",
            f"org/name@{COMMIT}0",
            f"org/name@{COMMIT}\n",
            f"name@{COMMIT}",
            f"a/b/c@{COMMIT}",
            f"hf://org/name@{COMMIT}",
            f"org/na me@{COMMIT}",
            f"org/name@v1@{COMMIT}",
            f"@{COMMIT}",
            COMMIT,
        ],
    )
    def test_what_could_change_is_refused(self, repository):
        with pytest.raises(ValueError, match=r"must be org/name@commit, with the commit in full"):
            Pretrained("Digits.", repository=repository)
