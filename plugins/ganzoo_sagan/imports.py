"""Checkpoints of mimicry and of StudioGAN whose networks are those of SAGAN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.spec import Import, Imported, Shapes, TensorTable
from ganzoo_sagan.config import ATTENTION
from ganzoo_sngan import ports
from ganzoo_sngan.imports import SIDES, paired, sizes

MIMICRY_CRITIC = 2
"""The block after which mimicry's discriminators have attention, whatever their size."""


def _mimicry_role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    if f"attn_block.theta.{ports.ORIGINAL}" not in shapes:
        return None
    if {f"l1.{ports.ORIGINAL}", f"block2.c1.{ports.ORIGINAL}"} <= shapes.keys():
        return "generator"
    return "discriminator" if f"block1.c1.{ports.ORIGINAL}" in shapes else None


def _read_mimicry(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    shapes = networks["generator"].shapes
    count = ports.mimicry_blocks(shapes)
    values = sizes("sagan", count, shapes, ("l1", "block2.c1", f"c{count + 2}"))
    embedding = shapes.get("block2.b1.embed.weight")
    place = ATTENTION[values["sample_shape"][1]][0]
    values |= {
        "num_classes": embedding[0] if embedding else 0,
        "attention": (place,),
        "discriminator_attention": (MIMICRY_CRITIC,),
    }
    generator = ports.mimicry_generator(networks["generator"], {"attn_block": f"attention.{place}"})
    critic = networks.get("discriminator")
    judge = None
    if critic is not None:
        judge = ports.mimicry_critic(critic, {"attn_block": f"attention.{MIMICRY_CRITIC}"})
    return paired("sagan", values, generator, judge, preset="mimicry")


def _studiogan_role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    generator = {f"linear0.{ports.ORIGINAL}", f"conv2d5.{ports.ORIGINAL}", "bn4.weight"}
    critic = {f"blocks.0.0.conv2d1.{ports.ORIGINAL}", f"linear1.{ports.ORIGINAL}"}
    attends = any(attends for _, attends in ports.studiogan_entries(shapes))
    if "shared.weight" in shapes or not attends or ports.studiogan_deep(shapes):
        return None
    if generator <= shapes.keys() and ports.studiogan_blocks(shapes) in SIDES:
        return "generator"
    return "discriminator" if critic <= shapes.keys() else None


def _read_studiogan(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    table = networks["generator"]
    shapes, count = table.shapes, ports.studiogan_blocks(table.shapes)
    values = sizes("sagan", count, shapes, ("linear0", "blocks.0.0.conv2d1", "conv2d5"))
    norms = [f"blocks.0.0.bn1.{name}" for name in ("gain", "embed0")]
    tables = [shape for norm in norms if (shape := ports.shape_of(shapes, norm))]
    values |= {
        "num_classes": tables[0][1] if tables else 0,
        "latent": ports.studiogan_prior(facts),
        "attention": ports.studiogan_attention(shapes),
    }
    generator = ports.studiogan_network(table, ports.STUDIOGAN_GENERATOR)
    critic, judge = networks.get("discriminator"), None
    if critic is not None:
        values |= {"discriminator_attention": ports.studiogan_attention(critic.shapes)}
        judge = ports.studiogan_network(critic, ports.STUDIOGAN_CRITIC)
    return paired("sagan", values, generator, judge, preset="studiogan")


MIMICRY = Import(
    name="mimicry-sagan",
    title="SAGAN of mimicry",
    recognise=_mimicry_role,
    read=_read_mimicry,
)

STUDIOGAN = Import(
    name="studiogan-sagan",
    title="SAGAN of StudioGAN",
    recognise=_studiogan_role,
    read=_read_studiogan,
)
