"""Checkpoints of the residual WGAN-GP in pytorch-gan-collections, and of what copies its names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.spec import Import, Imported, Shapes, TensorTable

if TYPE_CHECKING:
    from torch import Tensor

_UP = {0: "before.0", 3: "main.0", 4: "main.1", 6: "main.3"}
"""The layers of a block of the generator, by their place there."""

_FIRST = {"residual.0": "main.0", "residual.2": "main.2", "shortcut.1": "shortcut.1"}
_DOWN = {"residual.1": "main.1", "residual.3": "main.3", "shortcut.0": "shortcut"}

PIXELS = 8 * 8
"""Of the maps at the end of the critic, which are summed there and averaged here."""


def _recognise(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    generator = {"linear.weight", "blocks.0.residual.3.weight", "output.2.weight"}
    critic = {"linear.weight", "model.0.residual.2.weight", "model.0.shortcut.1.weight"}
    if generator <= shapes.keys():
        return "generator"
    return "discriminator" if critic <= shapes.keys() else None


def _blocks(shapes: Shapes, table: str) -> int:
    found = {m[1] for name in shapes if (m := re.match(rf"{table}\.(\d+)\.", name))}
    return len(found)


def _generator(table: TensorTable) -> dict[str, Tensor]:
    count = _blocks(table.shapes, "blocks")
    ours = {"linear": "project", "output.0": f"layers.{count}", "output.2": f"layers.{count + 2}"}
    for block in range(count):
        ours |= {f"blocks.{block}.residual.{i}": f"layers.{block}.{n}" for i, n in _UP.items()}
        ours[f"blocks.{block}.shortcut.1"] = f"layers.{block}.shortcut"
    return _named(table, ours)


def _critic(table: TensorTable) -> dict[str, Tensor]:
    ours = {"linear": "score"}
    for block in range(_blocks(table.shapes, "model")):
        layers = _DOWN if block else _FIRST
        ours |= {f"model.{block}.{i}": f"layers.{block}.{n}" for i, n in layers.items()}
    tensors = _named(table, ours)
    if "score.weight" in tensors:
        tensors["score.weight"] = tensors["score.weight"] * PIXELS
    return tensors


def _named(table: TensorTable, ours: Mapping[str, str]) -> dict[str, Tensor]:
    found = {}
    for name in table.shapes:
        layer, _, last = name.rpartition(".")
        if layer in ours:
            found[f"{ours[layer]}.{last}"] = table[name]
    return found


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    shapes = networks["generator"].shapes
    side = 4 * 2 ** _blocks(shapes, "blocks")
    values: dict[str, Any] = {
        "blocks": "resnet",
        "latent_dim": shapes["linear.weight"][1],
        "latent": "normal",
        "width": shapes["output.2.weight"][1],
        "sample_shape": (shapes["output.2.weight"][0], side, side),
    }
    made = {"generator": _generator(networks["generator"])}
    if "discriminator" in networks:
        critic = networks["discriminator"]
        values["discriminator_width"] = critic.shapes["linear.weight"][-1]
        made["discriminator"] = _critic(critic)
    return Imported(values, made, preset="resnet")


IMPORT = Import(
    name="gan-collections-wgan-gp",
    title="The residual WGAN-GP of pytorch-gan-collections",
    recognise=_recognise,
    read=_read,
)
