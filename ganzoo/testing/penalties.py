"""What is demanded of a penalty."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.building import build_network
from ganzoo.config import LatentConfig, value_at
from ganzoo.losses.base import as_critique
from ganzoo.penalties.base import Context, Penalty
from ganzoo.randomness import Draws
from ganzoo.resolve.validation import validate
from ganzoo.spec import Shape
from ganzoo.testing import shared
from ganzoo.testing.check import Case, Fault, NotApplicable, Subject
from ganzoo.testing.standins import CLASSES, LATENT, PERCEPTRONS, SAMPLES, StandInConfig, small_run

FAR = 10**9
"""Steps and samples after which a penalty that starts late applies, too."""

VARIANTS: tuple[tuple[str, Shape, int], ...] = (
    ("images without labels", (1, 8, 8), 0),
    ("vectors with labels", (2,), CLASSES),
)


@dataclass(frozen=True)
class PenaltyCase(Case):
    """The config of a penalty, and networks for it to regularise."""

    architecture: LatentConfig

    def penalty(self, **changes: Any) -> Penalty:
        """Build the penalty, with some values of its config changed."""
        config = self.config.model_copy(update=changes)
        penalty: Penalty = registry.instantiate("penalties", self.spec.name, config)
        return penalty

    def context(self, seed: int = 0, change: Callable[[nn.Module], Any] | None = None) -> Context:
        """Return what the trainer gives to a penalty of this network."""
        n = shared.BATCH
        networks = {
            role: shared.perturb(build_network(role, self.architecture, 1), 1)
            for role in PERCEPTRONS.networks
        }
        if change is not None:
            change(networks[self.spec.on])
        draws = Draws(("conformance", seed), n)
        labels = torch.arange(n) % CLASSES if self.architecture.num_classes else None
        latents = draws.latents("latents", LATENT, "normal")
        fakes = networks["generator"](latents, labels)
        reals = draws.uniform("reals", *self.architecture.sample_shape) * 2 - 1
        trains_generator = self.spec.on == "generator"
        critic = networks["discriminator"]
        return Context(
            critic=lambda samples, labels, condition=None: as_critique(
                critic(samples, labels), labels
            ),
            network=networks[self.spec.on],
            networks=networks,
            reals=None if trains_generator else reals,
            fakes=fakes if trains_generator else fakes.detach(),
            latents=latents,
            real_labels=None if trains_generator else labels,
            fake_labels=labels,
            random=draws,
            step=FAR,
            samples=FAR,
        )

    def term(self, penalty: Penalty, context: Context) -> Tensor:
        """Return the term of a penalty that has one, and end the update."""
        if self.spec.kind != "term":
            raise NotApplicable("it is a projection, which adds nothing to the loss")
        value = penalty.term(context)
        penalty.settle(lambda tensors: None)
        return value

    def run(self) -> dict[str, Any]:
        """Return the config of a small run with this penalty."""
        shape = list(self.architecture.sample_shape)
        architecture = {"name": PERCEPTRONS.name, "latent_dim": LATENT, "sample_shape": shape}
        architecture["num_classes"] = self.architecture.num_classes
        return small_run(
            architecture=architecture,
            data={"source": SAMPLES.name, "shape": shape},
            penalties={self.spec.name: self.config.model_dump(mode="json")},
        )


def cases(subject: Subject) -> list[PenaltyCase]:
    """Its config, for networks that differ in all that a penalty may meet."""
    config = validate(subject.spec.config, {"name": subject.spec.name, **subject.values}, "penalty")
    found = []
    for title, shape, classes in VARIANTS:
        architecture = StandInConfig(
            name=PERCEPTRONS.name, sample_shape=shape, latent_dim=LATENT, num_classes=classes
        )
        found.append(PenaltyCase(subject.spec, subject.offer, config, architecture, title=title))
    return found


def kind_is_defined(case: PenaltyCase) -> None:
    """The class defines what the spec's kind promises."""
    if case.spec.on not in PERCEPTRONS.networks:
        raise Fault(
            f"the spec's on is {case.spec.on!r}; it must be one of "
            f"{', '.join(PERCEPTRONS.networks)}"
        )
    method = "term" if case.spec.kind == "term" else "project"
    kind = type(case.penalty())
    if getattr(kind, method, None) in (None, getattr(Penalty, method)):
        raise Fault(
            f"the spec's kind is {case.spec.kind}, and {kind.__name__} defines no {method}; define "
            "it, or correct the spec"
        )


def coupling_can_be_met(case: PenaltyCase) -> None:
    """It forbids known couplings, and not networks without any."""
    strange = set(case.spec.forbids_coupling) - {"groups", "batch"}
    if strange:
        raise Fault(
            f"forbids_coupling has {', '.join(map(repr, sorted(strange)))}; it may hold 'groups' "
            "and 'batch'"
        )


def term_is_a_number(case: PenaltyCase) -> None:
    """The term is a finite scalar."""
    value = case.term(case.penalty(), case.context())
    if not isinstance(value, Tensor) or value.dim() or not value.isfinite():
        found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise Fault(f"the term is {found}, not a finite scalar tensor; average over the batch")


