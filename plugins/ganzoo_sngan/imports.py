"""Checkpoints of mimicry and of StudioGAN whose networks are those of SNGAN.

What both spell differently is in two tables; the rest follows from the shapes of the tensors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.config import parse_yaml
from ganzoo.errors import WeightsError
from ganzoo.spec import Import, Imported, Shapes, TensorTable

if TYPE_CHECKING:
    from torch import Tensor

ORIGINAL = "parametrizations.weight.original"
"""A weight under spectral norm."""

SIDES = {3: (32, 48), 4: (64,), 5: (128,)}
"""The sides of images by the number of a generator's blocks; that of 48 begins with 6x6."""

WIDEST_32 = {"generator": 4, "discriminator": 2}
"""How many times the width all layers have at 32x32."""


# --- mimicry -----------------------------------------------------------------------------------

_MIMICRY = {"b1": "norm1", "c1": "conv1", "b2": "norm2", "c2": "conv2", "c_sc": "shortcut"}


def _mimicry_role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    generator = {"l1.weight", "block2.c1.weight", "block2.b1.running_mean"}
    conditional = {"l1.weight", "block2.c1.weight", "block2.b1.embed.weight"}
    critic = {f"block1.c1.{ORIGINAL}", f"block2.c1.{ORIGINAL}"}
    if any(name.startswith("attn_block.") for name in shapes):
        return None
    if generator <= shapes.keys() or conditional <= shapes.keys():
        return "generator"
    return "discriminator" if critic <= shapes.keys() else None


def _mimicry_generator(table: TensorTable) -> dict[str, Tensor]:
    count = _count(table.shapes, r"block(\d+)\.")
    last = count + 2
    ours = {"l1": "project", f"b{last}": "norm", f"c{last}": "image"}
    for block in range(count):
        places = {t: f"blocks.{block}.{o}" for t, o in _MIMICRY.items()}
        ours |= {f"block{block + 2}.{theirs}": o for theirs, o in places.items()}
        for theirs in ("b1", "b2"):
            ours[f"block{block + 2}.{theirs}.bn"] = f"{places[theirs]}.norm"
    made = _named(table, ours)
    for name in table.shapes:
        if name.endswith(".embed.weight"):
            # One table holds the gains, which are those here and one more, and the biases.
            norm = ours[name.removesuffix(".embed.weight")]
            gain, bias = table[name].chunk(2, dim=1)
            made[f"{norm}.gain.weight"], made[f"{norm}.bias.weight"] = gain - 1, bias.contiguous()
    return made


def _mimicry_critic(table: TensorTable) -> dict[str, Tensor]:
    count = _count(table.shapes, r"block(\d+)\.")
    ours = {f"l{count + 1}": "head.score"}
    if "l_y.bias" not in table.shapes:  # otherwise it tells by how much an image was turned
        ours["l_y"] = "head.classes"
    for block in range(count):
        ours |= {
            f"block{block + 1}.{theirs}": f"blocks.{block}.{o}" for theirs, o in _MIMICRY.items()
        }
    return _named(table, ours)


