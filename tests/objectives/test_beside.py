"""Images beside samples, as sources beside targets, are augmented with them."""

import pytest
import torch

from ganzoo.config import TrainingConfig
from ganzoo.hardware import choose
from ganzoo.objectives.augmenting import Augmenting
from ganzoo.randomness import Draws
from ganzoo.resolve import resolve


@pytest.mark.parametrize("augmentation", ["diffaugment", {"name": "ada", "p": 1.0}], ids=str)
def test_a_penalty_sees_an_image_as_its_sample(augmentation):
    config = resolve({"architecture": "dcgan", "augmentation": augmentation}).config
    augmenting = Augmenting(config, choose(TrainingConfig(device="cpu", precision="fp32")), 4)
    seen = []
    images = torch.rand(4, 3, 16, 16)
    critic = augmenting.critic(lambda *given: seen.append(given), Draws(("beside",), 4), "r1")
    vectors = torch.rand(4, 5)
    for condition in (images, vectors, None):
        critic(images, None, condition)
    (samples, _, beside), (_, _, untouched), (_, _, none) = seen
    assert samples.equal(beside)
    assert not samples.equal(images)
    assert untouched is vectors
    assert none is None
