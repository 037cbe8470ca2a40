"""Spectrally normalised networks and their loops, written down plainly once more.

As in `reference_loops`: nothing here uses ganzoo, and parameters and buffers stand in the order in
which ours are registered.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = {
    32: ((4, 4, 4, 4), (2, 2, 2, 2)),
    48: ((8, 4, 2, 1), (1, 2, 4, 8, 16)),
    64: ((16, 8, 4, 2, 1), (1, 2, 4, 8, 16)),
    128: ((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16)),
}
HALVINGS = {32: 2, 48: 4, 64: 5, 128: 5}

PORTS = {
    # upsampling, hidden width of the outputs, shortcut after ReLU, eps of batch norm
    "resnet": ("nearest", False, False, 2e-5),
    "resnet64": ("nearest", False, False, 2e-5),
    "resnet128": ("nearest", False, False, 2e-5),
    "mimicry": ("bilinear", False, True, 1e-5),
    "studiogan": ("nearest", True, True, 1e-4),
}


class Normalised(nn.Module):
    """A layer whose weight is divided by a running estimate of its largest singular value."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        if getattr(layer, "bias", None) is not None:
            self.bias = nn.Parameter(layer.bias.detach().clone())
        self.weight = nn.Parameter(layer.weight.detach().clone())
        rows = self.weight.shape[0]
        self.register_buffer("u", torch.randn(rows))
        self.register_buffer("v", torch.randn(self.weight.numel() // rows))
        self.stride, self.padding = getattr(layer, "stride", 1), getattr(layer, "padding", 0)

    def forward(self, x: Tensor) -> Tensor:
        matrix = self.weight.reshape(len(self.weight), -1)
        fixed = matrix.detach()
        v = fixed.T @ self.u
        v = v / v.norm()
        u = fixed @ v
        u = u / u.norm()
        self.u, self.v = u, v
        weight = self.weight / (u @ matrix @ v)
        if not x.is_floating_point():
            return weight[x]
        bias = getattr(self, "bias", None)
        if weight.dim() == 4:
            return F.conv2d(x, weight, bias, self.stride, self.padding)
        return F.linear(x, weight, bias)


class ByClass(nn.Module):
    """Batch norm with a table of gains, less one, and a table of biases."""

    def __init__(self, width: int, classes: int, eps: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, eps, affine=False)
        self.gain, self.bias = nn.Embedding(classes, width), nn.Embedding(classes, width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        gain, bias = (t(y)[:, :, None, None] for t in (self.gain, self.bias))
        return self.norm(x) * (1 + gain) + bias


class Up(nn.Module):
    def __init__(self, before: int, after: int, classes: int, mode: str, eps: float) -> None:
        super().__init__()
        self.b1, self.c1 = norm(before, classes, eps), nn.Conv2d(before, after, 3, 1, 1)
        self.b2, self.c2 = norm(after, classes, eps), nn.Conv2d(after, after, 3, 1, 1)
        self.sc = nn.Conv2d(before, after, 1)
        self.mode = mode

    def forward(self, x: Tensor, y: Tensor | None) -> Tensor:
        twice = nn.Upsample(scale_factor=2, mode=self.mode)
        main = self.c1(twice(torch.relu(normed(self.b1, x, y))))
        main = self.c2(torch.relu(normed(self.b2, main, y)))
        return main + self.sc(twice(x))


class Down(nn.Module):
    def __init__(self, before: int, after: int, hidden: int, *, down: bool, first: bool) -> None:
        super().__init__()
        self.c1 = Normalised(nn.Conv2d(before, hidden, 3, 1, 1))
        self.c2 = Normalised(nn.Conv2d(hidden, after, 3, 1, 1))
        self.down, self.first = down, first
        self.sc = Normalised(nn.Conv2d(before, after, 1)) if down or before != after else None

    def forward(self, x: Tensor, shortcut_relu: bool) -> Tensor:
        main = x if self.first else torch.relu(x)
        shortcut = main if shortcut_relu else x
        main = self.c2(torch.relu(self.c1(main)))
        if self.sc is not None:
            shortcut = self.sc(shortcut)
        total = main + shortcut
        return F.avg_pool2d(total, 2) if self.down else total


def norm(width: int, classes: int, eps: float) -> nn.Module:
    return ByClass(width, classes, eps) if classes else nn.BatchNorm2d(width, eps)


def normed(layer: nn.Module, x: Tensor, y: Tensor | None) -> Tensor:
    return layer(x, y) if isinstance(layer, ByClass) else layer(x)


class Generator(nn.Module):
    def __init__(self, preset: str, channels: int, base: int, side: int, classes: int) -> None:
        super().__init__()
        mode, _, _, eps = PORTS[preset]
        widths = [base * times for times in WIDTHS[side][0]]
        self.width, self.start = widths[0], side // 2 ** (len(widths) - 1)
        self.linear = nn.Linear(128, widths[0] * self.start**2)
        self.ups = nn.ModuleList(Up(m, n, classes, mode, eps) for m, n in pairwise(widths))
        self.norm = nn.BatchNorm2d(widths[-1], eps)
        self.last = nn.Conv2d(widths[-1], channels, 3, 1, 1)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.linear(z).view(-1, self.width, self.start, self.start)
        for block in self.ups:
            x = block(x, y)
        return torch.tanh(self.last(torch.relu(self.norm(x))))


class Discriminator(nn.Module):
    def __init__(self, preset: str, channels: int, base: int, side: int, classes: int) -> None:
        super().__init__()
        _, wide, self.shortcut_relu, _ = PORTS[preset]
        widths = [base * times for times in WIDTHS[side][1]]
        halvings = 4 if wide and side == 64 else HALVINGS[side]
        self.downs = nn.ModuleList(
            Down(m, n, n if wide or not i else m, down=i < halvings, first=not i)
            for i, (m, n) in enumerate(zip([channels, *widths], widths, strict=False))
        )
        self.linear = Normalised(nn.Linear(widths[-1], 1, bias=preset != "resnet"))
        self.table = Normalised(nn.Embedding(classes, widths[-1])) if classes else None

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        for block in self.downs:
            x = block(x, self.shortcut_relu)
        h = torch.relu(x).sum((2, 3))
        logits = self.linear(h)[:, 0]
        return logits if self.table is None else logits + (self.table(y) * h).sum(1)


def cnn(preset: str, channels: int, base: int) -> tuple[nn.Module, nn.Module]:
    """Both convolutional networks for 32x32: that of each code, layer by layer."""
    a, b, c, d = (base * times for times in (1, 2, 4, 8))
    if preset == "cnn":
        stem = [nn.Unflatten(1, (128, 1, 1)), nn.ConvTranspose2d(128, d, 4)]
        layers = [(channels, a, 3, 1), (a, a, 4, 2), (a, b, 3, 1), (b, b, 4, 2), (b, c, 3, 1)]
        layers += [(c, c, 4, 2), (c, d, 3, 1)]
    else:
        stem = [nn.Linear(100, d * 16), nn.Unflatten(1, (d, 4, 4))]
        layers = [(channels, a, 3, 1), (a, b, 4, 2), (b, b, 3, 1), (b, c, 4, 2), (c, c, 3, 1)]
        layers += [(c, d, 4, 2), (d, d, 3, 1)]
    ups = []
    for before, after in ((d, c), (c, b), (b, a)):
        ups += [nn.BatchNorm2d(before), nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1)]
    last = [nn.BatchNorm2d(a), nn.ReLU(), nn.Conv2d(a, channels, 3, 1, 1), nn.Tanh()]
    critic = []
    for before, after, kernel, stride in layers:
        critic += [Normalised(nn.Conv2d(before, after, kernel, stride, 1)), nn.LeakyReLU(0.1)]
    critic += [nn.Flatten(), Normalised(nn.Linear(d * 16, 1)), nn.Flatten(0)]
    return nn.Sequential(*stem, *ups, *last), nn.Sequential(*critic)


def build(
    preset: str, channels: int, base: int, side: int = 32, classes: int = 0
) -> tuple[nn.Module, nn.Module]:
    if preset.startswith("cnn"):
        return cnn(preset, channels, base)
    return (
        Generator(preset, channels, base, side, classes),
        Discriminator(preset, channels, base, side, classes),
    )


def train(preset, g, d, steps, before):
    """Run a preset's loop in place."""
    decays = {
        "resnet": lambda n: 1 - n / 50_000,
        "mimicry": lambda n: 1 - n / 100_000,
        "cnn": lambda n: 1 - n / 100_000,
    }
    betas = (0.5, 0.999) if preset == "studiogan" else (0.0, 0.9)
    updates = 1 if preset == "cnn-doubling" else 5
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=2e-4, betas=betas, foreach=False, fused=False)
        for net in (g, d)
    ]

    def update(optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def update_generator(number, step):
        before(number, "generator", 0)
        update(optimizers[0], -d(g(step.generator_latents)).mean())

    for number, step in enumerate(steps):
        # The published codes of 64x64 and 128x128 keep the rate until the last 50,000 steps.
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 2e-4 * decays.get(preset, lambda n: 1.0)(number)
        if preset.startswith("resnet"):
            update_generator(number, step)
        for index in range(updates):
            before(number, "discriminator", index)
            with torch.no_grad():
                fake = g(step.latents[index])
            real = torch.relu(1 - d(step.reals[index])).mean()
            update(optimizers[1], real + torch.relu(1 + d(fake)).mean())
        if not preset.startswith("resnet"):
            update_generator(number, step)
