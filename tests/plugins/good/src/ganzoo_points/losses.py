"""A loss."""

import torch
from ganzoo.losses.base import Critique, Loss
from torch import Tensor


class Pearson(Loss):
    """Least squares with the targets 1 (real), -1 (fake) and 0 (the generator's).

    Source: Mao et al., Least Squares Generative Adversarial Networks, 2017, section 3.3.1.
    """

    def discriminator(self, real: Critique, fake: Critique) -> Tensor:
        """Half of E (D(x) - 1)^2 + E (D(G(z)) + 1)^2."""
        reals = real.mean(lambda x: (x - 1).square())
        return 0.5 * (reals + fake.mean(lambda x: (x + 1).square()))

    def generator(self, fake: Critique, real: Critique | None) -> Tensor:
        """Half of E D(G(z))^2."""
        return 0.5 * fake.mean(torch.square)
