"""What is demanded of each network of an architecture by itself."""

from itertools import product

import torch
from torch import Tensor, nn

from ganzoo import registry
from ganzoo.errors import brief
from ganzoo.losses.base import Critique, as_critique
from ganzoo.randomness import Draws, isolated, takes_draws
from ganzoo.resolve import resolve
from ganzoo.tensors import check_apart, check_network
from ganzoo.testing import shared
from ganzoo.testing.built import ArchitectureCase, Inputs, tensors_of
from ganzoo.testing.check import Fault, NotApplicable

FACTORS = (1.0, 3.0, 10.0)
"""How much parameters are scaled up to find the bounds of an output."""


def networks_are_whole(case: ArchitectureCase) -> None:
    """Every network is a module whose parameters are all there from the start."""
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
        if role in case.roles:
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
    """A generator or translator makes samples (N, *shape) of N latents or images."""
    for role in case.of_kind("generator", "translator"):
        network, shape = case.network(role), case.shape(case.spec.networks[role].makes[0])
        for n, training in ((1, False), (shared.BATCH, False), (shared.BATCH, True)):
            network.train(training)
            samples, wanted = network(*case.inputs(role, n)), (n, *shape)
            if not isinstance(samples, Tensor) or tuple(samples.shape) != wanted:
                found = type(samples).__name__
                if isinstance(samples, Tensor):
                    found = str(tuple(samples.shape))
                raise Fault(
                    f"the {role} returns {found} instead of {wanted}; return one tensor of that "
                    "shape, or narrow the spec's traits to the shapes that it can make"
                )
            if samples.dtype != torch.float32:
                raise Fault(
                    f"the {role} makes {samples.dtype} samples of float32 inputs; return samples "
                    "in the type of the inputs"
                )


def samples_are_in_range(case: ArchitectureCase) -> None:
    """Where the traits say tanh, no weights and latents lead out of [-1, 1]."""
    if case.traits.output != "tanh":
        raise NotApplicable("the traits say that its output is linear, which has no bounds")
    for role, factor in product(case.of_kind("generator", "translator"), FACTORS):
        network, inputs = case.perturbed(role, factor=factor), case.inputs(role)
        if case.spec.networks[role].reads[0] == "latents" and inputs[0] is not None:
            inputs[0] = 10 * inputs[0]
        largest = network(*inputs).abs().max().item()
        if largest > 1:
            raise Fault(
                f"samples reach {largest:.3g}, and the traits say tanh; end the {role} with "
                'tanh, or let traits say output="linear"'
            )


def logits_have_their_shape(case: ArchitectureCase) -> None:
    """A critic returns logits with the batch as first dimension, or a Critique."""
    for role in case.of_kind("critic"):
        network = case.network(role)
        for n, training in ((1, False), (shared.BATCH, False), (shared.BATCH, True)):
            network.train(training)
            _check_logits(role, network(*case.inputs(role, n)), n)


def _check_logits(role: str, output: object, n: int) -> None:
    if not isinstance(output, (Tensor, tuple, Critique)):
        raise Fault(
            f"the {role} returns a {type(output).__name__}; return a tensor of logits, "
            "a tuple of such tensors, or a ganzoo.losses.base.Critique"
        )
    critique = as_critique(output, None)
    tensors = {**{f"logits {i}": x for i, x in enumerate(critique.logits)}, **critique.extras}
    if not critique.logits:
        raise Fault(f"the {role} returns no logits; return at least one tensor")
    for name, tensor in tensors.items():
        if tensor.dim() < 1 or len(tensor) != n or not tensor.is_floating_point():
            raise Fault(
                f"{name} of the {role} is {tensor.dtype} {tuple(tensor.shape)} for {n} "
                f"samples; it must be floating-point with {n} as first dimension"
            )


def extras_are_told(case: ArchitectureCase) -> None:
    """Critics return beside their logits what the traits name."""
    for role in case.of_kind("critic"):
        critique = as_critique(case.network(role)(*case.inputs(role)), None)
        for name in sorted(critique.extras.keys() ^ {*case.traits.critic_extras}):
            raise Fault(
                f"the {role} returns {name}, which is not in Traits.critic_extras; name it, so "
                "that losses can read it"
                if name in critique.extras
                else f"Traits.critic_extras names {name}, which the {role} does not return; return "
                f'a Critique with extras["{name}"]'
            )
        classes, wanted = critique.extras.get("classes"), (shared.BATCH, case.config.num_classes)
        if classes is not None and tuple(classes.shape) != wanted:
            raise Fault(
                f"classes of the {role} is {tuple(classes.shape)} instead of {wanted}; return a "
                "logit of each class for each sample"
            )


def logits_have_no_sigmoid(case: ArchitectureCase) -> None:
    """Logits are no probabilities: they leave [0, 1] for some weights."""
    for role in case.of_kind("critic"):
        low = high = 0.5
        for factor, seed in product(FACTORS, range(3)):
            network = case.perturbed(role, seed, factor)
            for logits in _logits(network, case.inputs(role, seed=seed)):
                low, high = min(low, logits.min().item()), max(high, logits.max().item())
            if low < 0 or high > 1:
                break
        else:
            raise Fault(
                f"the {role}'s outputs stay in [0, 1] whatever its weights (here {low:.3g} to "
                f"{high:.3g}), as after a sigmoid; return the logits before the sigmoid, which "
                "every loss expects"
            )


