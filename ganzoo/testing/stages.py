"""What is demanded of the stages by which networks are frozen and carried over to other sizes."""

from functools import partial
from typing import Any

from torch import nn

from ganzoo.testing.built import ArchitectureCase
from ganzoo.testing.check import Fault, NotApplicable
from ganzoo.weights.structure import Stage, stages, tells_stages

PARAMETRIZED = "parametrizations"
"""Where torch keeps what computes a weight, and calls it whenever anybody looks at that."""


def stages_can_be_frozen(case: ArchitectureCase) -> None:
    """The stages that a network tells are parts of it, none in another, from input to output."""
    networks = {role: case.network(role) for role in case.roles}
    told = {role: network for role, network in networks.items() if tells_stages(network)}
    if not told:
        raise NotApplicable("no network has a method stages(); their children count as stages")
    for role, network in told.items():
        found = stages(network)
        if not found:
            raise Fault(
                f"stages() of the {role} returns no stages; return the network's parts from input "
                "to output, or remove stages() to use its children"
            )
        _check_modules(role, network, found)
        _check_parameters(role, network, found)
        _check_order(role, found, partial(case.outputs, role, network, case.inputs(role)))


def _check_modules(role: str, network: nn.Module, found: list[Stage]) -> None:
    """Refuse what is no module inside the network."""
    inside = {id(module) for module in network.modules() if module is not network}
    for number, stage in enumerate(found, 1):
        for module in stage:
            if not isinstance(module, nn.Module):
                raise Fault(
                    f"stage {number} of the {role} holds a {type(module).__name__}; let stages() "
                    "return modules, or lists of modules"
                )
            if id(module) not in inside:
                what = "the whole network" if module is network else "a module outside the network"
                raise Fault(
                    f"stage {number} of the {role} holds {what} ({type(module).__name__}); let "
                    "stages() return modules inside the network"
                )


def _check_parameters(role: str, network: nn.Module, found: list[Stage]) -> None:
    """Refuse stages without parameters, and parameters that stand in two places."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    owners: dict[int, int] = {}
    for number, stage in enumerate(found, 1):
        held = [id(parameter) for module in stage for parameter in module.parameters()]
        if not held:
            raise Fault(
                f"stage {number} of the {role} has no parameters, so freezing it changes "
                "nothing; merge it into the stage before it"
            )
        for parameter in held:
            if parameter in owners:
                raise Fault(
                    f"{names[parameter]} of the {role} is in stage {owners[parameter]} and "
                    f"again in stage {number}; put each module in only one stage, once"
                )
            owners[parameter] = number


def _check_order(role: str, found: list[Stage], run: Any) -> None:
    """Refuse a stage that begins to work before one that is told earlier."""
    began: dict[int, None] = {}
    hooks = [
        module.register_forward_pre_hook(partial(_note, began, number))
        for number, stage in enumerate(found, 1)
        for part in stage
        for name, module in part.named_modules()
        if PARAMETRIZED not in name.split(".") and next(module.parameters(), None) is not None
    ]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    order = list(began)  # of what is called: a weight may also be used without its module
    if order != sorted(order):
        raise Fault(
            f"the stages of the {role} run in the order {', '.join(map(str, order))}; let "
            "stages() return them from input to output, because freezing starts with the first"
        )


def _note(began: dict[int, None], number: int, module: nn.Module, inputs: Any) -> None:
    began.setdefault(number)
