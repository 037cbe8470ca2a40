"""The pickles of R3GAN's authors, which hold the networks as whole modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ganzoo.errors import WeightsError
from ganzoo.spec import Import, Imported, Shapes, TensorTable

if TYPE_CHECKING:
    from torch import Tensor

WRAPPER = "Model."
"""Stands before every name, as the networks are wrapped."""

ENDS = {"generator": ("AggregationLayer", "image"), "discriminator": ("ExtractionLayer", "extract")}
"""By role, the 1x1 convolution between maps and images, and its name here."""

BLOCK = {
    "LinearLayer1.Layer.weight": "widen.weight",
    "NonLinearity1.Bias": "widen.bias",
    "LinearLayer2.Layer.weight": "mix.weight",
    "NonLinearity2.Bias": "mix.bias",
    "LinearLayer3.Layer.weight": "narrow.weight",
}
"""A block; what its activations add are biases of the convolutions before them."""

CLASSES = {"generator": "classes", "discriminator": "head.classes"}

PRESETS = {32: ("cifar10", "imagenet-32"), 64: ("ffhq-64", "imagenet-64"), 256: ("ffhq-256",) * 2}
"""By side, whose recipe suits networks of 768 channels, and wider ones."""


@dataclass
class _Stage:
    """The layers of one size of maps.

    Attributes:
        blocks: By number in the file, the tensors of each block by what they are called here.
        others: The tensors of what stands before or after the blocks, by what the file calls them.
    """

    blocks: dict[int, dict[str, str]] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)


def _stages(shapes: Shapes) -> list[_Stage]:
    """Sort the names of a network's tensors, from its input on."""
    found: dict[int, _Stage] = {}
    for name in shapes:
        parts = re.fullmatch(r"(?:Model\.)?MainLayers\.(\d{1,2})\.Layers\.(\d{1,3})\.(.+)", name)
        if parts is None:
            continue
        stage, layer, rest = found.setdefault(int(parts[1]), _Stage()), int(parts[2]), parts[3]
        if rest in BLOCK:
            stage.blocks.setdefault(layer, {})[BLOCK[rest]] = name
        else:
            stage.others[rest] = name
    return [stage for _, stage in sorted(found.items())]


def _named(shapes: Shapes, name: str) -> str | None:
    """Return what a tensor beside the stages is called, wrapped or not."""
    return next((full for full in (WRAPPER + name, name) if full in shapes), None)


def _role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    stages = _stages(shapes)
    blocks = [block for stage in stages for block in stage.blocks.values()]
    whole = all(stage.blocks for stage in stages) and all(len(b) == len(BLOCK) for b in blocks)
    roles = [role for role, (end, _) in ENDS.items() if _named(shapes, f"{end}.Layer.weight")]
    return roles[0] if stages and whole and len(roles) == 1 else None


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    table = networks["generator"]
    shapes, stages = table.shapes, _stages(table.shapes)
    values = _values(shapes, stages)
    made = {"generator": _generator(table, stages)}
    notes = []
    critic = networks.get("discriminator")
    if critic is not None:
        judged = _stages(critic.shapes)
        if _sizes(critic.shapes, judged[::-1]) != _sizes(shapes, stages):
            notes.append("the discriminator was left out: its blocks are not the generator's")
        elif _classes(critic.shapes) != values["num_classes"]:
            notes.append("the discriminator was left out: its classes are not the generator's")
        else:
            made["discriminator"] = _discriminator(critic, judged)
    if any(_strange_taps(network) for network in networks.values()):
        notes.append("it resamples by other taps than 1, 3, 3, 1, so images will differ")
    usual = PRESETS.get(values["sample_shape"][1])
    preset = usual[values["widths"][0] > 768] if usual and values["widths"][0] >= 768 else "small"
    return Imported(values, made, preset=preset, notes=tuple(notes))


def _sizes(shapes: Shapes, stages: list[_Stage]) -> list[tuple[int, ...]]:
    """Return width, inner width, width of a group and number of blocks by stage, from 4x4 on."""
    result: list[tuple[int, ...]] = []
    for stage in stages:
        first = next(iter(stage.blocks.values()))
        inside, width = shapes[first["widen.weight"]][:2]
        result.append((width, inside, shapes[first["mix.weight"]][1], len(stage.blocks)))
    return result


