"""What a step computes, what it leaves alone, and what a run leaves behind."""

import json
import math

import pytest
import torch
from PIL import Image
from torch import nn

import ganzoo
from ganzoo import registry
from ganzoo.config import EmaConfig, LatentConfig, ObjectiveConfig
from ganzoo.errors import ConfigError, RunError, TrainingError
from ganzoo.losses.config import PlainLossConfig
from ganzoo.losses.functions import Hinge
from ganzoo.objectives.base import Objective
from ganzoo.objectives.turns import Phase
from ganzoo.spec import Architecture, LossSpec, ObjectiveSpec, Role, Traits
from ganzoo.training import checkpoints
from ganzoo.training.ema import Ema
from ganzoo.training.trainer import Trainer
from ganzoo.weights.files import not_finite
from tests.training.killing import contents

DCGAN = {"name": "dcgan", "width": 4, "sample_shape": [1, 16, 16]}
VANILLA = {
    "name": "vanilla",
    "generator_widths": [16],
    "discriminator_widths": [16],
    "dropout": 0.0,
}
WGAN = {"name": "wgan-gp", "preset": "cnn", "width": 4, "sample_shape": [1, 16, 16]}
SMALL = {"training.batch_size": 8, "objective.generator_batch": None, "training.sample_every": 0}


def trainer_of(tmp_path, config, **overrides):
    return Trainer(config, tmp_path / "run", overrides={**SMALL, **overrides})


def weights_after(trainer, steps=3):
    for _ in range(steps):
        trainer.train_step()
    return {
        f"{role}.{name}": parameter.detach().clone()
        for role, network in trainer.objective.networks.items()
        for name, parameter in network.named_parameters()
    }


def largest_difference(one, other):
    return max((one[key] - other[key]).abs().max().item() for key in one)


@pytest.mark.parametrize(
    "config",
    [
        {"architecture": VANILLA},
        {"architecture": {**VANILLA, "preset": "article", "dropout": 0.0}},
        {"architecture": VANILLA, "loss": "relativistic", "penalties": {"r1": {}, "r2": {}}},
        {"architecture": VANILLA, "data": {"source": "ring8", "dequantize": 0.1}},
        {"architecture": VANILLA, "penalties": {"dragan": {"every": 2}}, "data": {"flip": True}},
        {"architecture": {**WGAN, "generator_norm": "none"}},
        {"architecture": VANILLA, "objective": {"fake_labels": "drawn"}},
        {"architecture": {**VANILLA, "preset": "mlp", "generator_norm": "none"}},
    ],
    ids=[
        "plain",
        "joint",
        "rpgan",
        "vectors",
        "dragan",
        "gradient-penalty",
        "drawn-labels",
        "shared",
    ],
)
def test_parts_of_a_batch_give_what_the_whole_gives(tmp_path, config):
    """Every random number belongs to a position, so only rounding depends on `accumulate`."""
    precise = {"training.precision": "fp64"}
    whole = weights_after(trainer_of(tmp_path / "1", config, **precise))
    parts = weights_after(trainer_of(tmp_path / "4", config, **precise, accumulate=4))
    assert largest_difference(whole, parts) < 1e-9


def test_memory_layout_changes_rounding_only(tmp_path):
    precise = {"training.precision": "fp64"}
    last = weights_after(trainer_of(tmp_path / "1", {"architecture": DCGAN}, **precise))
    first = trainer_of(tmp_path / "2", {"architecture": DCGAN}, **precise, channels_last=False)
    assert largest_difference(last, weights_after(first)) < 1e-9


def test_the_seed_matters_and_determines(tmp_path):
    config = {"architecture": DCGAN}
    one = weights_after(trainer_of(tmp_path / "1", config, seed=1))
    same = weights_after(trainer_of(tmp_path / "2", config, seed=1))
    other = weights_after(trainer_of(tmp_path / "3", config, seed=2))
    assert largest_difference(one, same) == 0
    assert largest_difference(one, other) > 0


