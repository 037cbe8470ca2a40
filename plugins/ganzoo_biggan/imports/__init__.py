"""Checkpoints of other tools whose networks are those of BigGAN or of BigGAN-deep."""

from ganzoo_biggan.imports.biggan_pytorch import BIGGAN_PYTORCH
from ganzoo_biggan.imports.hugging_face import HUGGING_FACE
from ganzoo_biggan.imports.studiogan import STUDIOGAN

__all__ = ["BIGGAN_PYTORCH", "HUGGING_FACE", "STUDIOGAN"]
