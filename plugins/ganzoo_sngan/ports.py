"""What mimicry and StudioGAN call the layers of residual networks, in all families that they have.

The ports keep the same blocks under their own names. Here these names are brought to those of
``ganzoo.layers``; what is special to a family stands with the family.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.config import parse_yaml

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.spec import Shapes, TensorTable

ORIGINAL = "parametrizations.weight.original"
"""A weight under spectral norm."""

MIMICRY = {"b1": "norm1", "c1": "conv1", "b2": "norm2", "c2": "conv2", "c_sc": "shortcut"}
"""Layers of a block."""

MIMICRY_ATTENTION = {"theta": "query", "phi": "key", "g": "value", "o": "output", "gamma": "gamma"}

STUDIOGAN = {
    "bn1": "norm1",
    "conv2d1": "conv1",
    "bn2": "norm2",
    "conv2d2": "conv2",
    "bn3": "norm3",
    "conv2d3": "conv3",
    "bn4": "norm4",
    "conv2d4": "conv4",
    "conv2d0": "shortcut",
}
"""Layers of a block; only bottlenecks have those with a 3 or 4."""

STUDIOGAN_ATTENTION = {
    "conv1x1_theta": "query",
    "conv1x1_phi": "key",
    "conv1x1_g": "value",
    "conv1x1_attn": "output",
    "sigma": "gamma",
}

TABLES = {"gain": "gain", "bias": "bias", "embed0": "gain", "embed1": "bias"}
"""The linear layers of a conditional norm; StudioGAN's files of 2020 and 2021 have the last two."""


STUDIOGAN_GENERATOR = {"linear0": "project", "bn4": "norm", "conv2d5": "image"}
"""Layers beside the blocks."""

STUDIOGAN_CRITIC = {"linear1": "head.score", "embedding": "head.classes"}


def shape_of(shapes: Shapes, layer: str) -> tuple[int, ...] | None:
    """Return the shape of a layer's weight, under spectral norm or not; None without the layer."""
    return shapes.get(f"{layer}.{ORIGINAL}") or shapes.get(f"{layer}.weight")


def renamed(table: TensorTable, ours: Mapping[str, str]) -> dict[str, Tensor]:
    """Return the tensors of the layers that are named, under their names here.

    Args:
        table: The tensors of a network.
        ours: The name here of each layer, or of a tensor.
    """
    found = {}
    for name in table.shapes:
        layer, rest = name, ""
        while layer and layer not in ours:
            layer, _, last = layer.rpartition(".")
            rest = f".{last}{rest}"
        if layer and (rest.count(".") < 2 or rest.startswith(".parametrizations.")):
            here = f"{ours[layer]}{rest}"
            # A number has the shape (1) in StudioGAN.
            found[here] = table[name].reshape(()) if here.endswith(".gamma") else table[name]
    return found


# --- mimicry -----------------------------------------------------------------------------------


def mimicry_blocks(shapes: Shapes) -> int:
    """Count the blocks of a network of mimicry."""
    return len({match[1] for name in shapes if (match := re.match(r"block(\d+)\.", name))})


def mimicry_generator(
    table: TensorTable, attention: Mapping[str, str] | None = None
) -> dict[str, Tensor]:
    """Return a generator's tensors under the names here.

    Args:
        table: The tensors in the file.
        attention: The name here of ``attn_block``, if it has one.
    """
    count = mimicry_blocks(table.shapes)
    last = count + 2
    ours = {"l1": "project", f"b{last}": "norm", f"c{last}": "image", **_mimicry_extra(attention)}
    for block in range(count):
        places = {theirs: f"blocks.{block}.{here}" for theirs, here in MIMICRY.items()}
        ours |= {f"block{block + 2}.{theirs}": here for theirs, here in places.items()}
        for theirs in ("b1", "b2"):
            ours[f"block{block + 2}.{theirs}.bn"] = f"{places[theirs]}.norm"
    made = renamed(table, ours)
    for name in table.shapes:
        if name.endswith(".embed.weight"):
            # One table holds the gains, which are those here and one more, and the biases.
            norm = ours[name.removesuffix(".embed.weight")]
            gain, bias = table[name].chunk(2, dim=1)
            made[f"{norm}.gain.weight"], made[f"{norm}.bias.weight"] = gain - 1, bias.contiguous()
    return made


