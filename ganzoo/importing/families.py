"""What a checkpoint that cannot be imported seems to be, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.importing.parts import Part


@dataclass(frozen=True)
class Family:
    """A kind of networks that is known by the names of its tensors.

    Attributes:
        title: What it is, after "it seems to be".
        names: Patterns, of which each has to be found in some name.
        cure: What to do instead.
    """

    title: str
    names: tuple[str, ...]
    cure: str = "ganzoo has no such network yet"


_ELSEWHERE = "it is not a GAN; use the library that it was written with"
_FUSED = "import it before it is fused or quantised"

FAMILIES = (
    Family("StyleGAN2 or 3 of NVIDIA", (r"mapping\.fc0\.weight", r"synthesis\.")),
    Family("StyleGAN2 of rosinality", (r"^style\.1\.weight", r"convs\.\d+\.conv\.modulation")),
    Family(
        "R3GAN", (r"MainLayers|Basis$|BasisLayer", r"LinearLayer|TransitionLayer|DataType|Layer")
    ),
    Family("BigGAN", (r"blocks\.\d+\.0\.conv(?:2d)?[01]\.", r"(?:^|\.)(?:shared|linear0?|embed)")),
    Family("BigGAN of Hugging Face", (r"generator\.gen_z\.", r"embeddings")),
    Family("lightweight-gan", (r"GAN\.|GE\.", r"initial_conv|layers\.\d+\.1")),
    Family("FastGAN", (r"feat_(?:4|8|16)\.", r"se_\d+")),
    Family("the progressive GAN", (r"scaleLayers\.", r"toRGBLayers\.")),
    Family("SNGAN or SAGAN of mimicry", (r"^l1\.weight", r"^block2\.")),
    Family(
        "a super-resolution network (ESRGAN)", (r"RRDB|rdb1\.conv1|body\.0\.rdb", r"conv_first")
    ),
    Family("GFPGAN", (r"stylegan_decoder\.",)),
    Family("a VAE or VQ-GAN", (r"quantize\.embedding|post_quant_conv|quant_conv",), _ELSEWHERE),
    Family("a VAE", (r"encoder\.", r"decoder\.", r"mu|logvar|quant"), _ELSEWHERE),
    Family("Stable Diffusion", (r"model\.diffusion_model\.|cond_stage_model",), _ELSEWHERE),
    Family("a diffusion model", (r"time_embed|time_mlp|time_embedding",), _ELSEWHERE),
    Family("a LoRA", (r"lora_(?:up|down|A|B)",), _ELSEWHERE),
    Family(
        "CLIP",
        (r"visual\.(?:conv1|transformer)|text_model\.", r"logit_scale|token_embedding"),
        _ELSEWHERE,
    ),
    Family("a language model", (r"(?:^|\.)(?:wte|embed_tokens|lm_head)\.",), _ELSEWHERE),
    Family("BERT", (r"bert\.|encoder\.layer\.0\.attention",), _ELSEWHERE),
    Family("a vision transformer", (r"patch_embed|cls_token",), _ELSEWHERE),
    Family("a ResNet classifier", (r"^layer1\.0\.conv1\.weight", r"^fc\.weight"), _ELSEWHERE),
    Family("VGG or AlexNet", (r"^features\.0\.weight", r"^classifier\."), _ELSEWHERE),
    Family("Inception", (r"Mixed_5b|Mixed_6a|Conv2d_1a",), _ELSEWHERE),
    Family("an object detector (YOLO)", (r"model\.\d+\.(?:cv1|anchors|m\.0\.cv1)",), _ELSEWHERE),
    Family(
        "an autoencoder", (r"encoder\.\d|encoder\.conv", r"decoder\.\d|decoder\.conv"), _ELSEWHERE
    ),
    Family("a recurrent network", (r"weight_ih_l0", r"weight_hh_l0"), _ELSEWHERE),
    Family("a quantised network", (r"\.scale$", r"zero_point|_packed_params"), _FUSED),
)


def seems(parts: Sequence[Part], facts: Mapping[str, Any]) -> str:
    """Say what networks seem to be that are of no format here, and what to do."""
    if not parts:
        return _nothing(facts)
    names = [name for part in parts for name in part.tensors]
    for family in FAMILIES:
        if all(any(re.search(p, name) for name in names) for p in family.names):
            return f"it seems to be {family.title}; {family.cure}"
    if len(names) == 1:
        return "it holds a single tensor, and a network has many"
    shown = ", ".join(name[:60] for name in names[:4])
    return (
        f"its {len(names)} tensors are called {shown}{' ...' if len(names) > 4 else ''}; "
        f"'ganzoo list imports' lists the formats, and a plugin can bring its own"
    )


def _nothing(facts: Mapping[str, Any]) -> str:
    keys = _keys(facts)
    if any("optim" in key.lower() for key in keys) or "param_groups" in keys:
        return "it holds the state of an optimizer alone; import the file of the networks"
    if keys:
        return f"it holds no tensors, but {', '.join(keys[:4])}; import the file of the networks"
    return "it holds no tensors; import the file of the networks"


def _keys(facts: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    values: Iterable[Any] = facts.get("values", {}).values()
    for value in values:
        if isinstance(value, dict):
            found += [str(key) for key in value]
    return found
