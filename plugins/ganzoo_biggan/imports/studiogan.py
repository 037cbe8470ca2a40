"""Checkpoints of StudioGAN whose networks are those of BigGAN or of BigGAN-deep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.spec import Import, Imported, Shapes, TensorTable
from ganzoo_biggan.imports.sizes import critic_sizes, generator_sizes
from ganzoo_sngan import ports

DEPTH = 2
"""Bottlenecks of a stage."""


def _role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    first = ports.shape_of(shapes, "blocks.0.0.conv2d1")
    if first is None:
        return None
    if {f"linear0.{ports.ORIGINAL}", "shared.weight"} <= shapes.keys():
        return "generator"
    return "discriminator" if f"linear1.{ports.ORIGINAL}" in shapes else None


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    table = networks["generator"]
    shapes, deep = table.shapes, ports.studiogan_deep(table.shapes)
    last = "bn5" if "bn5.weight" in shapes else "bn4"
    image = next(n for n in ("conv2d5", "conv2d6") if ports.shape_of(shapes, n))
    ours = {"shared": "shared", "linear0": "project", last: "norm", image: "image"}
    generator = ports.studiogan_network(table, ours, **_places(deep))
    depth = DEPTH if deep else 1
    widths = _widths(shapes, deep, depth)
    classes, shared = shapes["shared.weight"]
    rows, seen = ports.shape_of(shapes, "linear0") or (0, 0)
    channels = (ports.shape_of(shapes, image) or (0,))[0]
    shortcut = deep and any(ports.shape_of(shapes, f"{p}.conv2d0") for p in _blocks(shapes))
    values = {
        **generator_sizes(widths, rows, channels),
        "blocks": "bottleneck" if deep else "residual",
        "depth": DEPTH,
        "bottleneck_shortcut": "convolution" if shortcut else "channels",
        "num_classes": classes,
        "shared_dim": shared,
        "latent": ports.studiogan_prior(facts),
        "latent_path": "whole" if deep else "split",
        "latent_dim": seen - shared if deep else seen * len(widths),
        "attention": tuple(n // depth for n in ports.studiogan_attention(shapes)),
        "shortcut_relu": True,
        "norm_eps": 1e-4,
        "spectral_eps": 1e-6,
    }
    made, notes = {"generator": generator}, []
    if "discriminator" in networks:
        critic, own = _critic(networks["discriminator"], values)
        if f"head.classes.{ports.ORIGINAL}" in critic:
            made["discriminator"], values = critic, {**values, **own}
        else:
            notes.append("the discriminator was left out: only one of both networks has classes")
    return Imported(values, made, preset="studiogan", notes=tuple(notes))


def _critic(table: TensorTable, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    shapes, deep = table.shapes, values["blocks"] == "bottleneck"
    depth = DEPTH if deep else 1
    ours = {**ports.STUDIOGAN_CRITIC, "input_conv": "stem"}
    critic = ports.studiogan_network(table, ours, **_places(deep))
    widths = _widths(shapes, deep, depth)[1:]
    if deep:
        widths.insert(0, (ports.shape_of(shapes, "input_conv") or (0,))[0])
    attention = tuple(-(-n // depth) for n in ports.studiogan_attention(shapes))
    own = critic_sizes(widths, values["sample_shape"][1])
    return critic, {**own, "discriminator_attention": attention}


def _places(deep: bool) -> dict[str, Any]:
    """The names of blocks and of attention here, by their number there."""
    depth = DEPTH if deep else 1
    return {
        "block": lambda n: f"blocks.{n // depth}.{n % depth}",
        "attention": lambda n: f"attention.{-(-n // depth)}",
    }


def _blocks(shapes: Shapes) -> list[str]:
    return [place for place, attends in ports.studiogan_entries(shapes) if not attends]


def _widths(shapes: Shapes, deep: bool, depth: int) -> list[int]:
    """Channels into the first block, and out of the last of each stage."""
    blocks = _blocks(shapes)
    first = ports.shape_of(shapes, f"{blocks[0]}.conv2d1") or (0, 0)
    last = "conv2d4" if deep else "conv2d2"
    ends = blocks[depth - 1 :: depth]
    return [first[1], *((ports.shape_of(shapes, f"{end}.{last}") or (0,))[0] for end in ends)]


STUDIOGAN = Import(
    name="studiogan-biggan",
    title="BigGAN and BigGAN-deep of StudioGAN",
    recognise=_role,
    read=_read,
)
