"""What scoring needs of memory."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import torch
from ganzoo import create_generator
from ganzoo.config import ExtractorConfig
from ganzoo.data.config import Mnist5kConfig
from ganzoo.evaluation.scorer import Scorer
from ganzoo.evaluation.extractor import Extractor, Features
from ganzoo.registry import registered
from ganzoo.spec import ExtractorSpec


class Wide(Extractor):
    name, length, resize, fingerprint = "wide", 2048, "none", "0" * 64

    def __init__(self, config):
        self.projection = torch.randn(1024, self.length) / 32

    def to(self, device):
        pass

    def __call__(self, images):
        return Features((images.flatten(1) @ self.projection).relu())


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


generator = create_generator("vanilla", seed=0, sample_shape=(1, 32, 32)).eval()
generator.sample(250, seed=0, batch_size=250)
before = peak()
with registered(ExtractorSpec("wide", "A test.", ExtractorConfig, Wide)):
    scorer = Scorer(
        Mnist5kConfig(source="mnist5k"),
        (1, 32, 32),
        metrics=["fid"],
        extractor="wide",
        fakes=int(__import__("sys").argv[1]),
    )
    (found,) = scorer(generator)
assert found.value > 0
print(peak() - before)
"""


@pytest.mark.sweep
@pytest.mark.parametrize("fakes", [3000, 50_000], ids="{:,}".format)
def test_the_fid_of_many_wide_features_needs_little_memory(fakes):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(fakes)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 600  # megabytes
