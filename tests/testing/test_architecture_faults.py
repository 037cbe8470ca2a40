"""Faults planted into a healthy architecture: each is named by its own check."""

import threading

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import nn

from ganzoo.config import LatentConfig
from ganzoo.losses.base import Critique
from ganzoo.spec import Architecture, Preset, Recipe, Traits
from ganzoo.testing import check_plugin, checks_of, imports, styles, translators

WIDTH = 8


class Generator(nn.Module):
    """Healthy, with the seams at which faults are planted."""

    def __init__(self, config):
        super().__init__()
        self.shape = config.sample_shape
        self.start = nn.Linear(config.latent_dim, WIDTH)
        self.classes = nn.Embedding(config.num_classes, WIDTH) if config.num_classes else None
        self.output = nn.Linear(WIDTH, torch.Size(self.shape).numel())

    def hidden(self, latents, labels):
        hidden = self.start(latents)
        if self.classes is not None:
            hidden = hidden + self.classes(labels)
        return nn.functional.leaky_relu(hidden, 0.2)

    def forward(self, latents, labels=None):
        return self.output(self.hidden(latents, labels)).tanh().unflatten(1, self.shape)


class Discriminator(nn.Module):
    """Healthy, likewise."""

    def __init__(self, config):
        super().__init__()
        self.start = nn.Linear(torch.Size(config.sample_shape).numel(), WIDTH)
        self.classes = nn.Embedding(config.num_classes, WIDTH) if config.num_classes else None
        self.output = nn.Linear(WIDTH, 1)

    def hidden(self, samples, labels):
        hidden = self.start(samples.flatten(1))
        if self.classes is not None:
            hidden = hidden + self.classes(labels)
        return nn.functional.leaky_relu(hidden, 0.2)

    def forward(self, samples, labels=None):
        return self.output(self.hidden(samples, labels)).squeeze(1)


class Config(LatentConfig):
    latent_dim: int = Field(default=6, description="Length of a latent.")


def architecture(generator=Generator, discriminator=Discriminator, config=Config, **more):
    traits = more.pop("traits", {})
    return Architecture(
        name="planted",
        summary="A test.",
        config=config,
        generator=generator,
        discriminator=discriminator,
        traits=lambda config: Traits(**{"labels": True, **traits}),
        **more,
    )


# --- shapes, ranges and labels -----------------------------------------------------------------


class Transposed(Generator):
    def forward(self, latents, labels=None):
        return super().forward(latents, labels).mT


class Unbounded(Generator):
    def forward(self, latents, labels=None):
        return self.output(self.hidden(latents, labels)).unflatten(1, self.shape)


class Doubled(Generator):
    def forward(self, latents, labels=None):
        return super().forward(latents, labels).double()


class Probabilities(Discriminator):
    def forward(self, samples, labels=None):
        return super().forward(samples, labels).sigmoid()


class MeanLogit(Discriminator):
    def forward(self, samples, labels=None):
        return super().forward(samples, labels).mean()


class Verdicts(Discriminator):
    def forward(self, samples, labels=None):
        return {"logits": super().forward(samples, labels)}


class MeanFeature(Discriminator):
    def forward(self, samples, labels=None):
        hidden = self.hidden(samples, labels)
        return Critique((self.output(hidden).squeeze(1),), extras={"features": hidden.mean(0)})


class Naming(Discriminator):
    missing = 0

    def __init__(self, config):
        super().__init__(config)
        self.name = nn.Linear(WIDTH, max(1, config.num_classes - self.missing))

    def forward(self, samples, labels=None):
        hidden = self.hidden(samples, labels)
        logits = self.output(hidden).squeeze(1)
        return Critique((logits,), extras={"classes": self.name(hidden)})


class Miscounting(Naming):
    missing = 1


class DeafGenerator(Generator):
    def __init__(self, config):
        super().__init__(config)
        self.classes = None


class DeafDiscriminator(Discriminator):
    def __init__(self, config):
        super().__init__(config)
        self.classes = None


# --- gradients ---------------------------------------------------------------------------------


class DeadGenerator(Generator):
    def __init__(self, config):
        super().__init__(config)
        self.forgotten = nn.Linear(3, 3)


class DeadDiscriminator(Discriminator):
    def __init__(self, config):
        super().__init__(config)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, samples, labels=None):
        return super().forward(samples, labels) * self.scale.detach()


class Rounded(Discriminator):
    def hidden(self, samples, labels):
        return super().hidden(samples.mul(127.5).round().div(127.5), labels)


class Once(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return 2 * x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, gradient):
        return 2 * gradient


class DifferentiableOnce(Discriminator):
    def hidden(self, samples, labels):
        return Once.apply(super().hidden(samples, labels))


