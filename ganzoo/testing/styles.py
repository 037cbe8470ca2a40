"""What is demanded of style-based generators, and of truncation."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from ganzoo.networks.generator import Generator
from ganzoo.randomness import isolated
from ganzoo.testing.built import ArchitectureCase
from ganzoo.testing.check import Fault, NotApplicable
from ganzoo.weights.description import Info

METHODS = ("map", "synthesize", "noises", "mean_style", "truncate")
"""What makes a generator style-based: all of them."""

SAMPLES = 16
"""Of which the variety is measured."""

ALIKE = 0.99
"""The share of the variety that a small truncation may leave; rounding changes less."""


class _Failure(Exception):  # noqa: N818
    """What may go wrong while samples are made."""


def style_methods_are_complete(case: ArchitectureCase) -> None:
    """A style-based generator has all of map, synthesize, noises, mean_style and truncate."""
    found = False
    for role in case.of_kind("generator"):
        network = case.network(role)
        missing = [name for name in METHODS if not hasattr(network, name)]
        told = case.traits.truncation.kind == "styles"
        found = found or told or len(missing) < len(METHODS)
        if missing and (told or len(missing) < len(METHODS)):
            raise Fault(
                f"the {role} has no {missing[0]}; a style-based generator has "
                f"{', '.join(METHODS[:-1])} and {METHODS[-1]}"
            )
    if not found:
        raise NotApplicable("no generator is style-based")


def styles_have_their_shape(case: ArchitectureCase) -> None:
    """Latents are mapped to styles (N, L, D), and the mean style has their shape."""
    for role, network in _styled(case):
        for n in (1, SAMPLES):
            styles = network.map(*case.inputs(role, n))
            if not isinstance(styles, Tensor) or styles.dim() != 3 or len(styles) != n:
                found = tuple(styles.shape) if isinstance(styles, Tensor) else type(styles).__name__
                raise Fault(
                    f"map of the {role} returns {found} for {n} latents; return styles (N, L, D), "
                    "a row for each place that reads one"
                )
        labels = case.inputs(role, SAMPLES)[1]
        wanted = tuple(styles.shape[1:])
        means = [("mean_style()", network.mean_style(), wanted)]
        if labels is not None:
            means.append(("mean_style(labels)", network.mean_style(labels), (SAMPLES, *wanted)))
        for what, mean, shape in means:
            if tuple(mean.shape) != shape:
                raise Fault(
                    f"{what} of the {role} is {tuple(mean.shape)}; it must be {shape}, as styles "
                    f"are (N, {wanted[0]}, {wanted[1]})"
                )


def forward_is_map_and_synthesize(case: ArchitectureCase) -> None:
    """Called with latents alone, the generator synthesizes what it maps them to."""
    for role, network in _styled(case):
        inputs = case.inputs(role)
        whole = _seeded(network, *inputs)
        parts = _seeded(network.synthesize, network.map(*inputs))
        if whole.shape != parts.shape or not torch.allclose(whole, parts, atol=1e-5):
            raise Fault(
                f"the {role}'s forward differs from synthesize(map(latents, labels)); let forward "
                "be that, with the noise that synthesize takes by default"
            )


def noise_is_obeyed(case: ArchitectureCase) -> None:
    """Synthesis uses the noise that it is told to: kept, fresh, none, or given."""
    for role, network in _styled(case):
        styles, kept = network.map(*case.inputs(role)), network.noises()
        if not isinstance(kept, Mapping) or not all(isinstance(x, Tensor) for x in kept.values()):
            raise Fault(f"noises() of the {role} must return a mapping from names to tensors")

        made = functools.partial(_synthesized, network, styles)
        for noise in ("const", "none"):
            if not made(noise).equal(made(noise, 1)):
                raise Fault(f'with noise="{noise}" samples of the {role} are random; use {noise}')
        if not torch.allclose(made("const"), made(dict(kept)), atol=1e-5):
            raise Fault(
                f'with noise=noises() the {role} makes other samples than with noise="const"; use '
                "the noise that is given, by its place"
            )
        if not made("random").equal(made("random")):
            raise Fault(
                f'with noise="random" the same seed gives the {role} other samples; draw noise '
                "with torch's own functions, which ganzoo seeds"
            )
        const = made("const")
        ways = [('noise="none"', made("none"), const)]
        ways += [
            (f"other noise at {place}", made({**kept, place: value + 1}), const)
            for place, value in kept.items()
        ]
        ways.append(('noise="random" and another seed', made("random", 1), made("random")))
        for what, one, other in ways if kept else ():
            if one.equal(other):
                raise Fault(
                    f"with {what} samples of the {role} are the same; use the noise that is asked "
                    "for at every place that noises() names"
                )


def truncation_leads_to_the_mean(case: ArchitectureCase) -> None:
    """Truncating moves styles to their mean in proportion, in the first rows if asked to."""
    for role, network in _styled(case):
        inputs = case.inputs(role)
        styles, labels = network.map(*inputs), inputs[1]
        rows = len(styles)
        mean = network.mean_style().expand_as(styles)
        ways: list[tuple[str, Tensor, Tensor]] = []
        for psi in (1.0, 0.5, 0.0):
            wanted = mean + psi * (styles - mean)
            ways += [
                (f"psi {psi}", network.truncate(styles, psi), wanted),
                (
                    f"psi {psi} as a tensor (N, 1, 1)",
                    network.truncate(styles, torch.full((rows, 1, 1), psi)),
                    wanted,
                ),
            ]
        cut = torch.cat([mean[:, :1], styles[:, 1:]], dim=1)
        ways.append(("psi 0 and cutoff 1", network.truncate(styles, 0.0, 1), cut))
        if labels is not None:
            own = network.mean_style(labels)
            ways.append(("psi 0 and labels", network.truncate(styles, 0.0, labels=labels), own))
        for what, found, wanted in ways:
            if found.shape != styles.shape or not torch.allclose(found, wanted, atol=1e-4):
                raise Fault(
                    f"truncate of the {role} with {what} is not mean + psi * (styles - mean); "
                    "compute that, for the first `cutoff` rows of the styles"
                )


def extras_are_named(case: ArchitectureCase) -> None:
    """What synthesis takes beside styles and noise is in Traits.extras, and may be left out."""
    for role, network in _styled(case):
        parameters = [*inspect.signature(network.synthesize).parameters.values()][1:]
        own = {p.name: p for p in parameters if p.name != "noise" and p.kind != p.VAR_KEYWORD}
        for name in sorted(own.keys() ^ {*case.traits.extras}):
            raise Fault(
                f"synthesize of the {role} takes {name}, which is not in Traits.extras; name it"
                if name in own
                else f"Traits.extras names {name}, which synthesize of the {role} does not take"
            )
        needed = [p.name for p in own.values() if p.default is p.empty]
        if needed:
            raise Fault(
                f"synthesize of the {role} needs {needed[0]}; give it a default, as samples are "
                "made without it"
            )


def truncation_is_told(case: ArchitectureCase) -> None:
    """Truncated as its traits say, a generator makes samples that are more alike."""
    for role in case.of_kind("generator"):
        generator = Generator(case.perturbed(role), Info.of(case.config), role=role)
        known = generator.truncation
        if known.kind == "none":
            raise NotApplicable("it has no truncation")
        low, high = known.range
        least, labels = max(low, high / 10), case.inputs(role, SAMPLES)[1]
        labels = None if labels is None else torch.zeros_like(labels)
        varieties = []
        for t in (least, high):
            drawn = t if known.kind == "resampled" else None
            latents = generator.latents(SAMPLES, seed=0, truncation=drawn)
            varieties.append(generator.truncated(latents, labels, t).std(dim=0).mean().item())
        if not varieties[0] < ALIKE * varieties[1]:
            raise Fault(
                f"truncation {least:g} makes samples as various as {high:g} does; let traits say "
                f"how it is truncated (they say {known.kind!r}), or 'none'"
            )


def truncation_is_put_back(case: ArchitectureCase) -> None:
    """After at_truncation a network is as it was before, even where samples failed."""
    asked = False
    for role in case.of_kind("generator"):
        network: Any = case.perturbed(role)
        if not hasattr(network, "at_truncation"):
            continue
        asked, inputs = True, case.inputs(role)
        before = case.outputs(role, network, inputs)
        with suppress(_Failure), network.at_truncation(case.traits.truncation.range[1]):
            network(*inputs)
            raise _Failure
        if any(
            not a.equal(b) for a, b in zip(before, case.outputs(role, network, inputs), strict=True)
        ):
            raise Fault(
                f"after at_truncation the {role} makes other samples than before; put back what it "
                "changes in a finally clause"
            )
    if not asked:
        raise NotApplicable("no generator has statistics of its own for each truncation")


def readers_read(case: ArchitectureCase) -> None:
    """The matrices of readers() have a column for each number of a latent or of a style."""
    asked = False
    for role in case.of_kind("generator"):
        network: Any = case.network(role)
        if not hasattr(network, "readers"):
            continue
        asked, latents = True, case.inputs(role)
        lengths = {"latent": case.shape("latents")[0]}
        if hasattr(network, "map"):
            lengths["style"] = network.map(*latents).shape[-1]
        found = network.readers()
        if not isinstance(found, Mapping) or not found:
            raise Fault(f"readers() of the {role} returns nothing; name the matrices, or remove it")
        for name, matrix in found.items():
            if matrix.dim() != 2 or matrix.shape[1] not in lengths.values():
                what = " or ".join(f"the {n} numbers of a {kind}" for kind, n in lengths.items())
                raise Fault(
                    f"reader {name} of the {role} is {tuple(matrix.shape)}; it must have two "
                    f"dimensions, of which the second counts {what}"
                )
    if not asked:
        raise NotApplicable("no generator names the matrices that read latents")


def _styled(case: ArchitectureCase) -> Iterator[tuple[str, Any]]:
    """The style-based generators, perturbed; NotApplicable where there are none."""
    found = False
    for role in case.of_kind("generator"):
        network = case.perturbed(role)
        if all(hasattr(network, name) for name in METHODS):
            found = True
            yield role, network.requires_grad_(False)
    if not found:
        raise NotApplicable("no generator is style-based")


def _synthesized(network: Any, styles: Tensor, noise: Any, seed: int = 0) -> Tensor:
    return _seeded(functools.partial(network.synthesize, styles, noise=noise), seed=seed)


def _seeded(make: Callable[..., Tensor], *inputs: Any, seed: int = 0) -> Tensor:
    with isolated(torch.device("cpu"), seed):
        return make(*inputs)


CHECKS = (
    style_methods_are_complete,
    styles_have_their_shape,
    forward_is_map_and_synthesize,
    noise_is_obeyed,
    truncation_leads_to_the_mean,
    extras_are_named,
    truncation_is_told,
    truncation_is_put_back,
    readers_read,
)
