"""What is demanded of an architecture whose networks are trained, copied, kept and sampled."""

import copy
import tempfile
from pathlib import Path

import torch
from torch import nn

from ganzoo.config import EmaConfig
from ganzoo.hub.loading import load
from ganzoo.losses.base import as_critique
from ganzoo.networks.generator import Generator
from ganzoo.penalties.base import input_gradient
from ganzoo.testing import shared
from ganzoo.testing.built import ArchitectureCase, Inputs
from ganzoo.testing.check import Fault
from ganzoo.training.ema import Ema
from ganzoo.weights import saving as weights
from ganzoo.weights.description import Info

DRAWS = 4
"""How often parameters are moved, as a rectifier may block the way for some weights."""


def gradients_reach_all(case: ArchitectureCase) -> None:
    """Every parameter that is trained gets a gradient, wherever the parameters are."""
    for role in case.roles:
        names = {name for name, p in case.network(role).named_parameters() if p.requires_grad}
        missing, broken = set(names), set()
        for seed in range(DRAWS):
            network = case.perturbed(role, seed)
            outputs = case.outputs(role, network, case.inputs(role, seed=seed))
            source = torch.Generator().manual_seed(seed)
            # Weighted at random, as a plain sum may be the same whatever a parameter is.
            total = torch.stack(
                [
                    (x * torch.rand(x.shape, generator=source)).sum()
                    for x in outputs
                    if x.is_floating_point()
                ]
            ).sum()
            if not total.requires_grad:
                continue
            total.backward()  # type: ignore[no-untyped-call]
            for name, parameter in network.named_parameters():
                if parameter.grad is not None and parameter.grad.count_nonzero():
                    missing.discard(name)
                    broken |= set() if parameter.grad.isfinite().all() else {name}
        if missing:
            raise Fault(
                f"no gradient reaches {_some(missing)} of the {role}; use it in forward, make it a "
                "buffer, or remove it"
            )
        if broken:
            raise Fault(
                f"the gradient of {_some(broken)} of the {role} is not finite; keep divisions, "
                "roots and logarithms away from zero"
            )


def samples_get_gradients(case: ArchitectureCase) -> None:
    """A critic is differentiated for its samples, and once more, as penalties need."""
    for role in case.of_kind("critic"):
        _check_gradient(role, case.perturbed(role), case.inputs(role))


def _check_gradient(role: str, network: nn.Module, inputs: Inputs) -> None:
    samples, labels, *condition = inputs
    assert samples is not None
    gradient = input_gradient(
        lambda x, y, condition=None: as_critique(
            network(x, y) if condition is None else network(x, y, condition), y
        ),
        samples,
        labels,
        *condition,
    )
    if not gradient.count_nonzero():
        raise Fault(
            f"the {role}'s logits have no gradient for its samples, so the generator cannot "
            "learn; remove what stops the gradient, such as detach, no_grad or rounding"
        )
    if not gradient.requires_grad:
        raise Fault(
            "the gradient for the samples cannot be differentiated again; let every function of "
            f"the {role} have second derivatives"
        )
    gradient.square().sum().backward()  # type: ignore[no-untyped-call]
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    if not grads or not all(grad.isfinite().all() for grad in grads):
        raise Fault(
            f"a gradient penalty has no finite gradient for the {role}'s parameters; let "
            f"every function of the {role} have second derivatives"
        )


def sampling_is_seeded(case: ArchitectureCase) -> None:
    """The same seed gives the same samples, and another seed gives others."""
    for role in case.of_kind("generator"):
        generator = Generator(case.perturbed(role), Info.of(case.config), role=role)
        one, again, other = (generator.sample(4, seed=seed) for seed in (0, 0, 1))
        if not one.equal(again):
            raise Fault(
                "the same seed gives different samples; draw noise with torch's own functions, "
                "which ganzoo seeds, and keep nothing from one call to the next"
            )
        if one.equal(other):
            raise Fault("every seed gives the same samples; let them depend on the latents")


def copies_are_independent(case: ArchitectureCase) -> None:
    """A deep copy of a network is a network of its own."""
    for role in case.roles:
        network, inputs = case.perturbed(role), case.inputs(role)
        before = case.outputs(role, network, inputs)
        try:
            clone = copy.deepcopy(network)
        except Exception as error:
            raise Fault(
                f"the {role} cannot be copied ({type(error).__name__}: {error}); store only "
                "parameters, buffers, modules and plain values in it"
            ) from error
        shared.perturb(clone, seed=2)
        if shared.changed(before, case.outputs(role, network, inputs)):
            raise Fault(f"changing a copy of the {role} changes the original; share no tensors")
        after = case.outputs(role, clone, inputs)
        shared.perturb(network, seed=3)
        if shared.changed(after, case.outputs(role, clone, inputs)):
            raise Fault(
                f"a copy of the {role} computes with the original's parameters; use self in "
                "forward, and store no functions that refer to the network"
            )


def averages_are_used(case: ArchitectureCase) -> None:
    """The moving average of a maker's weights can be put into a copy and used."""
    for role in case.of_kind("generator", "translator"):
        network, inputs = case.perturbed(role), case.inputs(role)
        ema = Ema(EmaConfig(), network)
        case.outputs(role, network, inputs)
        shared.perturb(network, seed=2)
        ema.update(samples=1000, batch=shared.BATCH)
        latest = case.outputs(role, network, inputs)
        clone = copy.deepcopy(network)
        ema.apply_to(clone)
        averaged = case.outputs(role, clone, inputs)
        if not all(samples.isfinite().all() for samples in averaged):
            raise Fault("averaged weights give samples that are not finite; keep no hidden state")
        if not shared.changed(latest, averaged):
            raise Fault(
                "averaged weights give the same samples as the weights that they replace; compute "
                "from the parameters in every call, and cache nothing that depends on them"
            )


def weights_round_trip(case: ArchitectureCase) -> None:
    """Networks that are saved and loaded give the same samples and logits."""
    networks = {role: case.perturbed(role) for role in case.spec.networks}
    inputs = {role: case.inputs(role) for role in case.roles}
    for role in case.roles:
        networks[role].train()(*inputs[role])  # so that buffers move, too
        networks[role].eval()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        weights.save(Path(folder), Info.of(case.config), networks)
        loaded = {role: load(folder, role).module for role in networks}
    for role in case.roles:
        before = case.outputs(role, networks[role], inputs[role])
        after = case.outputs(role, loaded[role], inputs[role])
        if not all(torch.allclose(a, b, atol=1e-6) for a, b in zip(before, after, strict=True)):
            raise Fault(
                f"the {role} gives other outputs after it is saved and loaded; keep everything "
                "that its output depends on in parameters and persistent buffers"
            )


def _some(names: set[str]) -> str:
    first = ", ".join(sorted(names)[:3])
    return f"{first} and {len(names) - 3} more" if len(names) > 3 else first