def test_each_phase_computes_gradients_of_its_own_network_only(tmp_path):
    trainer = trainer_of(tmp_path, {"architecture": DCGAN})
    generator, discriminator = trainer.objective.networks.values()
    phases = {phase.player: phase for phase in trainer.objective.phases(0)}
    for role, (own, other) in {
        "discriminator": (discriminator, generator),
        "generator": (generator, discriminator),
    }.items():
        loss, _ = trainer.objective.loss(0, phases[role], 0)
        torch.autograd.backward(loss, inputs=trainer.optimizers[role].parameters)
        assert all(parameter.grad is not None for parameter in own.parameters())
        assert all(parameter.grad is None for parameter in other.parameters())
        own.zero_grad(set_to_none=True)


@pytest.mark.parametrize("every", [1, 3, 4])
def test_lazy_penalties_keep_their_mean_strength(tmp_path, every):
    """Applied at updates 0, every, ... of the discriminator, times `every`."""
    config = {"architecture": WGAN, "penalties": {"gradient-penalty": None}}
    lazy = {"penalties.r1.every": every, "penalties.r1.weight": 2.0, "training.precision": "fp64"}
    trainer = trainer_of(tmp_path / "lazy", config, **lazy)
    plain = trainer_of(tmp_path / "plain", config, **{"training.precision": "fp64"})
    for step in range(2):
        phases = [p for p in trainer.objective.phases(0) if p.player == "discriminator"]
        assert len(phases) == 5
        for phase in phases:
            loss, scalars = trainer.objective.loss(step, phase, 0)
            bare, _ = plain.objective.loss(step, phase, 0)
            due = (5 * step + phase.index) % every == 0
            assert ("penalty/r1" in scalars) == due
            extra = 2.0 * every * scalars["penalty/r1"] if due else 0.0
            assert (loss - bare).item() == pytest.approx(float(extra), abs=1e-12)


def test_weight_clipping_holds_after_every_update(tmp_path):
    config = {"architecture": WGAN, "penalties": {"gradient-penalty": None, "weight-clipping": {}}}
    trainer = trainer_of(tmp_path, config)
    trainer.train_step()
    critic = trainer.objective.networks["discriminator"]
    largest = max(parameter.abs().max().item() for parameter in critic.parameters())
    assert largest == pytest.approx(0.01)


def test_fresh_reals_of_the_generator_phase_are_others(tmp_path):
    trainer = trainer_of(tmp_path, {"architecture": VANILLA, "loss": "relativistic"})
    shown = []
    gather = trainer.loader.batch

    def noting(position, draws):
        shown.append((position, position + draws.size))
        return gather(position, draws)

    trainer.loader.batch = noting
    for _ in range(2):
        trainer.train_step()
    assert shown == [(0, 8), (8, 16), (16, 24), (24, 32)]


def test_ema_is_the_closed_form():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    ema = Ema(EmaConfig(half_life=100.0, ramp_up=None), net)
    nn.init.ones_(net.weight)
    for step in range(1, 11):
        ema.update(10 * step, 10)
    assert ema.state()["weight"].item() == pytest.approx(0.5)
    ramped = Ema(EmaConfig(half_life=100.0, ramp_up=0.05), net)
    nn.init.zeros_(net.weight)
    ramped.update(10, 10)  # the half-life is 0.5 samples yet
    assert ramped.state()["weight"].item() == pytest.approx(0.5 ** (10 / 0.5))


def test_before_its_start_the_average_is_the_weights():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    ema = Ema(EmaConfig(half_life=100.0, ramp_up=None, start=20), net)
    averages = []
    for step, weight in enumerate((1.0, 2.0, 4.0), 1):
        nn.init.constant_(net.weight, weight)
        ema.update(10 * step, 10)
        averages.append(ema.state()["weight"].item())
    kept = 0.5**0.1
    assert averages == pytest.approx([1.0, 2.0, 2.0 * kept + 4.0 * (1 - kept)])


