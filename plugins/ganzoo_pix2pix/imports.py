"""Checkpoints of pytorch-CycleGAN-and-pix2pix: what its networks are, by names and shapes.

The plugin of CycleGAN shares this, as both families share their networks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.spec import Import, Imported, Shapes, TensorTable

if TYPE_CHECKING:
    from torch import Tensor

_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.(\d+)\.(.+)")
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def translator_values(shapes: Shapes) -> dict[str, Any] | None:
    """Return what a generator's tensors say of the config, shapes of images aside; None for others.

    Beside the fields of the config, ``inputs`` and ``outputs`` are its channels.
    """
    if "model.1.weight" in shapes and any(_BLOCK.match(name) for name in shapes):
        first, last = shapes["model.1.weight"], shapes.get(_last(shapes), ())
        if len(first) != 4 or len(last) != 4 or first[2:] != (7, 7) or last[2:] != (7, 7):
            return None
        places = {int(m[2]) for name in shapes if (m := _BLOCK.match(name))}
        if not places <= {1, 2, 5, 6, 7}:
            return None  # with another padding
        return {
            "generator": "resnet",
            "inputs": first[1],
            "outputs": last[0],
            "generator_width": first[0],
            "blocks": len({m[1] for name in shapes if (m := _BLOCK.match(name))}),
            "norm": "batch" if "model.2.weight" in shapes else "instance",
            # Without keys of its own, but it moves the second convolution by one.
            "dropout": 0.5 if _second(shapes) == 6 else 0.0,
        }
    if "model.model.0.weight" in shapes and "model.model.3.weight" in shapes:
        first, last = shapes["model.model.0.weight"], shapes["model.model.3.weight"]
        if len(first) != 4 or len(last) != 4:
            return None
        return {
            "generator": "unet",
            "inputs": first[1],
            "outputs": last[1],
            "generator_width": first[0],
            "downs": len(_levels(shapes)),
            "norm": "instance" if "model.model.0.bias" in shapes else "batch",
        }
    return None


def critic_values(shapes: Shapes) -> dict[str, Any] | None:
    """Return the same for a discriminator; ``inputs`` are all its channels, the condition's too."""
    indices = sorted({int(m[1]) for name in shapes if (m := re.match(r"model\.(\d+)\.", name))})
    if "model.0.bias" in shapes and len(shapes.get("model.0.weight", ())) == 4:
        first, last = shapes["model.0.weight"], shapes.get(f"model.{indices[-1]}.weight", ())
        if first[2:] != (4, 4) or len(last) != 4 or last[0] != 1 or (indices[-1] - 2) % 3:
            return None
        return {
            "discriminator": "patch",
            "inputs": first[1],
            "discriminator_width": first[0],
            "discriminator_layers": (indices[-1] - 2) // 3,
            "norm": "batch" if "model.3.weight" in shapes else "instance",
        }
    if shapes.get("net.0.weight", ())[2:] == (1, 1) and "net.5.weight" in shapes:
        return {
            "discriminator": "pixel",
            "inputs": shapes["net.0.weight"][1],
            "discriminator_width": shapes["net.0.weight"][0],
            "norm": "batch" if "net.3.weight" in shapes else "instance",
        }
    return None


