"""A usual PyTorch port of the residual SNGAN: 32x32, batch 64, 5 critic steps, hinge loss."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm
from torch.utils.data import DataLoader
from torchvision import transforms  # type: ignore[import-untyped]

from benchmarks.plain.common import Digits

BATCH, LATENT, SIDE, CRITIC_STEPS = 64, 128, 32, 5
WIDTH, CRITIC_WIDTH = 64, 32
"""A quarter of the published 256 and 128."""


class PlainLoop:
    """Scores reals and fakes apart, and all gradients of the critic in the generator's update."""

    def __init__(self, images: np.ndarray, folder: Path, seed: int = 0) -> None:
        torch.manual_seed(seed)
        transform = transforms.Compose(
            [
                transforms.Resize(SIDE),
                transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5]),
            ]
        )
        dataset = Digits(images, transform)
        self.loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, drop_last=True)
        self.batches: Iterator[list[Tensor]] = iter(())
        self.generator, self.critic = Generator(), Critic(CRITIC_WIDTH)
        self.optimizer_d = torch.optim.Adam(self.critic.parameters(), lr=2e-4, betas=(0.0, 0.9))
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=2e-4, betas=(0.0, 0.9))
        self.out = io.StringIO()

    def run(self, steps: int) -> int:
        """Do some generator steps.

        Returns:
            The number of real images that were shown.
        """
        return sum(self._step() for _ in range(steps))

    def close(self) -> None:
        """There is nothing to end."""

    def _step(self) -> int:
        for _ in range(CRITIC_STEPS):
            real = self._next()
            self.critic.zero_grad()
            d_real = self.critic(real)
            fake = self.generator(torch.randn(BATCH, LATENT)).detach()
            d_fake = self.critic(fake)
            error_d = F.relu(1 - d_real).mean() + F.relu(1 + d_fake).mean()
            error_d.backward()  # type: ignore[no-untyped-call]
            self.optimizer_d.step()

        self.generator.zero_grad()
        error_g = -self.critic(self.generator(torch.randn(BATCH, LATENT))).mean()
        error_g.backward()
        self.optimizer_g.step()
        print(
            f"errD {error_d.item():f} errG {error_g.item():f} "
            f"D(x) {d_real.mean().sigmoid().item():f} D(G(z)) {d_fake.mean().sigmoid().item():f}",
            file=self.out,
        )
        return CRITIC_STEPS * BATCH

    def _next(self) -> Tensor:
        batch = next(self.batches, None)
        if batch is None:
            self.batches = iter(self.loader)
            batch = next(self.batches)
        return batch[0]


class Generator(nn.Module):
    """Linear, three residual blocks that double the size, batch norm, convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(LATENT, 16 * WIDTH)
        self.blocks = nn.Sequential(*(UpBlock(WIDTH) for _ in range(3)))
        self.norm = nn.BatchNorm2d(WIDTH)
        self.image = nn.Conv2d(WIDTH, 1, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight, 1.0)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents ``(N, 128)`` to images ``(N, 1, 32, 32)``."""
        maps = self.blocks(self.project(latents).view(-1, WIDTH, 4, 4))
        return torch.tanh(self.image(F.relu(self.norm(maps))))


class UpBlock(nn.Module):
    """Batch norm, ReLU, enlarging and a convolution; batch norm, ReLU and another."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.conv1, self.conv2 = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.shortcut = nn.Conv2d(width, width, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps to maps of twice the size."""
        main = self.conv1(up(F.relu(self.norm1(maps))))
        main = self.conv2(F.relu(self.norm2(main)))
        return main + self.shortcut(up(maps))  # type: ignore[no-any-return]


def up(maps: Tensor) -> Tensor:
    """Enlarge maps as the port does."""
    return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)


class Critic(nn.Module):
    """Two residual blocks that halve the size, and two that keep it; a sum, and a linear layer.

    Args:
        width: Channels of every block.
        num_classes: How many rows the projection has; 0 for none.
    """

    def __init__(self, width: int, num_classes: int = 0) -> None:
        super().__init__()
        self.first1 = spectral_norm(nn.Conv2d(1, width, 3, padding=1))
        self.first2 = spectral_norm(nn.Conv2d(width, width, 3, padding=1))
        self.shortcut = spectral_norm(nn.Conv2d(1, width, 1))
        self.blocks = nn.Sequential(*(DownBlock(width, down=down) for down in (True, False, False)))
        self.score = spectral_norm(nn.Linear(width, 1))
        self.classes = spectral_norm(nn.Embedding(num_classes, width)) if num_classes else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight_orig, 1.0)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images ``(N, 1, 32, 32)``, and labels where there are classes, to scores ``(N, 1)``."""
        main = F.avg_pool2d(self.first2(F.relu(self.first1(images))), 2)
        maps = main + self.shortcut(F.avg_pool2d(images, 2))
        features = F.relu(self.blocks(maps)).sum((2, 3))
        scores: Tensor = self.score(features)
        if self.classes is not None:
            scores = scores + (self.classes(labels) * features).sum(1, keepdim=True)
        return scores


class DownBlock(nn.Module):
    """Two times ReLU and a convolution, then a mean of two by two pixels where it halves."""

    def __init__(self, width: int, *, down: bool) -> None:
        super().__init__()
        self.down = down
        self.conv1, self.conv2 = (
            spectral_norm(nn.Conv2d(width, width, 3, padding=1)) for _ in range(2)
        )
        self.shortcut = spectral_norm(nn.Conv2d(width, width, 1)) if down else None

    def forward(self, maps: Tensor) -> Tensor:
        """Maps to maps of the same size, or of half of it."""
        main = self.conv2(F.relu(self.conv1(F.relu(maps))))
        if self.shortcut is None:
            return main + maps  # type: ignore[no-any-return]
        return F.avg_pool2d(main, 2) + F.avg_pool2d(self.shortcut(maps), 2)
