"""The digits extractor: what it tells, and how often it is right."""

import pytest
import torch
import torch.nn.functional as F

from benchmarks.digits import digits
from ganzoo.evaluation.metrics import frechet_distance
from ganzoo.evaluation.moments import Moments
from ganzoo.evaluation.scorer import make_extractor
from ganzoo.testing import checks_of


@pytest.mark.parametrize("check", checks_of("digits"), ids=str)
def test_conformance(check):
    check.verify()


@pytest.mark.parametrize(("side", "channels"), [(28, 1), (32, 1), (32, 3), (64, 1)])
def test_it_tells_held_out_digits_at_any_size(side, channels):
    images, labels = (part[1::2] for part in digits())
    images = F.interpolate(images, (side, side), mode="bicubic", antialias=True).clamp(0, 1)
    found = make_extractor("digits")(images.expand(-1, channels, -1, -1)).logits.argmax(dim=1)
    assert (found == labels).double().mean() > 0.98


def test_its_features_tell_digits_from_what_is_none():
    extractor, images = make_extractor("digits"), digits()[0]
    halves = [Moments.of(extractor(half).features) for half in (images[::2], images[1::2])]
    noise = torch.rand(2500, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    dim = images[1::2] * 0.7
    near, faded, far = (
        frechet_distance(halves[0], Moments.of(extractor(part).features))
        for part in (images[1::2], dim, noise)
    )
    assert near < 1.5  # what it was trained on is told with more certainty
    assert near * 5 < faded
    assert faded * 5 < far
