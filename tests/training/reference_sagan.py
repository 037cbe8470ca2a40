"""Networks with self-attention and their loops, written down plainly once more.

As in `reference_loops`: nothing here uses ganzoo, and parameters and buffers stand in the order in
which ours are registered.
"""

import torch
from torch import Tensor, nn

from tests.training.reference_sngan import PORTS, ByClass, Down, Normalised, Up

RECIPES = {
    # rates of both networks, betas, updates of the discriminator
    "paper": (1e-4, 4e-4, (0.0, 0.9), 1),
    "mimicry": (2e-4, 2e-4, (0.0, 0.9), 5),
    "studiogan": (2e-4, 2e-4, (0.5, 0.999), 5),
}


class Attention(nn.Module):
    """Each place adds a mean of what is at all places, weighed by how well their keys fit."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(()))
        self.query, self.key = (nn.Conv2d(width, width // 8, 1, bias=False) for _ in range(2))
        self.value = nn.Conv2d(width, width // 2, 1, bias=False)
        self.out = nn.Conv2d(width // 2, width, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        n, _, high, wide = x.shape
        key, value = (
            layer(x).view(n, -1, high // 2, 2, wide // 2, 2).amax((3, 5)).flatten(2)
            for layer in (self.key, self.value)
        )
        scores = torch.einsum("ncq,nck->nqk", self.query(x).flatten(2), key).exp()
        weights = scores / scores.sum(2, keepdim=True)
        found = torch.einsum("nck,nqk->ncq", value, weights)
        return x + self.gamma * self.out(found.view(n, -1, high, wide))


class ByVector(nn.Module):
    """Batch norm whose gain, less one, and bias are linear in a vector."""

    def __init__(self, width: int, size: int, eps: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, eps, affine=False)
        self.gain, self.bias = (nn.Linear(size, width, bias=False) for _ in range(2))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        gain, bias = (layer(y)[:, :, None, None] for layer in (self.gain, self.bias))
        return self.norm(x) * (1 + gain) + bias


def normalise(network: nn.Module) -> None:
    """Put spectral norm on all convolutions and linear layers."""
    for name, layer in list(network.named_children()):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            setattr(network, name, Normalised(layer))
        elif not isinstance(layer, Normalised):
            normalise(layer)


class Generator(nn.Module):
    def __init__(self, preset: str, channels: int, width: int, classes: int) -> None:
        super().__init__()
        mode = "bilinear" if preset == "mimicry" else "nearest"
        eps = PORTS[preset][3] if preset in PORTS else 1e-5
        self.classes, self.linear_tables = classes, preset == "studiogan"
        self.linear = nn.Linear(128, width * 16)
        self.ups = nn.ModuleList(Up(width, width, classes, mode, eps) for _ in range(3))
        self.attention = Attention(width)
        self.norm, self.last = nn.BatchNorm2d(width, eps), nn.Conv2d(width, channels, 3, 1, 1)
        if self.linear_tables:
            for up in self.ups:
                up.b1, up.b2 = (Rows(ByVector(width, classes, eps)) for _ in range(2))
        normalise(self)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        x = self.linear(z).view(len(z), -1, 4, 4)
        for number, up in enumerate(self.ups):
            x = up(x, y)
            if number == 1:
                x = self.attention(x)
        return torch.tanh(self.last(torch.relu(self.norm(x))))


class Rows(ByClass):
    """A norm by vectors that is told classes: each is a row of an identity matrix."""

    def __init__(self, norm: ByVector) -> None:
        nn.Module.__init__(self)
        self.inner = norm

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        size = self.inner.gain.weight.shape[1]
        return self.inner(x, torch.eye(size, dtype=x.dtype)[y])


class Discriminator(nn.Module):
    def __init__(self, preset: str, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.shortcut_relu = preset in PORTS
        self.after = 1 if preset == "mimicry" else 0
        downs = [(channels if not n else width, n < 2, not n) for n in range(4)]
        self.downs = nn.ModuleList(
            Down(before, width, width, down=down, first=first) for before, down, first in downs
        )
        self.attention = Attention(width)
        self.linear, self.table = nn.Linear(width, 1), Normalised(nn.Embedding(classes, width))
        normalise(self)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        for number, block in enumerate(self.downs):
            x = block(x, self.shortcut_relu)
            if number == self.after:
                x = self.attention(x)
        h = torch.relu(x).sum((2, 3))
        return self.linear(h)[:, 0] + (self.table(y) * h).sum(1)


def build(preset: str, channels: int, base: int, classes: int = 10) -> tuple[nn.Module, nn.Module]:
    return (
        Generator(preset, channels, 4 * base, classes),
        Discriminator(preset, channels, 2 * base, classes),
    )


def train(preset, g, d, steps, before):
    """Run a preset's loop in place."""
    rate_g, rate_d, betas, updates = RECIPES[preset]
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=lr, betas=betas, foreach=False, fused=False)
        for net, lr in ((g, rate_g), (d, rate_d))
    ]

    def update(optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for number, step in enumerate(steps):
        if preset == "mimicry":
            for optimizer in optimizers:
                optimizer.param_groups[0]["lr"] = 2e-4 * (1 - number / 100_000)
        for index in range(updates):
            before(number, "discriminator", index)
            with torch.no_grad():
                fake = g(step.latents[index], step.labels[index])
            real = torch.relu(1 - d(step.reals[index], step.real_labels[index])).mean()
            update(optimizers[1], real + torch.relu(1 + d(fake, step.labels[index])).mean())
        before(number, "generator", 0)
        made = g(step.generator_latents, step.generator_labels)
        update(optimizers[0], -d(made, step.generator_labels).mean())