def mimicry_critic(
    table: TensorTable, attention: Mapping[str, str] | None = None
) -> dict[str, Tensor]:
    """Return a critic's tensors under the names here; arguments as `mimicry_generator`."""
    count = mimicry_blocks(table.shapes)
    ours = {f"l{count + 1}": "head.score", **_mimicry_extra(attention)}
    if "l_y.bias" not in table.shapes:  # otherwise it says by how much an image was turned
        ours["l_y"] = "head.classes"
    for block in range(count):
        ours |= {f"block{block + 1}.{o}": f"blocks.{block}.{here}" for o, here in MIMICRY.items()}
    return renamed(table, ours)


def _mimicry_extra(attention: Mapping[str, str] | None) -> dict[str, str]:
    return {
        f"{theirs}.{part}": f"{here}.{name}"
        for theirs, here in (attention or {}).items()
        for part, name in MIMICRY_ATTENTION.items()
    }


# --- StudioGAN ---------------------------------------------------------------------------------


def studiogan_entries(shapes: Shapes) -> list[tuple[str, bool]]:
    """Return the places of a network's blocks in order, and whether each is one of attention."""
    places = {
        (int(match[2]), int(match[3])): match[1]
        for name in shapes
        if (match := re.match(r"(blocks\.(\d+)\.(\d+))\.", name))
    }
    ordered = [places[key] for key in sorted(places)]
    return [(place, shape_of(shapes, f"{place}.conv1x1_theta") is not None) for place in ordered]


def studiogan_blocks(shapes: Shapes) -> int:
    """Count the blocks that are not of attention."""
    return sum(not attends for _, attends in studiogan_entries(shapes))


def studiogan_attention(shapes: Shapes) -> tuple[int, ...]:
    """Return the numbers of the blocks, from 1, after which a network has attention."""
    blocks, found = 0, []
    for _, attends in studiogan_entries(shapes):
        if attends:
            found.append(blocks)
        blocks += not attends
    return tuple(found)


def studiogan_deep(shapes: Shapes) -> bool:
    """Whether a network's blocks are bottlenecks, as those of BigGAN-deep."""
    return shape_of(shapes, "blocks.0.0.conv2d4") is not None


def studiogan_network(
    table: TensorTable,
    ours: Mapping[str, str],
    *,
    block: Callable[[int], str] = "blocks.{}".format,
    attention: Callable[[int], str] = "attention.{}".format,
) -> dict[str, Tensor]:
    """Return a network's tensors under the names here.

    Args:
        table: The tensors in the file.
        ours: The names here of the layers beside the blocks.
        block: The name here of a block, by its number from 0.
        attention: The name here of attention, by the number of blocks before it.
    """
    places, count = dict(ours), 0
    for place, attends in studiogan_entries(table.shapes):
        here = attention(count) if attends else block(count)
        layers = STUDIOGAN_ATTENTION if attends else STUDIOGAN
        for theirs, name in layers.items():
            places |= {f"{place}.{theirs}": f"{here}.{name}"}
            if name.startswith("norm"):
                places[f"{place}.{theirs}.bn"] = f"{here}.{name}.norm"
                # Under spectral norm they are linear layers here, too.
                for part, part_here in TABLES.items():
                    if f"{place}.{theirs}.{part}.{ORIGINAL}" in table.shapes:
                        places[f"{place}.{theirs}.{part}"] = f"{here}.{name}.{part_here}"
        count += not attends
    made = renamed(table, places)
    for name in table.shapes:
        norm, _, last = name.removesuffix(".weight").rpartition(".")
        if norm in places and last in TABLES and name.endswith(f".{last}.weight"):
            made[f"{places[norm]}.{TABLES[last]}.weight"] = table[name].T.contiguous()
    return made


def studiogan_options(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The section MODEL of the config beside a file; empty where there is none to be read."""
    for text in facts.get("notes", {}).values():
        try:
            values = parse_yaml(text)
        except ValueError:
            continue
        if isinstance(values, dict) and isinstance(values.get("MODEL"), dict):
            model: Mapping[str, Any] = values["MODEL"]
            return model
    return {}


def studiogan_prior(facts: Mapping[str, Any]) -> str:
    """Return how latents are drawn, as the config beside a file says it."""
    options = studiogan_options(facts)
    return "uniform" if str(options.get("z_prior", "gaussian")) == "uniform" else "normal"