def inputs_are_kept(case: ArchitectureCase) -> None:
    """No network changes the tensors that it is given."""
    for role, training in product(case.roles, (True, False)):
        network, inputs = case.network(role).train(training), case.inputs(role)
        before = shared.copies(inputs)
        network(*inputs)
        if shared.changed(before, inputs):
            first = case.spec.networks[role].reads[0]
            what = "latents or labels" if first == "latents" else "samples or labels"
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
    for role in case.roles:
        place = case.place_of_labels(role)
        if place is None:
            continue
        network, inputs = case.perturbed(role), case.inputs(role)
        labels = inputs[place]
        assert labels is not None
        other: Inputs = [*inputs]
        other[place] = (labels + 1) % case.config.num_classes
        one = case.outputs(role, network, inputs)
        # An auxiliary classifier predicts the labels, among its extras, and needs not see them.
        critic = case.spec.networks[role].kind == "critic"
        predicts = critic and len(one) > len(_logits(network, inputs))
        if not predicts and not shared.changed(one, case.outputs(role, network, other)):
            raise Fault(
                f"the {role}'s output does not depend on the labels; use them in forward, or let "
                "traits say labels=False"
            )


def samples_stand_alone(case: ArchitectureCase) -> None:
    """In evaluation, a sample does not depend on the others of its batch."""
    random = 0
    makers = case.of_kind("generator", "translator")
    for role in makers:
        network, inputs = case.perturbed(role), case.inputs(role)
        whole = network(*inputs)
        if not whole.equal(network(*inputs)):
            random += 1
            continue
        alone = network(*(None if given is None else given[:2] for given in inputs))
        if not torch.allclose(whole[:2], alone, rtol=1e-3, atol=1e-4):
            raise Fault(
                "in evaluation mode a sample depends on the rest of its batch; use statistics "
                "gathered in training, as batch norm does, so that one seed makes one image"
            )
    if random == len(makers):
        raise NotApplicable("the generator draws noise of its own, for the whole batch at once")


def coupling_is_told(case: ArchitectureCase) -> None:
    """In training, samples depend on each other only as the traits say."""
    told = {role: case.traits.coupling.get(role, "none") for role in case.roles}
    if "none" not in told.values():
        raise NotApplicable("the traits say that all networks couple samples")
    for role in (role for role, coupling in told.items() if coupling == "none"):
        one, other = case.inputs(role, seed=0), case.inputs(role, seed=1)
        for a, b in zip(one, other, strict=True):
            if a is not None and b is not None:
                b[0] = a[0]
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
    for role in case.roles:
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


def draws_are_used(case: ArchitectureCase) -> None:
    """A network that takes draws takes all that is random from them, row by row."""
    found = [role for role in case.roles if takes_draws(case.network(role))]
    if not found:
        raise NotApplicable("none of its networks takes draws")
    half = slice(shared.BATCH // 2, shared.BATCH)
    for role in found:
        inputs = case.inputs(role)
        whole, again = (_with_draws(case, role, inputs, seed=seed) for seed in (0, 1))
        if shared.changed(whole, again):
            raise Fault(
                f"the {role} gives different results for the same draws; where draws are given, "
                'draw every random number from them, as draws.uniform("dropout 1", 8)'
            )
        if case.traits.coupling.get(role, "none") != "none":
            continue
        rows: Inputs = [None if given is None else given[half] for given in inputs]
        parts = _with_draws(case, role, rows, half)
        if not all(
            torch.allclose(a[half], b, atol=1e-4) for a, b in zip(whole, parts, strict=True)
        ):
            raise Fault(
                f"the {role} treats a row differently when its batch is split; draw numbers for N "
                "rows from draws, as draws.uniform(purpose, *shape of a row)"
            )


def _with_draws(
    case: ArchitectureCase, role: str, inputs: Inputs, rows: slice = slice(None), seed: int = 0
) -> list[Tensor]:
    """Return what a network in training makes with draws, whatever torch's global seed is."""
    draws = Draws(("conformance", "draws"), shared.BATCH, rows)
    with isolated(torch.device("cpu"), seed):
        return list(tensors_of(case.perturbed(role).train()(*inputs, draws=draws)))


def device_is_kept(case: ArchitectureCase) -> None:
    """A network computes on the device of its inputs."""
    for role in case.roles:
        network = case.network(role).to("meta")
        inputs = [None if given is None else given.to("meta") for given in case.inputs(role)]
        try:
            network(*inputs)
        except (RuntimeError, NotImplementedError) as error:
            # Whatever else goes wrong is of tensors without values.
            if "expected device" in str(error) or "same device" in str(error):
                raise Fault(
                    f"the {role} uses a tensor on another device than its inputs ("
                    f"{brief(str(error), 100)}); make it a buffer, or create it with device= of an "
                    "input"
                ) from error


def recipe_resolves(case: ArchitectureCase) -> None:
    """Every preset's recipe is a config that can be run."""
    resolve(case.run())


def _logits(network: nn.Module, inputs: Inputs) -> tuple[Tensor, ...]:
    return as_critique(network(*inputs), inputs[1]).logits
