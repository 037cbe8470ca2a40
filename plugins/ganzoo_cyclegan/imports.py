"""CycleGAN's checkpoints of pytorch-CycleGAN-and-pix2pix: one file for each network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ganzoo.spec import Import, Imported, Shapes, TensorTable
from ganzoo_pix2pix.imports import (
    OLD_STATISTICS,
    critic_tensors,
    critic_values,
    fields,
    image_shapes,
    left_statistics,
    translator_tensors,
    translator_values,
)


def _recognise(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    values = translator_values(shapes)
    letter = re.search(r"net_?[GD]_?([AB])(?![A-Za-z])|(?<![A-Za-z])([AB])2[AB]", facts["label"])
    second = letter is not None and "B" in letter.groups()
    if values is not None:
        usual = values["generator"] == "resnet" and values["norm"] == "instance"
        if facts["options"].get("model") == "pix2pix":
            return None
        if not usual and letter is None:
            return None if values["generator"] == "unet" else "a_to_b"
        return "b_to_a" if second else "a_to_b"
    if critic_values(shapes) is None:
        return None
    # There a discriminator is called after the generator that it judges: D_A judges what G_A makes.
    return "discriminator_a" if second else "discriminator_b"


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    first = "a_to_b" if "a_to_b" in networks else "b_to_a"
    values = translator_values(networks[first].shapes)
    assert values is not None
    if first == "b_to_a":
        values |= {"inputs": values["outputs"], "outputs": values["inputs"]}
    found: dict[str, Any] = {**image_shapes(values), **fields(values)}
    made = {}
    notes = []
    for role, table in networks.items():
        if role in ("a_to_b", "b_to_a"):
            made[role] = translator_tensors(table, translator_values(table.shapes) or {})
            continue
        critic = critic_values(table.shapes)
        assert critic is not None
        if critic["norm"] != values["norm"]:
            notes.append(f"{role} was left out: its norm is {critic['norm']}, unlike the others'")
            continue
        found |= fields(critic)
        made[role] = critic_tensors(table, critic)
    if any(left_statistics(table.shapes, values) for table in networks.values()):
        notes.append(OLD_STATISTICS)
    return Imported(found, made, notes=tuple(notes))


IMPORT = Import(
    name="junyanz-cyclegan",
    title="CycleGAN of pytorch-CycleGAN-and-pix2pix",
    recognise=_recognise,
    read=_read,
)