def test_the_averaged_generator_has_statistics_of_its_own_weights(tmp_path):
    """Batch-norm statistics are those of the averaged weights, not of the weights in training."""
    trainer = trainer_of(tmp_path, {"architecture": DCGAN}, **{"training.precision": "fp64"})
    for _ in range(5):
        trainer.train_step()
    generator = trainer.snapshot()
    assert not generator.module.training
    norm = generator.module.layers[0]
    assert norm.momentum == 0.1
    inputs = []
    handle = norm.register_forward_pre_hook(lambda module, args: inputs.append(args[0]))
    with torch.no_grad():
        for index in range(16):
            generator.module(**trainer.objective.inputs("generator", index, "statistics"))
    handle.remove()
    means = torch.stack([x.mean(dim=(0, 2, 3)) for x in inputs]).mean(0)
    torch.testing.assert_close(norm.running_mean, means)
    raw = trainer.objective.networks["generator"].layers[0].running_mean
    assert not torch.allclose(norm.running_mean, raw)


def test_looking_at_samples_changes_nothing(tmp_path):
    config = {"architecture": DCGAN, "data": {"dequantize": 0.01}}
    plain = ganzoo.train(config, SMALL, out=tmp_path / "plain", steps=4)
    often = {**SMALL, "training.sample_every": 1, "logging.every": 1, "checkpoint_every": 1}
    watched = ganzoo.train(config, often, out=tmp_path / "watched", steps=4)
    one, other = (
        checkpoints.read_checkpoint(checkpoints.every(r.checkpoints)[-1])[0]
        for r in (plain, watched)
    )
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_training_leaves_global_state_alone(tmp_path):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    flags = torch.backends.cudnn.benchmark, torch.are_deterministic_algorithms_enabled()
    ganzoo.train({"architecture": VANILLA}, SMALL, out=tmp_path / "r", steps=1, deterministic=True)
    assert torch.equal(before, torch.random.get_rng_state())
    assert flags == (
        torch.backends.cudnn.benchmark,
        torch.are_deterministic_algorithms_enabled(),
    )


def test_a_run_leaves_everything_that_it_promises(tmp_path):
    config = {"architecture": DCGAN, "logging": {"every": 2, "tensorboard": True}}
    overrides = {**SMALL, "training.sample_every": 2, "checkpoint_every": 2, "keep_checkpoints": 2}
    run = ganzoo.train(config, overrides, out=tmp_path / "run", steps=7)
    names = "checkpoints config.yaml log.jsonl progress.gif samples tensorboard weights"
    assert sorted(path.name for path in run.path.iterdir()) == names.split()
    assert [p.name[-2:] for p in checkpoints.every(run.checkpoints)] == ["06", "07"]
    steps = [int(p.stem.removeprefix("step-")) for p in sorted(run.samples.iterdir())]
    assert steps == [0, 2, 4, 6, 7]
    with Image.open(run.path / "progress.gif") as film:
        assert film.n_frames == 5
    assert [row["step"] for row in run.log] == [2, 4, 6, 7]
    for row in run.log:
        assert row["samples"] == 8 * row["step"]
        assert 0 < row["real/discriminator"] < 1
        assert 0 < row["fake/discriminator"] < 1
        assert math.isfinite(row["loss/generator"])
    assert run.config == ganzoo.Run.open(run.path).config
    generator = ganzoo.load_generator(run)
    assert generator.sample(3, seed=0, labels="7").shape == (3, 1, 16, 16)
    facts = json.loads((run.path / "weights" / "config.json").read_text())
    assert facts["training"]["steps"] == 7
    assert facts["data"]["class_names"] == list("0123456789")
    assert facts["plugin"]["distribution"] == "ganzoo-torch"


