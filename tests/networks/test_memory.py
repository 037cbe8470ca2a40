"""What has no room in memory is refused in a sentence, before it is tried."""

import json

import pytest
import torch

import ganzoo
from ganzoo import memory
from ganzoo.cli import main
from ganzoo.errors import RequestError, TrainingError
from ganzoo.evaluation.scorer import Scorer
from ganzoo.networks import create_generator
from ganzoo.resolve import data_config
from ganzoo.settings import own_settings

HUGE = {"generator_widths": [65536] * 12, "discriminator_widths": [8]}
MANY = 10**9


@pytest.fixture(scope="module")
def small():
    return create_generator("vanilla", generator_widths=(4,), num_classes=2, seed=0)


@pytest.fixture
def folder(small, tmp_path):
    return small.save(tmp_path / "weights")


def run(**architecture):
    return {"architecture": {"name": "vanilla", **architecture}, "data": "mnist5k"}


def fakes(metrics):
    return Scorer(data_config({"source": "mnist5k"}), (1, 28, 28), metrics=metrics, fakes=10**12)


REFUSED = {
    "samples": lambda G, folder: G.sample(MANY),
    "samples in small batches": lambda G, folder: G.sample(10**12, batch_size=1),
    "legs": lambda G, folder: G.interpolate(MANY),
    "steps": lambda G, folder: G.interpolate(2, steps=MANY),
    "steps of a blend": lambda G, folder: G.blend(0, 1, 1, steps=MANY),
    "fakes with features": lambda G, folder: fakes(["kid"]),
    "a generator": lambda G, folder: create_generator("vanilla", **HUGE),
    "training a large discriminator": lambda G, folder: ganzoo.train(
        run(discriminator_widths=[65536] * 12), out=folder / "run"
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_room_is_refused_before_it_is_tried(case, small, folder, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda device: 10**10)
    with pytest.raises(RequestError, match=r"need [\d,.]+ GB of memory, and 10\.0 GB are free"):
        REFUSED[case](small, folder)


def test_weights_beyond_memory_are_refused_before_they_are_fetched(folder, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda device: 10**7)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["architecture"]["generator_widths"] = [30000]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(RequestError, match=r"config\.json need .* load them on a larger machine"):
        ganzoo.load_generator(folder)


@pytest.mark.parametrize("n", [MANY, 10**30])
def test_the_command_line_refuses_it(n, folder, tmp_path, capsys, monkeypatch):
    arguments = ["sample", str(folder), "-n", str(n), "--out", str(tmp_path / "out.png")]
    monkeypatch.setattr("sys.argv", ["ganzoo", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "GB of memory" in capsys.readouterr().err


FAILURES = {
    "one tensor": lambda: torch.empty(10**16),
    "beyond 64 bits": lambda: torch.empty(10**10, 10**10),
    "elements beyond 64 bits": lambda: torch.zeros(1).expand(10**10, 10**10).clone(),
    "a side beyond 64 bits": lambda: torch.empty(10**30),
    "of Python": lambda: bytearray(10**18),
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_where_an_allocation_fails_a_sentence_says_so(fail):
    with pytest.raises(RequestError, match="there is not enough memory"), own_settings(grad=False):
        fail()


OTHERS = {
    "a shape": lambda: torch.zeros(2) @ torch.zeros(3),
    "a type": lambda: torch.zeros("a"),
    "a key": lambda: {}["a"],
    "a number too large for its type": lambda: torch.zeros(3, dtype=torch.half).masked_fill(
        torch.ones(3, dtype=torch.bool), -1e9
    ),
    "a byte": lambda: torch.tensor([300], dtype=torch.uint8),
}


@pytest.mark.parametrize("fail", OTHERS.values(), ids=OTHERS)
def test_other_errors_stay_as_they_are(fail):
    with pytest.raises((RuntimeError, TypeError, KeyError)), own_settings(grad=False):
        fail()


class Starves(ganzoo.Observer):
    """Lets there be too little memory for something at a step."""

    def __init__(self, at, fail):
        self.at, self.fail = at, fail

    def start(self, trainer):
        self.step(trainer)

    def step(self, trainer):
        if trainer.step == self.at:
            self.fail(trainer)


SHORTAGES = {
    "of the trainer": lambda trainer: torch.empty(10**16),
    "of what it calls": lambda trainer: trainer.snapshot().sample(10**12, batch_size=1),
}


@pytest.mark.parametrize("fail", SHORTAGES.values(), ids=SHORTAGES)
@pytest.mark.parametrize("at", [0, 2])
def test_a_shortage_in_training_is_work_that_failed(at, fail, tmp_path):
    small = {"generator_widths": [4], "discriminator_widths": [4]}
    starves = Starves(at, fail)
    with pytest.raises(TrainingError, match="memory") as found:
        ganzoo.train(run(**small), out=tmp_path / "run", steps=3, observers=[starves])
    assert found.value.exit_code == 1


@pytest.mark.parametrize(
    ("limit", "used", "cached", "expected"),
    [("max", 0, 0, None), (1000, 0, 0, 1000), (1000, 700, 0, 300), (1000, 990, 600, 610)],
    ids=["no limit", "unused", "used", "used for files"],
)
def test_what_a_container_has_left_counts(limit, used, cached, expected, tmp_path, monkeypatch):
    stat = f"anon {used - cached}\nactive_file {cached - cached // 3}\ninactive_file {cached // 3}"
    for name, text in {"max": limit, "current": used, "stat": stat}.items():
        (tmp_path / f"memory.{name}").write_text(f"{text}\n", encoding="ascii")
    without = memory.available(torch.device("cpu"))
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    found = memory.available(torch.device("cpu"))
    assert found == expected if expected else found > without / 2
