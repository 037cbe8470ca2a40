"""The loop of R3GAN, written down plainly once more; its networks are those of its pickles.

As in `reference_loops`: nothing here uses ganzoo, and parameters stand in the order in which ours
are registered.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.importing import foreign_r3gan as foreign

PUBLISHED = {
    # batch; gamma at the start; p and half-life at the end, and when that is, in samples
    "cifar10": (512, 0.05, 0.55, 5e6, 2e7),
    "imagenet-32": (4096, 0.5, 0.5, 5e7, 2e8),
    "imagenet-64": (4096, 1.0, 0.4, 5e7, 2e8),
    "ffhq-64": (256, 2.0, 0.3, 5e5, 2e7),
    "ffhq-256": (256, 150.0, 0.3, 5e5, 2e7),
}
SIZES = {
    # channels from 4x4 on; blocks of each size; channels of a group
    "small": ((16, 16, 8, 4), 1, 16),
    "cifar10": ((16,) * 4, 2, 16),
    "imagenet-32": ((16,) * 4, 2, 32),
    "imagenet-64": ((16,) * 4, 2, 32),
    "ffhq-64": ((16,) * 4, 2, 16),
    "ffhq-256": ((16,) * 4, 2, 16),
}
"""The presets at a width of 16, for images of 32x32."""


class Plain(nn.Module):
    """A network whose filter is one buffer."""

    def __init__(self, network: nn.Module, filters: int) -> None:
        super().__init__()
        self.network = network
        for number in range(filters):
            self.register_buffer(f"taps{number}", torch.empty(4), persistent=False)

    def forward(self, *given: Tensor) -> Tensor:
        return self.network(*given)


def build(preset: str, channels: int, base: int, classes: int = 10) -> tuple[nn.Module, nn.Module]:
    widths, depth, group = SIZES[preset]
    given = (widths, (depth,) * len(widths), group, classes)
    options = {"channels": channels, "plain": True}
    return (
        Plain(foreign.Generator(64, *given, embedding=64, **options), len(widths) - 1),
        Plain(foreign.Discriminator(*given, **options), len(widths) - 1),
    )


def half_wave(start: float, end: float, progress: float) -> float:
    """From start to end as a cosine does from its crest to its trough."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def train(preset, g, d, steps, before):
    """Run a preset's loop in place."""
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=1.0, betas=(0.0, 0.9), foreach=False, fused=False)
        for net in (g, d)
    ]

    def update(optimizer, loss, progress):
        high, low = (2e-4, 5e-5) if preset in PUBLISHED else (1e-3, 2.5e-4)
        optimizer.param_groups[0]["lr"] = half_wave(high, low, progress)
        optimizer.param_groups[0]["betas"] = (0.0, half_wave(0.9, 0.99, progress))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for number, step in enumerate(steps):
        real, labels = step.reals[0], step.real_labels[0]
        _, crest, _, _, over = PUBLISHED.get(preset, (0, 1.0, 0, 0, 20_000 * len(real)))
        progress = number * len(real) / over
        gamma = half_wave(crest, crest / 10, progress)

        before(number, "discriminator", 0)
        with torch.no_grad():
            fake = g(step.latents[0], labels)
        squares = []
        for samples in (real, fake):
            samples = samples.clone().requires_grad_()
            (slope,) = torch.autograd.grad(d(samples, labels).sum(), samples, create_graph=True)
            squares.append(slope.square().sum((1, 2, 3)))
        lead = d(real, labels) - d(fake, labels)
        loss = F.softplus(-lead) + gamma / 2 * (squares[0] + squares[1])
        update(optimizers[1], loss.mean(), progress)

        before(number, "generator", 0)
        real, labels = step.generator_reals, step.generator_labels
        lead = d(g(step.generator_latents, labels), labels) - d(real, labels)
        update(optimizers[0], F.softplus(-lead).mean(), progress)
