"""A penalty."""

import torch
from ganzoo.penalties.base import Context, Penalty
from torch import Tensor


class Drift(Penalty):
    """E D(x)^2 over reals.

    Source: Karras et al., Progressive Growing of GANs, 2018, appendix A.1.
    """

    def term(self, context: Context) -> Tensor:
        """Return the mean square, before its weight."""
        assert context.reals is not None
        return context.critic(context.reals, context.real_labels).mean(torch.square)
