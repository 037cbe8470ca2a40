"""What a checkpoint that cannot be imported seems to be, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.importing.candidates import Candidate


@dataclass(frozen=True)
class Likeness:
    """A kind of networks that is known by the names of its tensors.

    Attributes:
        title: What it is, after "it seems to be".
        names: Patterns, each of which has to be found in some name.
        cure: What to do instead.
    """

    title: str
    names: tuple[str, ...]
    cure: str = "ganzoo has no such network yet, but a plugin can bring one"


_ELSEWHERE = "it is not a GAN; use the library that it was written with"
_OF_IMAGES = "it makes images from images; use the library that it was written with"
_RATHER = "ganzoo reads the DCGAN of pytorch/examples and the translators of junyanz instead"

# The first that fits is named: what holds parts of others stands before them.
LIKENESSES = (
    Likeness("a quantised network", (r"\.scales?$|qweight$", r"zero_point$|qzeros$|_packed_params"),
           "import the network from before it was quantised"),
    Likeness("a LoRA", (r"lora[._](?:up|down|A|B)\.",), _ELSEWHERE),
    Likeness("Stable Diffusion", (r"^model\.diffusion_model\.",), _ELSEWHERE),
    Likeness("StyleGAN2 of NVIDIA", (r"^mapping\.fc0\.", r"^synthesis\.b\d+\.")),
    Likeness("StyleGAN3 of NVIDIA", (r"^mapping\.fc0\.", r"^synthesis\.L\d+_")),
    Likeness("GFPGAN", (r"^stylegan_decoder\.",), _OF_IMAGES),
    Likeness("StyleGAN2 of rosinality", (r"^style\.1\.", r"^convs\.0\.conv\.modulation\.")),
    Likeness("R3GAN", (r"MainLayers\.\d+\.TransitionLayer\.", r"\.LinearLayer1\.")),
    Likeness("BigGAN", (r"^blocks\.0\.0\.conv1\.", r"^linear\.")),
    Likeness("a network of StudioGAN", (r"^blocks\.0\.0\.conv2d\d\.", r"^linear\d\.")),
    Likeness("BigGAN of Hugging Face", (r"^generator\.gen_z\.", r"^embeddings\.")),
    Likeness("lightweight-gan", (r"^G\.initial_conv\.", r"^GE\.")),
    Likeness("FastGAN", (r"(?:^|\.)feat_8\.", r"(?:^|\.)se_64\.")),
    Likeness("the progressive GAN of pytorch_GAN_zoo", (r"^scaleLayers\.", r"^toRGBLayers\.")),
    Likeness("SNGAN or SAGAN of mimicry", (r"^block2\.c1\.|^block1\.c_sc\.", r"^l\d\.")),
    Likeness("the DCGAN of PyTorch-GAN", (r"^l1\.0\.weight", r"^conv_blocks\.0\."), _RATHER),
    Likeness("the CycleGAN of PyTorch-GAN", (r"^model\.\d+\.block\.5\.",), _RATHER),
    Likeness("the pix2pix of PyTorch-GAN", (r"^down1\.model\.0\.", r"^final\.\d"), _RATHER),
    Likeness("a super-resolution network (ESRGAN)", (r"^conv_first\.", r"(?i)rdb1\.conv1\."),
           _OF_IMAGES),
    Likeness("HiFi-GAN, which makes sounds", (r"^conv_pre\.", r"^resblocks\.0\."),
           "use the library that it was written with"),
    Likeness("the autoencoder of VQ-GAN or Stable Diffusion", (r"quant_conv\.|quantize\.embedding",
           r"^encoder\.conv_in\."), _OF_IMAGES),
    Likeness("a VAE", (r"(?:^|[._])decoder?", r"(?:^|[._])(?:mu|log_?var)[._]"), _ELSEWHERE),
    Likeness("a diffusion model", (r"(?:^|\.)time_(?:embed|embedding|mlp)\.",), _ELSEWHERE),
    Likeness("CLIP", (r"(?:^|\.)logit_scale$", r"^visual\.|^vision_model\."), _ELSEWHERE),
    Likeness("a vision transformer", (r"cls_token$|class_token$", r"patch_embed|conv_proj\."),
           _ELSEWHERE),
    Likeness("a language model", (r"(?:^|\.)(?:wte|embed_tokens|lm_head)\.",), _ELSEWHERE),
    Likeness("BERT", (r"(?:^|\.)embeddings\.word_embeddings\.",), _ELSEWHERE),
    Likeness("a ResNet classifier", (r"^layer1\.0\.conv1\.", r"^fc\."), _ELSEWHERE),
    Likeness("an image classifier", (r"^features\.", r"^classifier\."), _ELSEWHERE),
    Likeness("Inception", (r"^Conv2d_1a_3x3\.", r"^Mixed_5b\."), _ELSEWHERE),
    Likeness("an object detector (YOLO)", (r"^model\.\d+\.cv1\.conv\.",), _ELSEWHERE),
    Likeness("an autoencoder", (r"^encoder\.", r"^decoder\."), _ELSEWHERE),
    Likeness("a recurrent network", (r"weight_ih_l0$", r"weight_hh_l0$"), _ELSEWHERE),
)  # fmt: skip


def seems(parts: Sequence[Candidate], facts: Mapping[str, Any]) -> str:
    """Say what networks seem to be that are of no format here, and what to do."""
    names = [n for part in parts for source in part.tensors.values() for n in source.names]
    names = [*dict.fromkeys(names)]
    for known in LIKENESSES:
        if all(any(re.search(p, name) for name in names) for p in known.names):
            return f"it seems to be {known.title}; {known.cure}"
    if not names:
        return _nothing(facts)
    if len(names) == 1:
        return "it holds a single tensor; import a file that holds a network's state_dict"
    if all(name.isdigit() for name in names):
        return "it holds tensors without names; import a file that holds a network's state_dict"
    shown = ", ".join(name[:60] for name in names[:4])
    return (
        f"its tensors are named {shown}{' ...' if len(names) > 4 else ''}; "
        "'ganzoo list imports' lists the formats, and a plugin can bring its own"
    )


def _nothing(facts: Mapping[str, Any]) -> str:
    if any(name.startswith("dnnlib.tflib.") for name in facts["names"]):
        return "it seems to be StyleGAN of TensorFlow; look for its PyTorch version"
    keys = _keys(facts)
    if any("optim" in key.lower() for key in keys) or "param_groups" in keys:
        return "it holds the state of an optimizer alone; import the file of the networks"
    if keys:
        return f"it holds no tensors, but {', '.join(keys[:4])}; import the file of the networks"
    return "it holds no tensors; import the file of the networks"


def _keys(facts: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    values: Iterable[Any] = facts["values"].values()
    for value in values:
        if isinstance(value, dict):
            found += [key[:60] for key in value]
    return found
