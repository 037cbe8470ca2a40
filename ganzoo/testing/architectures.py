"""What is demanded of an architecture: its subject, and the checks of single networks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.building import build_network
from ganzoo.config import ArchitectureConfig
from ganzoo.losses.base import Critique, as_critique
from ganzoo.randomness import Draws, isolated
from ganzoo.resolve import resolve
from ganzoo.resolve.validation import check_architecture, validate
from ganzoo.spec import Architecture, Shape, Traits
from ganzoo.tensors import check_apart, check_network
from ganzoo.testing import shared
from ganzoo.testing.check import Case, Fault, NotApplicable, Subject
from ganzoo.testing.standins import CLASSES, SAMPLES, small_run

SIDE = 8
"""Of the images of an architecture that makes any."""

VECTOR = (2,)
FACTORS = (1.0, 3.0, 10.0)
"""How much parameters are scaled up to find the bounds of an output."""


@dataclass(frozen=True)
class ArchitectureCase(Case):
    """One config of an architecture, and its networks."""

    spec: Architecture
    config: ArchitectureConfig

    @property
    def traits(self) -> Traits:
        """What the spec says of this config."""
        return self.spec.traits(self.config)

    def network(self, role: str, seed: int = 1) -> nn.Module:
        """Build a network, in evaluation mode."""
        return build_network(role, self.config, seed).eval()

    def perturbed(self, role: str, seed: int = 1, factor: float = 1.0) -> nn.Module:
        """Build a network and move all of its parameters at random."""
        return shared.perturb(self.network(role), seed, factor)

    def inputs(self, role: str, n: int = shared.BATCH, seed: int = 0) -> list[Tensor | None]:
        """Draw what a network takes: latents or samples, and labels where it has classes."""
        draws = Draws(("conformance", seed), n)
        classes = self.config.num_classes
        labels = torch.arange(n) % classes if classes else None
        if role == "generator":
            config: Any = self.config
            return [draws.latents("latents", config.latent_dim, config.latent), labels]
        return [draws.uniform("samples", *self.config.sample_shape) * 2 - 1, labels]

    def outputs(self, role: str, network: nn.Module, inputs: list[Tensor | None]) -> list[Tensor]:
        """Return the samples, or every logit and extra, of one pass that is seeded inside."""
        with isolated(torch.device("cpu"), 0):
            output = network(*inputs)
        if role == "generator":
            return [output]
        critique = as_critique(output, inputs[1])
        return [*critique.logits, *critique.extras.values()]

    def run(self) -> dict[str, Any]:
        """Return the config of a small run of this architecture."""
        data = {
            "source": SAMPLES.name,
            "shape": list(self.config.sample_shape),
            "classes": self.config.num_classes or CLASSES,
        }
        return small_run(architecture=self.config.model_dump(mode="json"), data=data)


def cases(subject: Subject) -> Iterator[ArchitectureCase]:
    """Every preset, at the smallest shapes, with labels and without."""
    spec: Architecture = subject.spec
    for name, preset in spec.presets.items():
        values = {**preset.values, **subject.values, "name": spec.name, "preset": name}
        draft = validate(spec.config, values, "architecture")
        for shape, classes in _variants(spec.traits(draft), draft, subject.values):
            given = {**values, "sample_shape": shape, "num_classes": classes}
            config = validate(spec.config, given, "architecture")
            check_architecture(spec, config)
            sizes = "x".join(map(str, shape))
            title = f"preset {name}, shape {sizes}, {classes or 'no'} classes"
            yield ArchitectureCase(spec, subject.offer, config, title=title)


def _variants(
    traits: Traits, draft: ArchitectureConfig, given: Mapping[str, Any]
) -> Iterator[tuple[Shape, int]]:
    """Shapes and numbers of classes: what is given, else the smallest and the most various."""
    classes = [0, CLASSES] if traits.labels else [0]
    if "num_classes" in given:
        classes = [draft.num_classes]
    if "sample_shape" in given:
        yield from product([draft.sample_shape], classes)
        return
    if not traits.images and not traits.vectors:
        raise Fault("the traits allow neither images nor vectors; let traits allow one")
    if traits.images:
        side = min(traits.sides or (SIDE,))
        # Where any height and width is promised, they differ.
        width = side if traits.sides else side + 4
        channels = traits.channels or (1, 3)
        # Grey without labels, colour with them: every choice is met once.
        numbers = [min(channels), 3 if 3 in channels else max(channels)]
        pairs = {(numbers[0], classes[0]), (numbers[1], classes[-1])}
        yield from (((number, side, width), count) for number, count in sorted(pairs))
    if traits.vectors:
        yield from product([VECTOR], classes)


def networks_are_whole(case: ArchitectureCase) -> None:
    """Both networks are modules whose parameters are all there from the start."""
    for role in case.spec.networks:
        network = registry.instantiate("architectures", case.spec.name, case.config, role=role)
        if not isinstance(network, nn.Module):
            raise Fault(
                f"the {role} is a {type(network).__name__}; let the spec name a torch.nn.Module "
                "class that takes the config"
            )
        check_network(role, network)
        before = [(name, id(parameter)) for name, parameter in network.named_parameters()]
        if not before:
            raise Fault(f"the {role} has no parameters; there is nothing to train")
        case.outputs(role, network.eval(), case.inputs(role))
        if before != [(name, id(parameter)) for name, parameter in network.named_parameters()]:
            raise Fault(
                f"calling the {role} replaces or adds parameters; create all of them in its "
                "constructor, where the optimizer and the moving average find them"
            )


def initialisation_is_seeded(case: ArchitectureCase) -> None:
    """The same seed gives the same initial weights."""
    for role in case.spec.networks:
        one, other = (shared.state_of(case.network(role, seed=3)) for _ in range(2))
        different = [name for name in one if not one[name].equal(other[name])]
        if different:
            raise Fault(
                f"two {role}s built from one seed differ in {different[0]}; draw initial weights "
                "with torch's own functions, which ganzoo seeds"
            )


def networks_share_nothing(case: ArchitectureCase) -> None:
    """No two networks hold the same parameter or buffer."""
    check_apart(
        {name + role: case.network(role) for name in ("", "other ") for role in case.spec.networks}
    )


def samples_have_their_shape(case: ArchitectureCase) -> None:
    """The generator maps latents (N, latent_dim) to samples (N, *sample_shape)."""
    network = case.network("generator")
    for n, training in ((1, False), (shared.BATCH, False), (shared.BATCH, True)):
        network.train(training)
        samples = network(*case.inputs("generator", n))
        wanted = (n, *case.config.sample_shape)
        if not isinstance(samples, Tensor) or tuple(samples.shape) != wanted:
            found = tuple(samples.shape) if isinstance(samples, Tensor) else type(samples).__name__
            raise Fault(
                f"the generator returns {found} instead of {wanted}; return one tensor of that "
                "shape, or narrow the spec's traits to the shapes that it can make"
            )
        if samples.dtype != torch.float32:
            raise Fault(
                f"float32 latents give {samples.dtype} samples; return samples in the type of the "
                "latents"
            )


def samples_are_in_range(case: ArchitectureCase) -> None:
    """Where the traits say tanh, no weights and latents lead out of [-1, 1]."""
    if case.traits.output != "tanh":
        raise NotApplicable("the traits say that its output is linear, which has no bounds")
    for factor in FACTORS:
        network = case.perturbed("generator", factor=factor)
        latents, labels = case.inputs("generator")
        assert latents is not None
        largest = network(10 * latents, labels).abs().max().item()
        if largest > 1:
            raise Fault(
                f"samples reach {largest:.3g}, and the traits say tanh; end the generator with "
                'tanh, or let traits say output="linear"'
            )


def logits_have_their_shape(case: ArchitectureCase) -> None:
    """The discriminator returns logits with the batch as first dimension, or a Critique."""
    network = case.network("discriminator")
    for n, training in ((1, False), (shared.BATCH, False), (shared.BATCH, True)):
        network.train(training)
        output = network(*case.inputs("discriminator", n))
        if not isinstance(output, (Tensor, tuple, Critique)):
            raise Fault(
                f"the discriminator returns a {type(output).__name__}; return a tensor of logits, "
                "a tuple of such tensors, or a ganzoo.losses.base.Critique"
            )
        critique = as_critique(output, None)
        tensors = {
            **{f"logits {i}": x for i, x in enumerate(critique.logits)},
            **critique.extras,
        }
        if not critique.logits:
            raise Fault("the discriminator returns no logits; return at least one tensor")
        for name, tensor in tensors.items():
            if tensor.dim() < 1 or len(tensor) != n or not tensor.is_floating_point():
                raise Fault(
                    f"{name} of the discriminator is {tensor.dtype} {tuple(tensor.shape)} for {n} "
                    f"samples; it must be floating-point with {n} as first dimension"
                )


def logits_have_no_sigmoid(case: ArchitectureCase) -> None:
    """Logits are no probabilities: they leave [0, 1] for some weights."""
    low = high = 0.5
    for factor, seed in product(FACTORS, range(3)):
        network = case.perturbed("discriminator", seed, factor)
        critique = as_critique(network(*case.inputs("discriminator", seed=seed)), None)
        for logits in critique.logits:
            low, high = min(low, logits.min().item()), max(high, logits.max().item())
        if low < 0 or high > 1:
            return
    raise Fault(
        f"the discriminator's outputs stay in [0, 1] whatever its weights (here {low:.3g} to "
        f"{high:.3g}), as after a sigmoid; return the logits before the sigmoid, which every loss "
        "expects"
    )


def inputs_are_kept(case: ArchitectureCase) -> None:
    """No network changes the tensors that it is given."""
    for role, training in product(case.spec.networks, (True, False)):
        network, inputs = case.network(role).train(training), case.inputs(role)
        before = shared.copies(inputs)
        network(*inputs)
        if shared.changed(before, inputs):
            what = "latents or labels" if role == "generator" else "samples or labels"
            raise Fault(
                f"the {role} changes its {what} in place; copy them first, or remove inplace=True "
                "from its first layer"
            )


def labels_matter(case: ArchitectureCase) -> None:
    """Other labels give other samples, and other verdicts on the same samples."""
    if not case.traits.labels:
        raise NotApplicable("the traits say that it takes no labels")
    if case.config.num_classes < 2:
        raise NotApplicable("this config has no classes to tell apart")
    for role in case.spec.networks:
        network = case.perturbed(role)
        given, labels = case.inputs(role)
        assert labels is not None
        other = [given, (labels + 1) % case.config.num_classes]
        one = case.outputs(role, network, [given, labels])
        predicts = role == "discriminator" and len(one) > len(_logits(network, [given, labels]))
        # An auxiliary classifier predicts the labels, among its extras, and needs not see them.
        if not predicts and not shared.changed(one, case.outputs(role, network, other)):
            raise Fault(
                f"the {role}'s output does not depend on the labels; use them in forward, or let "
                "traits say labels=False"
            )


def samples_stand_alone(case: ArchitectureCase) -> None:
    """In evaluation, a sample does not depend on the others of its batch."""
    network = case.perturbed("generator")
    latents, labels = case.inputs("generator")
    if not network(latents, labels).equal(network(latents, labels)):
        raise NotApplicable("the generator draws noise of its own, for the whole batch at once")
    assert latents is not None
    alone = network(latents[:2], None if labels is None else labels[:2])
    if not torch.allclose(network(latents, labels)[:2], alone, rtol=1e-3, atol=1e-4):
        raise Fault(
            "in evaluation mode a sample depends on the rest of its batch; use statistics "
            "gathered in training, as batch norm does, so that one seed makes one image"
        )


def coupling_is_told(case: ArchitectureCase) -> None:
    """In training, samples depend on each other only as the traits say."""
    traits = case.traits
    told = {role: traits.coupling.get(role, "none") for role in case.spec.networks}
    if "none" not in told.values():
        raise NotApplicable("the traits say that both networks couple samples")
    for role, coupling in told.items():
        if coupling != "none":
            continue
        one, other = case.inputs(role, seed=0), case.inputs(role, seed=1)
        assert one[0] is not None
        assert other[0] is not None
        other[0][0] = one[0][0]
        rows = [
            [output[0] for output in case.outputs(role, case.perturbed(role).train(), inputs)]
            for inputs in (one, other)
        ]
        if not all(torch.allclose(a, b, rtol=1e-3, atol=1e-4) for a, b in zip(*rows, strict=True)):
            raise Fault(
                f"the {role}'s output for a sample depends on the rest of its batch; let traits "
                f'say coupling={{"{role}": "batch"}} (batch norm) or "groups" (minibatch '
                "deviation), so that ganzoo refuses penalties that need independent samples"
            )


def global_state_is_kept(case: ArchitectureCase) -> None:
    """No network seeds torch or changes its defaults."""
    dtype, enabled = torch.get_default_dtype(), torch.is_grad_enabled()
    for role in case.spec.networks:
        states = []
        for seed in (1, 2):
            with isolated(torch.device("cpu"), seed):
                network = registry.instantiate(
                    "architectures", case.spec.name, case.config, role=role
                )
                network(*case.inputs(role))
                states.append(torch.get_rng_state())
        if states[0].equal(states[1]):
            raise Fault(
                f"building or calling the {role} seeds torch's global random numbers; leave "
                "seeding to ganzoo"
            )
        if (torch.get_default_dtype(), torch.is_grad_enabled()) != (dtype, enabled):
            raise Fault(
                f"building or calling the {role} changes torch's default type or grad mode for "
                "the whole process; pass dtype=, or use a with block"
            )


def recipe_resolves(case: ArchitectureCase) -> None:
    """Every preset's recipe is a config that can be run."""
    resolve(case.run())


def _logits(network: nn.Module, inputs: list[Tensor | None]) -> tuple[Tensor, ...]:
    return as_critique(network(*inputs), inputs[1]).logits
