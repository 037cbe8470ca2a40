"""Spectrally normalised networks in the layouts of mimicry and of StudioGAN, in plain torch.

Only the names of their tensors are theirs.
"""

import torch
import torch.nn.functional as F
from torch import nn

NAMES = {
    "mimicry": ("b1", "c1", "b2", "c2", "c_sc"),
    "studiogan": ("bn1", "conv2d1", "bn2", "conv2d2", "conv2d0"),
}


def conv(before, after, side=3):
    return nn.Conv2d(before, after, side, padding=side // 2)


class ByClass(nn.Module):
    """Each keeps a norm without gain, and tables of its own."""

    def __init__(self, layout, width, classes):
        super().__init__()
        self.layout = layout
        self.bn = nn.BatchNorm2d(width, 1e-5 if layout == "mimicry" else 1e-4, affine=False)
        if layout == "mimicry":
            self.embed = nn.Embedding(classes, 2 * width)
        elif layout == "studiogan":
            self.gain = nn.Linear(classes, width, bias=False)
            self.bias = nn.Linear(classes, width, bias=False)
        else:
            self.embed0 = nn.Linear(classes, width, bias=False)
            self.embed1 = nn.Linear(classes, width, bias=False)

    def forward(self, x, y):
        if self.layout == "mimicry":
            gain, bias = self.embed(y).chunk(2, 1)
        else:
            gain, bias = (table.weight.T[y] for table in [*self.children()][1:])
            gain = gain + 1
        return self.bn(x) * gain[:, :, None, None] + bias[:, :, None, None]


class Up(nn.Module):
    def __init__(self, layout, before, after, classes):
        super().__init__()
        self.layout, self.names = layout, NAMES[layout.removesuffix("-2020")]
        norm = nn.BatchNorm2d
        if classes:
            norm = lambda width, eps: ByClass(layout, width, classes)  # noqa: E731
        eps = 1e-5 if layout == "mimicry" else 1e-4
        layers = norm(before, eps), conv(before, after), norm(after, eps), conv(after, after)
        for name, layer in zip(self.names, (*layers, conv(before, after, 1)), strict=True):
            self.add_module(name, layer)

    def forward(self, x, *y):
        b1, c1, b2, c2, sc = (getattr(self, name) for name in self.names)
        mode = "bilinear" if self.layout == "mimicry" else "nearest"
        main = F.interpolate(b1(x, *y).relu(), scale_factor=2, mode=mode)
        main = c2(b2(c1(main), *y).relu())
        return main + sc(F.interpolate(x, scale_factor=2, mode=mode))


class Down(nn.Module):
    def __init__(self, layout, before, after, first, down):
        super().__init__()
        self.first, self.down = first, down
        self.names = [NAMES[layout][place] for place in (1, 3, 4)]
        hidden = before if layout == "mimicry" and not first else after
        layers = [conv(before, hidden), conv(hidden, after)]
        if down or before != after:
            layers.append(conv(before, after, 1))
        for name, layer in zip(self.names, layers, strict=False):
            self.add_module(name, nn.utils.spectral_norm(layer))

    def forward(self, x):
        c1, c2, sc = (getattr(self, name, nn.Identity()) for name in self.names)
        seen = x if self.first else x.relu()  # the shortcut sees it, too
        total = c2(c1(seen).relu()) + sc(seen)
        return F.avg_pool2d(total, 2) if self.down else total


class Generator(nn.Module):
    def __init__(self, layout, widths, start=4, latent=5, classes=0):
        super().__init__()
        mimicry, count = layout == "mimicry", len(widths) - 1
        self.shape, self.count, self.classes = (-1, widths[0], start, start), count, classes
        ups = [Up(layout, widths[n], widths[n + 1], classes) for n in range(count)]
        last = count + 2
        stem = "l1" if mimicry else "linear0"
        self.names = (stem, f"b{last}", f"c{last}") if mimicry else (stem, "bn4", "conv2d5")
        self.add_module(stem, nn.Linear(latent, widths[0] * start**2))
        if mimicry:
            for n, up in enumerate(ups):
                self.add_module(f"block{n + 2}", up)
        else:
            self.blocks = nn.ModuleList(nn.ModuleList([up]) for up in ups)
        self.ups = lambda: ups
        self.add_module(self.names[1], nn.BatchNorm2d(widths[-1], 1e-5 if mimicry else 1e-4))
        self.add_module(self.names[2], conv(widths[-1], 3))

    def forward(self, z, *y):
        stem, norm, last = (getattr(self, name) for name in self.names)
        x = stem(z).view(self.shape)
        for up in self.ups():
            x = up(x, *y)
        return last(norm(x).relu()).tanh()


class Discriminator(nn.Module):
    def __init__(self, layout, widths, halvings, classes=0):
        super().__init__()
        pairs = enumerate(zip([3, *widths], widths, strict=False))
        downs = [Down(layout, m, n, not i, i < halvings) for i, (m, n) in pairs]
        self.downs = lambda: downs
        mimicry = layout == "mimicry"
        if mimicry:
            for n, down in enumerate(downs):
                self.add_module(f"block{n + 1}", down)
        else:
            self.blocks = nn.ModuleList(nn.ModuleList([down]) for down in downs)
        self.names = (f"l{len(widths) + 1}", "l_y") if mimicry else ("linear1", "embedding")
        self.add_module(self.names[0], nn.utils.spectral_norm(nn.Linear(widths[-1], 1)))
        if classes:
            table = nn.utils.spectral_norm(nn.Embedding(classes, widths[-1]))
            self.add_module(self.names[1], table)

    def forward(self, x, *y):
        for down in self.downs():
            x = down(x)
        h = x.relu().sum((2, 3))
        logits = getattr(self, self.names[0])(h)[:, 0]
        return logits + (getattr(self, self.names[1])(*y) * h).sum(1) if y else logits


def filled(network, seed):
    """Give every tensor other numbers than those that it starts with."""
    source = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(0.2 * torch.randn(tensor.shape, generator=source))
            if name.endswith("running_var"):
                tensor.abs_().add_(0.5)
            if name.endswith(("_u", "_v")):
                tensor.copy_(F.normalize(tensor, dim=0))
    return network.eval()
