"""pix2pix and CycleGAN, killed or shared by processes: what they make is the same.

How pools follow processes is tested in `test_several_processes`.
"""

import copy
import functools
import shutil
import signal

import numpy as np
import pytest

from tests.objectives.plain import write
from tests.training import several
from tests.training.killing import contents
from tests.training.launching import do
from tests.training.test_several_processes import largest_difference, tensors_of

SMALL = {
    "generator": "resnet",
    "sample_shape": [3, 16, 16],
    "generator_width": 2,
    "blocks": 1,
    "discriminator_width": 2,
    "discriminator_layers": 1,
}
TRAINING = {
    "steps": 6,
    "batch_size": 2,
    "checkpoint_every": 2,
    "keep_checkpoints": 2,
    "sample_every": 3,
}
KILLS = 10
MODELS = ("pix2pix", "cyclegan")


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    """The config of each model, on images of a folder."""
    folder, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    images = {
        name: write(folder / name, random.integers(256, size=shape, dtype=np.uint8))
        for name, shape in (
            ("pairs", (5, 18, 36, 3)),
            ("a", (4, 18, 18, 3)),
            ("b", (5, 18, 18, 3)),
        )
    }
    sizes = {"image_size": 16, "load_size": 18}
    common = {"training": TRAINING, "health": {"every": 0}, "logging": {"every": 1}}
    return {
        "pix2pix": {
            **common,
            "architecture": {"name": "pix2pix", **SMALL},
            "data": {"source": "pairs", "path": images["pairs"], **sizes},
        },
        "cyclegan": {
            **common,
            "architecture": {"name": "cyclegan", **SMALL},
            "objective": {"pool_size": 3},
            "data": {"source": "domains", "a": images["a"], "b": images["b"], **sizes},
        },
    }


@pytest.fixture(scope="module")
def whole(configs, killer, tmp_path_factory):
    """Of a model: the files of an undisturbed run, and the events that changed them."""

    @functools.cache
    def done(name):
        run = tmp_path_factory.mktemp("whole") / "run"
        code, events = killer(run, config=configs[name])
        assert code == 0
        return contents(run), events

    return done


@pytest.mark.parametrize(
    ("name", "index"),
    [(name, index) for name in MODELS for index in range(KILLS)],
)
@pytest.mark.sweep
def test_killed_at_any_file_it_ends_in_the_same_bytes(
    configs, killer, whole, tmp_path, name, index
):
    expected, events = whole(name)
    run, at = tmp_path / "run", (2 * index + 1) * len(events) // (2 * KILLS)
    killed, _ = killer(run, config=configs[name], at=at, half=index % 2 == 1)
    assert killed == -signal.SIGKILL
    if not (run / "config.yaml").exists():
        shutil.rmtree(run, ignore_errors=True)  # nothing had begun
    begun = run.exists()
    assert killer(run, config=configs[name], resume=begun)[0] == 0
    found = contents(run)
    assert found.keys() == expected.keys()
    assert [file for file in found if found[file] != expected[file]] == []


@pytest.mark.sweep
@pytest.mark.parametrize("name", MODELS)
def test_killed_again_and_again_it_ends_in_the_same_bytes(configs, killer, whole, tmp_path, name):
    """One run, killed ten times on its way."""
    expected, events = whole(name)
    run, kills = tmp_path / "run", 0
    while kills < KILLS:
        begun = (run / "config.yaml").exists()
        if not begun:
            shutil.rmtree(run, ignore_errors=True)
        at = len(events) // KILLS + kills
        if killer(run, config=configs[name], resume=begun, at=at, half=kills % 2 == 1)[0] == 0:
            break
        kills += 1
    else:
        assert killer(run, config=configs[name], resume=True)[0] == 0
    assert kills > 1
    assert contents(run) == expected


def changed(config, **sections):
    config = copy.deepcopy(config)
    for section, values in sections.items():
        config[section] = {**config.get(section, {}), **values}
    return config


@pytest.mark.sweep
def test_without_pools_two_processes_do_what_one_does(configs, tmp_path):
    exact = {"precision": "fp64", "steps": 3, "batch_size": 4, "sample_every": 0}
    alike = {
        "pix2pix": changed(configs["pix2pix"], architecture={"norm": "instance"}, training=exact),
        "cyclegan": changed(
            configs["cyclegan"],
            architecture={"dropout": 0.5},
            objective={"pool_size": 0},
            training=exact,
        ),
    }
    several.do([{"out": str(tmp_path / f"{name}-1"), "config": alike[name]} for name in MODELS])
    shared = [{"out": str(tmp_path / f"{name}-2"), "config": alike[name]} for name in MODELS]
    do(tmp_path, 2, shared)
    for name in MODELS:
        one, two = (tensors_of(tmp_path / f"{name}-{processes}") for processes in (1, 2))
        assert largest_difference(one, two) < 1e-9
