"""Checkpoints of BigGAN-PyTorch: BigGAN and BigGAN-deep, with the config of the run beside.

A block of a generator stands at ``blocks.<number>.0``, and attention after it at ``.1``. So does
one of a plain discriminator; that of a deep one at ``blocks.<stage>.<number in the stage>``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.spec import Import, Imported, Shapes, TensorTable
from ganzoo_biggan.imports.sizes import critic_sizes, generator_sizes
from ganzoo_sngan import ports

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = {
    **{f"conv{number}": f"conv{number}" for number in range(1, 5)},
    **{f"bn{number}": f"norm{number}" for number in range(1, 5)},
    **{f"bn{n}.{table}": f"norm{n}.{table}" for n in range(1, 5) for table in ("gain", "bias")},
    "conv_sc": "shortcut",
}
ATTENTION = {"theta": "query", "phi": "key", "g": "value", "o": "output", "gamma": "gamma"}

STATISTICS = {"mean": "running_mean", "var": "running_var"}
"""What they are called at the end, after ``stored_`` or ``running_``."""


def _role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    first = f"blocks.0.0.conv1.{ports.ORIGINAL}"
    if {first, f"linear.{ports.ORIGINAL}", f"output_layer.2.{ports.ORIGINAL}"} <= shapes.keys():
        return "generator"
    return "discriminator" if {first, f"linear.{ports.ORIGINAL}"} <= shapes.keys() else None


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    given = _options(facts)
    generator, values = _generator(networks["generator"], given)
    made, notes = {"generator": generator}, []
    if "discriminator" in networks:
        critic, own = _critic(networks["discriminator"], values)
        if (f"head.classes.{ports.ORIGINAL}" in critic) == bool(values["num_classes"]):
            made["discriminator"], values = critic, {**values, **own}
        else:
            notes.append("the discriminator was left out: only one of both networks has classes")
    deep = values["blocks"] == "bottleneck"
    preset = "deep" if deep else "imagenet" if values["latent_path"] == "split" else "cifar"
    return Imported(values, made, preset=preset, notes=tuple(notes))


def _generator(
    table: TensorTable, given: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    shapes = table.shapes
    count = 1 + max(int(match[1]) for name in shapes if (match := _BLOCK.match(name)))
    deep = ports.shape_of(shapes, "blocks.0.0.conv4") is not None
    depth = int(given.get("G_depth", 2)) if deep else 1
    ours = {"linear": "project", "output_layer.0": "norm", "output_layer.2": "image"}
    ours |= {"shared": "shared"}
    widths, places = [], []
    for block in range(count):
        theirs, (stage, number) = f"blocks.{block}.0", divmod(block, depth)
        ours |= {f"{theirs}.{o}": f"blocks.{stage}.{number}.{here}" for o, here in BLOCK.items()}
        first, last = (_width(shapes, f"{theirs}.{conv}", deep) for conv in ("conv1", "last"))
        widths += [first[0]] * (not block) + [last[1]] * (number == depth - 1)
        if f"blocks.{block}.1.gamma" in shapes:
            places.append(stage + 1)
            ours |= {
                f"blocks.{block}.1.{o}": f"attention.{stage + 1}.{here}"
                for o, here in ATTENTION.items()
            }
    rows, seen = ports.shape_of(shapes, "linear") or (0, 0)
    gain = f"blocks.0.0.bn1.gain.{ports.ORIGINAL}"
    table_of_class = shapes.get("blocks.0.0.bn1.gain.weight")
    classes, shared = shapes.get("shared.weight", (0, 0))
    condition = shapes[gain][1] if gain in shapes else 0
    path = "first" if condition <= shared else "whole" if condition == seen else "split"
    channels = (ports.shape_of(shapes, "output_layer.2") or (0,))[0]
    values = {
        **generator_sizes(widths, rows, channels),
        "blocks": "bottleneck" if deep else "residual",
        "depth": depth if deep else 2,
        "num_classes": table_of_class[0] if table_of_class else classes,
        "shared_dim": shared or None,
        "latent_path": path,
        "latent_dim": {"first": seen, "whole": seen - shared, "split": seen * len(widths)}[path],
        "attention": tuple(places),
        "truncation": "variance",
        "norm_eps": float(given.get("BN_eps", 1e-5)),
        "spectral_eps": float(given.get("SN_eps", 1e-8)),
    }
    return _with_statistics(table, ours), values


def _with_statistics(table: TensorTable, ours: Mapping[str, str]) -> dict[str, Tensor]:
    """The tensors of a generator; what norms have gathered has several names."""
    made = ports.renamed(table, ours)
    for name in [*made]:
        norm, _, last = name.rpartition(".")
        if (norm, last) == ("norm", "gain"):
            made["norm.weight"] = made.pop(name)
    for name in table.shapes:
        match = _STATISTIC.fullmatch(name)
        if match and match["norm"] in ours:
            here = ours[match["norm"]]
            inner = here if here == "norm" else f"{here}.norm"
            made.pop(f"{here}.{match['which']}_{match['what']}", None)
            beside = name.rpartition(".")[0]
            made[f"{inner}.{STATISTICS[match['what']]}"] = table[name] / _sums(table, beside)
            counter = f"{beside}.num_batches_tracked"
            made[f"{inner}.num_batches_tracked"] = (
                table[counter] if counter in table.shapes else table[name].new_zeros(()).long()
            )
    return made


def _sums(table: TensorTable, norm: str) -> float:
    """Of how many batches the statistics of a norm are sums; 1 where they are averages."""
    counter = f"{norm}.accumulation_counter"
    return max(1.0, float(table[counter])) if counter in table.shapes else 1.0


def _critic(
    table: TensorTable, values: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    shapes, deep = table.shapes, values["blocks"] == "bottleneck"
    ours = {"linear": "head.score", "embed": "head.classes", "input_conv": "stem"}
    places = sorted(
        {(int(match[1]), int(match[2])) for name in shapes if (match := _BLOCK.match(name))}
    )
    attention, widths = [], []
    for stage, number in places:
        theirs = f"blocks.{stage}.{number}"
        if f"{theirs}.gamma" in shapes:
            attention.append(stage + 1)
            here = {o: f"attention.{stage + 1}.{h}" for o, h in ATTENTION.items()}
        else:
            here = {o: f"blocks.{stage}.{number}.{h}" for o, h in BLOCK.items()}
            if not number:
                widths.append(_width(shapes, f"{theirs}.last", deep)[1])
        ours |= {f"{theirs}.{o}": h for o, h in here.items()}
    if deep:
        widths.insert(0, (ports.shape_of(shapes, "input_conv") or (0,))[0])
    own = {
        **critic_sizes(widths, values["sample_shape"][1]),
        "discriminator_attention": tuple(attention),
    }
    return ports.renamed(table, ours), own


def _width(shapes: Shapes, layer: str, deep: bool) -> tuple[int, int]:
    """Channels into a convolution, and out of it; ``last`` is the last of a block."""
    block, _, name = layer.rpartition(".")
    last = "conv4" if deep else "conv2"
    out, into, *_ = ports.shape_of(shapes, f"{block}.{last if name == 'last' else name}") or (0, 0)
    return into, out


def _options(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of the run, which ``state_dict.pth`` holds; empty without it."""
    for values in facts.get("values", {}).values():
        config = values.get("config") if isinstance(values, Mapping) else None
        if isinstance(config, Mapping):
            return config
    return {}


_BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.")
_STATISTIC = re.compile(r"(?P<norm>.+?)(?:\.bn)?\.(?P<which>stored|running)_(?P<what>mean|var)")

BIGGAN_PYTORCH = Import(
    name="biggan-pytorch",
    title="BigGAN and BigGAN-deep of BigGAN-PyTorch",
    recognise=_role,
    read=_read,
)
