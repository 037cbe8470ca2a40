"""SNGAN and SAGAN in the layouts of mimicry and of StudioGAN, in plain torch.

Only the names of their tensors are theirs.
"""

import torch
import torch.nn.functional as F
from torch import nn

NAMES = {
    "mimicry": ("b1", "c1", "b2", "c2", "c_sc"),
    "studiogan": ("bn1", "conv2d1", "bn2", "conv2d2", "conv2d0"),
}


ATTENTION = {
    "mimicry": ("theta", "phi", "g", "o", "gamma"),
    "studiogan": ("conv1x1_theta", "conv1x1_phi", "conv1x1_g", "conv1x1_attn", "sigma"),
    "biggan": ("theta", "phi", "g", "o", "gamma"),
    "hugging-face": (
        "snconv1x1_theta",
        "snconv1x1_phi",
        "snconv1x1_g",
        "snconv1x1_o_conv",
        "gamma",
    ),
}


def conv(before, after, side=3):
    return nn.Conv2d(before, after, side, padding=side // 2)


def hooked(network):
    """Put torch's older spectral norm on all convolutions and linear layers."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and not hasattr(layer, "weight_orig"):
            nn.utils.spectral_norm(layer)
    return network


class Attention(nn.Module):
    """Each has other names for four convolutions and a gain, and a shape for the latter."""

    def __init__(self, layout, width, normalised=hooked):
        super().__init__()
        self.names = ATTENTION[layout]
        sizes = [(width, width // 8)] * 2 + [(width, width // 2), (width // 2, width)]
        for name, (before, after) in zip(self.names, sizes, strict=False):
            self.add_module(name, normalised(nn.Conv2d(before, after, 1, bias=False)))
        shape = () if layout in ("mimicry", "biggan") else (1,)
        self.register_parameter(self.names[4], nn.Parameter(torch.zeros(shape)))

    def forward(self, x):
        theta, phi, g, o, gain = (getattr(self, name) for name in self.names)
        keys, values = (F.max_pool2d(layer(x), 2).flatten(2) for layer in (phi, g))
        weights = torch.einsum("nci,ncj->nij", theta(x).flatten(2), keys).softmax(-1)
        seen = torch.einsum("nij,ncj->nci", weights, values)
        return x + gain * o(seen.unflatten(2, x.shape[2:]))


class ByClass(nn.Module):
    """Each keeps a norm without gain, and tables of its own; StudioGAN's read vectors, too."""

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
            tables = [*self.children()][1:]
            if not y.is_floating_point():
                y = F.one_hot(y, tables[0].in_features).to(x.dtype)
            gain, bias = (table(y) for table in tables)
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
    """With attention after the block of that number, it is SAGAN's: all layers are normalised."""

    def __init__(self, layout, widths, start=4, latent=5, classes=0, attention=None):
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
        self.attend = attentive(self, layout, widths[1:], attention)
        if attention is not None:
            hooked(self)

    def forward(self, z, *y):
        stem, norm, last = (getattr(self, name) for name in self.names)
        x = stem(z).view(self.shape)
        for number, up in enumerate(self.ups()):
            x = self.attend(number, up(x, *y))
        return last(norm(x).relu()).tanh()


def attentive(network, layout, widths, after):
    """Add attention after a block, and return what applies it there."""
    if after is None:
        return lambda number, x: x
    block = Attention(layout.removesuffix("-2020"), widths[after])
    if layout == "mimicry":
        network.attn_block = block
    else:
        network.blocks.insert(after + 1, nn.ModuleList([block]))
    return lambda number, x: block(x) if number == after else x


class Discriminator(nn.Module):
    def __init__(self, layout, widths, halvings, classes=0, attention=None):
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
        self.attend = attentive(self, layout, widths, attention)

    def forward(self, x, *y):
        for number, down in enumerate(self.downs()):
            x = self.attend(number, down(x))
        h = x.relu().sum((2, 3))
        logits = getattr(self, self.names[0])(h)[:, 0]
        return logits + (getattr(self, self.names[1])(*y) * h).sum(1) if y else logits


def filled(network, seed):
    """Give every tensor other numbers than those that it starts with.

    The vectors of spectral norm are two iterations away from random ones: not converged, so that a
    wrong step of them shows, and not so far away that everything saturates.
    """
    source = torch.Generator().manual_seed(seed)
    state = network.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and not name.endswith("counter"):
            scale = 0.2 if tensor.ndim < 4 else tensor[0].numel() ** -0.5
            tensor.copy_(scale * torch.randn(tensor.shape, generator=source))
            if name.endswith(("_var", "_vars")):
                tensor.abs_().add_(0.5)
            gain = tensor.ndim < 2 and name.endswith(("weight", ".gain", ".gamma", ".sigma"))
            if gain:
                tensor.add_(1)
            if name.endswith(".embed.weight"):
                tensor[:, : tensor.shape[1] // 2] += 1
            if name.endswith(".bias"):
                tensor.mul_(0.2)  # or they would be all that is left of an image
    for name, u in state.items():
        head, _, last = name.rpartition(".")
        if last in ("weight_u", "u0", "sn_u"):
            weight = state[f"{head}.weight_orig" if last == "weight_u" else f"{head}.weight"]
            matrix, v = weight.flatten(1), state.get(f"{head}.weight_v", torch.empty(0))
            for _ in range(2):
                row = F.normalize(matrix.T @ u.flatten(), dim=0)
                u.copy_(F.normalize(matrix @ row, dim=0).view(u.shape))
            if len(v):
                v.copy_(row)
    return network.eval()