def _read_mimicry(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    shapes = networks["generator"].shapes
    count = _count(shapes, r"block(\d+)\.")
    values = _sizes(count, "l1", "block2.c1.weight", f"c{count + 2}.weight", networks["generator"])
    embedding = shapes.get("block2.b1.embed.weight")
    values |= {"num_classes": embedding[0] if embedding else 0}
    made = {"generator": _mimicry_generator(networks["generator"])}
    notes = []
    if "discriminator" in networks:
        critic = _mimicry_critic(networks["discriminator"])
        if ("head.classes." + ORIGINAL in critic) == bool(embedding):
            made["discriminator"] = critic
            values |= _width_of_critic(critic, values)
        else:
            notes.append("the discriminator was left out: only one of both networks has classes")
    return Imported(values, made, preset="mimicry", notes=tuple(notes))


# --- StudioGAN ---------------------------------------------------------------------------------

_STUDIOGAN = {
    "bn1": "norm1",
    "conv2d1": "conv1",
    "bn2": "norm2",
    "conv2d2": "conv2",
    "conv2d0": "shortcut",
}

_TABLES = {"gain": "gain", "bias": "bias", "embed0": "gain", "embed1": "bias"}
"""The linear layers of a conditional norm; the files of 2020 and 2021 have the last two."""


def _studiogan_role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    generator = {"linear0.weight", "blocks.0.0.conv2d1.weight", "bn4.weight", "conv2d5.weight"}
    critic = {f"blocks.0.0.conv2d1.{ORIGINAL}", f"linear1.{ORIGINAL}"}
    # Attention, and what BigGAN shares, are of other families.
    if "shared.weight" in shapes or any("conv1x1" in name for name in shapes):
        return None
    if generator <= shapes.keys() and _count(shapes, r"blocks\.(\d+)\.0\.conv2d1\.") in SIDES:
        return "generator"
    return "discriminator" if critic <= shapes.keys() else None


def _studiogan(table: TensorTable, ours: dict[str, str]) -> dict[str, Tensor]:
    for block in range(_count(table.shapes, r"blocks\.(\d+)\.0\.conv2d1\.")):
        for theirs, name in _STUDIOGAN.items():
            place, here = f"blocks.{block}.0.{theirs}", f"blocks.{block}.{name}"
            ours |= {place: here, f"{place}.bn": f"{here}.norm"}
    made = _named(table, ours)
    for name in table.shapes:
        norm, _, last = name.removesuffix(".weight").rpartition(".")
        if norm in ours and last in _TABLES and name.endswith(".weight"):
            made[f"{ours[norm]}.{_TABLES[last]}.weight"] = table[name].T.contiguous()
    return made


def _read_studiogan(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    table = networks["generator"]
    shapes = table.shapes
    count = _count(shapes, r"blocks\.(\d+)\.0\.conv2d1\.")
    values = _sizes(count, "linear0", "blocks.0.0.conv2d1.weight", "conv2d5.weight", table)
    tables = [f"blocks.0.0.bn1.{name}.weight" for name in ("gain", "embed0")]
    classes = next((shapes[name][1] for name in tables if name in shapes), 0)
    prior = str(_options(facts).get("z_prior", "gaussian"))
    values |= {"num_classes": classes, "latent": "uniform" if prior == "uniform" else "normal"}
    ours = {"linear0": "project", "bn4": "norm", "conv2d5": "image"}
    made = {"generator": _studiogan(table, ours)}
    notes = []
    if "discriminator" in networks:
        ours = {"linear1": "head.score", "embedding": "head.classes"}
        critic = _studiogan(networks["discriminator"], ours)
        if ("head.classes." + ORIGINAL in critic) == bool(classes):
            made["discriminator"] = critic
            values |= _width_of_critic(critic, values)
        else:
            notes.append("the discriminator was left out: only one of both networks has classes")
    return Imported(values, made, preset="studiogan", notes=tuple(notes))


def _options(facts: Mapping[str, Any]) -> Mapping[str, Any]:
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


# --- both --------------------------------------------------------------------------------------


def _count(shapes: Shapes, pattern: str) -> int:
    return len({match[1] for name in shapes if (match := re.match(pattern, name))})


def _sizes(count: int, stem: str, first: str, last: str, table: TensorTable) -> dict[str, Any]:
    """What the first and last layers of a generator tell."""
    shapes = table.shapes
    rows, latent = shapes[f"{stem}.weight"]
    start = round((rows / shapes[first][1]) ** 0.5)
    side, (channels, width) = start << count, shapes[last][:2]
    if side not in SIDES.get(count, ()):
        known = ", ".join(str(side) for sides in SIDES.values() for side in sides)
        raise WeightsError(
            f"its generator makes images of {side}x{side} in {count} blocks, and those of sngan "
            f"make {known}"
        )
    return {
        "sample_shape": (channels, side, side),
        "latent_dim": latent,
        "width": _base(width, side, "generator"),
    }


def _width_of_critic(critic: Mapping[str, Tensor], values: Mapping[str, Any]) -> dict[str, Any]:
    side = values["sample_shape"][1]
    width = len(critic[f"blocks.0.conv1.{ORIGINAL}"])
    return {"discriminator_width": _base(width, side, "discriminator")}


def _base(width: int, side: int, role: str) -> int:
    times = WIDEST_32[role] if side == 32 else 1
    if width % times:
        raise WeightsError(
            f"its {role} is {width} channels wide, and one of sngan for 32x32 has a multiple of "
            f"{times}"
        )
    return width // times


def _named(table: TensorTable, ours: Mapping[str, str]) -> dict[str, Tensor]:
    """The tensors of the layers that are named, under their names here."""
    found = {}
    for name in table.shapes:
        layer = name
        while layer and layer not in ours:
            layer = layer.rpartition(".")[0]
        rest = name.removeprefix(f"{layer}.")
        if layer and (rest.startswith("parametrizations.") or "." not in rest):
            found[f"{ours[layer]}.{rest}"] = table[name]
    return found


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
