"""BigGAN, BigGAN-deep and their loops, written down plainly once more.

As in `reference_loops`: nothing here uses ganzoo, and parameters and buffers stand in the order in
which ours are registered.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.training.reference_sagan import Attention, ByVector, normalise
from tests.training.reference_sngan import Down, Normalised, Up

RECIPES = {
    # rates of both, betas, eps of Adam, updates, one pass of D for both, parts of a batch
    "studiogan": (2e-4, 2e-4, (0.5, 0.999), 1e-6, 5, False, 1),
    "cifar": (2e-4, 2e-4, (0.0, 0.999), 1e-8, 4, True, 1),
    "imagenet": (1e-4, 4e-4, (0.0, 0.999), 1e-6, 1, True, 8),
    "deep": (1e-4, 4e-4, (0.0, 0.999), 1e-6, 1, True, 8),
}
LATENT = {"studiogan": 80, "cifar": 128, "imagenet": 120, "deep": 128}
SHARED = 128


class VectorUp(Up):
    """With norms by vectors."""

    def __init__(self, width: int, size: int, eps: float) -> None:
        super().__init__(width, width, 0, "nearest", eps)
        self.b1, self.b2 = (ByVector(width, size, eps) for _ in range(2))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        main = self.c1(F.interpolate(torch.relu(self.b1(x, y)), scale_factor=2))
        main = self.c2(torch.relu(self.b2(main, y)))
        return main + self.sc(F.interpolate(x, scale_factor=2))


class DeepUp(nn.Module):
    def __init__(self, width: int, size: int, up: bool) -> None:
        super().__init__()
        inner, self.up = width // 4, up
        layers = []
        for before, after, side in (
            (width, inner, 1),
            (inner, inner, 3),
            (inner, inner, 3),
            (inner, width, 1),
        ):
            layers += [ByVector(before, size, 1e-5), nn.Conv2d(before, after, side, 1, side // 2)]
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        main = x
        for number in range(4):
            main = torch.relu(self.layers[2 * number](main, y))
            if self.up and number == 1:
                main = F.interpolate(main, scale_factor=2)
            main = self.layers[2 * number + 1](main)
        return main + (F.interpolate(x, scale_factor=2) if self.up else x)


class DeepDown(nn.Module):
    def __init__(self, width: int, down: bool) -> None:
        super().__init__()
        inner, self.down = width // 4, down
        self.c1, self.c2 = nn.Conv2d(width, inner, 1), nn.Conv2d(inner, inner, 3, 1, 1)
        self.c3, self.c4 = nn.Conv2d(inner, inner, 3, 1, 1), nn.Conv2d(inner, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        main = x
        for conv in (self.c1, self.c2, self.c3):
            main = conv(torch.relu(main))
        main = torch.relu(main)
        if self.down:
            main, x = F.avg_pool2d(main, 2), F.avg_pool2d(x, 2)
        return x + self.c4(main)


class Generator(nn.Module):
    def __init__(self, preset: str, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.preset, latent = preset, LATENT[preset]
        eps = 1e-4 if preset == "studiogan" else 1e-5
        if preset != "cifar":
            self.shared = nn.Embedding(classes, SHARED)
        self.chunk = latent // 4 if preset in ("studiogan", "imagenet") else latent
        first = self.chunk + (SHARED if preset == "deep" else 0)
        self.linear = nn.Linear(first, width * 16)
        size = SHARED + self.chunk
        if preset == "deep":
            ups = [DeepUp(width, size, up) for _ in range(3) for up in (False, True)]
        elif preset == "cifar":
            ups = [Up(width, width, classes, "nearest", eps) for _ in range(3)]
        else:
            ups = [VectorUp(width, size, eps) for _ in range(3)]
        self.ups = nn.ModuleList(ups)
        if preset != "cifar":
            self.attention = Attention(width)
        self.norm, self.last = nn.BatchNorm2d(width, eps), nn.Conv2d(width, channels, 3, 1, 1)
        normalise(self)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        if self.preset == "cifar":
            conditions = [labels] * 3
        elif self.preset == "deep":
            z = torch.cat([self.shared(labels), z], 1)
            conditions = [z] * 6
        else:
            z, *chunks = z.split(self.chunk, 1)
            conditions = [torch.cat([self.shared(labels), chunk], 1) for chunk in chunks]
        x = self.linear(z).view(len(z), -1, 4, 4)
        for number, (up, y) in enumerate(zip(self.ups, conditions, strict=True), 1):
            x = up(x, y)
            if self.preset != "cifar" and number / len(conditions) == 2 / 3:
                x = self.attention(x)
        return torch.tanh(self.last(torch.relu(self.norm(x))))


class Discriminator(nn.Module):
    def __init__(self, preset: str, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.preset = preset
        if preset == "deep":
            self.stem = nn.Conv2d(channels, width, 3, 1, 1)
            downs = [DeepDown(width, stage < 2 and not n) for stage in range(3) for n in range(2)]
        else:
            downs = [
                Down(width if n else channels, width, width, down=n < 2, first=not n)
                for n in range(4)
            ]
        self.downs = nn.ModuleList(downs)
        if preset != "cifar":
            self.attention = Attention(width)
        self.linear, self.table = nn.Linear(width, 1), Normalised(nn.Embedding(classes, width))
        normalise(self)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        deep = self.preset == "deep"
        x = self.stem(x) if deep else x
        for number, down in enumerate(self.downs):
            x = down(x) if deep else down(x, self.preset == "studiogan")
            if self.preset != "cifar" and number == (1 if deep else 0):
                x = self.attention(x)
        h = torch.relu(x).sum((2, 3))
        return self.linear(h)[:, 0] + (self.table(y) * h).sum(1)


def build(
    preset: str, channels: int, base: int, judge: int | None = None, classes: int = 10
) -> tuple[nn.Module, nn.Module]:
    return (
        Generator(preset, channels, 4 * base, classes),
        Discriminator(preset, channels, 4 * (judge or base), classes),
    )


def train(preset, g, d, steps, before):
    """Run a preset's loop in place; batches come in parts, whose gradients are averaged."""
    rate_g, rate_d, betas, eps, updates, joint, parts = RECIPES[preset]
    optimizer_g, optimizer_d = (
        torch.optim.Adam(net.parameters(), lr=lr, betas=betas, eps=eps, foreach=False, fused=False)
        for net, lr in ((g, rate_g), (d, rate_d))
    )
    for number, step in enumerate(steps):
        for index in range(updates):
            before(number, "discriminator", index)
            optimizer_d.zero_grad()
            batch = step.reals[index], step.real_labels[index]
            batch = *batch, step.latents[index], step.labels[index]
            for real, label, z, y in zip(*(t.chunk(parts) for t in batch), strict=True):
                with torch.no_grad():
                    fake = g(z, y)
                if joint:
                    scores = d(torch.cat([fake, real]), torch.cat([y, label]))
                    of_fake, of_real = scores[: len(fake)], scores[len(fake) :]
                else:
                    of_real, of_fake = d(real, label), d(fake, y)
                loss = torch.relu(1 - of_real).mean() + torch.relu(1 + of_fake).mean()
                (loss / parts).backward()
            optimizer_d.step()
        before(number, "generator", 0)
        optimizer_g.zero_grad()
        batch = step.generator_latents, step.generator_labels
        for z, y in zip(*(t.chunk(parts) for t in batch), strict=True):
            (-d(g(z, y), y).mean() / parts).backward()
        optimizer_g.step()
