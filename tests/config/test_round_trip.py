"""A resolved config, written and read again, is the same object."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ganzoo
from ganzoo.config import documents
from ganzoo.resolve import resolve

SOURCES = {"dcgan": ["mnist5k"], "vanilla": ["mnist5k", "ring8"], "wgan-gp": ["mnist5k"]}
PRESETS = [
    (name, preset, source)
    for name, sources in SOURCES.items()
    for preset in ganzoo.info(name).presets
    for source in sources
]


def assert_same_after_writing(config, folder):
    values = config.model_dump(mode="json")
    (folder / "run.yaml").write_text(documents.dump_yaml(values))
    (folder / "run.json").write_text(json.dumps(values))
    for name in ("run.yaml", "run.json"):
        assert resolve(folder / name).config == config
    assert resolve(config).config == config


@pytest.mark.parametrize(("name", "preset", "source"), PRESETS)
def test_presets(tmp_path, name, preset, source):
    config = resolve({"architecture": {"name": name, "preset": preset}, "data": source}).config
    assert config.architecture.preset == preset
    assert_same_after_writing(config, tmp_path)


def test_a_penalty_that_was_removed_stays_removed(tmp_path):
    config = resolve({"architecture": "wgan-gp", "penalties": {"gradient-penalty": None}}).config
    assert config.active_penalties == {}
    assert_same_after_writing(config, tmp_path)


counts = st.integers(1, 10**12)
numbers = st.floats(0, 1e12)
positive = st.floats(1e-300, 1e12)
fractions = st.floats(0, 1, exclude_max=True)


def scheduled(ends):
    kinds = st.sampled_from(["linear", "cosine"])
    course = {"schedule": kinds, "from": ends, "to": ends, "over": positive}
    above = ends.filter(bool)
    factor = {**course, "schedule": st.just("exponential"), "from": above, "to": above}
    return ends | st.fixed_dictionaries(course) | st.fixed_dictionaries(factor)


rate = {"lr": scheduled(numbers), "weight_decay": numbers}
betas = st.lists(scheduled(fractions), min_size=2, max_size=2)


def named(name, fields):
    return st.fixed_dictionaries({"name": st.just(name)}, optional=fields)


optimizers = st.one_of(
    named("adam", {**rate, "betas": betas, "eps": positive}),
    named("adamw", {**rate, "betas": betas, "eps": positive}),
    named("rmsprop", {**rate, "alpha": fractions, "eps": positive, "momentum": fractions}),
    named("sgd", {**rate, "momentum": scheduled(fractions)}),
)
widths = st.lists(st.integers(1, 65536), min_size=1, max_size=5)
architectures = st.one_of(
    named("dcgan", {"width": st.integers(1, 4096), "latent_dim": st.integers(1, 65536)}),
    named(
        "vanilla",
        {
            "preset": st.sampled_from(["article", "mlp", "goodfellow"]),
            "generator_widths": widths,
            "dropout": fractions,
            "latent": st.sampled_from(["normal", "uniform"]),
            "num_classes": st.sampled_from([0, 10]),
        },
    ),
    named("wgan-gp", {"blocks": st.sampled_from(["cnn", "resnet"])}),
)
training = st.fixed_dictionaries(
    {},
    optional={
        "steps": counts,
        "batch_size": counts,
        "precision": st.sampled_from(["auto", "fp32", "bf16", "fp64"]),
        "device": st.sampled_from(["auto", "cpu", "mps", "cuda", "cuda:7"]),
        "deterministic": st.booleans(),
        "seed": st.integers(0, 2**63 - 1),
        "checkpoint_every": st.integers(0, 10**12),
    },
)
objectives = st.fixed_dictionaries(
    {"generator_batch": st.none()},
    optional={
        "discriminator_steps": counts,
        "first": st.sampled_from(["discriminator", "generator"]),
        "passes": st.sampled_from(["separate", "joint"]),
        "discriminator_loss_scale": positive,
    },
)
averages = st.none() | st.fixed_dictionaries(
    {}, optional={"half_life": scheduled(numbers), "ramp_up": st.none() | positive}
)
configs = st.fixed_dictionaries(
    {"architecture": architectures},
    optional={
        "training": training,
        "objective": objectives,
        "ema": averages,
        "optimizers": st.fixed_dictionaries(
            {}, optional={"generator": optimizers, "discriminator": optimizers}
        ),
        "penalties": st.fixed_dictionaries(
            {}, optional={"r1": st.fixed_dictionaries({}, optional={"weight": scheduled(numbers)})}
        ),
    },
)
COUNTS = [
    pytest.param(25, id="few"),
    pytest.param(1500, marks=pytest.mark.sweep, id="many"),
]


@pytest.mark.parametrize("examples", COUNTS)
def test_any_config(tmp_path, examples):
    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])
    @given(configs)
    def check(values):
        assert_same_after_writing(resolve(values).config, tmp_path)

    check()