def test_any_checkpoint_can_be_exported(tmp_path):
    overrides = {**SMALL, "checkpoint_every": 2}
    run = ganzoo.train({"architecture": DCGAN}, overrides, out=tmp_path / "run", steps=4)
    last = ganzoo.export(run, tmp_path / "last")
    assert (last / "model.safetensors").read_bytes() == (
        run.path / "weights" / "model.safetensors"
    ).read_bytes()
    first = ganzoo.export(checkpoints.every(run.checkpoints)[0], tmp_path / "first")
    assert ganzoo.load_generator(first).info.training["steps"] == 2
    with pytest.raises(RunError, match="already exists"):
        ganzoo.export(run, tmp_path / "first")


def test_observers_are_told_everything_in_order(tmp_path):
    pages = []

    class Diary(ganzoo.Observer):
        def start(self, trainer):
            pages.append(f"start {trainer.step}")

        def step(self, trainer):
            pages.append(f"step {trainer.step}")

        def log(self, trainer, row):
            pages.append(f"log {row['step']}")

        def finish(self, trainer, completed):
            pages.append(f"finish {completed}")

    config = {"architecture": VANILLA, "logging": {"every": 2}}
    ganzoo.train(config, SMALL, out=tmp_path / "run", steps=3, observers=[Diary()])
    assert pages == [
        *("start 0", "step 1", "log 2", "step 2", "log 3", "step 3", "finish True"),
    ]


class Exploding(Hinge):
    """A loss that is fine for some updates of the generator, then is not."""

    calls = 0

    def generator(self, fake, real):
        self.calls += 1
        return super().generator(fake, real) * (float("inf") if self.calls > 5 else 1.0)


@pytest.fixture
def own_plugins(monkeypatch):
    """Forget after the test what it registered."""
    monkeypatch.setattr(registry, "_local", {})


@pytest.fixture
def exploding(own_plugins):
    registry.register(LossSpec("exploding", "Explodes.", PlainLossConfig, Exploding))


@pytest.mark.usefixtures("exploding")
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_good_checkpoint(tmp_path):
    config = {"architecture": VANILLA, "loss": "exploding", "logging": {"every": 100}}
    overrides = {**SMALL, "checkpoint_every": 4}
    with pytest.raises(TrainingError, match=r"loss/generator stopped being finite.*step-0{9}4"):
        ganzoo.train(config, overrides, out=tmp_path / "run", steps=20)
    (kept,) = checkpoints.every(tmp_path / "run" / "checkpoints")
    tensors, state = checkpoints.read_checkpoint(kept)
    assert state["step"] == 4
    assert not not_finite(tensors)
    assert ganzoo.load_generator(tmp_path / "run").info.training["steps"] == 4


def test_no_checkpoint_is_written_of_weights_that_are_not_finite(tmp_path):
    trainer = trainer_of(tmp_path, {"architecture": VANILLA})
    with torch.no_grad():
        next(trainer.objective.networks["generator"].parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"network\.generator/layers\.0\.weight is not finite"):
        trainer.save()
    assert not list(trainer.run.path.rglob("*.safetensors"))


