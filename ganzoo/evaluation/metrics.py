"""The arithmetic of scores, in float64: functions of features, which know nothing of images.

Features are ``(N, length)``, of reals and of fakes; see `ganzoo.evaluation.extractor`.
"""

import torch
from torch import Tensor

from ganzoo.evaluation.moments import Moments

CHUNK = 4096
"""Rows of a matrix of distances that are held at once."""


def frechet_distance(reals: Moments, fakes: Moments) -> float:
    """The squared 2-Wasserstein distance of two normal distributions with these moments.

    With features of the Inception network this is the FID (Heusel et al., GANs Trained by a Two
    Time-Scale Update Rule Converge to a Local Nash Equilibrium, 2017).
    """
    root = _root(reals.covariance)
    # The product of both covariances has the eigenvalues of this symmetric matrix.
    product = root @ fakes.covariance @ root
    cross = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt().sum()
    apart = reals.mean - fakes.mean
    spread = reals.covariance.trace() + fakes.covariance.trace()
    return float(apart @ apart + spread - 2 * cross)


def _root(matrix: Tensor) -> Tensor:
    """The symmetric square root of a covariance."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


def kernel_distance(
    reals: Tensor, fakes: Tensor, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """The unbiased squared maximum mean discrepancy under a cubic kernel, over random subsets.

    With features of the Inception network this is the KID (Binkowski et al., Demystifying MMD
    GANs, 2018).

    Args:
        reals: ``(N, length)``.
        fakes: ``(M, length)``.
        subsets: How many subsets.
        size: Of a subset of each; all where there are fewer.
        seed: Of the choice of subsets.

    Returns:
        The mean over the subsets, and their standard deviation.
    """
    size = min(size, len(reals), len(fakes))
    source = torch.Generator().manual_seed(seed)
    values = []
    for _ in range(subsets):
        one, other = (
            part[torch.randperm(len(part), generator=source)[:size].to(part.device)].double()
            for part in (reals, fakes)
        )
        values.append(_discrepancy(one, other))
    return _mean_and_std(values)


def _discrepancy(one: Tensor, other: Tensor) -> Tensor:
    """The unbiased squared discrepancy of two sets of the same size."""
    size, length = one.shape

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / length + 1) ** 3

    within = sum(k.sum() - k.trace() for k in (kernel(one, one), kernel(other, other)))
    return within / (size * (size - 1)) - 2 * kernel(one, other).mean()


def inception_score(logits: Tensor, *, splits: int = 10) -> tuple[float, float]:
    """How sure a classifier is of each sample, and how evenly it spreads over the classes.

    Salimans et al., Improved Techniques for Training GANs, 2016.

    Args:
        logits: ``(N, classes)`` of fakes.
        splits: Parts that are scored each by itself.

    Returns:
        The mean over the parts, and their standard deviation.
    """
    scores = []
    for part in logits.double().tensor_split(splits):
        log_p = part.log_softmax(dim=1)
        log_mean = log_p.logsumexp(dim=0) - torch.tensor(float(len(part))).log()
        scores.append((log_p.exp() * (log_p - log_mean)).sum(dim=1).mean().exp())
    return _mean_and_std(scores)


def _mean_and_std(parts: list[Tensor]) -> tuple[float, float]:
    found = torch.stack(parts)
    return float(found.mean()), float(found.std(correction=0))


def neighbourhoods(
    reals: Tensor, fakes: Tensor, *, neighbours: int = 3, dense_neighbours: int = 5
) -> dict[str, float]:
    """Compare what reals and fakes cover, by balls that reach to the k-th neighbour.

    Precision and recall are Kynkäänniemi et al.'s (Improved Precision and Recall Metric for
    Assessing Generative Models, 2019), density and coverage Naeem et al.'s (Reliable Fidelity and
    Diversity Metrics for Generative Models, 2020).

    Args:
        reals: ``(N, length)``.
        fakes: ``(M, length)``.
        neighbours: The k of precision and recall.
        dense_neighbours: The k of density and coverage.

    Returns:
        ``precision``: the share of fakes in the neighbourhood of a real. ``recall``: the share of
        reals in the neighbourhood of a fake. ``density``: in how many neighbourhoods of reals a
        fake lies, over their number of neighbours. ``coverage``: the share of reals in whose
        neighbourhood a fake lies.
    """
    # Moved to the reals' mean, so that little is lost where distances are differences of squares.
    centre = reals.double().mean(dim=0)
    reals, fakes = reals.double() - centre, fakes.double() - centre
    of_reals = _radii(reals, (neighbours, dense_neighbours))
    (of_fakes,) = _radii(fakes, (neighbours,))
    in_real, dense, covering = [], [], torch.zeros(len(reals), dtype=torch.bool).to(reals.device)
    recalled = torch.zeros(len(reals), dtype=torch.bool).to(reals.device)
    for start in range(0, len(fakes), CHUNK):
        rows = slice(start, start + CHUNK)
        apart = _squared_distances(fakes[rows], reals)
        in_real.append((apart <= of_reals[0]).any(dim=1))
        inside = apart <= of_reals[1]
        dense.append(inside.sum(dim=1).double())
        covering |= inside.any(dim=0)
        recalled |= (apart <= of_fakes[rows, None]).any(dim=0)
    return {
        "precision": float(torch.cat(in_real).double().mean()),
        "recall": float(recalled.double().mean()),
        "density": float(torch.cat(dense).mean() / dense_neighbours),
        "coverage": float(covering.double().mean()),
    }


def _radii(features: Tensor, neighbours: tuple[int, ...]) -> list[Tensor]:
    """The squared distances to the k-th neighbours, with room for rounding."""
    found = []
    for start in range(0, len(features), CHUNK):
        part = features[start : start + CHUNK]
        # Of its distances the smallest is that to itself.
        nearest = _squared_distances(part, features).topk(max(neighbours) + 1, largest=False)[0]
        found.append(nearest)
    nearest = torch.cat(found)
    slack = 1e-12 * features.square().sum(dim=1).max()
    return [nearest[:, k] + slack for k in neighbours]


def _squared_distances(one: Tensor, other: Tensor) -> Tensor:
    squares = one.square().sum(dim=1)[:, None] + other.square().sum(dim=1)
    return squares.addmm(one, other.T, alpha=-2).clamp(min=0)


ROUNDING = 1 / (12 * 255**2)
"""The mean squared error of rounding to 8 bits: less of an error is taken for as much."""


def distances(images: Tensor, targets: Tensor) -> Tensor:
    """Compare images with their targets, pixel by pixel.

    Args:
        images: ``(N, C, H, W)`` in [0, 1].
        targets: The same.

    Returns:
        float64 ``(N, 2)``: of each image the mean absolute error, and the peak signal-to-noise
        ratio in decibels, ``-10 log10`` of the mean squared error; at most 58.9, as equal images
        count as being apart by rounding to 8 bits.
    """
    apart = (images.double() - targets.double()).flatten(1)
    squared = apart.square().mean(dim=1).clamp(min=ROUNDING)
    return torch.stack([apart.abs().mean(dim=1), -10 * squared.log10()], dim=1)


SHARE = 0.1
"""A class counts as covered from this part of its fair share of samples on."""


def class_coverage(reals: Tensor, fakes: Tensor) -> tuple[int, float]:
    """Compare the shares of classes.

    Args:
        reals: ``(classes,)``, how many real samples each class has.
        fakes: ``(classes,)``, how many fakes.

    Returns:
        How many classes have at least `SHARE` of the samples that the reals would put there, and
        the Kullback-Leibler divergence of the fakes' shares from the reals', in nats; a class that
        no real has counts as half a real there, so that it is finite.
    """
    there, p = reals > 0, fakes.double() / fakes.sum()
    q = reals.double().clamp(min=0.5)
    q /= q.sum()
    covered = int((p[there] >= SHARE * q[there]).sum())
    terms = torch.where(p > 0, p * (p / q).log(), torch.zeros_like(p))
    return covered, float(terms.sum())
