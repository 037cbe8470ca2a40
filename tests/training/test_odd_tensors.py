"""Networks whose tensors are tied, computed or laid out oddly are kept exactly, or refused."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import ganzoo
from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.errors import PluginError
from ganzoo.spec import Architecture, Traits
from ganzoo.testing import checks_of
from ganzoo.training import checkpoints
from ganzoo.training.trainer import Trainer

WIDTH = 6


class Plain(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.first = nn.Linear(config.latent_dim, WIDTH)
        self.second = nn.Linear(WIDTH, WIDTH)
        self.third = nn.Linear(WIDTH, WIDTH)
        self.output = nn.Linear(WIDTH, 2)
        self.plant()

    def plant(self):
        pass

    def forward(self, latents, labels=None):
        hidden = self.first(latents).relu()
        hidden = self.third(self.second(hidden).relu()).relu()
        return self.output(hidden)


class Judge(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.score = nn.Linear(2, 1)

    def forward(self, samples, labels=None):
        return self.score(samples).squeeze(1)


def planted(plant, base=Plain):
    return type("Planted", (base,), {"plant": plant})


def tied_parameter(self):
    self.third.weight = self.second.weight


def tied_module(self):
    self.third = self.second


def tied_buffer(self):
    self.register_buffer("gain", torch.ones(WIDTH))
    self.register_buffer("same", self.gain)


def overlapping_buffers(self):
    self.register_buffer("numbers", torch.arange(8.0))
    self.register_buffer("head", self.numbers[:3])


def transposed(self):
    self.second.weight = nn.Parameter(torch.randn(WIDTH, WIDTH).mul(0.3).T)


def weight_norm(self):
    parametrizations.weight_norm(self.second)


def spectral_norm(self):
    parametrizations.spectral_norm(self.second)


def orthogonal(self):
    parametrizations.orthogonal(self.second)


def reading(self):
    self.gain = self.second.weight.norm().item()


def complex_buffer(self):
    self.register_buffer("turned", torch.tensor([1 + 2j, 3 - 1j]))


def constant(self):
    self.register_buffer("constant", torch.full((WIDTH,), 0.5), persistent=False)


KEPT = {
    f.__name__: f
    for f in (
        *(tied_parameter, tied_module, tied_buffer, overlapping_buffers, transposed, weight_norm),
        *(spectral_norm, complex_buffer, constant),
    )
}


def old_weight_norm(self):
    nn.utils.weight_norm(self.second)


def old_spectral_norm(self):
    nn.utils.spectral_norm(self.second)


def expanded_buffer(self):
    self.register_buffer("ones", torch.ones(1).expand(WIDTH))


def sliced_parameter(self):
    self.second.weight = nn.Parameter(torch.randn(WIDTH, 2 * WIDTH)[:, ::2])


def lazy(self):
    self.second = nn.LazyLinear(WIDTH)


def whole_parameter(self):
    self.count = nn.Parameter(torch.arange(3), requires_grad=False)


def complex_parameter(self):
    self.turned = nn.Parameter(torch.ones(2, dtype=torch.complex64))


REFUSED = {
    old_weight_norm: "weight_norm",
    old_spectral_norm: "spectral_norm",
    expanded_buffer: "ones of the generator is a view",
    sliced_parameter: "weight of the generator is a view",
    lazy: "lazy layer",
    whole_parameter: "count of the generator is torch.int64",
    complex_parameter: "turned of the generator is torch.complex64",
}


def spec(generator, discriminator=Judge):
    return Architecture(
        name="odd",
        summary="A test.",
        config=LatentConfig,
        generator=generator,
        discriminator=discriminator,
        traits=lambda config: Traits(images=False, vectors=True, output="linear"),
    )


CONFIG = {
    "architecture": {"name": "odd", "latent_dim": 4},
    "data": "ring8",
    "training": {
        "batch_size": 4,
        "steps": 4,
        "sample_every": 0,
        "checkpoint_every": 2,
        "keep_checkpoints": 9,
        "precision": "fp32",
    },
    "health": {"every": 0},
    "logging": {"every": 1},
}


@pytest.mark.parametrize("precision", ["fp32", pytest.param("fp64", marks=pytest.mark.sweep)])
@pytest.mark.parametrize("plant", KEPT.values(), ids=KEPT)
def test_what_is_kept_is_kept_exactly(tmp_path, plant, precision):
    config = copy.deepcopy(CONFIG)
    config["training"]["precision"] = precision
    with registry.registered(spec(planted(plant))):
        run = ganzoo.train(config, out=tmp_path / "run")
        newest = checkpoints.every(run.checkpoints)
        assert [path.name[-1] for path in newest] == ["2", "4"]
        resumed = Trainer(run.config, tmp_path / "other")
        resumed.load_checkpoint(checkpoints.read_checkpoint(newest[0]))
        for _ in range(2):
            resumed.train_step()
        resumed.save()
        one, other = (
            checkpoints.read_checkpoint(checkpoints.every(folder.checkpoints)[-1])[0]
            for folder in (run, resumed.run)
        )
        assert one.keys() == other.keys()
        assert [key for key in one if not one[key].equal(other[key])] == []
        loaded = ganzoo.load_generator(run.path)
        assert loaded.sample(5, seed=0).equal(
            ganzoo.load_generator(resumed.run.path).sample(5, seed=0)
        )
        made = resumed.snapshot().sample(5, seed=0)
        torch.testing.assert_close(loaded.sample(5, seed=0), made, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("plant", [tied_parameter, tied_module, tied_buffer])
def test_tied_tensors_are_stored_once_and_stay_tied(tmp_path, plant):
    with registry.registered(spec(planted(plant))):
        trainer = Trainer(CONFIG, tmp_path / "run")
        for _ in range(2):
            trainer.train_step()
        trainer.save()
        names = checkpoints.read_checkpoint(checkpoints.every(trainer.run.checkpoints)[-1])[0]
        double = {"tied_buffer": "same"}.get(plant.__name__, "third.weight")
        assert f"network.generator/{double}" not in names
        trainer.load_checkpoint(
            checkpoints.read_checkpoint(checkpoints.every(trainer.run.checkpoints)[-1])
        )
        network = trainer.objective.networks["generator"]
        state = network.state_dict(keep_vars=True)
        assert state[double] is state[{"same": "gain"}.get(double, "second.weight")]


@pytest.mark.parametrize("plant", [orthogonal, reading])
def test_what_could_not_be_loaded_is_refused_before_training(tmp_path, plant):
    with registry.registered(spec(planted(plant))):
        with pytest.raises(PluginError, match="do not read weights in its constructor"):
            ganzoo.train(CONFIG, out=tmp_path / "run")
        assert ganzoo.create_generator("odd", sample_shape=(2,)).sample(1).shape == (1, 2)
    assert not (tmp_path / "run").exists()


@pytest.mark.filterwarnings("ignore")  # torch's, of what is old or lazy
@pytest.mark.parametrize("role", ["generator", "discriminator"])
@pytest.mark.parametrize("plant", REFUSED, ids=lambda plant: plant.__name__)
def test_what_is_not_kept_is_refused_before_training(tmp_path, plant, role):
    message = REFUSED[plant].replace("generator", role)
    odd = planted(plant)
    if role == "discriminator":

        class Odd(odd):
            def __init__(self, config):
                super().__init__(config.model_copy(update={"latent_dim": 2}))

            def forward(self, samples, labels=None):
                return super().forward(samples)[:, 0]

        found = spec(Plain, Odd)
    else:
        found = spec(odd)
    with registry.registered(found):
        with pytest.raises(PluginError, match=message):
            ganzoo.train(CONFIG, out=tmp_path / "run")
        create = getattr(ganzoo, f"create_{role}")
        with pytest.raises(PluginError, match=message):
            create("odd", sample_shape=(2,))
    assert not (tmp_path / "run").exists()


def test_check_plugin_refuses_it_as_well():
    (check,) = (c for c in checks_of(spec(planted(lazy))) if c.name == "networks-are-whole")
    result = check.run()
    assert result.state == "failed"
    assert REFUSED[lazy] in result.message


SHARED = nn.Linear(2, 2)


class SharingMaker(Plain):
    def plant(self):
        self.shared = SHARED

    def forward(self, latents, labels=None):
        return self.shared(super().forward(latents))


class SharingJudge(Judge):
    def __init__(self, config):
        super().__init__(config)
        self.shared = SHARED

    def forward(self, samples, labels=None):
        return super().forward(self.shared(samples))


def test_networks_that_share_a_module_are_refused_before_training(tmp_path):
    message = r"shared\.weight of the discriminator and shared"
    sharing = registry.registered(spec(SharingMaker, SharingJudge))
    with sharing, pytest.raises(PluginError, match=message):
        ganzoo.train(CONFIG, out=tmp_path / "run")
