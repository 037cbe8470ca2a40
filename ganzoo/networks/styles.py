"""What a style-based generator can do beside sampling, in the units of its network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor

from ganzoo import registry
from ganzoo.errors import RequestError
from ganzoo.networks.base import Network
from ganzoo.spec import Architecture, Traits


class Styled(Network):
    """What the plugin's own module has of a style-based generator's methods.

    Source: Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks,
    2019.
    """

    @property
    def traits(self) -> Traits:
        """What its architecture can do with its config."""
        return registry.get(Architecture, self.config.name).traits(self.config)

    def map(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map latents ``(N, latent_dim)``, and int64 labels ``(N,)``, to styles ``(N, L, D)``.

        Raises:
            RequestError: It is not style-based.
        """
        return cast(Tensor, self._own("map")(latents, labels))

    def synthesize(
        self, styles: Tensor, *, noise: str | Mapping[str, Tensor] = "const", **extras: Any
    ) -> Tensor:
        """Make samples in [-1, 1] from styles.

        Args:
            styles: ``(N, L, D)``.
            noise: ``const``: the noise that the network keeps; ``random``: fresh noise, from
                torch's global random state; ``none``; or the noise of each place, as `noises`
                returns it.
            **extras: What else the network takes, by `Traits.extras`.

        Raises:
            RequestError: It is not style-based, or does not take such an extra.
        """
        synthesize, known = self._own("synthesize"), self.traits.extras
        if unknown := sorted(extras.keys() - {*known}):
            raise RequestError(
                f"synthesize of {self.config.name} does not take {unknown[0]}; beside styles and "
                f"noise it takes {', '.join(known) or 'nothing'}"
            )
        if isinstance(noise, str) and noise not in ("const", "random", "none"):
            raise RequestError(
                f"noise is {noise!r:.100}; it must be const, random, none, or a mapping as "
                "noises() returns it"
            )
        return cast(Tensor, synthesize(styles, noise=noise, **extras))

    def noises(self) -> Mapping[str, Tensor]:
        """Return the noise that the network keeps, by place (RequestError)."""
        return cast("Mapping[str, Tensor]", self._own("noises")())

    def mean_style(self, labels: Tensor | None = None) -> Tensor:
        """Return the mean style ``(L, D)``, or for int64 labels ``(N,)`` theirs ``(N, L, D)``.

        Raises:
            RequestError: It is not style-based.
        """
        return cast(Tensor, self._own("mean_style")(labels))

    def truncate(
        self,
        styles: Tensor,
        psi: float | Tensor,
        cutoff: int | None = None,
        labels: Tensor | None = None,
    ) -> Tensor:
        """Move styles towards their mean.

        Args:
            styles: ``(N, L, D)``.
            psi: 1 leaves them as they are, and 0 makes all of them the mean; a tensor is broadcast
                to the styles, for example ``(N, 1, 1)``.
            cutoff: How many of the L styles are moved, from the first; all if None.
            labels: int64 ``(N,)``: move them towards the means of these classes.

        Raises:
            RequestError: It is not style-based.
        """
        return cast(Tensor, self._own("truncate")(styles, psi, cutoff, labels))

    def readers(self) -> Mapping[str, Tensor]:
        """Return the matrices that read a latent ``(M, latent_dim)`` or a style ``(M, D)``.

        Raises:
            RequestError: Its plugin names none.
        """
        return cast("Mapping[str, Tensor]", self._own("readers")())

    def _own(self, method: str) -> Any:
        """Return a method of the plugin's own module (RequestError)."""
        found = getattr(self.module, method, None)
        if found is None:
            why = "it is not style-based"
            if method == "readers":
                why = "its plugin names no matrices that read latents"
            raise RequestError(f"the generator of {self.config.name} has no {method}; {why}")
        return found
