"""Runs that start from the weights of another: what they begin with, and what they tell."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import ganzoo
from ganzoo.config.documents import parse_yaml
from ganzoo.errors import ConfigError, RequestError, WeightsError
from ganzoo.training import checkpoints
from ganzoo.training.finetuning import finetuning_config
from tests.finetuning.small import CLASSES, make_base, make_images
from tests.hub import reading
from tests.hub.server import ALICE

QUIET = {
    "training.batch_size": 4,
    "training.sample_every": 0,
    "training.precision": "fp32",
    "logging.every": 1,
    "health.every": 0,
}


def begun(reference, data, tmp_path, **values):
    """Make the trainer of a fine-tuning run, and do nothing yet."""
    config = finetuning_config(reference, data, None, {**QUIET, "steps": 4, **values})
    return ganzoo.Trainer(config, tmp_path / "run")


def assert_state(network, file):
    state = network.state_dict()
    stored = load_file(file)
    assert state.keys() == stored.keys()
    assert all(torch.equal(state[key], tensor) for key, tensor in stored.items())


def test_a_run_begins_with_all_that_was_published(tmp_path, base, images):
    trainer = begun(base, images, tmp_path)
    assert_state(trainer.objective.networks["generator"], base / "generator_raw.safetensors")
    assert_state(trainer.objective.networks["discriminator"], base / "discriminator.safetensors")
    average = load_file(base / "model.safetensors")
    assert trainer.emas["generator"].state().keys() <= average.keys()
    assert all(
        torch.equal(t, average[name]) for name, t in trainer.emas["generator"].state().items()
    )
    assert not trainer.start.partial
    told = [note for note in trainer.notes if "fine-tuning" in note]
    assert [note.rpartition(", ")[2] for note in told] == [
        "generator: all 14 tensors kept",
        "discriminator: all 9 tensors kept",
    ]


def test_without_a_raw_generator_both_begin_with_the_average(tmp_path, images):
    base = make_base(tmp_path / "base", without={"generator_raw"})
    trainer = begun(base, images, tmp_path)
    assert_state(trainer.objective.networks["generator"], base / "model.safetensors")


def test_its_values_are_the_recipes_with_half_the_rates(tmp_path, base, images):
    config = finetuning_config(base, images).config
    assert config.training.steps == 5000
    assert config.optimizers["generator"].lr == config.optimizers["discriminator"].lr == 1e-4
    assert config.optimizers["generator"].betas == (0.5, 0.999)
    assert config.objective.fakes == "reused"
    assert config.architecture.width == 2
    assert config.architecture.sample_shape == (1, 16, 16)
    assert config.finetune.reference == str(base)
    assert (config.finetune.warm_up, config.finetune.freeze) == (0, {})


def test_a_path_object_is_no_name(tmp_path, base, images, monkeypatch):
    monkeypatch.chdir(base.parent)
    shutil.copytree(images, tmp_path / "mnist5k")
    relative = Path(os.path.relpath(tmp_path / "mnist5k", base.parent))
    config = finetuning_config(Path("weights"), relative).config
    assert (config.finetune.reference, config.data.source) == (str(base), str(tmp_path / "mnist5k"))


def test_the_data_may_be_a_dataset_of_python(base):
    class Greys(torch.utils.data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, index):
            return torch.full((1, 16, 16), index / 6), index % 3

    data = Greys()
    config = finetuning_config(base, data).config
    assert config.data.source == "python-greys"
    assert config.architecture.num_classes == 3


def test_what_the_user_says_is_above_all_that(tmp_path, base, images):
    file = tmp_path / "own.yaml"
    file.write_text("optimizers: {generator: {lr: 3e-4}}\ntraining: {steps: 7}\nloss: hinge\n")
    config = finetuning_config(base, images, file, {"training.steps": 9}).config
    assert config.training.steps == 9
    assert config.loss.name == "hinge"
    assert [config.optimizers[role].lr for role in ("generator", "discriminator")] == [3e-4, 1e-4]
    other = finetuning_config(base, images, None, {"optimizers.generator": "rmsprop"}).config
    assert other.optimizers["generator"].lr == 5e-5  # its own default


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, (0, False)),
        ({"data.holdout": 3}, (3, False)),
        ({"data": {"holdout": 3, "flip": True}}, (3, True)),
    ],
    ids=["none", "a field", "a section"],
)
def test_the_named_data_take_the_place_of_the_files(base, images, overrides, expected):
    file = {"data": {"source": "mnist5k", "holdout": 9}}
    data = finetuning_config(base, images, file, overrides).config.data
    assert (data.source, data.holdout, data.flip) == (str(images), *expected)


def test_a_schedule_is_as_long_as_it_was(tmp_path):
    values = {"name": "wgan-gp", "preset": "resnet", "num_classes": 0}
    base = make_base(tmp_path / "base", **values)
    plain = make_images(tmp_path / "images", [])
    recipe = ganzoo.info("wgan-gp").presets["resnet"].recipe.optimizers["generator"]["lr"]
    rate = finetuning_config(base, plain).config.optimizers["generator"].lr
    assert (rate.start, rate.end) == (recipe["from"] / 2, recipe["to"] / 2)
    assert rate.over == recipe["over"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, {"r1": (10, 4)}),
        ({"penalties.r1.weight": 1}, {"r1": (1, 4)}),
        ({"penalties.r1.every": 16}, {"r1": (10, 16)}),
        ({"penalties.r1": None}, {}),
        ({"penalties.r2.weight": 3}, {"r2": (3, 1)}),
    ],
)
def test_images_get_r1_unless_the_user_says_otherwise(base, images, values, expected):
    resolution = finetuning_config(base, images, None, values)
    active = resolution.config.active_penalties
    assert {name: (item.weight, item.every) for name, item in active.items()} == expected
    assert any("penalties.r1=null" in note for note in resolution.notes) == (not values)


@pytest.mark.parametrize(
    ("base", "data", "penalties"),
    [
        ({"name": "wgan-gp", "preset": "cnn"}, "", {"gradient-penalty"}),
        ({"name": "vanilla", "sample_shape": (1, 28, 28)}, "", {"r1"}),
        ({"name": "vanilla", "sample_shape": (2,)}, "ring8", set()),
    ],
    ids=["a recipe with a penalty", "perceptrons", "points"],
)
def test_r1_is_for_images_and_for_recipes_without_a_penalty(tmp_path, base, data, penalties):
    reference = make_base(tmp_path / "base", **{"num_classes": 0, **base}, **_narrow(base["name"]))
    config = finetuning_config(reference, data or make_images(tmp_path / "p", [])).config
    assert config.active_penalties.keys() == penalties


def _narrow(name):
    return {} if name == "vanilla" else {"width": 2, "sample_shape": (1, 16, 16)}


@pytest.mark.parametrize(
    ("preset", "recipe", "whole", "partial"),
    [
        ({"name": "dcgan", "preset": "pytorch"}, 2e-4, 1e-4, 1e-3),
        ({"name": "wgan-gp", "preset": "cnn"}, 1e-4, 5e-5, 5e-4),
        ({"name": "wgan-gp", "preset": "resnet"}, 2e-4, 1e-4, 1e-3),
        ({"name": "vanilla", "preset": "goodfellow"}, 0.1, 0.05, 0.1),
    ],
)
def test_rates_are_raised_where_weights_are_taken_in_part(tmp_path, preset, recipe, whole, partial):
    narrow = {"width": 2, "sample_shape": (1, 16, 16)}
    if preset["name"] == "vanilla":
        narrow = {"sample_shape": (1, 4, 4), "generator_widths": (4,), "discriminator_widths": (4,)}
    reference = make_base(tmp_path / "base", num_classes=0, **preset, **narrow)
    data = make_images(tmp_path / "images", [])
    for allowed, expected in ((False, whole), (True, partial)):
        values = {"finetune.allow_partial": allowed}
        rate = finetuning_config(reference, data, None, values).config.optimizers["generator"].lr
        assert getattr(rate, "start", rate) == pytest.approx(expected)
    spec = ganzoo.info(preset["name"]).presets[preset["preset"]].recipe.optimizers["generator"]
    assert (spec["lr"]["from"] if isinstance(spec["lr"], dict) else spec["lr"]) == recipe


REFERENCES = ("folder", "run", "tag", "hub", "commit")


@pytest.mark.parametrize("kind", REFERENCES)
def test_every_kind_of_reference(tmp_path, kind, hub, base, images):
    repository = hub.create("acme/cats")
    digits = make_images(tmp_path / "digits", list("0123456789"), each=1)
    repository.put({p.name: p.read_bytes() for p in base.iterdir()})
    commit = repository.head()
    values = {**QUIET, "steps": 1}
    if kind == "run":
        first = ganzoo.finetune(base, images, values, out=tmp_path / "first")
    reference, data, repo, sha = {
        "folder": lambda: (base, images, "./weights", sha256(base)),
        "run": lambda: (first, images, "./first", sha256(first.path / "weights")),
        "tag": lambda: (
            "dcgan.mnist5k",
            digits,
            "dcgan.mnist5k",
            sha256(ganzoo.info("dcgan").pretrained["mnist5k"].folder),
        ),
        "hub": lambda: ("acme/cats", images, "acme/cats", commit),
        "commit": lambda: (f"acme/cats@{commit}", images, "acme/cats", commit),
    }[kind]()
    run = ganzoo.finetune(reference, data, values, out=tmp_path / "run")
    info = json.loads((run.path / "weights" / "config.json").read_text())
    assert info["base_model"] == {"repo": repo, "sha": sha}
    card = (run.path / "weights" / "README.md").read_text()
    assert (
        f"Fine-tuned from `{repo}` at {'commit' if len(sha) == 40 else 'SHA-256'} `{sha}`" in card
    )
    assert ("base_model: acme/cats" in card) == (repo == "acme/cats")
    recipe = parse_yaml((run.path / "weights" / "recipe.yaml").read_text())
    pinned = {"hub": f"acme/cats@{commit}", "commit": f"acme/cats@{commit}"}
    assert recipe["finetune"]["reference"] == pinned.get(kind, repo)
    assert str(tmp_path) not in (run.path / "weights" / "recipe.yaml").read_text()


def sha256(folder):
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def test_the_recipe_of_the_result_trains_it_again(tmp_path, base, images, monkeypatch):
    run = ganzoo.finetune(base, images, {**QUIET, "steps": 2}, out=tmp_path / "run")
    assert str(tmp_path) not in (run.path / "weights" / "recipe.yaml").read_text()
    monkeypatch.chdir(tmp_path)
    shutil.copytree(base, tmp_path / "weights")
    shutil.copytree(images, tmp_path / "images")
    again = ganzoo.train(run.path / "weights" / "recipe.yaml", out=tmp_path / "again")
    files = [r.path / "weights" / "model.safetensors" for r in (run, again)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_base_that_changed_is_refused(tmp_path, base, images):
    config = finetuning_config(base, images).config
    other = config.finetune.model_copy(update={"sha": "0" * 64})
    with pytest.raises(WeightsError, match=r"finetune.sha: the weights of .* are .* was asked for"):
        ganzoo.Trainer(config.model_copy(update={"finetune": other}), tmp_path / "run")


# --- classes, channels, size ----------------------------------------------------------------------


def test_the_same_classes_in_another_order_lose_nothing(tmp_path, base):
    renamed = make_base(tmp_path / "base", class_names=["owl", "cat", "dog"])
    trainer = begun(renamed, make_images(tmp_path / "images"), tmp_path)
    assert not trainer.start.partial
    assert trainer.start.grafts["generator"].reordered == ["classes.weight"]
    before = load_file(renamed / "model.safetensors")["classes.weight"]
    assert torch.equal(trainer.emas["generator"].state()["classes.weight"], before[[1, 2, 0]])
    assert "1 with classes in another order (classes.weight)" in " ".join(trainer.notes)


PARTIAL = {
    "other classes": ({}, ["cat", "fox"], {}, "classes: 1 by name, 1 as the mean of the old"),
    "no classes": ({}, [], {}, r"of the base left out \(classes.weight\)"),
    "classes of other names": ({}, ["a", "b", "c"], {}, "classes: 0 by name, 3 as the mean"),
    "colour": ({}, CLASSES, {"architecture.sample_shape": [3, 16, 16]}, "from 1 to 3 channels"),
    "a larger size": ({}, CLASSES, {"data.image_size": 32}, r"\d new \(project.weight"),
    "a norm": ({}, CLASSES, {"architecture.discriminator_norm": "none"}, "of the base left out"),
}


@pytest.mark.parametrize("case", PARTIAL)
def test_what_fits_in_part_is_refused_unless_allowed(tmp_path, case):
    given, classes, values, message = PARTIAL[case]
    base = make_base(tmp_path / "base", **given)
    data = make_images(tmp_path / "images", classes)
    with pytest.raises(WeightsError, match=message) as error:
        begun(base, data, tmp_path, **values)
    assert "start from that part with --allow-partial" in str(error.value)
    assert not (tmp_path / "run").exists()
    overrides = {**QUIET, **values, "steps": 2}
    run = ganzoo.finetune(base, data, overrides, out=tmp_path / "run", allow_partial=True)
    assert run.base["partial"]
    told = json.loads((run.path / "base.json").read_text())
    assert told == run.base
    networks = told["networks"]
    assert any(net["adapted"] or net["new"] or net["left"] for net in networks.values())
    state = load_file(run.path / "weights" / "model.safetensors")
    found = networks["generator"]
    assert {*found["taken"], *found["adapted"], *found["reordered"], *found["new"]} == {*state}
    info = ganzoo.load_generator(run).info
    assert info.training["partly_taken_over"]
    assert info.data.class_names == sorted(classes)
    ganzoo.load_generator(run).sample(2, seed=0)


def test_nothing_in_common_is_refused_always(tmp_path, images):
    base = make_base(tmp_path / "base")
    with pytest.raises(WeightsError, match=r"nothing in the generator of .* fits"):
        ganzoo.finetune(
            base,
            images,
            {**QUIET, "architecture.width": 3},
            out=tmp_path / "run",
            allow_partial=True,
        )


def test_networks_without_labels_stay_so(tmp_path, images):
    base = make_base(tmp_path / "base", num_classes=0)
    trainer = begun(base, images, tmp_path)
    assert trainer.config.architecture.num_classes == 0
    assert any("stay without labels" in note for note in trainer.notes)
    assert not trainer.start.partial


def test_classes_without_names_are_those_of_as_many(tmp_path, images):
    trainer = begun(make_base(tmp_path / "base", class_names=[]), images, tmp_path)
    assert not trainer.start.partial


REFUSED = {
    "vectors": ({}, "ring8", {}, "holds vectors of 2; fine-tune on data of that kind"),
    "another architecture": ({}, None, {"architecture.name": "vanilla"}, "leave the name out"),
    "no data": ({}, "", {}, "data.source: missing; name the images"),
    "freezing all of D": ({}, None, {"finetune.freeze.discriminator": 3}, "freeze at most 2"),
    "freezing all of G": ({}, None, {"finetune.freeze.generator": 9}, "has 3 and its last stage"),
    "only warming up": ({}, None, {"finetune.warm_up": 4}, "finetune.warm_up: 4 leaves"),
    "freezing what is new": (
        {"without": {"discriminator"}},
        None,
        {"finetune.freeze.discriminator": 1, "finetune.warm_up": 0},
        "first.weight would be frozen although it is new; freeze fewer",
    ),
    "freezing what is adapted": (
        {},
        None,
        {
            "finetune.freeze.discriminator": 1,
            "finetune.allow_partial": True,
            "architecture.sample_shape": [3, 16, 16],
        },
        "first.weight would be frozen although it is adapted",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, images, case):
    given, data, values, message = REFUSED[case]
    base = make_base(tmp_path / "base", **given)
    data = images if data is None else data or None
    with pytest.raises(RequestError, match=message):
        begun(base, data, tmp_path, **values)
    assert not (tmp_path / "run").exists()


def test_vectors_are_not_made_of_images_by_hand(tmp_path, base):
    values = {"reference": str(base), "sha": sha256(base)}
    config = {"architecture": "vanilla", "data": "ring8", "finetune": values}
    with pytest.raises(ConfigError, match=r"vanilla is not allowed, because .* of dcgan"):
        ganzoo.Trainer(config, tmp_path / "run")


# --- freezing and warming up ----------------------------------------------------------------------


LEARNT = {
    ("discriminator", "batch"): {"classes.weight", "layers.4.weight"},
    ("discriminator", "spectral"): {"classes.weight", "layers.3.parametrizations.weight.original"},
    ("generator", "batch"): {"classes.weight", "layers.5.weight"},
}
"""The parameters that are in no stage, and those of the last of three."""


@pytest.mark.parametrize(("role", "norm"), LEARNT)
def test_frozen_stages_stay_as_they_were(tmp_path, images, role, norm):
    base = make_base(tmp_path / "base", discriminator_norm=norm)
    values = {**QUIET, f"finetune.freeze.{role}": 2, "penalties.r1.weight": 1.0}
    run = ganzoo.finetune(base, images, values, out=tmp_path / "run", steps=3)
    file = {"discriminator": "discriminator", "generator": "model"}[role]
    before = load_file(base / f"{file}.safetensors")
    after = load_file(run.path / "weights" / f"{file}.safetensors")
    network = ganzoo.load_generator(run) if role == "generator" else ganzoo.load_discriminator(run)
    names = [name for name, _ in network.module.named_parameters()]
    assert {name for name in names if not before[name].equal(after[name])} == LEARNT[role, norm]
    state, _ = checkpoints.read_checkpoint(checkpoints.every(run.checkpoints)[-1])
    prefix = f"optimizer.{role}/exp_avg:{role}."
    moments = {key.removeprefix(prefix) for key in state if key.startswith(prefix)}
    assert moments == LEARNT[role, norm]
    facts = ganzoo.load_generator(run).info.training
    assert facts["frozen_stages"] == {role: 2}


def test_clipping_leaves_what_is_frozen(tmp_path, images):
    base = make_base(tmp_path / "base")
    values = {**QUIET, "finetune.freeze.discriminator": 1, "penalties.weight-clipping.weight": 1e-6}
    run = ganzoo.finetune(base, images, values, out=tmp_path / "run", steps=2)
    before = load_file(base / "discriminator.safetensors")["first.weight"]
    after = load_file(run.path / "weights" / "discriminator.safetensors")
    assert torch.equal(after["first.weight"], before)
    assert after["layers.1.weight"].abs().max() <= 1e-6


@pytest.mark.parametrize("fakes", ["reused", "fresh"])
@pytest.mark.parametrize("first", ["generator", "discriminator"])
def test_a_new_discriminator_learns_alone_at_first(tmp_path, images, fakes, first):
    base = make_base(tmp_path / "base", without={"discriminator"})
    values = {"objective.fakes": fakes, "objective.first": first, "finetune.warm_up": 2}
    trainer = begun(base, images, tmp_path, **values)
    networks = trainer.objective.networks
    before = {role: copies(network) for role, network in networks.items()}
    average = {name: tensor.clone() for name, tensor in trainer.emas["generator"].state().items()}
    trainer.train_step()
    trainer.train_step()
    now = dict(networks["generator"].named_parameters())
    assert all(torch.equal(now[name], t) for name, t in before["generator"].items())
    assert all(
        torch.equal(trainer.emas["generator"].state()[name], t) for name, t in average.items()
    )
    judge = dict(networks["discriminator"].named_parameters())
    assert not any(torch.equal(judge[name], t) for name, t in before["discriminator"].items())
    trainer.train_step()
    assert not torch.equal(now["project.weight"], before["generator"]["project.weight"])
    assert not torch.equal(
        trainer.emas["generator"].state()["project.weight"], average["project.weight"]
    )


@pytest.mark.parametrize("first", ["generator", "discriminator"])
def test_ada_follows_a_discriminator_that_learns_alone(tmp_path, images, first):
    base = make_base(tmp_path / "base", without={"discriminator"})
    ada = {"name": "ada", "p": 0.5, "every": 2, "adapt": 1000}
    values = {"finetune.warm_up": 4, "augmentation": ada, "objective.first": first, "steps": 5}
    trainer = begun(base, images, tmp_path, **values)
    seen = []
    for _ in range(4):
        trainer.train_step()
        seen.append(float(trainer.objective.contest.augment.augmentation.state["p"]))
    assert seen[0] == 0.5
    assert seen[1] == seen[2] != 0.5
    assert seen[3] != seen[2]


def copies(network):
    return {name: tensor.detach().clone() for name, tensor in network.named_parameters()}


def test_a_missing_discriminator_is_told_of_and_warmed_up(tmp_path, images, capfd):
    base = make_base(tmp_path / "base", without={"discriminator"})
    assert finetuning_config(base, images).config.finetune.warm_up == 200
    values = {**QUIET, "finetune.warm_up": 3, "health.every": 1, "data.holdout": 2}
    run = ganzoo.finetune(base, images, values, out=tmp_path / "run", steps=5)
    told = " ".join(capfd.readouterr().err.split())
    assert "only the discriminator learns in the first 3 steps" in told
    assert ["loss/generator" in row for row in run.log] == [False] * 3 + [True] * 2
    assert ganzoo.load_generator(run).info.training["warm_up_steps"] == 3
    assert run.base["networks"].keys() == {"generator"}


def test_a_result_is_pushed_with_its_base(tmp_path, base, images, hub):
    hub.create("acme/base").put({p.name: p.read_bytes() for p in base.iterdir()})
    run = ganzoo.finetune("acme/base", images, {**QUIET, "steps": 1}, out=tmp_path / "run")
    ganzoo.push(run, "acme/tuned", token=ALICE)
    there = ganzoo.pretrained_info("acme/tuned")
    assert there.card["base_model"] == "acme/base"
    assert there.info.base_model.repo == "acme/base"
    assert reading.equal(ganzoo.load_generator("acme/tuned"), ganzoo.load_generator(run))
