"""A usual PyTorch port of the WGAN-GP convolutional network: 32x32, batch 64, 5 critic steps."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms  # type: ignore[import-untyped]

from benchmarks.plain.common import Digits

BATCH, LATENT, DIM, SIDE, CRITIC_STEPS, LAMBDA = 64, 128, 64, 32, 5, 10.0


class PlainLoop:
    """Backward passes of reals, fakes and penalty apart, as those ports have them."""

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
        self.generator, self.critic = Generator(), Critic()
        self.optimizer_d = torch.optim.Adam(self.critic.parameters(), lr=1e-4, betas=(0.5, 0.9))
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=1e-4, betas=(0.5, 0.9))
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
        for parameter in self.critic.parameters():
            parameter.requires_grad = True
        for _ in range(CRITIC_STEPS):
            real = self._next()
            self.critic.zero_grad()
            d_real = self.critic(real).mean()
            (-d_real).backward()
            with torch.no_grad():
                fake = self.generator(torch.randn(BATCH, LATENT))
            d_fake = self.critic(fake).mean()
            d_fake.backward()
            penalty = self._gradient_penalty(real, fake)
            penalty.backward()  # type: ignore[no-untyped-call]
            distance = d_real - d_fake
            cost = d_fake - d_real + penalty
            self.optimizer_d.step()

        for parameter in self.critic.parameters():
            parameter.requires_grad = False
        self.generator.zero_grad()
        loss = -self.critic(self.generator(torch.randn(BATCH, LATENT))).mean()
        loss.backward()
        self.optimizer_g.step()
        print(
            f"critic cost {cost.item():f} distance {distance.item():f} generator {loss.item():f}",
            file=self.out,
        )
        return CRITIC_STEPS * BATCH

    def _gradient_penalty(self, real: Tensor, fake: Tensor) -> Tensor:
        alpha = torch.rand(BATCH, 1, 1, 1).expand(real.size())
        between = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
        scores = self.critic(between)
        gradients = torch.autograd.grad(
            outputs=scores,
            inputs=between,
            grad_outputs=torch.ones(scores.size()),
            create_graph=True,
            retain_graph=True,
            only_inputs=True,
        )[0].view(BATCH, -1)
        penalty: Tensor = ((gradients.norm(2, dim=1) - 1) ** 2).mean() * LAMBDA
        return penalty

    def _next(self) -> Tensor:
        batch = next(self.batches, None)
        if batch is None:
            self.batches = iter(self.loader)
            batch = next(self.batches)
        return batch[0]


class Generator(nn.Module):
    """Linear, then three transposed 5x5 convolutions with batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Sequential(
            nn.Linear(LATENT, 16 * 4 * DIM), nn.BatchNorm1d(16 * 4 * DIM), nn.ReLU(True)
        )
        layers: list[nn.Module] = []
        for width in (2 * DIM, DIM):
            layers += [
                nn.ConvTranspose2d(2 * width, width, 5, 2, 2, output_padding=1),
                nn.BatchNorm2d(width),
                nn.ReLU(True),
            ]
        layers += [nn.ConvTranspose2d(DIM, 1, 5, 2, 2, output_padding=1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor) -> Tensor:
        """Latents ``(N, 128)`` to images ``(N, 1, 32, 32)``."""
        images: Tensor = self.layers(self.project(latents).view(-1, 4 * DIM, 4, 4))
        return images


class Critic(nn.Module):
    """Three strided 5x5 convolutions without norm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, DIM, 5, 2, 2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(DIM, 2 * DIM, 5, 2, 2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * DIM, 4 * DIM, 5, 2, 2),
            nn.LeakyReLU(0.2),
        )
        self.score = nn.Linear(16 * 4 * DIM, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Images ``(N, 1, 32, 32)`` to scores ``(N, 1)``."""
        scores: Tensor = self.score(self.layers(images).view(-1, 16 * 4 * DIM))
        return scores
