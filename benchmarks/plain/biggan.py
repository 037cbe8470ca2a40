"""A usual PyTorch port of BigGAN for 32x32: batch 64, 4 discriminator steps, ten classes."""

import copy
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
from benchmarks.plain.sngan import Critic

BATCH, SIDE, CRITIC_STEPS, CLASSES, DECAY = 64, 32, 4, 10, 0.9999
CHUNK, SHARED = 32, 128
"""A chunk of the latent for the first layer and for each block, and the length of an embedding."""

WIDTH = 64
"""A quarter of the published 256, in both networks."""


class PlainLoop:
    """Scores reals and fakes apart, and averages the whole state of the generator."""

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
        self.generator, self.critic = Generator(), Critic(WIDTH, CLASSES)
        self.average = copy.deepcopy(self.generator)
        betas = (0.0, 0.999)
        self.optimizer_d = torch.optim.Adam(self.critic.parameters(), lr=2e-4, betas=betas)
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=2e-4, betas=betas)
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
        self.critic.requires_grad_(True)
        for _ in range(CRITIC_STEPS):
            real, labels = self._next()
            self.critic.zero_grad()
            drawn = torch.randint(CLASSES, (BATCH,))
            with torch.no_grad():
                fake = self.generator(torch.randn(BATCH, 4 * CHUNK), drawn)
            d_fake, d_real = self.critic(fake, drawn), self.critic(real, labels)
            loss_real, loss_fake = F.relu(1 - d_real).mean(), F.relu(1 + d_fake).mean()
            (loss_real + loss_fake).backward()  # type: ignore[no-untyped-call]
            self.optimizer_d.step()

        self.critic.requires_grad_(False)
        self.generator.zero_grad()
        drawn = torch.randint(CLASSES, (BATCH,))
        loss = -self.critic(self.generator(torch.randn(BATCH, 4 * CHUNK), drawn), drawn).mean()
        loss.backward()
        self.optimizer_g.step()
        with torch.no_grad():
            source = self.generator.state_dict()
            for name, value in self.average.state_dict().items():
                value.copy_(value * DECAY + source[name] * (1 - DECAY))
        print(
            f"G_loss {loss.item():f} D_loss_real {loss_real.item():f} "
            f"D_loss_fake {loss_fake.item():f}",
            file=self.out,
        )
        return CRITIC_STEPS * BATCH

    def _next(self) -> list[Tensor]:
        batch = next(self.batches, None)
        if batch is None:
            self.batches = iter(self.loader)
            batch = next(self.batches)
        return batch


class Generator(nn.Module):
    """Linear, three residual blocks with conditional batch norm, batch norm, convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Embedding(CLASSES, SHARED)
        self.project = spectral_norm(nn.Linear(CHUNK, 16 * WIDTH))
        self.blocks = nn.ModuleList(UpBlock() for _ in range(3))
        self.norm = nn.BatchNorm2d(WIDTH)
        self.image = spectral_norm(nn.Conv2d(WIDTH, 1, 3, padding=1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.normal_(module.weight_orig, 0, 0.02)
        nn.init.normal_(self.shared.weight, 0, 0.02)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Latents ``(N, 128)`` and labels ``(N,)`` to images ``(N, 1, 32, 32)``."""
        first, *chunks = latents.split(CHUNK, 1)
        embedded = self.shared(labels)
        maps = self.project(first).view(-1, WIDTH, 4, 4)
        for block, chunk in zip(self.blocks, chunks, strict=True):
            maps = block(maps, torch.cat([embedded, chunk], 1))
        return torch.tanh(self.image(F.relu(self.norm(maps))))


class UpBlock(nn.Module):
    """Norm, ReLU, enlarging and a convolution; norm, ReLU and another."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = Norm(), Norm()
        self.conv1, self.conv2 = (
            spectral_norm(nn.Conv2d(WIDTH, WIDTH, 3, padding=1)) for _ in range(2)
        )
        self.shortcut = spectral_norm(nn.Conv2d(WIDTH, WIDTH, 1))

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Maps to maps of twice the size."""
        main = F.interpolate(F.relu(self.norm1(maps, condition)), scale_factor=2)
        main = self.conv2(F.relu(self.norm2(self.conv1(main), condition)))
        return main + self.shortcut(F.interpolate(maps, scale_factor=2))  # type: ignore[no-any-return]


class Norm(nn.Module):
    """Batch norm, whose gain and bias are linear in a condition."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(WIDTH, affine=False)
        self.gain, self.bias = (
            spectral_norm(nn.Linear(SHARED + CHUNK, WIDTH, bias=False)) for _ in range(2)
        )

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Normalise maps."""
        gain = (1 + self.gain(condition)).view(-1, WIDTH, 1, 1)
        bias = self.bias(condition).view(-1, WIDTH, 1, 1)
        return self.norm(maps) * gain + bias  # type: ignore[no-any-return]