# --- state -------------------------------------------------------------------------------------


class Clamping(Generator):
    def forward(self, latents, labels=None):
        return super().forward(latents.clamp_(-0.5, 0.5), labels)


class Centring(Discriminator):
    def forward(self, samples, labels=None):
        samples -= samples.detach().mean()
        return super().forward(samples, labels)


class Noisy(Generator):
    def hidden(self, latents, labels):
        noise = np.random.default_rng().normal(size=(len(latents), WIDTH))
        return super().hidden(latents, labels) + torch.as_tensor(noise).to(latents)


class Counting(Generator):
    calls = 0

    def forward(self, latents, labels=None):
        type(self).calls += 1
        return super().forward(latents, labels) * 0.9**self.calls


class Whitened(Generator):
    def hidden(self, latents, labels):
        hidden = super().hidden(latents, labels)
        return hidden - hidden.mean(dim=0)


class Normed(Discriminator):
    def __init__(self, config):
        super().__init__(config)
        self.norm = nn.BatchNorm1d(WIDTH)

    def hidden(self, samples, labels):
        return self.norm(super().hidden(samples, labels))


COMMON = torch.ones(WIDTH)


class SharingGenerator(Generator):
    def __init__(self, config):
        super().__init__(config)
        self.register_buffer("common", COMMON)


class SharingDiscriminator(Discriminator):
    def __init__(self, config):
        super().__init__(config)
        self.register_buffer("common", COMMON)


class Locked(Generator):
    def __init__(self, config):
        super().__init__(config)
        self.lock = threading.Lock()


class Remembering(Discriminator):
    def __init__(self, config):
        super().__init__(config)
        self.score = lambda hidden: self.output(hidden)

    def forward(self, samples, labels=None):
        return self.score(self.hidden(samples, labels)).squeeze(1)


class Caching(Generator):
    cached = None

    def forward(self, latents, labels=None):
        if self.training:
            return super().forward(latents, labels)
        if self.cached is None:
            self.cached = [p.detach().clone() for p in self.parameters()]
        names = [name for name, _ in self.named_parameters()]
        current = dict(zip(names, self.cached, strict=True))
        cached, self.cached = self.cached, None
        try:
            return torch.func.functional_call(self.train(), current, (latents, labels))
        finally:
            self.cached = cached
            self.eval()


class Forgetful(Generator):
    def __init__(self, config):
        super().__init__(config)
        self.register_buffer("gain", torch.rand(WIDTH), persistent=False)

    def hidden(self, latents, labels):
        return super().hidden(latents, labels) * self.gain


class Measuring(Generator):
    def __init__(self, config):
        super().__init__(config)
        self.gain = self.start.weight.norm().item()


class Lazy(Discriminator):
    def forward(self, samples, labels=None):
        if not hasattr(self, "scale"):
            self.scale = nn.Parameter(torch.ones(()))
        return super().forward(samples, labels) * self.scale


class Unseeded(Generator):
    def __init__(self, config):
        super().__init__(config)
        start = np.random.default_rng().normal(size=self.start.weight.shape)
        self.start.weight.data = torch.as_tensor(start).float()


class Seeding(Generator):
    def forward(self, latents, labels=None):
        torch.manual_seed(0)
        return super().forward(latents, labels)


class Untracked(Discriminator):
    def forward(self, samples, labels=None):
        logits = super().forward(samples, labels)
        torch.set_grad_enabled(False)
        return logits


class NoModule:
    def __init__(self, config):
        self.parameters = []


# --- arithmetic --------------------------------------------------------------------------------


class SinglePrecision(Generator):
    def hidden(self, latents, labels):
        return super().hidden(latents, labels) + torch.ones(1, 6) @ self.start.weight.T


class Typed(Discriminator):
    def hidden(self, samples, labels):
        hidden = super().hidden(samples, labels)
        rows = torch.arange(len(samples))
        return samples.new_zeros(hidden.shape).index_add(0, rows, hidden)


# --- descriptions ------------------------------------------------------------------------------


class Undescribed(Config):
    width: int = 3


class Fleeting(Config):
    # A strict tuple takes no list, and files have nothing else.
    widths: tuple[int, ...] = Field(default=(1, 2), description="Widths.")


def unknown_loss():
    return {"presets": {"only": Preset("A test.", recipe=Recipe(loss={"name": "hing"}))}}


ELSEWHERE = {"draws-are-used", "device-is-kept"} | {
    check.__name__.replace("_", "-")
    for check in (*styles.CHECKS, *translators.CHECKS, *imports.CHECKS)
}
"""Checks whose faults are planted into translators, style-based generators and imports."""

TRAINS = ["trains-in-fp32", "trains-in-bf16", "trains-in-fp64"]