def term_reaches_its_network(case: PenaltyCase) -> None:
    """The term has a finite gradient for the parameters of the network that it regularises."""
    context, penalty = case.context(), case.penalty()
    case.term(penalty, case.context(seed=1))  # one that keeps running means may begin with it
    value = case.term(penalty, context)
    parameters = list(context.networks[case.spec.on].parameters())
    if not _reaches(value, parameters):
        raise Fault(
            f"no gradient of the term reaches the {case.spec.on}; compute gradients inside "
            "the term with ganzoo.penalties.base.input_gradient or create_graph=True, and detach "
            "nothing"
        )


def term_is_finite_at_zero(case: PenaltyCase) -> None:
    """A network whose gradient is zero has a finite term, with finite gradients."""
    context = case.context(change=_zero)
    value = case.term(case.penalty(), context)
    gradients: tuple[Tensor | None, ...] = ()
    if value.requires_grad:
        parameters = list(context.networks[case.spec.on].parameters())
        gradients = torch.autograd.grad(value, parameters, allow_unused=True)
    if not all(part.isfinite().all() for part in (value, *gradients) if part is not None):
        raise Fault(
            "the term or its gradient is not finite where the network's gradient is zero; compute "
            "norms with torch.linalg.vector_norm, whose derivative at zero is zero"
        )


def weight_is_left_to_the_trainer(case: PenaltyCase) -> None:
    """The term is the same whatever weight and every are, as the trainer multiplies by both."""
    plain = case.term(case.penalty(weight=1.0, every=1), case.context())
    for field, value in (("weight", 3.0), ("every", 4)):
        changes = {"weight": 1.0, "every": 1, field: value}
        if not case.term(case.penalty(**changes), case.context()).equal(plain):
            raise Fault(
                f"the term depends on {field}, and the trainer multiplies by {field} again; return "
                "the term without it"
            )


def randomness_is_the_contexts(case: PenaltyCase) -> None:
    """All that is random comes from the context, so that a resumed run sees the same numbers."""
    one, other = (case.term(case.penalty(), case.context()) for _ in range(2))
    if not one.equal(other):
        raise Fault(
            "the same context gives different terms; draw random numbers from context.random, for "
            'example context.random.uniform("alpha", 1)'
        )


def state_is_kept_in_state(case: PenaltyCase) -> None:
    """What it remembers from one update to the next are plain tensors in its state."""
    first = case.penalty()
    case.term(first, case.context(seed=0))
    for name, tensor in first.state.items():
        if not isinstance(tensor, Tensor) or tensor.requires_grad:
            raise Fault(
                f"state[{name!r}] is not a plain tensor; detach tensors before you store them, so "
                "that checkpoints can hold them"
            )
    resumed = case.penalty()
    resumed.state.update({name: tensor.clone() for name, tensor in first.state.items()})
    one, other = (case.term(penalty, case.context(seed=1)) for penalty in (first, resumed))
    if not one.equal(other):
        raise Fault(
            "a penalty restored from another's state behaves differently; keep everything that "
            "it remembers in self.state, which checkpoints save"
        )


def context_is_kept(case: PenaltyCase) -> None:
    """Neither the samples nor the networks are changed by a term."""
    context = case.context()
    tensors = [context.reals, context.fakes.detach(), context.latents]
    tensors += [p.detach() for network in context.networks.values() for p in network.parameters()]
    before = shared.copies(tensors)
    case.term(case.penalty(), context)
    if shared.changed(before, tensors):
        raise Fault("the term changes its context in place; work on copies")


def projection_is_in_place(case: PenaltyCase) -> None:
    """A projection changes the network's own parameters, and leaves them finite."""
    if case.spec.kind != "projection":
        raise NotApplicable("it is a term, which changes no network")
    network = case.context(change=lambda net: shared.perturb(net, 2, 100.0)).networks[case.spec.on]
    parameters = list(network.parameters())
    before = shared.copies(parameters)
    case.penalty().project(network, value_at(case.config.weight, 0))
    after = list(network.parameters())
    if [*map(id, after)] != [*map(id, parameters)] or not all(p.requires_grad for p in after):
        raise Fault(
            "the projection replaces parameters, so the optimizer keeps updating the old ones; "
            "change them in place under torch.no_grad()"
        )
    if not all(parameter.isfinite().all() for parameter in after):
        raise Fault("the projection makes parameters infinite or NaN; avoid dividing by zero")
    if not shared.changed(before, after):
        raise Fault("the projection changes nothing, even where parameters are large")


def _zero(network: nn.Module) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()


def _reaches(value: Tensor, parameters: list[nn.Parameter]) -> bool:
    gradients = shared.gradients_of(value, parameters)
    return bool(
        any(gradient.count_nonzero() for gradient in gradients)
        and all(gradient.isfinite().all() for gradient in gradients)
    )


CHECKS = (
    kind_is_defined,
    coupling_can_be_met,
    term_is_a_number,
    term_reaches_its_network,
    term_is_finite_at_zero,
    weight_is_left_to_the_trainer,
    randomness_is_the_contexts,
    state_is_kept_in_state,
    context_is_kept,
    projection_is_in_place,
    *shared.precisions(PenaltyCase.run),
)
