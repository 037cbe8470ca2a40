"""The same seed gives the same images, whatever a caller asked of torch and of threads."""

import copy
import itertools
import threading
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
import torch

import ganzoo
import ganzoo.sheet
from ganzoo.building import build_network
from ganzoo.errors import RequestError
from ganzoo.evaluation.scorer import Scorer
from ganzoo.networks import Generator, create_discriminator, create_generator
from ganzoo.randomness import Draws, seed_for
from ganzoo.resolve import data_config
from ganzoo.training.trainer import Trainer
from ganzoo.weights.description import DataFacts

SEEDS = {
    "int": 3,
    "int8": np.int8(3),
    "uint8": np.uint8(3),
    "int64": np.int64(3),
    "uint64": np.uint64(3),
    "array": np.array(3),
    "tensor": torch.tensor(3),
    "int16 tensor": torch.tensor(3, dtype=torch.int16),
}
NO_WHOLE_NUMBERS = {
    "float": 3.0,
    "bool": True,
    "bool tensor": torch.tensor(True),
    "float tensor": torch.tensor(3.0),
    "text": "3",
    "list": [3],
    "tensor": torch.tensor([3]),
    "no memory": torch.tensor(3, device="meta"),
    "complex": 3j,
}
GRAD = {
    "grad": torch.enable_grad,
    "no grad": torch.no_grad,
    "inference": torch.inference_mode,
}
COMBINATIONS = list(
    itertools.product(
        (torch.float32, torch.float64, torch.bfloat16), (None, "cpu", "meta"), GRAD, (False, True)
    )
)


@contextmanager
def surroundings(dtype, device, grad, autocast):
    before = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.callback(torch.set_default_dtype, before)
        torch.set_default_dtype(dtype)
        if device is not None:
            stack.callback(torch.set_default_device, None)
            torch.set_default_device(device)
        stack.enter_context(GRAD[grad]())
        if autocast:
            stack.enter_context(torch.autocast("cpu", dtype=torch.bfloat16))
        state = facts()
        yield
        assert facts() == state


def facts():
    return (
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.is_autocast_enabled("cpu"),
    )


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert found[name].device == tensor.device, name
        assert not found[name].is_inference() or name in ("normal", "uniform", "scores"), name
        assert torch.equal(found[name], tensor), name


SMALL = {"sample_shape": (1, 16, 16), "width": 2, "num_classes": 3}
TRAINING = {
    "architecture": {
        "name": "vanilla",
        "generator_widths": [8],
        "discriminator_widths": [8],
    },
    "data": "ring8",
    "augmentation": {"name": "none"},
    "training": {"batch_size": 4, "steps": 3, "sample_every": 0, "precision": "fp32"},
    "logging": {"every": 1},
}


def drawn(G, seed=3):
    return {
        "sample": G.sample(3, seed=seed),
        "truncated": G.sample(2, seed=seed, truncation=0.5, labels=1),
        "interpolate": G.interpolate(2, steps=2, seed=seed),
        "blend": G.blend(0, 2, 1, steps=2, seed=seed),
    }


@pytest.fixture(scope="module")
def small():
    return create_generator("dcgan", **SMALL, seed=0).eval()


@pytest.fixture(scope="module")
def undisturbed(small, tmp_path_factory):
    return everything(small, tmp_path_factory.mktemp("undisturbed"))


def everything(G, folder):
    """Sample, draw, build, save, load, train, score; and return all numbers that come of it."""
    found = {f"drawn {name}": tensor for name, tensor in drawn(G).items()}
    draws = Draws((0, "test"), 4)
    found |= {"normal": draws.normal("a", 3), "uniform": draws.uniform("b", 3)}
    for create in (create_generator, create_discriminator):
        network = create("dcgan", **SMALL, seed=5)
        found |= {f"{create.__name__} {name}": t for name, t in network.state_dict().items()}
    G.save(folder / "weights")
    loaded = ganzoo.load_generator(folder / "weights")
    found |= {f"loaded {name}": tensor for name, tensor in loaded.state_dict().items()}
    run = ganzoo.train(TRAINING, out=folder / "run", **{"health.every": 0})
    trained = ganzoo.load_generator(run.path)
    found |= {f"trained {name}": tensor for name, tensor in trained.state_dict().items()}
    found["of the trained"] = trained.sample(4, seed=1)
    scores = ganzoo.evaluate(run.path, "ring8", fakes=50)
    found["scores"] = torch.tensor(
        [score.value for score in scores], dtype=torch.float64, device="cpu"
    )
    return found


