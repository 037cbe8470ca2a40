"""Hugging Face's BigGAN-deep, a generator alone, in plain torch.

Only the names of its tensors are theirs.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.importing.foreign_sngan import Attention

LAYERS = [(False, 16, 16), (True, 16, 8), (True, 8, 4), (True, 4, 2), (True, 2, 1)]
"""Whether each doubles the size, and its width as a multiple before and after."""

EPS = 1e-4


def normalised(layer):
    return nn.utils.spectral_norm(layer, eps=EPS)


def row(table, truncation, published):
    """The statistics of a truncation, between the rows of those that are kept.

    The published code weighs each of both rows with the distance to it.
    """
    place = truncation / (1 / (len(table) - 1))
    fraction, index = math.modf(place)
    if not fraction:
        return table[int(index)]
    share = fraction if published else 1 - fraction
    return share * table[int(index)] + (1 - share) * table[int(index) + 1]


class Rows(nn.Module):
    """Batch norm with statistics for each truncation."""

    def __init__(self, width, condition=None, rows=51):
        super().__init__()
        self.register_buffer("running_means", torch.zeros(rows, width))
        self.register_buffer("running_vars", torch.ones(rows, width))
        if condition is None:
            self.weight, self.bias = (nn.Parameter(torch.ones(width)) for _ in range(2))
        else:
            layers = [normalised(nn.Linear(condition, width, bias=False)) for _ in range(2)]
            self.scale, self.offset = layers

    def forward(self, x, truncation, published, condition=None):
        tables = self.running_means, self.running_vars
        x = F.batch_norm(x, *(row(t, truncation, published) for t in tables), eps=EPS)
        if condition is None:
            gain, bias = self.weight[None], self.bias[None]
        else:
            gain, bias = 1 + self.scale(condition), self.offset(condition)
        return x * gain[:, :, None, None] + bias[:, :, None, None]


class Layer(nn.Module):
    def __init__(self, up, before, after, condition, rows):
        super().__init__()
        hidden, self.up, self.after = before // 4, up, after
        self.conv_0 = normalised(nn.Conv2d(before, hidden, 1))
        self.conv_1 = normalised(nn.Conv2d(hidden, hidden, 3, padding=1))
        self.conv_2 = normalised(nn.Conv2d(hidden, hidden, 3, padding=1))
        self.conv_3 = normalised(nn.Conv2d(hidden, after, 1))
        self.bn_0 = Rows(before, condition, rows)
        self.bn_1, self.bn_2, self.bn_3 = (Rows(hidden, condition, rows) for _ in range(3))

    def forward(self, x, condition, truncation, published):
        norms, convs = (
            [getattr(self, f"{kind}_{number}") for number in range(4)] for kind in ("bn", "conv")
        )
        main = x
        for number, (norm, conv) in enumerate(zip(norms, convs, strict=True)):
            main = norm(main, truncation, published, condition).relu()
            if self.up and number == 1:
                main = F.interpolate(main, scale_factor=2)
            main = conv(main)
        skip = F.interpolate(x, scale_factor=2) if self.up else x
        return main + skip[:, : self.after]


class Inner(nn.Module):
    def __init__(self, width, condition, layers, attention, rows):
        super().__init__()
        self.gen_z = normalised(nn.Linear(condition, 16 * width * layers[0][1]))
        made = []
        for number, (up, before, after) in enumerate(layers):
            if number == attention:
                made.append(Attention("hugging-face", width * before, normalised))
            made.append(Layer(up, width * before, width * after, condition, rows))
        self.layers, self.bn = nn.ModuleList(made), Rows(width, rows=rows)
        self.conv_to_rgb = normalised(nn.Conv2d(width, width, 3, padding=1))


class Generator(nn.Module):
    """Latents, already truncated, and labels to images.

    Args:
        width: Channels of the last maps.
        latent: Length of a latent, and of the embedding of a class.
        classes: Number of classes.
        layers: As `LAYERS`.
        attention: The number of the layer before which attention comes.
        rows: Truncations that statistics are kept of, evenly from 0 to 1.
    """

    def __init__(self, width=8, latent=6, classes=4, layers=LAYERS, attention=3, rows=51):
        super().__init__()
        self.embeddings = nn.Linear(classes, latent, bias=False)
        self.generator = Inner(width, 2 * latent, layers, attention, rows)
        self.classes, self.width = classes, width
        self.config = {
            "output_dim": 4 << sum(up for up, _, _ in layers),
            "z_dim": latent,
            "class_embed_dim": latent,
            "channel_width": width,
            "num_classes": classes,
            "layers": [list(layer) for layer in layers],
            "attention_layer_position": attention,
            "eps": EPS,
            "n_stats": rows,
        }

    def forward(self, z, labels, truncation=1.0, published=False):
        inner = self.generator
        embedded = self.embeddings(F.one_hot(labels, self.classes).float())
        condition = torch.cat([z, embedded], 1)
        x = inner.gen_z(condition)
        # The only maps whose channels are last.
        x = x.view(len(x), 4, 4, -1).permute(0, 3, 1, 2)
        for layer in inner.layers:
            if isinstance(layer, Attention):
                x = layer(x)
            else:
                x = layer(x, condition, truncation, published)
        x = inner.bn(x, truncation, published).relu()
        return inner.conv_to_rgb(x)[:, :3].tanh()
