"""The loop of the perceptron GAN that most PyTorch collections have: 28x28, batch 128, float32."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms  # type: ignore[import-untyped]

from benchmarks.plain.common import Digits

BATCH, LATENT, SIDE = 128, 100, 28


class PlainLoop:
    """Updates the generator first, halves the discriminator's loss, prints every step."""

    def __init__(self, images: np.ndarray, folder: Path, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.noise = np.random.RandomState(seed)
        transform = transforms.Compose(
            [
                transforms.Resize(SIDE),
                transforms.ToTensor(),
                transforms.Normalize([0.5], [0.5]),
            ]
        )
        self.loader = DataLoader(Digits(images, transform), batch_size=BATCH, shuffle=True)
        self.batches: Iterator[list[Tensor]] = iter(())
        self.generator, self.discriminator = networks()
        self.criterion = nn.BCELoss()
        self.optimizer_g = torch.optim.Adam(
            self.generator.parameters(), lr=2e-4, betas=(0.5, 0.999)
        )
        self.optimizer_d = torch.optim.Adam(
            self.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999)
        )
        self.out = io.StringIO()

    def run(self, steps: int) -> int:
        """Do some steps.

        Returns:
            The number of real images that were shown.
        """
        return sum(self._step() for _ in range(steps))

    def close(self) -> None:
        """There is nothing to end."""

    def _step(self) -> int:
        real = self._next()
        count = real.size(0)
        valid, invalid = torch.ones(count, 1), torch.zeros(count, 1)

        self.optimizer_g.zero_grad()
        latents = torch.FloatTensor(self.noise.normal(0, 1, (count, LATENT)))
        fakes = self.generator(latents).view(count, 1, SIDE, SIDE)
        loss_g = self.criterion(self.discriminator(fakes.view(count, -1)), valid)
        loss_g.backward()
        self.optimizer_g.step()

        self.optimizer_d.zero_grad()
        real_loss = self.criterion(self.discriminator(real.view(count, -1)), valid)
        fake_loss = self.criterion(self.discriminator(fakes.detach().view(count, -1)), invalid)
        loss_d = (real_loss + fake_loss) / 2
        loss_d.backward()
        self.optimizer_d.step()
        print(f"[D loss: {loss_d.item():f}] [G loss: {loss_g.item():f}]", file=self.out)
        return count

    def _next(self) -> Tensor:
        batch = next(self.batches, None)
        if batch is None:
            self.batches = iter(self.loader)
            batch = next(self.batches)
        return batch[0]


def networks() -> tuple[nn.Module, nn.Module]:
    """Build the usual perceptrons; 0.8 is the epsilon of their batch norm."""
    generator: list[nn.Module] = [nn.Linear(LATENT, 128), nn.LeakyReLU(0.2, inplace=True)]
    for inputs, outputs in ((128, 256), (256, 512), (512, 1024)):
        generator += [
            nn.Linear(inputs, outputs),
            nn.BatchNorm1d(outputs, 0.8),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    generator += [nn.Linear(1024, SIDE * SIDE), nn.Tanh()]
    discriminator = nn.Sequential(
        nn.Linear(SIDE * SIDE, 512),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(512, 256),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Linear(256, 1),
        nn.Sigmoid(),
    )
    return nn.Sequential(*generator), discriminator