# The planted fault -> the check that names it, words of its message, and what else it breaks.
FAULTS = {
    "samples of another shape": (
        {"generator": Transposed},
        ("samples-have-their-shape", "returns (1, 1, 12, 8) instead of (1, 1, 8, 12)"),
        [],
    ),
    "samples of another type": (
        {"generator": Doubled},
        ("samples-have-their-shape", "torch.float64"),
        ["*"],
    ),
    "no tanh": ({"generator": Unbounded}, ("samples-are-in-range", "end the generator with"), []),
    "a sigmoid": (
        {"discriminator": Probabilities},
        ("logits-have-no-sigmoid", "outputs stay in [0, 1]"),
        [],
    ),
    "one logit for all": (
        {"discriminator": MeanLogit},
        ("logits-have-their-shape", "() for 1 samples"),
        ["*"],
    ),
    "no tensor": (
        {"discriminator": Verdicts},
        ("logits-have-their-shape", "returns a dict"),
        ["*"],
    ),
    "one feature for all": (
        {"discriminator": MeanFeature},
        ("logits-have-their-shape", "features of the discriminator"),
        ["*"],
    ),
    "class logits that the traits do not name": (
        {"discriminator": Naming},
        ("extras-are-told", "returns classes, which is not in Traits.critic_extras; name it"),
        [],
    ),
    "class logits that are not returned": (
        {"traits": {"critic_extras": ("classes",)}},
        ("extras-are-told", "names classes, which the discriminator does not return"),
        [],
    ),
    "too few class logits": (
        {"discriminator": Miscounting, "traits": {"critic_extras": ("classes",)}},
        ("extras-are-told", "classes of the discriminator is (8, 2) instead of (8, 3)"),
        [],
    ),
    "a generator without labels": (
        {"generator": DeafGenerator},
        ("labels-matter", "the generator's output does not depend on the labels"),
        [],
    ),
    "a discriminator without labels": (
        {"discriminator": DeafDiscriminator},
        ("labels-matter", "the discriminator's output does not depend on the labels"),
        [],
    ),
    "an unused layer": (
        {"generator": DeadGenerator},
        ("gradients-reach-all", "no gradient reaches forgotten.bias, forgotten.weight"),
        [],
    ),
    "a detached parameter": (
        {"discriminator": DeadDiscriminator},
        ("gradients-reach-all", "no gradient reaches scale of the discriminator"),
        [],
    ),
    "rounded samples": (
        {"discriminator": Rounded},
        ("samples-get-gradients", "have no gradient for its samples"),
        TRAINS,
    ),
    "no second derivative": (
        {"discriminator": DifferentiableOnce},
        ("samples-get-gradients", "once_differentiable"),
        [],
    ),
    "latents in place": (
        {"generator": Clamping},
        ("inputs-are-kept", "the generator changes its latents or labels in place"),
        [],
    ),
    "samples in place": (
        {"discriminator": Centring},
        ("inputs-are-kept", "the discriminator changes its samples or labels in place"),
        ["*"],
    ),
    "noise that is not seeded": (
        {"generator": Noisy},
        ("sampling-is-seeded", "the same seed gives different samples"),
        ["*"],
    ),
    "memory from call to call": (
        {"generator": Counting},
        ("sampling-is-seeded", "keep nothing from one call to the next"),
        ["*"],
    ),
    "samples of the whole batch": (
        {"generator": Whitened, "traits": {"coupling": {"generator": "batch"}}},
        ("samples-stand-alone", "in evaluation mode a sample depends on the rest"),
        [],
    ),
    "coupling that is not told": (
        {"discriminator": Normed},
        ("coupling-is-told", 'let traits say coupling={"discriminator": "batch"}'),
        [],
    ),
    "a buffer shared by both": (
        {"generator": SharingGenerator, "discriminator": SharingDiscriminator},
        ("networks-share-nothing", "common of the discriminator and common of the generator"),
        TRAINS[:2],
    ),
    "a buffer shared by two of a kind": (
        {"generator": SharingGenerator},
        ("networks-share-nothing", "common of the other generator and common of the generator"),
        [],
    ),
    "a lock": (
        {"generator": Locked},
        ("copies-are-independent", "cannot be copied (TypeError: cannot pickle"),
        ["averages-are-used", *TRAINS],
    ),
    "a function that remembers the network": (
        {"discriminator": Remembering},
        ("copies-are-independent", "store no functions that refer to the network"),
        [],
    ),
    "cached weights": (
        {"generator": Caching},
        ("averages-are-used", "cache nothing that depends on them"),
        ["*"],
    ),
    "a random buffer that is not saved": (
        {"generator": Forgetful},
        ("weights-round-trip", "persistent buffers"),
        [],
    ),
    "a constructor that reads a weight": (
        {"generator": Measuring},
        ("weights-round-trip", "meta"),
        TRAINS,
    ),
    "a parameter made on the way": (
        {"discriminator": Lazy},
        ("networks-are-whole", "create all of them in its constructor"),
        ["*"],
    ),
    "no module": (
        {"generator": NoModule},
        ("networks-are-whole", "the generator is a NoModule"),
        ["*"],
    ),
    "weights that are not seeded": (
        {"generator": Unseeded},
        ("initialisation-is-seeded", "two generators built from one seed differ in start.weight"),
        ["coupling-is-told"],
    ),
    "a seed": ({"generator": Seeding}, ("global-state-is-kept", "leave seeding to ganzoo"), []),
    "no gradients any more": (
        {"discriminator": Untracked},
        ("global-state-is-kept", "changes torch's default type or grad mode"),
        ["*"],
    ),
    "float32 whatever the latents": (
        {"generator": SinglePrecision},
        ("trains-in-fp64", "in test_architecture_faults.py line"),
        ["device-is-kept"],
    ),
    "the type of the samples for all": (
        {"discriminator": Typed},
        ("trains-in-bf16", "it raised RuntimeError"),
        ["device-is-kept"],
    ),
    "a field without a description": (
        {"config": Undescribed},
        ("config-round-trip", "the field width has no description"),
        [],
    ),
    "a field that files cannot hold": (
        {"config": Fleeting},
        ("config-round-trip", "config.widths"),
        ["recipe-resolves", "weights-round-trip", *TRAINS],
    ),
    "a recipe with an unknown loss": (
        unknown_loss(),
        ("recipe-resolves", "did you mean 'hinge'?"),
        TRAINS,
    ),
    "traits without any shape": (
        {"traits": {"images": False}},
        ("samples-have-their-shape", "the traits allow neither images nor vectors"),
        ["*"],
    ),
}


