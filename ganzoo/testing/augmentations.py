"""What is demanded of an augmentation."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo import registry
from ganzoo.augmentation.base import Augmentation
from ganzoo.randomness import Draws
from ganzoo.resolve.validation import validate
from ganzoo.spec import Shape
from ganzoo.testing import shared
from ganzoo.testing.check import Case, Fault, Subject
from ganzoo.testing.standins import LATENT, PERCEPTRONS, SAMPLES, small_run

IMAGES: tuple[tuple[str, Shape], ...] = (
    ("grey images", (1, 8, 8)),
    ("colour images", (3, 8, 8)),
    ("images that are not square", (3, 6, 10)),
)
VECTORS = ("vectors", (2,))


@dataclass(frozen=True)
class AugmentationCase(Case):
    """The config of an augmentation, and the shape of the samples that it changes."""

    shape: Shape

    def augmentation(self) -> Augmentation:
        """Build the augmentation; one that adapts has seen reals that are all judged real."""
        made: Augmentation = registry.instantiate("augmentations", self.spec.name, self.config)
        return driven(made)

    def samples(self) -> Tensor:
        """Return samples in [-1, 1], ``(BATCH, *shape)``."""
        return Draws(("conformance", "samples"), shared.BATCH).uniform("x", *self.shape) * 2 - 1

    def changed(self, samples: Tensor, rows: slice = slice(None)) -> Tensor:
        """Augment some rows of a batch, with the numbers that belong to them."""
        dtype = torch.float64 if samples.dtype == torch.float64 else torch.float32
        return self.augmentation()(samples[rows], draws(rows, dtype))

    def run(self) -> dict[str, Any]:
        """Return the config of a small run with this augmentation."""
        shape = list(self.shape)
        return small_run(
            architecture={"name": PERCEPTRONS.name, "latent_dim": LATENT, "sample_shape": shape},
            data={"source": SAMPLES.name, "shape": shape},
            augmentation=self.config.model_dump(mode="json"),
        )


def cases(subject: Subject) -> list[AugmentationCase]:
    """Its config, for samples of every kind that it has a meaning for."""
    values = {**subject.values, "name": subject.spec.name}
    config = validate(subject.spec.config, values, "augmentation")
    kinds = (*IMAGES, VECTORS) if subject.spec.vectors else IMAGES
    return [
        AugmentationCase(subject.spec, subject.offer, config, shape, title=title)
        for title, shape in kinds
    ]


def draws(rows: slice = slice(None), dtype: torch.dtype = torch.float32) -> Draws:
    """Return the random numbers of some rows of a batch."""
    return Draws(("conformance", "draws"), shared.BATCH, rows, dtype=dtype)


def driven(augmentation: Augmentation, times: int = 4) -> Augmentation:
    """Let an augmentation that adapts do so, after reals that were all judged real."""
    for _ in range(times if augmentation.every else 0):
        augmentation.adapt(torch.tensor(1.0), 10**9)
    return augmentation


def samples_keep_their_form(case: AugmentationCase) -> None:
    """Shape and type of the samples are kept, in every precision."""
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        samples = case.samples().to(dtype)
        found = case.changed(samples)
        if found.shape != samples.shape or found.dtype != dtype:
            raise Fault(
                f"samples {tuple(samples.shape)} of {dtype} come back as {tuple(found.shape)} of "
                f"{found.dtype}; keep shape and type, for example with .to(samples.dtype)"
            )


def samples_stay_finite(case: AugmentationCase) -> None:
    """What comes out is finite, also of samples at both ends of their range."""
    for samples in (case.samples(), torch.full_like(case.samples(), -1), case.samples().sign()):
        if not case.changed(samples).isfinite().all():
            raise Fault("samples become infinite or NaN; do not divide by anything that can be 0")


def samples_get_gradients(case: AugmentationCase) -> None:
    """The generator's samples get finite gradients through it."""
    samples = case.samples().requires_grad_()
    changed = case.changed(samples)
    gradient = None
    if changed.requires_grad:
        (gradient,) = torch.autograd.grad(changed.square().sum(), samples, allow_unused=True)
    if gradient is None or not gradient.isfinite().all() or not gradient.count_nonzero():
        raise Fault(
            "no gradient passes back through it, so the generator learns nothing; do not "
            "detach or round, and use only functions that torch can differentiate"
        )


def gradients_are_differentiable(case: AugmentationCase) -> None:
    """A penalty of the gradient for its samples has a gradient for the discriminator."""
    samples = case.samples().requires_grad_()
    weights = torch.ones(case.shape, requires_grad=True)
    score = F.softplus(case.changed(samples) * weights).sum()
    (gradient,) = torch.autograd.grad(score, samples, create_graph=True)
    second = None
    if gradient.requires_grad:
        (second,) = torch.autograd.grad(gradient.square().sum(), weights, allow_unused=True)
    if second is None or not second.isfinite().all() or not second.count_nonzero():
        raise Fault(
            "it cannot be differentiated twice, which R1 and other gradient penalties need; use "
            "functions whose backward pass torch can differentiate too"
        )


def randomness_is_the_draws(case: AugmentationCase) -> None:
    """All that is random comes from the draws, so that a resumed run sees the same numbers."""
    one, other = (case.changed(case.samples()) for _ in range(2))
    if not one.equal(other):
        raise Fault(
            "the same samples and draws give different results; draw random numbers with "
            'draws.uniform("amounts", 1), or with normal or integers of draws'
        )


def samples_stand_alone(case: AugmentationCase) -> None:
    """A sample is changed alike whatever the rest of its batch, and whoever has the rest."""
    samples = case.samples()
    whole = case.changed(samples)
    half = slice(shared.BATCH // 2, shared.BATCH)
    part = case.changed(samples, half)
    if not torch.allclose(whole[half], part, atol=1e-5):
        raise Fault(
            "samples are changed differently when a batch is split; draw random numbers for N rows "
            "from draws, and use no statistic of the batch"
        )


def samples_are_kept(case: AugmentationCase) -> None:
    """The samples that it is given are not changed in place."""
    samples = case.samples()
    before = shared.copies([samples])
    case.changed(samples)
    if shared.changed(before, [samples]):
        raise Fault("it changes samples in place, which penalties still need; work on copies")


def state_is_kept_in_state(case: AugmentationCase) -> None:
    """What it remembers from one step to the next are plain tensors in its state."""
    first = case.augmentation()
    for name, tensor in first.state.items():
        plain = isinstance(tensor, Tensor) and tensor.is_floating_point()
        if not plain or tensor.requires_grad:
            raise Fault(
                f"state[{name!r}] is not a plain floating-point tensor; detach tensors before you "
                "store them, so that checkpoints can hold them and processes can average them"
            )
    resumed: Augmentation = registry.instantiate("augmentations", case.spec.name, case.config)
    first(case.samples(), draws())
    resumed.state.update({name: tensor.clone() for name, tensor in first.state.items()})
    one, other = (driven(it, 1)(case.samples(), draws()) for it in (first, resumed))
    if not one.equal(other):
        raise Fault(
            "an augmentation restored from another's state behaves differently; keep "
            "everything that it remembers in self.state, which checkpoints save"
        )


CHECKS = (
    samples_keep_their_form,
    samples_stay_finite,
    samples_get_gradients,
    gradients_are_differentiable,
    randomness_is_the_draws,
    samples_stand_alone,
    samples_are_kept,
    state_is_kept_in_state,
    *shared.precisions(AugmentationCase.run),
)