def translator_tensors(table: TensorTable, values: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return a generator's tensors under the names that they have here."""
    names = (
        _resnet(table.shapes, values) if values["generator"] == "resnet" else _unet(table.shapes)
    )
    return _taken(table, names, values["norm"])


def critic_tensors(table: TensorTable, values: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return a discriminator's tensors under the names that they have here."""
    names = {name: f"layers.{name.partition('.')[2]}" for name in table.shapes}
    return _taken(table, names, values["norm"])


def _taken(table: TensorTable, names: Mapping[str, str], norm: str) -> dict[str, Tensor]:
    # Files of torch before 0.4 hold statistics of instance norms, which nothing reads.
    dropped = _STATISTICS if norm == "instance" else ()
    return {ours: table[theirs] for theirs, ours in names.items() if not theirs.endswith(dropped)}


def left_statistics(shapes: Shapes, values: Mapping[str, Any]) -> bool:
    """Whether a network holds statistics of instance norms, which are left out."""
    return values["norm"] == "instance" and any(name.endswith(_STATISTICS) for name in shapes)


def _last(shapes: Shapes) -> str:
    """The name of the weight of the last layer of a plain sequence."""
    indices = [int(m[1]) for name in shapes if (m := re.fullmatch(r"model\.(\d+)\.weight", name))]
    return f"model.{max(indices)}.weight"


def _second(shapes: Shapes) -> int:
    """The place of the second convolution in the residual blocks."""
    places = [int(m[2]) for n, s in shapes.items() if len(s) == 4 and (m := _BLOCK.match(n))]
    return max(places)


def _resnet(shapes: Shapes, values: Mapping[str, Any]) -> dict[str, str]:
    names, count, second = {}, values["blocks"], _second(shapes)
    parts = {1: "conv1", 2: "norm1", second: "conv2", second + 1: "norm2"}
    for name in shapes:
        block = _BLOCK.match(name)
        plain = re.fullmatch(r"model\.(\d+)\.(.+)", name)
        if block and int(block[2]) in parts:
            ours = f"network.blocks.{int(block[1]) - 10}.{parts[int(block[2])]}.{block[3]}"
        elif plain and int(plain[1]) < 10:
            ours = f"network.before.{plain[1]}.{plain[2]}"
        elif plain:
            ours = f"network.after.{int(plain[1]) - 10 - count}.{plain[2]}"
        else:
            continue
        names[name] = ours
    return names


def _levels(shapes: Shapes) -> list[str]:
    """Where each level of a U-Net stands, from the outermost to the innermost."""
    levels, here = [], "model.model."
    while any(name.startswith(here) for name in shapes):
        levels.append(here)
        # The outermost begins with its convolution, the others with their activation.
        here += f"{1 if len(levels) == 1 else 3}.model."
    return levels


def _unet(shapes: Shapes) -> dict[str, str]:
    names, levels = {}, _levels(shapes)
    for level, here in enumerate(levels):
        up = f"network.ups.{len(levels) - 1 - level}"
        down = f"network.downs.{level}"
        if level == 0:
            parts = {0: f"{down}.conv", 3: f"{up}.conv"}
        elif level == len(levels) - 1:
            parts = {1: f"{down}.conv", 3: f"{up}.conv", 4: f"{up}.norm"}
        else:
            parts = {1: f"{down}.conv", 2: f"{down}.norm", 5: f"{up}.conv", 6: f"{up}.norm"}
        for name in shapes:
            match = re.fullmatch(rf"{re.escape(here)}(\d+)\.(\w+)", name)
            if match and int(match[1]) in parts:
                names[name] = f"{parts[int(match[1])]}.{match[2]}"
    return names


def image_shapes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shapes of the images: their channels, at the size of the published models."""
    side = 2 ** values["downs"] if values["generator"] == "unet" else 256
    return {
        "source_shape": (values["inputs"], side, side),
        "sample_shape": (values["outputs"], side, side),
    }


def fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the config among values."""
    return {key: value for key, value in values.items() if key not in ("inputs", "outputs")}


OLD_STATISTICS = "running statistics of instance norms were left out, as nothing reads them"


def _recognise(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    values, model = translator_values(shapes), facts["options"].get("model")
    if model == "cycle_gan":
        return None
    if values is not None:
        # A ResNet with instance norm is what CycleGAN uses.
        cycle = values["generator"] == "resnet" and values["norm"] == "instance"
        return None if cycle and model != "pix2pix" else "generator"
    return "discriminator" if critic_values(shapes) is not None else None


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    values = translator_values(networks["generator"].shapes)
    assert values is not None
    if values["generator"] == "unet":
        # Dropout leaves no trace in a U-Net's tensors.
        values["dropout"] = 0.0 if facts["options"].get("no_dropout") == "True" else 0.5
    made = {"generator": translator_tensors(networks["generator"], values)}
    notes = []
    found = {**image_shapes(values), **fields(values), "use": "published"}
    if "discriminator" in networks:
        critic = critic_values(networks["discriminator"].shapes)
        assert critic is not None
        if (critic["norm"], critic["inputs"]) == (
            values["norm"],
            values["inputs"] + values["outputs"],
        ):
            found |= fields(critic)
            made["discriminator"] = critic_tensors(networks["discriminator"], critic)
        else:
            notes.append(
                f"the discriminator was left out: it takes {critic['inputs']} channels with "
                f"{critic['norm']} norm, which does not fit the generator"
            )
    if any(left_statistics(table.shapes, values) for table in networks.values()):
        notes.append(OLD_STATISTICS)
    return Imported(found, made, notes=tuple(notes))


IMPORT = Import(
    name="junyanz-pix2pix",
    title="pix2pix of pytorch-CycleGAN-and-pix2pix (U-Net or ResNet)",
    recognise=_recognise,
    read=_read,
)
