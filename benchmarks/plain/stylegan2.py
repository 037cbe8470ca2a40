"""A usual PyTorch port of StyleGAN2 without its compiled operations: 64x64, lazy R1.

Filters are one grouped ``conv2d`` of maps with zeros in between, modulated convolutions one grouped
``conv2d`` of the whole batch, and bias, activation and gain steps of their own.
"""

import io
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms  # type: ignore[import-untyped]

from benchmarks.plain.common import Digits

BATCH, SIDE, LATENT, R1_EVERY = 32, 64, 128, 16
GAMMA = 2e-4 * SIDE**2 / BATCH


def width_of(side: int) -> int:
    """Channels of maps, as the preset ``small`` has them."""
    return min(2048 // side, 128)


class PlainLoop:
    """The generator's update, the discriminator's, and R1 with a pass of its own."""

    def __init__(self, images: np.ndarray, folder: Path, seed: int = 0) -> None:
        torch.manual_seed(seed)
        transform = transforms.Compose(
            [transforms.Resize(SIDE), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
        )
        dataset = Digits(images, transform)
        self.loader = DataLoader(dataset, batch_size=BATCH, shuffle=True, drop_last=True)
        self.batches: Iterator[list[Tensor]] = iter(())
        self.generator, self.average, self.critic = Generator(), Generator(), Critic()
        self.average.load_state_dict(self.generator.state_dict())
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), 2.5e-3, (0.0, 0.99))
        self.optimizer_d = torch.optim.Adam(self.critic.parameters(), 2.4e-3, (0.0, 0.9906))
        self.out, self.done = io.StringIO(), 0

    def run(self, steps: int) -> int:
        """Do some steps, and return how many real images were shown."""
        for _ in range(steps):
            self._step()
        return steps * BATCH

    def close(self) -> None:
        """There is nothing to end."""

    def _step(self) -> None:
        loss_g = F.softplus(-self.critic(self._fakes())).mean()
        self._update(self.generator, self.optimizer_g, loss_g)
        real = self._next()
        fake = self._fakes().detach()
        scores = self.critic(fake), self.critic(real)
        loss_d = F.softplus(scores[0]).mean() + F.softplus(-scores[1]).mean()
        self._update(self.critic, self.optimizer_d, loss_d)
        if self.done % R1_EVERY == 0:
            real.requires_grad_()
            score = self.critic(real)
            (slope,) = torch.autograd.grad(score.sum(), real, create_graph=True)
            r1 = slope.square().sum((1, 2, 3)).mean()
            self._update(self.critic, self.optimizer_d, GAMMA / 2 * r1 * R1_EVERY + 0 * score[0])
        with torch.no_grad():
            pairs = zip(self.average.parameters(), self.generator.parameters(), strict=True)
            for kept, now in pairs:
                kept.mul_(0.998).add_(now, alpha=0.002)
        self.done += 1
        print(f"errD {loss_d.item():f} errG {loss_g.item():f}", file=self.out)

    def _update(self, network: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        network.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def _fakes(self) -> Tensor:
        images: Tensor = self.generator(torch.randn(BATCH, LATENT), torch.randn(BATCH, LATENT))
        return images

    def _next(self) -> Tensor:
        batch = next(self.batches, None)
        if batch is None:
            self.batches = iter(self.loader)
            batch = next(self.batches)
        return batch[0]


def upfirdn(maps: Tensor, up: int, down: int, low: int, high: int) -> Tensor:
    """Insert zeros, pad, filter and decimate, one after the other."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8 * up
    n, c, h, w = maps.shape
    maps = F.pad(maps.view(n, c, h, 1, w, 1), (0, up - 1, 0, 0, 0, up - 1)).view(
        n, c, h * up, w * up
    )
    maps = F.pad(maps, (low, high, low, high))
    kernel = torch.outer(taps, taps).expand(c, 1, 4, 4)
    return F.conv2d(maps, kernel, groups=c)[:, :, ::down, ::down]


def activated(maps: Tensor, bias: Tensor) -> Tensor:
    """Add a bias, apply the leaky ReLU, and scale."""
    shape = (1, -1, 1, 1) if maps.dim() == 4 else (1, -1)
    return F.leaky_relu(maps + bias.view(shape), 0.2) * math.sqrt(2)


class Dense(nn.Module):
    """An equalised linear layer."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0, rate: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.rate = rate

    def forward(self, rows: Tensor) -> Tensor:
        """Map rows."""
        scale = self.rate / math.sqrt(self.weight.shape[1])
        return F.linear(rows, self.weight * scale, self.bias * self.rate)


class Modulated(nn.Module):
    """A convolution with weights of its own for each sample."""

    def __init__(self, inputs: int, outputs: int, side: int, *, up: bool, image: bool) -> None:
        super().__init__()
        self.affine = Dense(LATENT, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(1))
        self.up, self.image = up, image

    def forward(self, maps: Tensor, style: Tensor) -> Tensor:
        """Return maps, activated and with noise, or an image."""
        n, c, h, w = maps.shape
        scales = self.affine(style) / (math.sqrt(c) if self.image else 1.0)
        weight = self.weight * scales.view(n, 1, c, 1, 1)
        if not self.image:
            weight = weight * (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        outputs, side = weight.shape[1], weight.shape[-1]
        maps = maps.reshape(1, n * c, h, w)
        if self.up:
            weight = weight.transpose(1, 2).reshape(n * c, outputs, side, side)
            maps = F.conv_transpose2d(maps, weight, stride=2, groups=n)
            maps = upfirdn(maps.view(n, outputs, 2 * h + 1, 2 * w + 1), 1, 1, 1, 1) * 4
        else:
            weight = weight.reshape(n * outputs, c, side, side)
            maps = F.conv2d(maps, weight, padding=side // 2, groups=n).view(n, outputs, h, w)
        if self.image:
            return maps + self.bias.view(1, -1, 1, 1)
        noise = torch.randn(n, 1, *maps.shape[2:])
        return activated(maps + self.strength * noise, self.bias)


class Generator(nn.Module):
    """Two mapped latents, mixed, to images."""

    def __init__(self) -> None:
        super().__init__()
        self.mapping = nn.ModuleList(Dense(LATENT, LATENT, rate=0.01) for _ in range(2))
        self.constant = nn.Parameter(torch.randn(1, width_of(4), 4, 4))
        self.layers, self.images = nn.ModuleList(), nn.ModuleList()
        for side in (2**power for power in range(2, SIDE.bit_length())):
            width = width_of(side)
            if side > 4:
                before = width_of(side // 2)
                self.layers.append(Modulated(before, width, 3, up=True, image=False))
            self.layers.append(Modulated(width, width, 3, up=False, image=False))
            self.images.append(Modulated(width, 1, 1, up=False, image=True))

    def style(self, latents: Tensor) -> Tensor:
        """Map latents to styles."""
        rows = latents * (latents.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping:
            assert isinstance(layer, Dense)
            scale = layer.rate / math.sqrt(LATENT)
            rows = activated(F.linear(rows, layer.weight * scale), layer.bias * layer.rate)
        return rows

    def forward(self, latents: Tensor, others: Tensor) -> Tensor:
        """Generate images."""
        styles = [self.style(latents), self.style(others)]
        cut = int(torch.randint(1, len(self.layers) + 1, ()))
        rows = [styles[index >= cut] for index in range(len(self.layers) + 1)]
        maps, image = self.constant.repeat(BATCH, 1, 1, 1), None
        for number, layer in enumerate(self.layers):
            maps = layer(maps, rows[number])
            if number % 2 == 0:
                shown = self.images[number // 2](maps, rows[number + 1])
                image = shown if image is None else upfirdn(image, 2, 1, 2, 1) + shown
        assert image is not None
        return image


class Conv(nn.Module):
    """An equalised convolution; half the size afterwards, filtered."""

    def __init__(self, inputs: int, outputs: int, side: int, *, down: bool, act: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.zeros(outputs)) if act else None
        self.down = down

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve."""
        weight = self.weight / math.sqrt(self.weight[0].numel())
        pad = weight.shape[-1] // 2
        if self.down:
            maps = upfirdn(maps, 1, 1, 1 + pad, 1 + pad)
            maps = F.conv2d(maps, weight, stride=2)
        else:
            maps = F.conv2d(maps, weight, padding=pad)
        return maps if self.bias is None else activated(maps, self.bias)


class Critic(nn.Module):
    """Residual blocks, the deviation within groups of four, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Conv(1, width_of(SIDE), 1, down=False, act=True)
        self.blocks, side = nn.ModuleList(), SIDE
        while side > 4:
            width, after = width_of(side), width_of(side // 2)
            inner = nn.Sequential(
                Conv(width, width, 3, down=False, act=True),
                Conv(width, after, 3, down=True, act=True),
            )
            short = Conv(width, after, 1, down=True, act=False)
            self.blocks.append(nn.ModuleList([inner, short]))
            side //= 2
        width = width_of(4)
        self.last = Conv(width + 1, width, 3, down=False, act=True)
        self.dense, self.score = Dense(16 * width, width), Dense(width, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Score images."""
        maps = self.first(images)
        for block in self.blocks:
            assert isinstance(block, nn.ModuleList)
            inner, short = block
            maps = (inner(maps) + short(maps)) / math.sqrt(2)
        n, c, h, w = maps.shape
        groups = maps.view(4, n // 4, 1, c, h, w)
        spread = (groups.var(0, unbiased=False) + 1e-8).sqrt().mean((2, 3, 4), keepdim=True)
        maps = torch.cat([maps, spread.squeeze(2).repeat(4, 1, h, w)], 1)
        rows = self.last(maps).flatten(1)
        rows = activated(F.linear(rows, self.dense.weight / math.sqrt(16 * c)), self.dense.bias)
        scores: Tensor = self.score(rows)
        return scores