# Every setting alone and all at once; each with one type of seed. The full product is a sweep.
FEW = [(torch.float64, None, "grad", False), (torch.float32, "meta", "grad", False)]
FEW += [(torch.float32, None, "inference", False), (torch.float32, None, "no grad", False)]
FEW += [(torch.float32, None, "grad", True), (torch.bfloat16, "meta", "inference", True)]
NEAR = set(zip(FEW, SEEDS, strict=False)) | {(FEW[-1], kind) for kind in SEEDS}


@pytest.mark.parametrize(
    ("combination", "kind"),
    [
        pytest.param(*case, marks=() if case in NEAR else pytest.mark.sweep, id=str(case))
        for case in itertools.product(COMBINATIONS, SEEDS)
    ],
)
def test_images_do_not_depend_on_defaults_grad_mode_autocast_and_the_seeds_type(
    small, undisturbed, combination, kind
):
    with surroundings(*combination):
        found = drawn(small, SEEDS[kind])
    same(found, {name: undisturbed[f"drawn {name}"] for name in found})


@pytest.mark.parametrize("combination", [FEW[0], FEW[-1]], ids=str)
def test_nothing_that_is_built_saved_loaded_trained_or_scored_does(
    small, undisturbed, tmp_path, combination
):
    with surroundings(*combination):
        found = everything(small, tmp_path)
    same(found, undisturbed)


def test_a_step_does_not_either(tmp_path):
    plain, other = (
        Trainer(TRAINING, tmp_path / name, overrides={"health.every": 0}) for name in "ab"
    )
    plain.train_step()
    with surroundings(torch.float64, "meta", "inference", True):
        other.train_step()
    for one, two in zip(
        plain.objective.networks.values(), other.objective.networks.values(), strict=True
    ):
        same(two.state_dict(), one.state_dict())


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_an_integer_of_every_type_is_the_same_seed(seed):
    assert seed_for(seed, "x") == seed_for(3, "x")
    config = create_generator("vanilla", seed=0).config
    found, plain = (build_network("generator", config, s).state_dict() for s in (seed, 3))
    same(found, plain)
    vanilla = create_generator("vanilla", seed=0)
    assert vanilla.sample(seed, seed=0).equal(vanilla.sample(3, seed=0))


def calls(value, G):
    images = G.sample(2, seed=0)
    return {
        "seed": lambda: G.sample(2, seed=value),
        "n": lambda: G.sample(value),
        "batch_size": lambda: G.sample(2, batch_size=value),
        "n of interpolate": lambda: G.interpolate(value),
        "steps of interpolate": lambda: G.interpolate(2, steps=value),
        "steps of blend": lambda: G.blend(0, 1, steps=value),
        "seed of weights": lambda: create_generator("vanilla", seed=value),
        "columns": lambda: ganzoo.save_grid(images, "never.png", columns=value),
        "scale": lambda: ganzoo.save_grid(images, "never.png", scale=value),
        "seed of training": lambda: ganzoo.train(TRAINING, seed=value, out="never"),
        "fakes": lambda: Scorer(data_config({"source": "ring8"}), (2,), fakes=value),
    }


@pytest.mark.parametrize("value", NO_WHOLE_NUMBERS.values(), ids=NO_WHOLE_NUMBERS)
def test_what_is_not_a_whole_number_is_refused(value, small):
    for call in calls(value, small).values():
        with pytest.raises(RequestError):
            call()


