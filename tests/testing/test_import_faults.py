"""Faults planted into the imports of a healthy architecture: each is named by its own check."""

import pytest

from ganzoo.spec import Import, Imported
from ganzoo.testing import checks_of, imports
from tests.testing.test_architecture_faults import architecture


def recognise(shapes, facts):
    return "generator" if "start.weight" in shapes and "output.weight" in shapes else None


def healthy(name="other-tool", recognise=recognise, asks=None):
    return Import(
        name=name,
        title="A test.",
        recognise=recognise,
        read=lambda networks, facts: Imported({}, {}),
        asks=asks or {"latent": "how latents are distributed"},
    )


def greedy(shapes, facts):
    return "generator" if len(shapes) > 1 else None


def empty(shapes, facts):
    return "generator" if all(name.startswith("main.") for name in shapes) else None


def careless(shapes, facts):
    weight = shapes.get("main.0.weight")
    return "generator" if weight is not None and weight[2] == 4 else None


def sure(shapes, facts):
    return "generator" if facts["values"]["model.pth"]["width"] == 8 else None


def with_torch(shapes, facts):
    import torch

    return "generator" if torch.Size([3]) in shapes.values() and "start.bias" in shapes else None


# The planted fault -> the imports, the check that names it, and words of its message.
FAULTS = {
    "a name of capitals": ([healthy("Other")], "imports-are-named", "'Other' is not named by"),
    "a name with spaces": ([healthy("other tool")], "imports-are-named", "in pytorch-dcgan"),
    "no name": ([healthy("")], "imports-are-named", "'' is not named by"),
    "one name twice": (
        [healthy(), healthy()],
        "imports-are-named",
        "two imports of planted are called",
    ),
    "a name of another plugin": (
        [healthy("pytorch-dcgan")],
        "imports-are-named",
        "two imports of dcgan and planted are called 'pytorch-dcgan'; rename one of them",
    ),
    "it takes all": (
        [healthy(recognise=greedy)],
        "imports-know-their-own",
        "for its generator; let recognise return None unless the names and shapes are those of its",
    ),
    "it takes nothing for something": (
        [healthy(recognise=empty)],
        "imports-know-their-own",
        "takes a table without tensors for its generator",
    ),
    "a size that is not there": (
        [healthy(recognise=careless)],
        "imports-know-their-own",
        "fails on a single tensor main.0.weight of shape () (IndexError",
    ),
    "a fact that is not there": (
        [healthy(recognise=sure)],
        "imports-know-their-own",
        "fails on a table without tensors (KeyError: 'model.pth'); let it return None",
    ),
    "it needs torch": (
        [healthy(recognise=with_torch)],
        "imports-know-their-own",
        "recognise of the import other-tool imports torch; look at names and shapes",
    ),
    "it asks for what is not a field": (
        [healthy(asks={"latents": "how they are distributed"})],
        "imports-ask-for-fields",
        "asks for 'latents', which is not a field of the config; did you mean 'latent'",
    ),
    "it asks without words": (
        [healthy(asks={"latent": " "})],
        "imports-ask-for-fields",
        "asks for latent without a word on what it is",
    ),
}


def results(*forms):
    names = {check.__name__.replace("_", "-") for check in imports.CHECKS}
    checks = checks_of(architecture(imports=forms))
    return [check.run() for check in checks if check.name in names]


def test_healthy_imports_pass():
    found = results(healthy(), healthy("tool-2"))
    assert [(r.state, r.message) for r in found] == [("passed", "")] * len(imports.CHECKS)


def test_without_imports_there_is_nothing_to_check():
    assert {r.state for r in results()} == {"skipped"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_own_check(fault):
    forms, name, words = FAULTS[fault]
    (failed,) = [r for r in results(*forms) if r.state == "failed"]
    assert failed.check == name
    assert words in failed.message


def test_every_check_finds_a_fault_of_its_own():
    assert {name for _, name, _ in FAULTS.values()} == {r.check for r in results()}