@pytest.mark.parametrize("labels", [True, False], ids=["labels", "no labels"])
def test_the_healthy_architecture_passes_every_check(labels):
    results = check_plugin(architecture(traits={"labels": labels}))
    skipped = {"free-of-torch", "stages-can-be-frozen", *([] if labels else ["labels-matter"])}
    skipped |= ELSEWHERE - {"truncation-is-told", "device-is-kept"}
    assert {r.check for r in results if r.state == "skipped"} == skipped
    assert [(r.check, r.message) for r in results if r.state == "failed"] == []
    assert all(r.message for r in results if r.state == "skipped")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_its_own_check(fault):
    changes, (name, words), _ = FAULTS[fault]
    (check,) = [c for c in checks_of(architecture(**changes)) if c.name == name]
    with pytest.raises(AssertionError, match=f"^{name}: ") as found:
        check.verify()
    assert words in str(found.value)


@pytest.mark.sweep
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_by_no_other_check(failures, fault):
    changes, (name, _), also = FAULTS[fault]
    found = failures(architecture(**changes))
    assert found.keys() == {name, *also} if also != ["*"] else name in found


def test_every_check_finds_a_fault_of_its_own():
    names = {result.check for result in check_plugin(architecture())}
    found = {name for _, (name, _), _ in FAULTS.values()}
    # The first is shown on installed distributions; one step does what the others do; and faults
    # of stages have a file of their own.
    assert names - found - ELSEWHERE == {"free-of-torch", "trains-in-fp32", "stages-can-be-frozen"}


def test_zero_initialised_layers_are_no_fault(failures):
    class Zeroed(Generator):
        def __init__(self, config):
            super().__init__(config)
            for parameter in self.parameters():
                nn.init.zeros_(parameter)

    assert failures(architecture(generator=Zeroed)) == {}


def test_an_auxiliary_classifier_need_not_see_the_labels(failures):
    class Classifier(DeafDiscriminator):
        def __init__(self, config):
            super().__init__(config)
            self.classify = nn.Linear(WIDTH, max(1, config.num_classes))

        def forward(self, samples, labels=None):
            hidden = self.hidden(samples, labels)
            return Critique((self.output(hidden),), extras={"classes": self.classify(hidden)})

    found = failures(architecture(discriminator=Classifier))
    assert "labels-matter" not in found


def test_a_linear_output_has_no_range(failures):
    assert failures(architecture(generator=Unbounded, traits={"output": "linear"})) == {}


def test_noise_that_torch_draws_is_no_fault(failures):
    class Drawing(Generator):
        def hidden(self, latents, labels):
            hidden = super().hidden(latents, labels)
            return hidden + 0.1 * torch.randn_like(hidden)

    assert failures(architecture(generator=Drawing)) == {}