@pytest.mark.parametrize("truncation", [True, "0.5", [0.5], torch.tensor([0.5]), 1j], ids=repr)
def test_truncations_of_other_types_are_refused(truncation, small):
    for call in (small.sample, small.interpolate):
        with pytest.raises(RequestError, match="truncation is"):
            call(2, truncation=truncation)


@pytest.mark.parametrize(
    "truncation", [0.5, np.float32(0.5), np.float64(0.5), torch.tensor(0.5), np.array(0.5)]
)
def test_a_truncation_is_a_number_of_any_type(truncation, small):
    expected = small.sample(2, seed=0, truncation=0.5)
    assert small.sample(2, seed=0, truncation=truncation).equal(expected)


def named(*names):
    G = create_generator("dcgan", **{**SMALL, "num_classes": len(names)}, seed=0)
    facts = {"data": DataFacts(class_names=list(names))}
    return Generator(G.module, G.info.model_copy(update=facts))


LETTERS = sorted(map(str, range(12)))
COMPOSED, APART = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("names", "label", "number"),
    [
        (LETTERS, 2, LETTERS.index("2")),
        (LETTERS, "2", LETTERS.index("2")),
        (LETTERS, np.int64(10), LETTERS.index("10")),
        (LETTERS, torch.tensor([11, 11]), LETTERS.index("11")),
        (["2", "1", "0"], 0, 2),
        (["cat", "dog"], 1, 1),
        (["tea", COMPOSED], APART, 1),
        ([APART, COMPOSED], COMPOSED, 1),
        ([APART, COMPOSED], APART, 0),
        (["Cat", "dog"], "cat", 0),
        (["cat", "dog "], " dog", 1),
        (["Cat", "cat"], "cat", 1),
    ],
)
def test_a_label_means_the_class_of_its_name(names, label, number):
    G = named(*names)
    seen = []
    G.module.register_forward_hook(lambda module, arguments, output: seen.append(arguments[1]))
    G.sample(2, seed=0, labels=label)
    assert seen[0].tolist() == [number] * 2


@pytest.mark.parametrize(
    "label",
    [
        *(True, 0.0, b"cat", "CAT", [None, None], [[0], [1]], {}),
        *(np.array([0.0, 1.0]), torch.tensor([True, False]), torch.tensor([0, 1]).to("meta")),
    ],
    ids=repr,
)
def test_labels_of_other_types_are_refused(label):
    G = named("cat", "Cat", "dog")
    with pytest.raises(RequestError, match=r"class|labels"):
        G.sample(2, seed=0, labels=label)


def test_every_row_of_a_sheet_and_every_fake_is_of_its_class():
    G = named(*map(str, range(1, 6)))
    seen = []
    G.module.register_forward_hook(lambda module, arguments, output: seen.append(arguments[1]))
    ganzoo.sheet.sample_sheet(G)
    G.interpolate(6, steps=1)
    rows = torch.cat(seen)
    assert rows[:50].tolist() == [row for row in range(5) for _ in range(10)]
    assert rows[50:].tolist() == [leg for leg in range(5) for _ in range(2)]


def test_threads_that_sample_from_one_generator_take_turns(small, styled):
    threads, dtype = 5, torch.float64
    noisy = create_generator(styled, sample_shape=(3, 2, 2), seed=0)
    noisy.module.noise = 1.0
    G = copy.deepcopy(small).train()
    expected = [(small.sample(4, seed=0), noisy.sample(4, seed=s)) for s in range(threads)]
    found = [[] for _ in range(threads)]
    gate = threading.Barrier(threads)

    def work(number):
        gate.wait()
        for _ in range(5):
            found[number].append((G.sample(4, seed=0), noisy.sample(4, seed=number)))

    torch.set_default_dtype(dtype)
    try:
        workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert torch.get_default_dtype() == dtype
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(module.training for module in G.modules())
    for pairs, (one, other) in zip(found, expected, strict=True):
        assert len(pairs) == 5
        assert all(a.equal(one) and b.equal(other) for a, b in pairs)
