"""The arithmetic of scores, against independent references on the same features."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from ganzoo.evaluation import metrics
from ganzoo.evaluation.moments import Moments

SIZES = [(300, 250, 4), (400, 500, 64), (700, 700, 200), (150, 150, 128), (60, 80, 96)]
"""Numbers of reals and fakes, and the length of features; of the last ones there are too few for a
covariance of full rank."""


@pytest.fixture(params=SIZES, ids=str)
def features(request):
    reals, fakes, length = request.param
    source = torch.Generator().manual_seed(sum(request.param))
    mixing = torch.randn(length, length, generator=source, dtype=torch.float64) / length**0.5
    one = torch.randn(reals, length, generator=source, dtype=torch.float64) @ mixing + 3
    other = torch.randn(fakes, length, generator=source, dtype=torch.float64) @ mixing.T + 2.9
    return one, other


def frechet(one, other):
    return metrics.frechet_distance(Moments.of(one), Moments.of(other))


def by_scipy(one, other):
    means, covariances = zip(
        *((x.numpy().mean(0), np.cov(x.numpy(), rowvar=False)) for x in (one, other)), strict=True
    )
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    apart = means[0] - means[1]
    return apart @ apart + np.trace(covariances[0] + covariances[1] - 2 * root.real)


class TestFrechet:
    def test_equals_scipy(self, features):
        assert frechet(*features) == pytest.approx(by_scipy(*features), rel=1e-6)

    def test_equals_torch_fidelity(self, features):
        statistics = [fid_features_to_statistics(part) for part in features]
        (expected,) = fid_statistics_to_metric(*statistics, verbose=False).values()
        assert frechet(*features) == pytest.approx(expected, rel=1e-6)

    def test_equals_torchmetrics(self, features):
        moments = [(part.mean(dim=0), part.T.cov()) for part in features]
        expected = _compute_fid(*moments[0], *moments[1])
        assert frechet(*features) == pytest.approx(float(expected), rel=1e-6)

    @pytest.mark.parametrize("shift", [0.0, 0.5, 1000.0])
    @pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
    def test_of_normal_distributions_is_what_the_formula_gives(self, shift, scale):
        one, other = Moments(5), Moments(5)
        for moments, mean, std in ((one, 0.0, 1.0), (other, shift, scale)):
            moments.count, moments.mean = 2, torch.full((5,), mean, dtype=torch.float64)
            moments.scatter = std**2 * torch.eye(5, dtype=torch.float64)
        expected = 5 * (shift**2 + (1 - scale) ** 2)
        assert metrics.frechet_distance(one, other) == pytest.approx(expected, abs=1e-9)


class TestMoments:
    @pytest.mark.parametrize("mean", [0.0, 1e6])
    @pytest.mark.parametrize("sizes", [[500], [1, 499], [100] * 5, [7] * 71 + [3]], ids=len)
    def test_batches_give_what_all_give(self, sizes, mean):
        features = torch.randn(500, 8, generator=torch.Generator().manual_seed(0)).double() + mean
        moments = Moments(8)
        for part in features.split(sizes):
            moments.update(part)
        assert moments.count == 500
        assert moments.mean.allclose(features.mean(dim=0), rtol=1e-13)
        assert moments.covariance.allclose(features.T.cov(), rtol=1e-9, atol=1e-9)

    def test_an_empty_batch_changes_nothing(self):
        moments = Moments.of(torch.rand(4, 3)).update(torch.rand(0, 3))
        assert moments.count == 4
        assert moments.mean.isfinite().all()


class TestKernel:
    def test_of_all_samples_equals_torch_fidelity(self, features):
        size = min(map(len, features))
        one, other = (part[:size] for part in features)
        expected = kid_features_to_metric(
            one, other, kid_subsets=1, kid_subset_size=size, rng_seed=0, verbose=False
        )["kernel_inception_distance_mean"]
        found = metrics.kernel_distance(one, other, subsets=1)
        assert found[0] == pytest.approx(expected, rel=1e-6)

    def test_of_all_samples_equals_torchmetrics(self, features):
        size = min(map(len, features))
        one, other = (part[:size] for part in features)
        found = metrics.kernel_distance(one, other, subsets=1)
        assert found[0] == pytest.approx(float(poly_mmd(one, other)), rel=1e-6)

    def test_subsets_are_chosen_by_the_seed_and_agree_on_average(self, features):
        one, other = features
        values = [metrics.kernel_distance(one, other, size=40, seed=seed) for seed in (0, 0, 1)]
        assert values[0] == values[1]
        assert values[0] != values[2]
        whole = metrics.kernel_distance(one, other, subsets=20, size=10_000)
        error = values[0][1] / math.sqrt(100) + whole[1]
        assert values[0][0] == pytest.approx(whole[0], abs=5 * error)


class TestInceptionScore:
    @pytest.mark.parametrize("splits", [1, 7, 10])
    def test_equals_torch_fidelity(self, features, splits):
        logits = 3 * features[0]
        expected = isc_features_to_metric(logits, splits=splits, shuffle=False)
        found = metrics.inception_score(logits[: len(logits) // splits * splits], splits=splits)
        if len(logits) % splits == 0:
            assert found == pytest.approx((*expected.values(),), rel=1e-6, abs=1e-9)

    def test_is_the_number_of_classes_where_each_is_sure(self):
        logits = 1000 * torch.eye(10).repeat(20, 1)
        assert metrics.inception_score(logits, splits=4)[0] == pytest.approx(10)
        assert metrics.inception_score(torch.zeros(50, 10))[0] == pytest.approx(1)


def naive(reals, fakes, k, dense):
    """The definitions, word by word."""
    radius = [sorted(math.dist(a, b) for b in reals)[k] for a in reals]
    wide = [sorted(math.dist(a, b) for b in reals)[dense] for a in reals]
    reach = [sorted(math.dist(a, b) for b in fakes)[k] for a in fakes]
    apart = [[math.dist(f, r) for r in reals] for f in fakes]
    n, m = range(len(reals)), range(len(fakes))
    return {
        "precision": sum(any(apart[j][i] <= radius[i] for i in n) for j in m) / len(fakes),
        "recall": sum(any(apart[j][i] <= reach[j] for j in m) for i in n) / len(reals),
        "density": sum(apart[j][i] <= wide[i] for i in n for j in m) / (dense * len(fakes)),
        "coverage": sum(any(apart[j][i] <= wide[i] for j in m) for i in n) / len(reals),
    }


class TestNeighbourhoods:
    def test_equals_torch_fidelity(self, features):
        reals, fakes = features
        expected = prc_features_to_metric(
            fakes,
            reals,
            prc_neighborhood=3,
            prc_batch_size=1000,
            save_cpu_ram=False,
            verbose=False,
        )
        found = metrics.neighbourhoods(reals, fakes)
        assert found["precision"] == pytest.approx(expected["precision"], rel=1e-6)
        assert found["recall"] == pytest.approx(expected["recall"], rel=1e-6)

    @pytest.mark.parametrize(("k", "dense"), [(3, 5), (1, 2), (4, 1)])
    def test_equals_the_definitions(self, k, dense):
        source = torch.Generator().manual_seed(k)
        reals, fakes = torch.randn(60, 3, generator=source), torch.randn(50, 3, generator=source)
        reals, fakes = reals.double(), fakes.double() * 1.5 + 0.5
        found = metrics.neighbourhoods(reals, fakes, neighbours=k, dense_neighbours=dense)
        expected = naive(reals.tolist(), fakes.tolist(), k, dense)
        assert found == pytest.approx(expected, abs=1e-12)
        assert 0 < found["precision"] < 1

    def test_parts_give_what_all_give(self, features, monkeypatch):
        whole = metrics.neighbourhoods(*features)
        monkeypatch.setattr(metrics, "CHUNK", 37)
        assert metrics.neighbourhoods(*features) == pytest.approx(whole, abs=1e-12)


class TestClasses:
    @pytest.mark.parametrize(
        ("fakes", "covered", "divergence"),
        [
            ([10, 10, 10, 10], 4, 0.0),
            ([40, 0, 0, 0], 1, math.log(4)),
            ([20, 20, 0, 0], 2, math.log(2)),
            ([97, 1, 1, 1], 1, None),
            ([85, 5, 5, 5], 4, None),
        ],
    )
    def test_of_even_classes(self, fakes, covered, divergence):
        found = metrics.class_coverage(torch.tensor([25] * 4), torch.tensor(fakes))
        assert found[0] == covered
        if divergence is not None:
            assert found[1] == pytest.approx(divergence)

    def test_a_class_that_reals_have_not_counts_as_half_a_real(self):
        found = metrics.class_coverage(torch.tensor([5, 5, 0]), torch.tensor([5, 4, 1]))
        shares = [(0.5, 5 / 10.5), (0.4, 5 / 10.5), (0.1, 0.5 / 10.5)]
        expected = sum(p * math.log(p / q) for p, q in shares)
        assert found == (2, pytest.approx(expected))


clouds = st.tuples(st.integers(0, 2**32 - 1), st.integers(12, 60), st.integers(2, 6))


@settings(max_examples=60)
@given(clouds, st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_what_moving_and_turning_does_not_change(cloud, shift, scale):
    seed, count, length = cloud
    source = torch.Generator().manual_seed(seed)
    one, other = torch.randn(2, count, length, generator=source, dtype=torch.float64)
    other = other * 1.3 + 0.2
    turn, _ = torch.linalg.qr(torch.randn(length, length, generator=source, dtype=torch.float64))
    moved = [scale * (part @ turn) + shift for part in (one, other)]
    expected = scale**2 * frechet(one, other)
    assert frechet(*moved) == pytest.approx(expected, rel=1e-6, abs=1e-9 * scale**2)
    before, after = metrics.neighbourhoods(one, other), metrics.neighbourhoods(*moved)
    assert before == pytest.approx(after, abs=1e-12)


@settings(max_examples=60)
@given(clouds)
def test_of_a_set_and_itself(cloud):
    seed, count, length = cloud
    source = torch.Generator().manual_seed(seed)
    features = torch.randn(count, length, generator=source, dtype=torch.float64)
    features = torch.cat([features, features[:3]])  # some are there twice
    assert frechet(features, features) == pytest.approx(0, abs=1e-9)
    found = metrics.neighbourhoods(features, features[torch.randperm(len(features))])
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)


@settings(max_examples=60)
@given(clouds)
def test_the_frechet_distance_is_symmetric_and_never_negative(cloud):
    seed, count, length = cloud
    source = torch.Generator().manual_seed(seed)
    one, other = torch.randn(2, count, length, generator=source, dtype=torch.float64)
    other = other.exp()
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-6)
    assert frechet(one, other) >= 0
