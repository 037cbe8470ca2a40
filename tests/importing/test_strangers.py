"""An import that a stranger's plugin brings: it works like those that come with ganzoo."""

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo import registry
from ganzoo.config import LatentConfig
from ganzoo.errors import ConfigError, WeightsError
from ganzoo.spec import Architecture, Import, Imported, Traits

SIDE = 4


class Generator(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.shape = config.sample_shape
        self.layer = nn.Linear(config.latent_dim, torch.Size(self.shape).numel())

    def forward(self, latents, labels=None):
        return self.layer(latents).tanh().unflatten(1, self.shape)


class Discriminator(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layer = nn.Linear(torch.Size(config.sample_shape).numel(), 1)

    def forward(self, samples, labels=None):
        return self.layer(samples.flatten(1)).squeeze(1)


def recognise(shapes, facts):
    if shapes.keys() != {"fc.weight", "fc.bias"}:
        return None
    return "generator" if shapes["fc.bias"] == (SIDE**2,) else "discriminator"


def read(networks, facts):
    made = {
        role: {f"layer.{last}": table[f"fc.{last}"] for last in ("weight", "bias")}
        for role, table in networks.items()
    }
    latent_dim = networks["generator"].shapes["fc.weight"][1]
    values = {"latent_dim": latent_dim, "sample_shape": (1, SIDE, SIDE)}
    options = facts["values"]["G.pth"].get("options", {})
    if "z" in options:
        values["latent"] = options["z"]
    return Imported(values, made, notes=("made by a stranger",))


ASKS = {"latent": "how latents are distributed (normal or uniform)"}


def architecture(**changes):
    form = {"name": "strange-tool", "title": "A stranger's tool.", "asks": ASKS}
    form |= {"recognise": recognise, "read": read, **changes}
    return Architecture(
        name="strange",
        summary="A test.",
        config=LatentConfig,
        generator=Generator,
        discriminator=Discriminator,
        traits=lambda config: Traits(),
        imports=(Import(**form),),
    )


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A checkpoint of the stranger's tool, whose architecture is registered."""
    monkeypatch.setattr(registry, "_local", {})
    ganzoo.register(architecture())
    torch.manual_seed(0)
    networks = {"G": nn.Linear(6, SIDE**2), "D": nn.Linear(SIDE**2, 1)}
    states = {
        name: {f"fc.{key}": tensor for key, tensor in network.state_dict().items()}
        for name, network in networks.items()
    }
    torch.save({**states, "options": {"lr": 0.1}}, tmp_path / "G.pth")
    return tmp_path / "G.pth"


def test_it_is_listed(file):
    assert "strange-tool" in ganzoo.list_imports()


def test_what_the_file_does_not_say_is_asked_for(file, tmp_path):
    with pytest.raises(ConfigError) as found:
        ganzoo.import_checkpoint(file, tmp_path / "out")
    assert str(found.value) == (
        f"{file} does not say how latents are distributed (normal or uniform); give it as "
        "latent=..."
    )
    assert not (tmp_path / "out").exists()


def test_with_it_the_networks_are_those_of_the_file(file, tmp_path):
    report = ganzoo.import_checkpoint(file, tmp_path / "out", {"latent": "uniform"})
    assert (report.format, report.notes) == ("strange-tool", ("made by a stranger",))
    G, D = ganzoo.load_pair(tmp_path / "out")
    assert G.config.latent == "uniform"
    state = torch.load(file, weights_only=True)
    latents = torch.rand(3, 6)
    with torch.no_grad():
        samples = (latents @ state["G"]["fc.weight"].T + state["G"]["fc.bias"]).tanh()
        torch.testing.assert_close(G.module(latents).flatten(1), samples)
        scores = samples @ state["D"]["fc.weight"].T + state["D"]["fc.bias"]
        torch.testing.assert_close(D(samples.unflatten(1, (1, SIDE, SIDE))), scores.squeeze(1))


def test_what_the_file_says_is_not_asked_for(file, tmp_path):
    torch.save({**torch.load(file, weights_only=True), "options": {"z": "normal"}}, file)
    report = ganzoo.import_checkpoint(file, tmp_path / "out")
    assert report.config.latent == "normal"


def test_what_the_user_says_counts_more(file, tmp_path):
    torch.save({**torch.load(file, weights_only=True), "options": {"z": "normal"}}, file)
    report = ganzoo.import_checkpoint(file, tmp_path / "out", {"latent": "uniform"})
    assert report.config.latent == "uniform"


def fails(*arguments):
    raise KeyError("a key that no file has")


# The plugin's fault -> words of the message.
FAULTS = {
    "recognise fails": ({"recognise": fails}, "its tensors are named fc.weight, fc.bias"),
    "read fails": ({"read": fails}, "could not be read as strange-tool (KeyError: 'a key that no"),
    "a network is missing": (
        {"read": lambda networks, facts: Imported({"latent": "normal"}, {})},
        "holds no generator",
    ),
    "an unknown role": (
        {"recognise": lambda shapes, facts: "painter" if "fc.bias" in shapes else None},
        "is of no format that can be imported",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_plugin_breaks_its_own_format_alone(file, tmp_path, fault):
    changes, words = FAULTS[fault]
    ganzoo.register(architecture(**changes), override=True)
    with pytest.raises(WeightsError) as found:
        ganzoo.import_checkpoint(file, tmp_path / "out")
    assert words in str(found.value)
    state = {"main.0.weight": torch.ones(8, 8, 4, 4), "main.3.weight": torch.ones(8, 4, 4, 4)}
    norms = {f"main.{n}.{k}": torch.ones(c) for n, c in ((1, 8), (4, 4)) for k in NORM}
    torch.save({**state, **norms, "main.6.weight": torch.ones(4, 3, 4, 4)}, tmp_path / "netG.pth")
    report = ganzoo.import_checkpoint(tmp_path / "netG.pth", tmp_path / "dcgan")
    assert report.format == "pytorch-dcgan"


NORM = ("weight", "bias", "running_mean", "running_var")
