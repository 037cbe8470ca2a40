"""The published generators of BigGAN-deep, as Hugging Face's port of them keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.config import parse_yaml
from ganzoo.errors import WeightsError
from ganzoo.spec import Import, Imported, Shapes, TensorTable
from ganzoo_biggan.config import MEANS, VARIANCES
from ganzoo_biggan.imports.sizes import generator_sizes
from ganzoo_sngan import ports

if TYPE_CHECKING:
    from torch import Tensor

PARTS = {
    "snconv1x1_theta": "query",
    "snconv1x1_phi": "key",
    "snconv1x1_g": "value",
    "snconv1x1_o_conv": "output",
    "gamma": "gamma",
}
ROOT = "generator"
CHANNELS = 3
"""Of its images, which are the first that the last convolution makes."""


def _role(shapes: Shapes, facts: Mapping[str, Any]) -> str | None:
    wanted = {
        "embeddings.weight",
        f"{ROOT}.gen_z.{ports.ORIGINAL}",
        f"{ROOT}.conv_to_rgb.{ports.ORIGINAL}",
        f"{ROOT}.bn.running_means",
    }
    return "generator" if wanted <= shapes.keys() else None


def _read(networks: Mapping[str, TensorTable], facts: Mapping[str, Any]) -> Imported:
    table = networks["generator"]
    shapes = table.shapes
    ours = {
        f"{ROOT}.gen_z": "project",
        f"{ROOT}.bn": "norm",
        f"{ROOT}.conv_to_rgb": "image",
    }
    widths: list[int] = []
    depths, places = [0], []
    for layer, up in _layers(shapes, facts):
        if up is None:
            places.append(len(widths) - 1)
            ours |= {f"{layer}.{o}": f"attention.{places[-1]}.{h}" for o, h in PARTS.items()}
            continue
        into = (ports.shape_of(shapes, f"{layer}.conv_0") or (0, 0))[1]
        out = (ports.shape_of(shapes, f"{layer}.conv_3") or (0,))[0]
        widths += [into] * (not widths)
        here = f"blocks.{len(depths) - 1}.{depths[-1]}"
        for number in range(4):
            ours[f"{layer}.conv_{number}"] = f"{here}.conv{number + 1}"
            norm = f"{here}.norm{number + 1}"
            ours[f"{layer}.bn_{number}.scale"] = f"{norm}.gain"
            ours[f"{layer}.bn_{number}.offset"] = f"{norm}.bias"
            ours[f"{layer}.bn_{number}"] = f"{norm}.norm"
        depths[-1] += 1
        if up:
            widths.append(out)
            depths.append(0)
    rows, seen = shapes[f"{ROOT}.gen_z.{ports.ORIGINAL}"]
    shared, classes = shapes["embeddings.weight"]
    last = shapes[f"{ROOT}.conv_to_rgb.{ports.ORIGINAL}"][0]
    values = {
        **generator_sizes(widths, rows, CHANNELS),
        "blocks": "bottleneck",
        "depth": depths[0] if len({*depths[:-1]}) == 1 else tuple(depths[:-1]),
        "num_classes": classes,
        "shared_dim": shared,
        "latent_path": "whole",
        "latent_dim": seen - shared,
        "attention": tuple(places),
        "image_width": last if last != CHANNELS else None,
        "truncation": "scaled",
        "statistics": shapes[f"{ROOT}.bn.running_means"][0],
        "norm_eps": float(_options(facts).get("eps", 1e-4)),
        "spectral_eps": float(_options(facts).get("eps", 1e-4)),
    }
    made = ports.renamed(table, ours)
    made["shared.weight"] = table["embeddings.weight"].T.contiguous()
    _put_in_order(made, widths[0], seen - shared)
    _name_statistics(made)
    return Imported(values, {"generator": made}, preset="deep")


def _layers(shapes: Shapes, facts: Mapping[str, Any]) -> list[tuple[str, bool | None]]:
    """Each layer, and whether it doubles the size; None for attention.

    The config beside the file says it; without it, those do that are published so: each second.
    """
    numbers = {int(n.split(".")[2]) for n in shapes if n.startswith(f"{ROOT}.layers.")}
    places = [f"{ROOT}.layers.{number}" for number in sorted(numbers)]
    blocks = [p for p in places if ports.shape_of(shapes, f"{p}.conv_0")]
    listed = _options(facts).get("layers")
    ups = [bool(up) for up, *_ in listed] if listed else [n % 2 == 1 for n in range(len(blocks))]
    if len(ups) != len(blocks):
        raise WeightsError(
            f"its config has {len(ups)} layers, and its tensors are of {len(blocks)}; keep the "
            "config.json that belongs to it beside the file"
        )
    doubles = dict(zip(blocks, ups, strict=True))
    return [(place, doubles.get(place)) for place in places]


def _put_in_order(made: dict[str, Tensor], width: int, latent: int) -> None:
    """Bring classes before latents, and channels before the places of the first maps."""
    for name in [*made]:
        conditioned = name.startswith("project.") or ".gain." in name or ".bias.param" in name
        if conditioned and name.endswith((".original", "._v")):
            made[name] = made[name].roll(-latent, dims=-1).contiguous()
        if name.startswith("project.") and not name.endswith("._v"):
            maps = made[name].reshape(-1, width, *made[name].shape[1:])
            made[name] = maps.transpose(0, 1).flatten(0, 1).contiguous()


def _name_statistics(made: dict[str, Tensor]) -> None:
    """Those of the last truncation, which is none, are what a norm has without one."""
    for name in [*made]:
        norm, _, last = name.rpartition(".")
        if last in ("running_means", "running_vars"):
            rows = made.pop(name)
            made[f"{norm}.{MEANS if last == 'running_means' else VARIANCES}"] = rows
            made[f"{norm}.{last.removesuffix('s')}"] = rows[-1].clone()
            made[f"{norm}.num_batches_tracked"] = rows.new_zeros(()).long()


def _options(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config beside the file; empty where there is none to be read."""
    for text in facts.get("notes", {}).values():
        try:
            values = parse_yaml(text)
        except ValueError:
            continue
        if isinstance(values, dict) and "layers" in values and "z_dim" in values:
            return values
    return {}


HUGGING_FACE = Import(
    name="pytorch-pretrained-biggan",
    title="the published generators of BigGAN-deep, as Hugging Face's port has them",
    recognise=_role,
    read=_read,
)