def test_a_changed_source_is_noticed_on_resuming(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    for shade in (0, 120, 240):
        Image.new("L", (16, 16), shade).save(images / f"{shade}.png")
    config = {"architecture": DCGAN, "data": str(images)}
    run = ganzoo.train(config, SMALL, out=tmp_path / "run", steps=2)
    Image.new("L", (16, 16), 7).save(images / "0.png")
    with pytest.raises(RunError, match="changed since step 2"):
        ganzoo.resume(run, steps=3)


def test_a_folder_named_from_elsewhere_is_found_on_resuming(tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    for shade in (0, 240):
        Image.new("L", (16, 16), shade).save(tmp_path / "images" / f"{shade}.png")
    monkeypatch.chdir(tmp_path)
    run = ganzoo.train({"architecture": DCGAN, "data": "./images"}, SMALL, out="run", steps=1)
    where = run.path.absolute()
    monkeypatch.chdir("/")
    ganzoo.resume(where, steps=2)
    facts = json.loads((where / "weights" / "config.json").read_text())["training"]
    assert facts["data"] == "images"


@pytest.mark.usefixtures("own_plugins")
def test_an_objective_of_its_own_trains_without_a_change_to_the_trainer(tmp_path):
    """One network, one role, no discriminator: the trainer knows only what the objective says."""
    registry.register(
        ObjectiveSpec(
            name="reconstruction",
            summary="Reconstructs.",
            config=ObjectiveConfig,
            factory=Reconstruction,
            players={"generator": ("generator",)},
            fields=("sample",),
        )
    )
    registry.register(
        Architecture(
            name="autoencoder",
            summary="Reconstructs.",
            config=LatentConfig,
            networks={"generator": Role(Reconstructor, "generator", ("latents",), ("sample",))},
            objectives=("reconstruction",),
            traits=lambda config: Traits(vectors=True),
        )
    )
    small = {key: value for key, value in SMALL.items() if not key.startswith("objective.")}
    run = ganzoo.train({"architecture": "autoencoder"}, small, out=tmp_path / "r", steps=3)
    assert run.log[-1].keys() >= {"loss/generator"}
    ganzoo.resume(run, steps=5)
    kept = {path.name for path in (run.path / "weights").glob("*.safetensors")}
    assert kept == {"model.safetensors", "generator_raw.safetensors"}
    assert ganzoo.load_generator(run).sample(2, seed=0).shape == (2, 1, 28, 28)


class Reconstructor(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.shape = config.sample_shape
        self.layer = nn.Linear(config.latent_dim, math.prod(self.shape))

    def forward(self, latents, labels=None):
        return self.layer(latents).tanh().unflatten(1, self.shape)


class Reconstruction(Objective):
    def phases(self, step):
        return [Phase("generator")]

    def loss(self, step, phase, part):
        turn = self.turn(step, phase, part)
        wanted = self.loader.batch(turn.samples, turn.data)["sample"]
        with self.forward():
            made = self.call("generator", self.latents(turn.draws))
        loss = (made - wanted).square().mean()
        return loss, {"loss/generator": loss.detach()}


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"device": "cuda:99"}, "this machine has no cuda:99"),
        ({"precision": "fp64", "device": "mps"}, "mps"),
    ],
    ids=["device", "mps"],
)
def test_hardware_that_is_not_there(tmp_path, training, message):
    with pytest.raises(ConfigError, match=message):
        Trainer({"architecture": VANILLA, "training": training}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_with_checkpoints_is_not_trained_from_its_start(tmp_path):
    run = ganzoo.train({"architecture": VANILLA}, SMALL, out=tmp_path / "run", steps=2)
    before = contents(run.path)
    with pytest.raises(RunError, match=r"run has checkpoints; resume it with Trainer\.resume"):
        Trainer(run.config, run).fit()
    assert contents(run.path) == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_trains_on_cuda(tmp_path, precision):
    config = {"architecture": DCGAN, "penalties": {"r1": {"every": 2}}}
    overrides = {**SMALL, "training.device": "cuda", "training.precision": precision}
    run = ganzoo.train(config, overrides, out=tmp_path / "run", steps=4)
    assert ganzoo.load_generator(run, device="cuda").sample(2, seed=0).device.type == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_step_never_waits_for_the_device(tmp_path):
    config = {"architecture": DCGAN, "penalties": {"r1": {"every": 2}}, "loss": "relativistic"}
    trainer = trainer_of(tmp_path, config, **{"training.device": "cuda"})
    trainer.train_step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        trainer.train_step()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore::UserWarning")  # torch's compiler warns of its own doings
def test_compiled_networks_train_and_keep_plain_names(tmp_path):
    config = {"architecture": DCGAN, "penalties": {"r1": {}}}
    run = ganzoo.train(config, SMALL, out=tmp_path / "run", steps=2, compile=True)
    tensors, _ = checkpoints.read_checkpoint(checkpoints.every(run.checkpoints)[-1])
    assert not [key for key in tensors if "_orig_mod" in key]
