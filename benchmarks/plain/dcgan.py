"""The loop of PyTorch's own DCGAN example: 64x64 images from files, batch 64, float32."""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms  # type: ignore[import-untyped]

BATCH, LATENT, WIDTH, SIDE = 64, 100, 64, 64


class PlainLoop:
    """Decodes files in two worker processes, scores reals and fakes apart, prints every step."""

    def __init__(self, images: np.ndarray, folder: Path, seed: int = 0) -> None:
        torch.manual_seed(seed)
        write_images(images, folder / "digits")
        dataset = datasets.ImageFolder(
            str(folder),
            transform=transforms.Compose(
                [
                    transforms.Resize(SIDE),
                    transforms.CenterCrop(SIDE),
                    transforms.ToTensor(),
                    transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
                ]
            ),
        )
        self.loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, num_workers=2)
        self.batches: Iterator[list[Tensor]] = iter(())
        self.generator, self.discriminator = networks()
        self.criterion = nn.BCELoss()
        self.optimizer_d = torch.optim.Adam(
            self.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999)
        )
        self.optimizer_g = torch.optim.Adam(
            self.generator.parameters(), lr=2e-4, betas=(0.5, 0.999)
        )
        self.out = io.StringIO()

    def run(self, steps: int) -> int:
        """Do some steps.

        Returns:
            The number of real images that were shown.
        """
        return sum(self._step() for _ in range(steps))

    def close(self) -> None:
        """End the worker processes."""
        self.batches = iter(())

    def _step(self) -> int:
        real = self._next()
        count = real.size(0)
        self.discriminator.zero_grad()
        label = torch.full((count,), 1.0)
        output = self.discriminator(real).view(-1)
        error_real = self.criterion(output, label)
        error_real.backward()
        d_x = output.mean().item()

        noise = torch.randn(count, LATENT, 1, 1)
        fake = self.generator(noise)
        label.fill_(0.0)
        output = self.discriminator(fake.detach()).view(-1)
        error_fake = self.criterion(output, label)
        error_fake.backward()
        d_g_before = output.mean().item()
        error_d = error_real + error_fake
        self.optimizer_d.step()

        self.generator.zero_grad()
        label.fill_(1.0)
        output = self.discriminator(fake).view(-1)
        error_g = self.criterion(output, label)
        error_g.backward()
        d_g_after = output.mean().item()
        self.optimizer_g.step()
        print(
            f"Loss_D: {error_d.item():.4f} Loss_G: {error_g.item():.4f} "
            f"D(x): {d_x:.4f} D(G(z)): {d_g_before:.4f} / {d_g_after:.4f}",
            file=self.out,
        )
        return count

    def _next(self) -> Tensor:
        batch = next(self.batches, None)
        if batch is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.batches = iter(self.loader)
            batch = next(self.batches)
        return batch[0]


def write_images(images: np.ndarray, folder: Path) -> None:
    """Write grey images as 64x64 colour PNG files."""
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        image = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        image.convert("RGB").save(folder / f"{index:05d}.png")


def networks() -> tuple[nn.Module, nn.Module]:
    """Build the example's generator and discriminator for colour images."""
    generator: list[nn.Module] = []
    for inputs, outputs, stride, padding in (
        (LATENT, WIDTH * 8, 1, 0),
        (WIDTH * 8, WIDTH * 4, 2, 1),
        (WIDTH * 4, WIDTH * 2, 2, 1),
        (WIDTH * 2, WIDTH, 2, 1),
    ):
        generator += [
            nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(True),
        ]
    generator += [nn.ConvTranspose2d(WIDTH, 3, 4, 2, 1, bias=False), nn.Tanh()]
    discriminator: list[nn.Module] = [
        nn.Conv2d(3, WIDTH, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
    ]
    for factor in (1, 2, 4):
        discriminator += [
            nn.Conv2d(WIDTH * factor, WIDTH * factor * 2, 4, 2, 1, bias=False),
            nn.BatchNorm2d(WIDTH * factor * 2),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    discriminator += [nn.Conv2d(WIDTH * 8, 1, 4, 1, 0, bias=False), nn.Sigmoid()]
    pair = nn.Sequential(*generator), nn.Sequential(*discriminator)
    for network in pair:
        network.apply(_initialise)
    return pair


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
