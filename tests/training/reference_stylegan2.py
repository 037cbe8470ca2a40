"""StyleGAN2 and its loop, written down plainly once more, as functions of named tensors.

Nothing here uses ganzoo. Filters are applied to maps with zeros in between, and every sample is
convolved with weights of its own.
"""

import math

import torch
import torch.nn.functional as F

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
ROOT2 = math.sqrt(2)


def spread(maps):
    n, c, h, w = maps.shape
    wide = maps.new_zeros(n, c, 2 * h, 2 * w)
    wide[:, :, ::2, ::2] = maps
    return wide


def smooth(maps, low, high, gain=1.0):
    maps = F.pad(maps, (low, high, low, high))
    n, c, h, w = maps.shape
    kernel = gain * torch.outer(TAPS, TAPS)[None, None]
    return F.conv2d(maps.reshape(n * c, 1, h, w), kernel).reshape(n, c, h - 3, w - 3)


def doubled(maps, more=0):
    return smooth(spread(maps), 2 + more, 1 + more, 4.0)


def halved(maps):
    return smooth(maps, 1, 1)[:, :, ::2, ::2]


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x) * ROOT2


def dense(p, name, x, rate=1.0):
    weight = p[f"{name}.weight"]
    return x @ (weight * rate / math.sqrt(weight.shape[1])).T + rate * p[f"{name}.bias"]


def length_one(x):
    return x / torch.sqrt((x**2).mean(1, keepdim=True) + 1e-8)


def mapped(p, prefix, layers, z, y, classes):
    parts = [] if z is None else [length_one(z)]
    if classes:
        one_hot = torch.eye(classes, dtype=torch.float64)[y]
        parts.append(length_one(dense(p, f"{prefix}.classes", one_hot)))
    x = torch.cat(parts, 1)
    for number in range(layers):
        x = leaky(dense(p, f"{prefix}.layers.{number}", x, 0.01))
    return x


def own_weights(maps, weight, scales, demodulate, up):
    results = []
    for one, scale in zip(maps, scales, strict=True):
        own = weight * scale[None, :, None, None]
        if demodulate:
            own = own / torch.sqrt((own**2).sum((1, 2, 3), keepdim=True) + 1e-8)
        if up:
            results.append(F.conv2d(doubled(one[None], more=1), own.flip(2, 3)))
        else:
            results.append(F.conv2d(one[None], own, padding=weight.shape[-1] // 2))
    return torch.cat(results)


def synthesised(p, styles, noises, side, kind="skip"):
    """Images of styles ``(N, L, D)``."""
    x, image, row, size = p["constant"].expand(len(styles), -1, -1, -1), None, 0, 4
    while size <= side:
        name = f"blocks.{size}"
        short = None
        if kind == "resnet" and size > 4:
            weight = p[f"{name}.shortcut.weight"]
            weight = weight / math.sqrt(weight.shape[1])
            short = doubled(F.conv2d(x, weight)) * math.sqrt(0.5)
        count = 1 if size == 4 else 2
        for number in range(count):
            layer = f"{name}.layers.{number}"
            scales = dense(p, f"{layer}.affine", styles[:, row])
            x = own_weights(x, p[f"{layer}.weight"], scales, True, size > 4 and number == 0)
            x = x + p[f"{layer}.strength"] * noises[f"{size}.{number}"]
            x = leaky(x + p[f"{layer}.bias"][:, None, None])
            row += 1
        if short is not None:
            x = x * math.sqrt(0.5) + short
        if kind == "skip" or size == side:
            layer = f"{name}.image"
            weight = p[f"{layer}.weight"]
            scales = dense(p, f"{layer}.affine", styles[:, row]) / math.sqrt(weight.shape[1])
            own = own_weights(x, weight, scales, False, False) + p[f"{layer}.bias"][:, None, None]
            image = own if image is None else own + doubled(image)
        size *= 2
    return image


def convolved(p, name, x, *, act=True, down=False, gain=1.0):
    weight = p[f"{name}.weight"]
    weight = weight / math.sqrt(weight[0].numel())
    pad = weight.shape[-1] // 2
    if down:
        x = F.conv2d(smooth(x, 1 + pad, 1 + pad), weight)[:, :, ::2, ::2]
    else:
        x = F.conv2d(x, weight, padding=pad)
    if f"{name}.bias" in p:
        x = x + p[f"{name}.bias"][:, None, None]
    return (leaky(x) if act else x) * gain


def judged(p, image, labels=None, classes=0, *, group=4, kind="resnet"):
    """Logits ``(N,)``; samples side by side make a group."""
    x, size = None, image.shape[-1]
    while size > 4:
        name = f"blocks.{size}"
        if f"{name}.image.weight" in p:
            shown = convolved(p, f"{name}.image", image)
            x = shown if x is None else x + shown
        gain = math.sqrt(0.5) if kind == "resnet" else 1.0
        inner = convolved(p, f"{name}.layers.0", x)
        inner = convolved(p, f"{name}.layers.1", inner, down=True, gain=gain)
        if kind == "resnet":
            inner = inner + convolved(p, f"{name}.shortcut", x, act=False, down=True, gain=gain)
        x, size = inner, size // 2
        image = halved(image)
    if kind == "skip":
        x = x + convolved(p, "head.image", image)
    group = min(group, len(x))
    spreads = []
    for first in range(0, len(x), group):
        own = x[first : first + group]
        spread_ = torch.sqrt(((own - own.mean(0)) ** 2).mean(0) + 1e-8).mean()
        spreads += [spread_.expand(1, 1, 4, 4)] * group
    x = convolved(p, "head.conv", torch.cat([x, torch.cat(spreads)], 1))
    x = leaky(dense(p, "head.dense", x.flatten(1)))
    x = dense(p, "head.output", x)
    if not classes:
        return x[:, 0]
    return (x * mapped(p, "head.classes", 8, None, labels, classes)).sum(1) / math.sqrt(x.shape[1])


class Adam:
    def __init__(self, tensors, rate, betas):
        self.tensors, self.rate, self.betas = tensors, rate, betas
        self.means = [torch.zeros_like(t) for t in tensors]
        self.squares = [torch.zeros_like(t) for t in tensors]
        self.steps = [0] * len(tensors)
        self.zero = []

    def step(self, loss):
        first, second = self.betas
        gradients = torch.autograd.grad(loss, self.tensors, allow_unused=True)
        for i, (t, g) in enumerate(zip(self.tensors, gradients, strict=True)):
            if g is None:
                if not any(t is other for other in self.zero):
                    continue
                g = torch.zeros_like(t)
            self.steps[i] += 1
            steps, m, v = self.steps[i], self.means[i], self.squares[i]
            with torch.no_grad():
                m.mul_(first).add_(g, alpha=1 - first)
                v.mul_(second).add_(g**2, alpha=1 - second)
                root = (v / (1 - second**steps)).sqrt() + 1e-8
                t -= self.rate * m / (1 - first**steps) / root
