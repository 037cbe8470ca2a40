"""What is demanded of networks that translate images."""

from collections.abc import Iterator

import torch
from torch import Tensor

from ganzoo.errors import brief
from ganzoo.networks.translator import USES, Translator
from ganzoo.testing.built import ArchitectureCase, Inputs
from ganzoo.testing.check import Fault, NotApplicable
from ganzoo.weights.description import Info


def sizes_are_free(case: ArchitectureCase) -> None:
    """A translator takes images of the other sizes that its traits allow."""
    checked = 0
    for role in case.of_kind("translator"):
        network = case.network(role)
        source, made = (
            case.shape(fields[0])
            for fields in (case.spec.networks[role].reads, case.spec.networks[role].makes)
        )
        for height, width in _other_sizes(case, source[1:]):
            checked += 1
            inputs: Inputs = case.inputs(role, 1)
            inputs[0] = torch.zeros(1, source[0], height, width)
            wanted = (1, made[0], height * made[1] // source[1], width * made[2] // source[2])
            try:
                found = tuple(network(*inputs).shape)
            except RuntimeError as error:
                raise Fault(
                    f"the {role} of {source[1]}x{source[2]} images cannot translate one of "
                    f"{height}x{width} ({brief(error, 100)}); make it of layers "
                    "that take any size, or narrow the sides of its traits"
                ) from error
            if found != wanted:
                raise Fault(
                    f"the {role} makes {found} of a {height}x{width} image instead of {wanted}; "
                    "let the size of what it makes follow that of its source"
                )
    if not checked:
        raise NotApplicable("the traits allow one size alone")


def _other_sizes(case: ArchitectureCase, own: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Sizes that a network of one size has to take: multiples, and others where any will do."""
    height, width = own
    sides = case.traits.sides
    if sides is None:
        yield from ((2 * height, width), (height + 4, width + 8))
    elif 2 * height in sides:
        yield 2 * height, 2 * width


def sources_get_gradients(case: ArchitectureCase) -> None:
    """A translator is differentiated for its images, as cycles need."""
    for role in case.of_kind("translator"):
        images, *others = case.inputs(role)
        assert images is not None
        images.requires_grad_()
        made: Tensor = case.perturbed(role)(images, *others)
        gradient = None
        if made.requires_grad:
            weights = torch.rand(made.shape, generator=torch.Generator().manual_seed(0))
            (gradient,) = torch.autograd.grad((made * weights).sum(), images, allow_unused=True)
        if gradient is None or not gradient.count_nonzero():
            raise Fault(
                f"what the {role} makes has no gradient for its images; remove what stops it, such "
                "as detach, no_grad or rounding"
            )


def translating_is_repeatable(case: ArchitectureCase) -> None:
    """The same image and seed give the same translation; in eval mode the seed does not matter."""
    for role in case.of_kind("translator"):
        translator = Translator(case.perturbed(role), Info.of(case.config), role=role)
        images = case.inputs(role, 2)[0]
        assert images is not None
        images = images.add(1).div(2)
        for use in USES:
            one, again = (translator.translate(images, seed=0, use=use) for _ in range(2))
            if not one.equal(again):
                raise Fault(
                    f"used as {use}, the {role} translates an image differently each time; draw "
                    "noise from draws, or with torch's own functions, which ganzoo seeds"
                )
        one, other = (translator.translate(images, seed=seed, use="eval") for seed in (0, 1))
        if not one.equal(other):
            raise Fault(
                f"in evaluation mode the {role} is random; use dropout and noise in training mode "
                "alone (if self.training)"
            )


CHECKS = (sizes_are_free, sources_get_gradients, translating_is_repeatable)