def _values(shapes: Shapes, stages: list[_Stage]) -> dict[str, Any]:
    """Return the values of the config that the shapes of a generator imply."""
    sizes = _sizes(shapes, stages)
    expansions = {inside / width for width, inside, _, _ in sizes}
    # A block that is narrower than others' groups has one.
    group = max(group for _, _, group, _ in sizes)
    if len(expansions) > 1 or not next(iter(expansions)).is_integer():
        raise WeightsError("the blocks of its generator do not all expand by one whole number")
    if any(own != min(group, inside) for _, inside, own, _ in sizes):
        raise WeightsError("the groups of its generator's convolutions do not all have one width")
    project = stages[0].others.get("LinearLayer.weight")
    image = _named(shapes, "AggregationLayer.Layer.weight")
    if project is None or image is None or "Basis" not in stages[0].others:
        raise WeightsError("its generator has no basis of 4x4")
    embedding = _named(shapes, "EmbeddingLayer.weight")
    length, classes = shapes[embedding] if embedding else (0, 0)
    side = 4 << (len(stages) - 1)
    values: dict[str, Any] = {
        "sample_shape": (shapes[image][0], side, side),
        "latent_dim": shapes[project][1] - length,
        "num_classes": classes,
        "widths": tuple(width for width, *_ in sizes),
        "depths": tuple(depth for *_, depth in sizes),
        "expansion": int(expansions.pop()),
        "group_width": group,
    }
    return {**values, "embedding_dim": length} if length else values


def _classes(shapes: Shapes) -> int:
    name = _named(shapes, "EmbeddingLayer.weight")
    return shapes[name][1] if name else 0


def _generator(table: TensorTable, stages: list[_Stage]) -> dict[str, Tensor]:
    made = _common(table, stages, "generator")
    made["basis.weight"] = table[stages[0].others["Basis"]]
    made["basis.project.weight"] = table[stages[0].others["LinearLayer.weight"]]
    return made


def _discriminator(table: TensorTable, stages: list[_Stage]) -> dict[str, Tensor]:
    made = _common(table, stages, "discriminator")
    others = stages[-1].others
    if not {"Basis.weight", "LinearLayer.weight"} <= others.keys():
        raise WeightsError("its discriminator has no basis of 4x4")
    made["head.weight"] = table[others["Basis.weight"]].squeeze(1)
    made["head.score.weight"] = table[others["LinearLayer.weight"]]
    return made


def _common(table: TensorTable, stages: list[_Stage], role: str) -> dict[str, Tensor]:
    """Return the blocks, the changes of width, the 1x1 convolution at the image, and classes."""
    made: dict[str, Tensor] = {}
    # That of 4x4 stands beside the others, as the first or the last.
    levels = {id(stage): f"levels.{number}." for number, stage in enumerate(_others(stages, role))}
    for stage in stages:
        level = levels.get(id(stage), "")
        for place, (_, block) in enumerate(sorted(stage.blocks.items())):
            for name, full in block.items():
                made[f"{level}blocks.{place}.{name}"] = table[full]
        change = stage.others.get("LinearLayer.Layer.weight")
        if change:
            made[f"{level}change.weight"] = table[change]
    end, here = ENDS[role]
    last = _named(table.shapes, f"{end}.Layer.weight")
    assert last is not None
    made[f"{here}.weight"] = table[last]
    embedding = _named(table.shapes, "EmbeddingLayer.weight")
    if embedding:
        # A linear layer of one-hot rows holds the rows of a table as columns.
        made[f"{CLASSES[role]}.weight"] = table[embedding].t().contiguous()
    return made


def _others(stages: list[_Stage], role: str) -> list[_Stage]:
    """Return the stages without that of 4x4."""
    return stages[1:] if role == "generator" else stages[:-1]


def _strange_taps(table: TensorTable) -> bool:
    """Whether a network resamples by other taps than here; its file holds them in each layer."""
    from ganzoo.layers import low_pass

    taps = low_pass()
    kernels = [table[name] for name in table.shapes if name.endswith(".Resampler.Kernel")]
    expected = taps.outer(taps)
    return any(k.shape != expected.shape or not k.allclose(expected, atol=1e-4) for k in kernels)


PICKLE = Import(
    name="r3gan",
    title="R3GAN of its authors",
    recognise=_role,
    read=_read,
)
