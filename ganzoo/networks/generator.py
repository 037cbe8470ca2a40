"""Sampling from generators."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from ganzoo.classes import ClassMixture, Labels, class_numbers
from ganzoo.config import LatentConfig
from ganzoo.errors import RequestError
from ganzoo.latents import way
from ganzoo.memory import check_room
from ganzoo.networks.base import evaluating
from ganzoo.networks.calibrating import calibrated
from ganzoo.networks.styles import Styled
from ganzoo.numbers import number_of, whole_number
from ganzoo.randomness import TURN, checked_seed, isolated, seed_for
from ganzoo.settings import own_settings
from ganzoo.spec import Truncation

SCALED_WITHIN = 2.0
"""The bounds between which a generator with a scaled truncation has its latents drawn."""


class Generator(Styled):
    """A generator: latents ``(N, latent_dim)`` to samples ``(N, *sample_shape)`` in [-1, 1]."""

    @property
    def config(self) -> LatentConfig:
        """The architecture's config."""
        config = self.info.architecture
        assert isinstance(config, LatentConfig)
        return config

    @property
    def classes(self) -> list[str] | list[int]:
        """What `labels` may be, in the order of the classes: names, or numbers without names."""
        return self.info.data.class_names or [*range(self.config.num_classes)]

    @property
    def truncation(self) -> Truncation:
        """How it makes samples more typical; none, of latents that are not normal.

        The default of a calibrated generator is the truncation that it was calibrated for.
        """
        own, calibration = self.traits.truncation, self.info.calibration
        if own.kind != "styles" and self.config.latent != "normal":
            return replace(own, kind="none", default=None)
        if calibration is None or calibration.truncation is None or own.kind == "none":
            return own
        # A stranger's file may hold any number.
        known = own.allows(calibration.truncation)
        return replace(own, default=calibration.truncation) if known else own

    def _repr_html_(self) -> str:
        from ganzoo.sheet import sample_sheet, to_html  # which build on this module

        return to_html(repr(self), sample_sheet(self))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Generate samples from latents, and int64 labels ``(N,)`` where it takes them."""
        return cast(Tensor, self.module(latents, labels))

    def truncated(
        self, latents: Tensor, labels: Tensor | None = None, truncation: float | None = None
    ) -> Tensor:
        """Generate samples, in the network's own range, truncated by its method.

        Latents that are cut off as they are drawn (``resampled``) are taken as they are.
        """
        latents = latents.to(next(self.module.parameters()).dtype)
        module: Any = self.module
        if truncation is None:
            return cast(Tensor, module(latents, labels))
        kind = self.truncation.kind
        if kind in ("scaled", "variance"):
            latents = latents * truncation
        statistics: AbstractContextManager[object] = nullcontext()
        if hasattr(module, "at_truncation"):
            statistics = module.at_truncation(truncation)
        with statistics:
            if kind != "styles":
                return cast(Tensor, module(latents, labels))
            styles = module.truncate(module.map(latents, labels), truncation)
            return cast(Tensor, module.synthesize(styles))

    @own_settings(grad=False)
    def sample(
        self,
        n: int,
        *,
        seed: int | None = None,
        labels: Labels | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
    ) -> Tensor:
        """Generate samples in evaluation mode, without touching the global random state.

        Threads that sample take turns.

        Args:
            n: How many. ``sample(4, seed=0)`` starts ``sample(16, seed=0)``, on any device and
                whatever torch's default type, default device, autocast and grad mode are.
            seed: The seed; None draws a new one.
            labels: One class for all, or one for each sample, as names or numbers; an integer
                that is a class's name means that class. Drawn uniformly where left out.
                Conditional generators only.
            truncation: Less makes fewer, more typical samples; `truncation` says by what method
                and in which range, and what is used where it is left out.
            batch_size: How many are generated at once.

        Returns:
            Images: float32 ``(n, C, H, W)`` in [0, 1]. Vectors: float32 ``(n, D)`` in the
            data's own units. On the network's device.

        Raises:
            RequestError: A number is out of range, a class is unknown, or truncation or labels are
                asked of a generator that has none.
        """
        n, batch_size = whole_number("n", n), whole_number("batch_size", batch_size)
        seed, truncation = checked_seed(seed), self.checked_truncation(truncation)
        self._check_room(n)
        latents = self._latents(n, seed, truncation)
        classes = self._classes(n, seed, labels)
        return self._samples(latents, classes, seed, truncation, batch_size)

    @own_settings(grad=False)
    def latents(
        self, n: int, *, seed: int | None = None, truncation: float | None = None
    ) -> Tensor:
        """Draw the latents of ``sample(n, seed=seed)``, without touching the global random state.

        Args:
            n: How many.
            seed: The seed; None draws a new one.
            truncation: As that of `sample`, of a generator whose latents are cut off as they are
                drawn (``resampled``). Others are truncated by `generate`.

        Returns:
            float32 ``(n, latent_dim)``, on the CPU.

        Raises:
            RequestError: A number is out of range, or truncation has its place in `generate`.
        """
        if truncation is not None and self.truncation.kind not in ("resampled", "none"):
            raise RequestError(
                f"{self.config.name} is truncated after its latents are drawn; leave truncation "
                "out here, and pass it to generate"
            )
        n, seed = whole_number("n", n), checked_seed(seed)
        self._check_room(n)
        return self._latents(n, seed, self.checked_truncation(truncation))

    @own_settings(grad=False)
    def generate(
        self,
        latents: Tensor,
        *,
        labels: Labels | None = None,
        seed: int | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
    ) -> Tensor:
        """Generate samples from latents of your own, in evaluation mode.

        ``generate(G.latents(n, seed=0), seed=0)`` is ``sample(n, seed=0)``. For gradients, or for
        values in [-1, 1], call the generator itself.

        Args:
            latents: ``(N, latent_dim)``.
            labels: As those of `sample`.
            seed: Of labels that are drawn, and of noise inside the network; None draws a new one.
            truncation: As that of `sample`; where latents are cut off as they are drawn
                (``resampled``), it has its place in `latents`.
            batch_size: How many are generated at once.

        Returns:
            N samples in the units of `sample`, on the network's device.

        Raises:
            RequestError: The latents have another shape, a number is out of range, a class is
                unknown, or truncation or labels are asked of a generator that has none.
        """
        name, length = self.config.name, self.config.latent_dim
        if latents.dim() != 2 or latents.shape[1] != length or not latents.is_floating_point():
            raise RequestError(
                f"the latents are {latents.dtype} of the shape {tuple(latents.shape)}; {name} "
                f"takes floating-point numbers (N, {length})"
            )
        if truncation is not None and self.truncation.kind == "resampled":
            raise RequestError(
                f"{name} is truncated as its latents are drawn; leave truncation out here, and "
                "pass it to latents"
            )
        n = whole_number("the number of latents", len(latents))
        batch_size = whole_number("batch_size", batch_size)
        seed, truncation = checked_seed(seed), self.checked_truncation(truncation)
        self._check_room(n)
        classes = self._classes(n, seed, labels)
        return self._samples(latents, classes, seed, truncation, batch_size)

    @own_settings(grad=False)
    def interpolate(
        self,
        n: int = 6,
        *,
        steps: int = 12,
        seed: int | None = None,
        labels: Labels | None = None,
        truncation: float | None = None,
        loop: bool = False,
        batch_size: int = 64,
    ) -> Tensor:
        """Generate samples on the way from one latent to the next, in evaluation mode.

        The latents between which it leads are those of ``sample(n, seed=seed)``. Normal ones are
        joined on the sphere, uniform ones by straight lines (`ganzoo.latents.way`).

        Args:
            n: How many latents are joined; at least 2.
            steps: Steps from each of them to the next.
            seed: The seed; None draws a new one.
            labels: One class for all, or one for each leg, as names or numbers; the classes in
                turn where left out. Conditional generators only.
            truncation: As that of `sample`.
            loop: Whether a last leg leads back to the first latent.
            batch_size: How many are generated at once.

        Returns:
            One row for each leg, with both its ends, ``(legs, steps + 1, *sample_shape)``, in the
            units of `sample`; there are ``n - 1`` legs, or ``n`` in a loop.

        Raises:
            RequestError: A number is out of range, a class is unknown, or truncation or labels are
                asked of a generator that has none.
        """
        n, steps = whole_number("n", n, 2), whole_number("steps", steps)
        batch_size = whole_number("batch_size", batch_size)
        seed, truncation = checked_seed(seed), self.checked_truncation(truncation)
        legs = n if loop else n - 1
        self._check_room(legs * (steps + 1))
        ends = self._latents(n, seed, truncation)
        ways = [
            way(ends[leg], ends[(leg + 1) % n], steps + 1, self.config.latent)
            for leg in range(legs)
        ]
        if labels is None and self.config.num_classes:
            labels = [self.classes[leg % self.config.num_classes] for leg in range(legs)]
        classes = self._classes(legs, seed, labels)
        if classes is not None:
            classes = classes.repeat_interleave(steps + 1)
        samples = self._samples(torch.cat(ways), classes, seed, truncation, batch_size)
        return samples.reshape(legs, steps + 1, *samples.shape[1:])

    @own_settings(grad=False)
    def blend(
        self,
        start: int | str,
        end: int | str,
        n: int = 6,
        *,
        steps: int = 12,
        seed: int | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
    ) -> Tensor:
        """Generate samples on the way from one class to another, in evaluation mode.

        The latents are those of ``sample(n, seed=seed)``, and stay; the class is mixed where the
        network looks up its labels (`ganzoo.classes.ClassMixture`).

        Args:
            start: The class at the start, by name or number.
            end: The class at the end.
            n: How many latents.
            steps: Steps from one class to the other.
            seed: The seed; None draws a new one.
            truncation: As that of `sample`.
            batch_size: How many are generated at once.

        Returns:
            A row for each latent, ``(n, steps + 1, *sample_shape)``, in the units of `sample`;
            the first of a row is of the one class, the last of the other.

        Raises:
            RequestError: A number is out of range, a class is unknown, the generator has no
                classes, or it takes them in a way in which they cannot be mixed.
        """
        n, steps = whole_number("n", n), whole_number("steps", steps)
        batch_size = whole_number("batch_size", batch_size)
        seed, truncation = checked_seed(seed), self.checked_truncation(truncation)
        self._check_room(n * (steps + 1))
        latents = self._latents(n, seed, truncation).repeat_interleave(steps + 1, 0)
        ends = self._classes(2, seed, [start, end])
        assert ends is not None
        starts, targets = ends[:, None].expand(2, len(latents))
        mixture = ClassMixture(starts, targets, torch.linspace(0, 1, steps + 1).repeat(n))
        samples = self._samples(latents, starts, seed, truncation, batch_size, mixture)
        return samples.reshape(n, steps + 1, *samples.shape[1:])

    @own_settings(grad=False)
    def calibrate(
        self,
        truncation: float | None = None,
        *,
        samples: int = 1024,
        batch_size: int = 64,
        seed: int = 0,
    ) -> Generator:
        """Return a copy whose batch-norm statistics are those of truncated samples.

        Statistics that were gathered from all latents do not hold for truncated ones. Those of the
        copy are means over `samples / batch_size` batches, 16 as published. This generator stays as
        it is. Source: Brock et al., Large Scale GAN Training for High Fidelity Natural Image
        Synthesis, 2019 (standing statistics).

        Args:
            truncation: As that of `sample`, and the copy's default from then on.
            samples: How many are made; a multiple of `batch_size`. Classes are drawn uniformly.
            batch_size: How many share the statistics of a batch; at least 2.
            seed: The seed. The same one gives the same statistics.

        Returns:
            A new generator without scores; `info.calibration`, which is saved with it, says how.

        Raises:
            RequestError: It has no batch norm, or statistics for each truncation already, or a
                number is out of range.
        """
        return calibrated(self, truncation, samples, batch_size, seed)

    def _samples(
        self,
        latents: Tensor,
        classes: Tensor | None,
        seed: int,
        truncation: float | None,
        batch_size: int,
        mixture: ClassMixture | None = None,
    ) -> Tensor:
        """Generate in evaluation mode, and bring samples to [0, 1] or to data units."""
        batches = []
        with TURN, evaluating(self.module):
            for start in range(0, len(latents), batch_size):
                rows = slice(start, start + batch_size)
                given = None if classes is None else classes[rows].to(self.device)
                mixed = nullcontext() if mixture is None else mixture.of(rows, self.device)
                with isolated(self.device, seed_for(seed, "network", start)), mixed:
                    batches.append(self.truncated(latents[rows].to(self.device), given, truncation))
        return self.info.data.to_units(torch.cat(batches).float())

    def _check_room(self, n: int) -> None:
        """Check that samples, the batches that they are joined from, and latents have room."""
        numbers = 2 * math.prod(self.config.sample_shape) + self.config.latent_dim
        check_room(f"{n:,} samples", 4 * n * numbers, self.device, "ask for fewer at once")

    def _latents(self, n: int, seed: int, truncation: float | None) -> Tensor:
        """Draw latents one by one, so that a longer batch begins with a shorter one."""
        source = torch.Generator().manual_seed(seed_for(seed, "latents"))
        rows = torch.empty(n, self.config.latent_dim)
        bounds = {"resampled": truncation, "scaled": SCALED_WITHIN}
        bound = bounds.get(self.truncation.kind)
        for row in rows:
            if bound is not None:
                nn.init.trunc_normal_(row, a=-bound, b=bound, generator=source)
            elif self.config.latent == "normal":
                row.normal_(generator=source)
            else:
                row.uniform_(-1, 1, generator=source)
        return rows

    def _classes(self, n: int, seed: int, labels: Labels | None) -> Tensor | None:
        count = self.config.num_classes
        if not count:
            if labels is not None:
                raise RequestError(f"this {self.config.name} was trained without labels")
            return None
        return class_numbers(labels, n, count, self.info.data.class_names, seed)

    def checked_truncation(self, truncation: float | None) -> float | None:
        """Return a truncation as a float, or its default where it is None (RequestError)."""
        known, name = self.truncation, self.config.name
        if truncation is None:
            return known.default
        if known.kind == "none":
            drawn = "" if self.config.latent == "normal" else "draws uniform latents and "
            raise RequestError(f"{name} {drawn}has no truncation; leave truncation out")
        number = number_of(truncation)
        if number is None or not known.allows(number):
            raise RequestError(
                f"truncation is {truncation!r:.100}; of {name} it must be {known.allowed}"
            )
        return number
