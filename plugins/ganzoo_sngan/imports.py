"""Checkpoints of mimicry and of StudioGAN whose networks are those of SNGAN.

What the layers are called stands in `ganzoo_sngan.ports`; the rest follows from the shapes of the
tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.errors import WeightsError
from ganzoo.spec import Import, Imported, Shapes, TensorTable
from ganzoo_sngan import ports

if TYPE_CHECKING:
    from torch import Tensor

SIDES = {3: (32, 48), 4: (64,), 5: (128,)}
"""The sides of images by the number of a generator's blocks; that of 48 begins with 6x6."""

WIDEST_32 = {"generator": 4, "discriminator": 2}
"""How many times the width all layers have at 32x32."""


# --- mimicry -----------------------------------------------------------------------------------


def _mimicry_role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    generator = {"l1.weight", "block2.c1.weight", "block2.b1.running_mean"}
    conditional = {"l1.weight", "block2.c1.weight", "block2.b1.embed.weight"}
    critic = {f"block1.c1.{ports.ORIGINAL}", f"block2.c1.{ports.ORIGINAL}"}
    if any(name.startswith("attn_block.") for name in shapes):
        return None
    if generator <= shapes.keys() or conditional <= shapes.keys():
        return "generator"
    return "discriminator" if critic <= shapes.keys() else None


def _read_mimicry(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    shapes = networks["generator"].shapes
    count = ports.mimicry_blocks(shapes)
    values = sizes("sngan", count, shapes, ("l1", "block2.c1", f"c{count + 2}"))
    embedding = shapes.get("block2.b1.embed.weight")
    values |= {"num_classes": embedding[0] if embedding else 0}
    generator = ports.mimicry_generator(networks["generator"])
    critic = networks.get("discriminator")
    judge = None if critic is None else ports.mimicry_critic(critic)
    return paired("sngan", values, generator, judge, preset="mimicry")


# --- StudioGAN ---------------------------------------------------------------------------------


def _studiogan_role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    generator = {"linear0.weight", "blocks.0.0.conv2d1.weight", "bn4.weight", "conv2d5.weight"}
    critic = {f"blocks.0.0.conv2d1.{ports.ORIGINAL}", f"linear1.{ports.ORIGINAL}"}
    # Attention, and what BigGAN shares, are of other families.
    if "shared.weight" in shapes or any("conv1x1" in name for name in shapes):
        return None
    if generator <= shapes.keys() and ports.studiogan_blocks(shapes) in SIDES:
        return "generator"
    return "discriminator" if critic <= shapes.keys() else None


def _read_studiogan(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    table = networks["generator"]
    shapes, count = table.shapes, ports.studiogan_blocks(table.shapes)
    values = sizes("sngan", count, shapes, ("linear0", "blocks.0.0.conv2d1", "conv2d5"))
    tables = [f"blocks.0.0.bn1.{name}.weight" for name in ("gain", "embed0")]
    classes = next((shapes[name][1] for name in tables if name in shapes), 0)
    values |= {"num_classes": classes, "latent": ports.studiogan_prior(facts)}
    generator = ports.studiogan_network(table, ports.STUDIOGAN_GENERATOR)
    critic = networks.get("discriminator")
    judge = None if critic is None else ports.studiogan_network(critic, ports.STUDIOGAN_CRITIC)
    return paired("sngan", values, generator, judge, preset="studiogan")


# --- both, and those of SAGAN ------------------------------------------------------------------


def sizes(family: str, count: int, shapes: Shapes, layers: tuple[str, str, str]) -> dict[str, Any]:
    """Return the values that the layers of a residual generator imply.

    Args:
        family: The architecture.
        count: How many blocks it has.
        shapes: Of its tensors.
        layers: The names of the first layer, of a convolution in the first block, and of the last.

    Raises:
        WeightsError: The family has no such network.
    """
    (rows, latent), first, last = (ports.shape_of(shapes, layer) or (0, 0) for layer in layers)
    start = round((rows / first[1]) ** 0.5)
    side, (channels, width) = start << count, last[:2]
    if side not in SIDES.get(count, ()):
        known = ", ".join(str(side) for sides in SIDES.values() for side in sides)
        raise WeightsError(
            f"its generator makes images of {side}x{side} in {count} blocks, and those of {family} "
            f"make {known}"
        )
    return {
        "sample_shape": (channels, side, side),
        "latent_dim": latent,
        "width": _base(family, width, side, "generator"),
    }


def paired(
    family: str,
    values: Mapping[str, Any],
    generator: dict[str, Tensor],
    critic: dict[str, Tensor] | None,
    *,
    preset: str,
) -> Imported:
    """Return both networks, or the generator alone where the critic does not go with it."""
    made = {"generator": generator}
    notes: tuple[str, ...] = ()
    if critic is not None:
        if (f"head.classes.{ports.ORIGINAL}" in critic) != bool(values["num_classes"]):
            notes = ("the discriminator was left out: only one of both networks has classes",)
        else:
            side, width = values["sample_shape"][1], len(critic[f"blocks.0.conv1.{ports.ORIGINAL}"])
            own = {"discriminator_width": _base(family, width, side, "discriminator")}
            values, made = {**values, **own}, {**made, "discriminator": critic}
    return Imported(values, made, preset=preset, notes=notes)


def _base(family: str, width: int, side: int, role: str) -> int:
    times = WIDEST_32[role] if side == 32 else 1
    if width % times:
        raise WeightsError(
            f"its {role} is {width} channels wide, and one of {family} for 32x32 has a multiple of "
            f"{times}"
        )
    return width // times


MIMICRY = Import(
    name="mimicry-sngan",
    title="SNGAN, the projection cGAN and others with the same networks, of mimicry",
    recognise=_mimicry_role,
    read=_read_mimicry,
)

STUDIOGAN = Import(
    name="studiogan-sngan",
    title="SNGAN with residual networks of StudioGAN",
    recognise=_studiogan_role,
    read=_read_studiogan,
)
