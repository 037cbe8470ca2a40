"""BigGAN and BigGAN-deep in the layouts of BigGAN-PyTorch and StudioGAN, in plain torch.

Only the names of their tensors are theirs.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from tests.importing.foreign_sngan import Attention, ByClass, Up, conv, hooked


class Divided(nn.Module):
    """A layer that keeps u alone, as a row, and does one more iteration whenever it is used."""

    def __init__(self, layer, u="u0", sigma="sv0"):
        super().__init__()
        self.names, self.padding = (u, sigma), getattr(layer, "padding", None)
        self.embeds = isinstance(layer, nn.Embedding)
        self.weight, self.bias = layer.weight, getattr(layer, "bias", None)
        self.register_buffer(u, F.normalize(torch.randn(1, len(layer.weight)), dim=1))
        self.register_buffer(sigma, torch.ones(1))

    def forward(self, x):
        matrix, (u, sigma) = self.weight.flatten(1), (getattr(self, name) for name in self.names)
        with torch.no_grad():
            v = F.normalize(u @ matrix, dim=1)
            new = F.normalize(v @ matrix.T, dim=1)
        length = (v @ matrix.T @ new.T).squeeze()
        if self.training:
            u.copy_(new)
            sigma.fill_(length.item())
        weight = self.weight / length
        if self.embeds:
            return F.embedding(x, weight)
        if weight.dim() == 4:
            return F.conv2d(x, weight, self.bias, padding=self.padding)
        return F.linear(x, weight, self.bias)


class Counted(nn.Module):
    """Statistics that may be sums over batches; their number is 0 where they are averages."""

    def __init__(self, width):
        super().__init__()
        self.register_buffer("stored_mean", torch.zeros(width))
        self.register_buffer("stored_var", torch.ones(width))
        self.register_buffer("accumulation_counter", torch.zeros(1))

    def forward(self, x):
        count = self.accumulation_counter.clamp(min=1)
        return F.batch_norm(x, self.stored_mean / count, self.stored_var / count)


class Normal(nn.Module):
    """Batch norm with one of three kinds of statistics, and a gain and a bias by class or not.

    Args:
        width: Channels.
        kind: ``stored`` keeps statistics itself, ``counted`` and ``running`` have a layer for them.
        condition: Length of a vector, or the number of classes; None for plain batch norm.
        tables: Whether there is a table of classes in place of a linear layer.
        eps: Added to the variance.
    """

    def __init__(self, width, kind, condition=None, tables=False, eps=1e-5):
        super().__init__()
        self.eps = eps
        if condition is None:
            self.gain, self.bias = (nn.Parameter(torch.zeros(width)) for _ in range(2))
        elif tables:
            self.gain, self.bias = (nn.Embedding(condition, width) for _ in range(2))
        else:
            linear = [nn.Linear(condition, width, bias=False) for _ in range(2)]
            self.gain, self.bias = map(Divided, linear)
        if kind == "stored":
            self.register_buffer("stored_mean", torch.zeros(width))
            self.register_buffer("stored_var", torch.ones(width))
        else:
            self.bn = {"counted": Counted, "running": Still}[kind](width)

    def forward(self, x, y=None):
        if hasattr(self, "bn"):
            normal = self.bn(x)
        else:
            kept = self.stored_mean, self.stored_var
            normal = F.batch_norm(x, *kept, training=self.training, eps=self.eps)
        if y is None:
            gain, bias = self.gain[None], self.bias[None]
        else:
            gain, bias = 1 + self.gain(y), self.bias(y)
        return normal * gain[:, :, None, None] + bias[:, :, None, None]


class Still(nn.BatchNorm2d):
    """Batch norm without gain and bias."""

    def __init__(self, width):
        super().__init__(width, affine=False)


class BigUp(nn.Module):
    """Of BigGAN: Up of SNGAN under other names, with other norms."""

    def __init__(self, before, after, norm):
        super().__init__()
        self.bn1, self.bn2 = norm(before), norm(after)
        self.conv1, self.conv2 = Divided(conv(before, after)), Divided(conv(after, after))
        self.conv_sc = Divided(conv(before, after, 1))

    def forward(self, x, y):
        main = self.conv1(F.interpolate(self.bn1(x, y).relu(), scale_factor=2))
        main = self.conv2(self.bn2(main, y).relu())
        return main + self.conv_sc(F.interpolate(x, scale_factor=2))


class BigDown(nn.Module):
    def __init__(self, before, after, first, down):
        super().__init__()
        self.first, self.down = first, down
        self.conv1, self.conv2 = Divided(conv(before, after)), Divided(conv(after, after))
        if down or before != after:
            self.conv_sc = Divided(conv(before, after, 1))

    def forward(self, x):
        pool = (lambda maps: F.avg_pool2d(maps, 2)) if self.down else nn.Identity()
        short = getattr(self, "conv_sc", nn.Identity())
        short = short(pool(x)) if self.first else pool(short(x))
        return pool(self.conv2(self.conv1(x if self.first else x.relu()).relu())) + short


class DeepUp(nn.Module):
    """Of BigGAN-deep, with a skip of the first channels, or through a convolution."""

    def __init__(self, before, after, up, norm, name, normalised, projected=False):
        super().__init__()
        hidden = before // 4
        self.after, self.up = after, up
        self.layers, self.skip = [], []  # in lists they have no second name
        if projected:
            self.skip.append(normalised(conv(before, after, 1)))
            self.add_module(f"{name}0", self.skip[0])
        pairs = zip([before, hidden, hidden, hidden], [hidden, hidden, hidden, after], strict=True)
        for number, (pair, side) in enumerate(zip(pairs, (1, 3, 3, 1), strict=True), 1):
            layers = norm(pair[0]), normalised(conv(*pair, side))
            self.add_module(f"bn{number}", layers[0])
            self.add_module(f"{name}{number}", layers[1])
            self.layers.append(layers)

    def forward(self, x, y):
        main = x
        for number, (bn, layer) in enumerate(self.layers):
            main = bn(main, y).relu()
            if self.up and number == 1:
                main = F.interpolate(main, scale_factor=2)
            main = layer(main)
        short = F.interpolate(x, scale_factor=2) if self.up else x
        return main + (self.skip[0](short) if self.skip else short[:, : self.after])


class DeepDown(nn.Module):
    """Of BigGAN-deep; StudioGAN's skips see maps after the first ReLU.

    Args:
        before: Channels in.
        after: Channels out.
        down: Whether it halves the size.
        names: Those of the four convolutions without their number, and of the skip's.
        normalised: Puts spectral norm on a layer.
        skip: ``concatenated`` adds channels that are missing; ``first`` and ``projected`` make all
            channels anew where size or width change, the first before the others after the change.
        skip_relu: Whether the skip sees maps after the first ReLU.
    """

    def __init__(
        self, before, after, down, names, normalised, skip="concatenated", skip_relu=False
    ):
        super().__init__()
        hidden = after // 4
        self.down, self.kind, self.skip_relu = down, skip, skip_relu
        self.convs, self.short = [], []
        sizes = [before, hidden, hidden, hidden, after]
        for number, (pair, side) in enumerate(zip(pairwise(sizes), (1, 3, 3, 1), strict=True), 1):
            self.convs.append(normalised(conv(*pair, side)))
            self.add_module(f"{names[0]}{number}", self.convs[-1])
        if before != after or (down and skip != "concatenated"):
            wide = after - before if skip == "concatenated" else after
            self.short.append(normalised(conv(before, wide, 1)))
            self.add_module(names[1], self.short[0])

    def forward(self, x):
        pool = (lambda maps: F.avg_pool2d(maps, 2)) if self.down else nn.Identity()
        seen, skip = x.relu(), x.relu() if self.skip_relu else x
        c1, c2, c3, c4 = self.convs
        main = c3(c2(c1(seen).relu()).relu())
        main = pool(main.relu()) if self.kind == "concatenated" else pool(main).relu()
        if self.kind == "concatenated":
            skip = pool(skip)
            skip = torch.cat([skip, *(short(skip) for short in self.short)], 1)
        elif self.kind == "first":
            skip = self.short[0](pool(skip))
        elif self.short:
            skip = pool(self.short[0](skip))
        return c4(main) + skip


class BigGenerator(nn.Module):
    """That of BigGAN-PyTorch.

    Args:
        widths: Channels at the start, and after each size.
        latent: Length of a latent.
        classes: Number of classes.
        shared: Length of the embedding of a class; 0 for tables in each norm.
        hier: Whether each block has a part of the latent.
        attention: The number of the size after which attention comes.
        deep: Whether it is BigGAN-deep.
        statistics: The kind of its norms.
        eps: Added to their variances.
    """

    def __init__(
        self,
        widths,
        latent=8,
        classes=3,
        shared=6,
        hier=True,
        attention=None,
        deep=False,
        statistics="stored",
        eps=1e-5,
    ):
        super().__init__()
        count, self.deep, self.hier, self.width = len(widths) - 1, deep, hier, widths[0]
        self.chunk = latent if deep or not hier else latent // (count + 1)
        condition = (shared + self.chunk if hier else shared) if shared else classes
        norm = lambda width: Normal(width, statistics, condition, not shared, eps)  # noqa: E731
        self.shared = nn.Embedding(classes, shared) if shared else nn.Identity()
        first = condition if deep else self.chunk
        self.linear = Divided(nn.Linear(first, widths[0] * 16))
        blocks = []
        for number, (before, after) in enumerate(pairwise(widths)):
            if deep:
                same = DeepUp(before, before, False, norm, "conv", Divided)
                blocks.append([same])
                blocks.append([DeepUp(before, after, True, norm, "conv", Divided)])
            else:
                blocks.append([BigUp(before, after, norm)])
            if attention == number:
                blocks[-1].append(Attention("biggan", after, Divided))
        self.blocks = nn.ModuleList(nn.ModuleList(block) for block in blocks)
        last = Divided(conv(widths[-1], 3))
        self.output_layer = nn.ModuleList(
            [Normal(widths[-1], statistics, eps=eps), nn.ReLU(), last]
        )

    def forward(self, z, labels):
        y = self.shared(labels)
        if self.deep:
            z = torch.cat([y, z], 1)
            x, conditions = z, [z] * len(self.blocks)
        elif self.hier:
            x, *chunks = z.split(self.chunk, 1)
            conditions = [torch.cat([y, chunk], 1) for chunk in chunks]
        else:
            x, conditions = z, [y] * len(self.blocks)
        x = self.linear(x).view(-1, self.width, 4, 4)
        for block, condition in zip(self.blocks, conditions, strict=True):
            x = block[0](x, condition)
            for attention in block[1:]:
                x = attention(x)
        for layer in self.output_layer:
            x = layer(x)
        return x.tanh()


class BigDiscriminator(nn.Module):
    """That of BigGAN-PyTorch; a deep one has its width at the start, too."""

    def __init__(self, widths, halvings, classes=3, attention=(), deep=False):
        super().__init__()
        blocks = []
        if deep:
            self.input_conv = Divided(conv(3, widths[0]))
        for number, (before, after) in enumerate(pairwise(widths if deep else [3, *widths])):
            down = number < halvings
            if deep:
                names = "conv", "conv_sc"
                stage = [DeepDown(before, after, down, names, Divided)]
                stage.append(DeepDown(after, after, False, names, Divided))
            else:
                stage = [BigDown(before, after, not number, down)]
            if number in attention:
                stage.append(Attention("biggan", after, Divided))
            blocks.append(nn.ModuleList(stage))
        self.blocks = nn.ModuleList(blocks)
        self.linear = Divided(nn.Linear(widths[-1], 1))
        self.embed = Divided(nn.Embedding(classes, widths[-1]))

    def forward(self, x, y):
        x = self.input_conv(x) if hasattr(self, "input_conv") else x
        for stage in self.blocks:
            for block in stage:
                x = block(x)
        h = x.relu().sum((2, 3))
        return self.linear(h)[:, 0] + (self.embed(y) * h).sum(1)


class StudioGenerator(nn.Module):
    """BigGAN of StudioGAN; `deep` is None, ``legacy`` or ``studiogan``."""

    def __init__(self, widths, latent=8, classes=3, shared=6, attention=None, deep=None):
        super().__init__()
        count, self.width, self.deep = len(widths) - 1, widths[0], deep
        self.chunk = latent if deep else latent // (count + 1)
        condition = shared + self.chunk
        norm = lambda width: ByClass("studiogan", width, condition)  # noqa: E731
        self.linear0 = nn.Linear(condition if deep else self.chunk, widths[0] * 16)
        blocks = []
        for number, (before, after) in enumerate(pairwise(widths)):
            if deep:
                for out, up in ((before, False), (after, True)):
                    projected = deep == "studiogan"
                    blocks.append(DeepUp(before, out, up, norm, "conv2d", hooked, projected))
            else:
                blocks.append(Up("studiogan", before, after, condition))
            if attention == number:
                blocks.append(Attention("studiogan", after))
        self.blocks = nn.ModuleList(nn.ModuleList([block]) for block in blocks)
        self.bn4, self.conv2d5 = nn.BatchNorm2d(widths[-1], 1e-4), conv(widths[-1], 3)
        hooked(self)
        self.shared = nn.Embedding(classes, shared)

    def forward(self, z, labels):
        y = self.shared(labels)
        if self.deep:
            x = torch.cat([y, z], 1)
            conditions = iter([x] * len(self.blocks))
        else:
            x, *chunks = z.split(self.chunk, 1)
            conditions = iter([torch.cat([y, chunk], 1) for chunk in chunks])
        x = self.linear0(x).view(-1, self.width, 4, 4)
        for (block,) in self.blocks:
            x = block(x) if isinstance(block, Attention) else block(x, next(conditions))
        return self.conv2d5(self.bn4(x).relu()).tanh()


class StudioDeepDiscriminator(nn.Module):
    """BigGAN-deep of StudioGAN; its plain BigGAN judges as its SNGAN does."""

    def __init__(self, widths, halvings, classes=3, attention=None, deep="legacy"):
        super().__init__()
        self.input_conv = hooked(conv(3, widths[0]))
        blocks = []
        for number, (before, after) in enumerate(pairwise(widths)):
            kind = "projected" if deep == "studiogan" else "concatenated"
            for start, down in ((before, number < halvings), (after, False)):
                first = "first" if deep == "studiogan" and not blocks else kind
                names = "conv2d", "conv2d0"
                blocks.append(DeepDown(start, after, down, names, hooked, first, skip_relu=True))
            if attention == number:
                blocks.append(Attention("studiogan", after))
        self.blocks = nn.ModuleList(nn.ModuleList([block]) for block in blocks)
        self.linear1 = hooked(nn.Linear(widths[-1], 1))
        self.embedding = nn.utils.spectral_norm(nn.Embedding(classes, widths[-1]))

    def forward(self, x, y):
        x = self.input_conv(x)
        for (block,) in self.blocks:
            x = block(x)
        h = x.relu().sum((2, 3))
        return self.linear1(h)[:, 0] + (self.embedding(y) * h).sum(1)
