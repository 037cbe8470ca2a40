"""Path length regularisation of style-based generators."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo.penalties.base import Context, Penalty
from ganzoo.penalties.config import PathLengthConfig


class PathLength(Penalty):
    """E (|J_w y| - a)^2: a step in style space shall change the image by an even amount.

    y is an image of normal noise divided by the square root of the number of places, and the length
    of the gradient of the image's inner product with it is √(mean over layers of Σ squares). The
    running mean a is moved by the batch first, and its part of the gradient is not left out.

    Source: Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, section 3.2.
    """

    config: PathLengthConfig

    needs_fakes = False

    def __init__(self, config: PathLengthConfig) -> None:
        super().__init__(config)
        self.state = {"mean": torch.zeros(())}

    def term(self, context: Context) -> Tensor:
        """Return the penalty before its weight."""
        lengths = self._lengths(context, create_graph=True)
        own, pace = lengths.mean(), 1 - self.config.keep
        batch = context.over_batch(own, lambda other: self._lengths(other).mean())
        mean = torch.lerp(self.state["mean"].to(batch.dtype), batch, pace)
        self.measure(length=own)
        # The mean's own gradient, by that of the whole batch, so that parts add up to it.
        through_mean = 2 * pace * (batch - mean) * (own - own.detach())
        return (lengths - mean).square().mean() - through_mean

    def move(self, means: Mapping[str, Tensor]) -> None:
        """Let the mean length follow."""
        before = self.state["mean"].to(means["length"].dtype)
        self.state["mean"] = torch.lerp(before, means["length"], 1 - self.config.keep)

    def _lengths(self, context: Context, *, create_graph: bool = False) -> Tensor:
        """Return the length of each path ``(N / shrink,)``."""
        network: Any = context.network
        draws, pace = context.random.every(self.config.shrink), self.config.shrink
        assert context.latents is not None
        labels = None if context.fake_labels is None else context.fake_labels[::pace]
        with torch.enable_grad(), context.precision():
            styles = network.map(context.latents[::pace], labels, draws=draws)
            noise = {
                place: draws.normal(f"noise {place}", 1, *kept.shape)
                for place, kept in network.noises().items()
            }
            images: Tensor = network.synthesize(styles, noise=noise)
            y = draws.normal("path", *images.shape[1:]) / math.sqrt(images[0, 0].numel())
            (paths,) = torch.autograd.grad((images * y).sum(), styles, create_graph=create_graph)
        lengths: Tensor = torch.linalg.vector_norm(paths, dim=(1, 2)) / math.sqrt(paths.shape[1])
        return lengths
