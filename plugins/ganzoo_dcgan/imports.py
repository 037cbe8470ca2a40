"""Checkpoints of PyTorch's own DCGAN example and what descends from it, and of StudioGAN."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ganzoo.spec import Import, Imported, Shapes, TensorTable

if TYPE_CHECKING:
    from torch import Tensor

_NAME = re.compile(r"(?:(?P<table>\w+)\.)?(?P<index>\d+)\.(?P<rest>.+)")

ORIGINAL = "parametrizations.weight.original"
"""A weight under spectral norm."""


def _convolutions(shapes: Shapes) -> list[tuple[int, ...]] | None:
    """The shapes of the convolutions of a plain sequence of layers, all of 4x4; None for others."""
    found: dict[int, tuple[int, ...]] = {}
    tables = set()
    for name, shape in shapes.items():
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        tables.add(match["table"])
        if len(shape) == 4:
            if shape[2:] != (4, 4) or match["rest"] not in ("weight", ORIGINAL):
                return None
            found[int(match["index"])] = shape
        elif len(shape) > 1:
            return None
    if len(tables) != 1 or len(found) < 3 or min(found) != 0:
        return None
    return [found[index] for index in sorted(found)]


def _has_bias(shapes: Shapes, index: int) -> bool:
    return any(
        re.fullmatch(rf"(?:\w+\.)?{index}\.bias", name) and shape for name, shape in shapes.items()
    )


def _recognise(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    layers = _convolutions(shapes)
    # The first convolution has no bias, which tells these from the critics of pix2pix.
    if layers is None or _has_bias(shapes, 0):
        return None
    up = all(a[1] == b[0] for a, b in pairwise(layers))
    down = all(a[0] == b[1] for a, b in pairwise(layers))
    if down and layers[-1][0] == 1 and layers[0][1] <= 4:
        return "discriminator"
    return "generator" if up and layers[-1][1] <= 4 else None


def _renamed(table: TensorTable, first: str) -> dict[str, Tensor]:
    """Name tensors as here: `first` for the first layer, the others are one place earlier."""
    named = {}
    for name in table.shapes:
        match = _NAME.fullmatch(name)
        assert match is not None
        index = int(match["index"])
        named[f"layers.{index - 1}.{match['rest']}" if index else f"{first}.{match['rest']}"] = name
    return {ours: table[theirs] for ours, theirs in named.items()}


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    layers = _convolutions(networks["generator"].shapes)
    assert layers is not None
    side = 4 * 2 ** (len(layers) - 1)
    values: dict[str, Any] = {
        "latent_dim": layers[0][0],
        "latent": "normal",
        "width": layers[-1][0],
        "sample_shape": (layers[-1][1], side, side),
        "num_classes": 0,
    }
    made = {"generator": _renamed(networks["generator"], "project")}
    notes = ["latents are taken to be normal, as in that example (latent=uniform for others)"]
    if "discriminator" in networks:
        shapes = networks["discriminator"].shapes
        critic = _convolutions(shapes)
        assert critic is not None
        if len(critic) == len(layers):
            values |= {"discriminator_width": critic[0][0], "discriminator_norm": _norm(shapes)}
            made["discriminator"] = _renamed(networks["discriminator"], "first")
        else:
            notes.append(
                f"the discriminator was left out: it scores images of {4 * 2 ** (len(critic) - 1)} "
                f"pixels, and the generator makes {side}"
            )
    return Imported(values, made, notes=tuple(notes))


def _norm(shapes: Shapes) -> str:
    if any(name.endswith(ORIGINAL) for name in shapes):
        return "spectral"
    if any(name.endswith("running_mean") for name in shapes):
        return "batch"
    norms = [n for n, s in shapes.items() if n.endswith("weight") and len(s) == 1]
    return "instance" if norms else "none"


PYTORCH = Import(
    name="pytorch-dcgan",
    title="DCGAN of pytorch/examples, and generators and discriminators that descend from it",
    recognise=_recognise,
    read=_read,
)


# --- StudioGAN ---------------------------------------------------------------------------------

_BLOCK = re.compile(r"blocks\.(\d+)\.0\.(deconv0|bn0|conv0|conv1|bn1)\.(.+)")

LAST = ("conv4", "conv2d4")
"""The last convolution of a generator."""


def _studiogan_role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    if {"linear0.weight", "blocks.0.0.deconv0.weight", "blocks.0.0.bn0.running_mean"} <= set(
        shapes
    ):
        return "generator"
    first = any(f"blocks.0.0.conv1.{name}" in shapes for name in ("weight", ORIGINAL))
    last = any(f"conv.{name}" in shapes for name in ("weight", ORIGINAL))
    return "discriminator" if first and last and "linear1.bias" in shapes else None


def _read_studiogan(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    shapes = networks["generator"].shapes
    count, last = _blocks(shapes), next(name for name in LAST if f"{name}.weight" in shapes)
    (channels, width, *_), side = shapes[f"{last}.weight"], 4 << count
    values: dict[str, Any] = {
        "layers": "alternating",
        "latent_dim": shapes["linear0.weight"][1],
        "width": width,
        "sample_shape": (channels, side, side),
        "num_classes": 0,
        "norm_eps": 1e-4,
    }
    # A block holds a convolution, a norm and a ReLU, which has no tensors.
    ours = {"linear0": "project", last: f"layers.{3 * count}"}
    for block in range(count):
        ours |= {f"blocks.{block}.0.deconv0": f"layers.{3 * block}"}
        ours |= {f"blocks.{block}.0.bn0": f"layers.{3 * block + 1}"}
    made = {"generator": _layers(networks["generator"], ours)}
    if "discriminator" in networks:
        critic = networks["discriminator"]
        norm = _norm(critic.shapes)
        values |= {"discriminator_norm": norm}
        # After the first layer: norm, ReLU, and so on; a norm is left out under spectral norm.
        each = 3 if norm == "batch" else 2
        ours, place = {}, 0
        for block in range(_blocks(critic.shapes)):
            for theirs in (f"blocks.{block}.0.{n}" for n in (0, 1)):
                layer, _, number = theirs.rpartition(".")
                here = f"layers.{place * each - 1}" if place else "first"
                ours |= {
                    f"{layer}.conv{number}": here,
                    f"{layer}.bn{number}": f"layers.{place * each}",
                }
                place += 1
        ours |= {"conv": f"layers.{place * each - 1}", "bn": f"layers.{place * each}"}
        ours |= {"linear1": f"layers.{(place + 1) * each}"}
        made["discriminator"] = _layers(critic, ours)
        first = next(
            critic.shapes[n]
            for n in critic.shapes
            if n.startswith("blocks.0.0.conv0.") and len(critic.shapes[n]) == 4
        )
        values |= {"discriminator_width": first[0]}
    return Imported(values, made, preset="studiogan")


def _blocks(shapes: Shapes) -> int:
    return len({match[1] for name in shapes if (match := _BLOCK.fullmatch(name))})


def _layers(table: TensorTable, ours: Mapping[str, str]) -> dict[str, Tensor]:
    """The tensors of the layers that are named, under their names here."""
    found = {}
    for name in table.shapes:
        for theirs, here in ours.items():
            if name.startswith(f"{theirs}."):
                found[f"{here}.{name.removeprefix(f'{theirs}.')}"] = table[name]
    return found


STUDIOGAN = Import(
    name="studiogan-dcgan",
    title="DCGAN of StudioGAN, with batch norm or spectral norm in the discriminator",
    recognise=_studiogan_role,
    read=_read_studiogan,
)
