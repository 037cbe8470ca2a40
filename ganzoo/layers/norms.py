"""Norms of weights, and of maps by class."""

from typing import Literal, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ganzoo.layers.precision import full_precision

AnyLayer = TypeVar("AnyLayer", bound=nn.Module)

WARM_UP = 15
"""Iterations at the start, so that a network that was not trained yet is normalised, too."""


class SpectralNorm(nn.Module):
    """A parametrization that divides a weight by an estimate of its largest singular value.

    With the weight as a matrix W of a row for each output, each pass in training does

        v = Wᵀu / |Wᵀu|,   u = Wv / |Wv|,   weight = W / uᵀWv,

    whose gradient flows through W alone; evaluation uses the stored u and v. It is the order of the
    paper and of torch's older hook; ``torch.nn.utils.parametrizations.spectral_norm`` computes u
    first, which is half an iteration behind with the same state.

    Source: Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018.

    Args:
        weight: The weight ``(out, ...)`` that is normalised.
        eps: The least length that a vector is divided by.
        iterations: Power iterations of each pass.
    """

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, eps: float, iterations: int) -> None:
        super().__init__()
        matrix = weight.detach().flatten(1)
        self.eps, self.iterations = eps, iterations
        for name, length in zip(("_u", "_v"), matrix.shape, strict=True):
            self.register_buffer(name, F.normalize(matrix.new_empty(length).normal_(), dim=0))
        if not matrix.is_meta:
            self._warm_up(matrix)

    def forward(self, weight: Tensor) -> Tensor:
        """Return the normalised weight, in the type of the weight whatever autocast is."""
        with full_precision(weight.device):
            matrix = weight.flatten(1)
            if self.training:
                self._iterate(matrix.detach(), self.iterations)
            # The next pass moves the vectors in place, before this one may be differentiated.
            u, v = self._u.clone(), self._v.clone()
            return weight / torch.dot(u, torch.mv(matrix, v))

    @torch.no_grad()
    def _warm_up(self, matrix: Tensor) -> None:
        """Do some iterations at once: only what divides u last matters."""
        u = self._u
        for _ in range(WARM_UP):
            u = torch.mv(matrix, torch.mv(matrix.t(), u))
            u = u / torch.linalg.vector_norm(u).clamp(min=self.eps)
        self._u.copy_(u)
        self._iterate(matrix, 1)

    @torch.no_grad()
    def _iterate(self, matrix: Tensor, times: int) -> None:
        u, v = self._u, self._v
        for _ in range(times):
            v = F.normalize(torch.mv(matrix.t(), u), dim=0, eps=self.eps)
            u = F.normalize(torch.mv(matrix, v), dim=0, eps=self.eps)
        self._u.copy_(u)
        self._v.copy_(v)


def spectral_norm(
    network: AnyLayer, *, eps: float = 1e-12, iterations: int = 1, embeddings: bool = True
) -> AnyLayer:
    """Normalise every convolution, linear layer and embedding of a network by `SpectralNorm`.

    Initialise the weights first, as the estimate begins with them. Names change from ``weight`` to
    ``parametrizations.weight.original``.

    Args:
        network: A network, or a single layer; it is changed in place.
        eps: The least length that a vector is divided by.
        iterations: Power iterations of each pass.
        embeddings: Whether embeddings are normalised; generators leave theirs as they are.

    Returns:
        The network.
    """
    kinds = (nn.Conv2d, nn.Linear, nn.Embedding) if embeddings else (nn.Conv2d, nn.Linear)
    for layer in [*network.modules()]:
        if isinstance(layer, kinds):
            assert isinstance(layer.weight, Tensor)
            norm = SpectralNorm(layer.weight, eps, iterations)
            # Checking it would take a pass of every layer that is built.
            parametrize.register_parametrization(layer, "weight", norm, unsafe=True)
    return network


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm whose gain and bias depend on a condition: BN(x) · (1 + A c) + B c.

    BN has no gain and bias of its own; c is a one-hot row of a class, or a vector. Both tables are
    zero at the start, which is plain batch norm.

    Source: Dumoulin et al., A Learned Representation for Artistic Style, 2017; as Miyato & Koyama,
    cGANs with Projection Discriminator, 2018, use it.

    Args:
        channels: Of the maps.
        size: Number of classes, or length of a vector.
        tables: ``embedding`` keeps a row for each class ``(size, channels)``; ``linear`` maps
            vectors, or classes as one-hot rows, by ``(channels, size)``. For classes both are the
            same map, but not under `spectral_norm`, whose iteration begins at the rows.
        eps: Added to the variance.
    """

    def __init__(
        self,
        channels: int,
        size: int,
        *,
        tables: Literal["embedding", "linear"] = "embedding",
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=eps, affine=False)
        self.gain, self.bias = (_table(tables, size, channels) for _ in range(2))

    def forward(self, maps: Tensor, condition: Tensor) -> Tensor:
        """Normalise maps ``(N, C, H, W)`` by classes int64 ``(N,)`` or vectors ``(N, size)``."""
        if isinstance(self.gain, nn.Linear) and not condition.is_floating_point():
            # Under spectral norm, to look at a weight is to iterate.
            condition = F.one_hot(condition, self.gain.in_features).to(maps.dtype)
        normal = self.norm(maps)
        gain = (1 + self.gain(condition)).to(normal.dtype)[:, :, None, None]
        bias = self.bias(condition).to(normal.dtype)[:, :, None, None]
        return torch.addcmul(bias, normal, gain)


def normalised(norm: nn.Module, maps: Tensor, condition: Tensor | None) -> Tensor:
    """Apply a norm, which is given the condition where it is a `ConditionalBatchNorm2d`."""
    if isinstance(norm, ConditionalBatchNorm2d):
        return norm(maps, condition)  # type: ignore[no-any-return]
    return norm(maps)  # type: ignore[no-any-return]


def _table(kind: str, size: int, channels: int) -> nn.Embedding | nn.Linear:
    table: nn.Embedding | nn.Linear
    if kind == "embedding":
        table = nn.Embedding(size, channels)
    else:
        table = nn.Linear(size, channels, bias=False)
    nn.init.zeros_(table.weight)
    return table
