"""The Inception extractor: torch-fidelity's features, by files that are not trusted.

The published weights are not there; random ones in their format stand for them.
"""

import hashlib
import sys

import pytest
import torch
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from ganzoo.errors import PluginError, WeightsError
from ganzoo.evaluation.scorer import make_extractor
from ganzoo.testing import checks_of
from ganzoo_inception import network


class Untrained(FeatureExtractorInceptionV3):
    """torch-fidelity's module as it is before it loads weights."""

    def load_state_dict(self, state, strict=True):
        pass


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inception")
    torch.save({}, folder / "none.pth")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = Untrained("any", ["2048"], feature_extractor_weights_path=folder / "none.pth")
    torch.save(module.state_dict(), folder / "random.pth")
    return folder / "random.pth"


@pytest.fixture(scope="module")
def extractor(weights):
    return make_extractor("inception", weights=str(weights))


def images(channels, height, width, count=2):
    random = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, channels, height, width), generator=random) / 255


@pytest.mark.parametrize("shape", [(3, 20, 33), (1, 28, 28)], ids=str)
def test_features_are_those_of_torch_fidelity(extractor, weights, shape, monkeypatch):
    monkeypatch.setattr(network, "PART", 1)
    given = images(*shape)
    found = extractor(given)
    names = ["2048", "logits_unbiased"]
    theirs = FeatureExtractorInceptionV3("x", names, feature_extractor_weights_path=weights)
    whole = given.mul(255).round().to(torch.uint8).expand(-1, 3, -1, -1)
    for ours, expected in zip(found, theirs(whole), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-6)
    assert found.features.shape == (2, 2048)
    assert found.logits.shape == (2, 1008)


def test_random_state_is_left_alone(weights):
    before = torch.random.get_rng_state()
    make_extractor("inception", weights=str(weights))
    assert before.equal(torch.random.get_rng_state())


def test_other_weights_than_the_published_ones_carry_their_hash(extractor, weights):
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert extractor.fingerprint == digest
    assert (extractor.name, extractor.published) == (f"inception-{digest[:8]}", False)
    assert extractor.versions.keys() == {"torch-fidelity"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where the published file is looked for."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    (tmp_path / "extractors").mkdir()
    return tmp_path / "extractors" / network.FILE


def test_the_published_file_is_known_by_its_hash(place, weights, monkeypatch):
    place.symlink_to(weights)
    with pytest.raises(WeightsError, match="is not the published file of weights: its SHA-256"):
        make_extractor("inception")
    monkeypatch.setattr(network, "DIGEST", hashlib.sha256(weights.read_bytes()).hexdigest()[:8])
    found = make_extractor("inception")
    assert (found.name, found.published) == ("inception", True)


def test_the_hash_is_the_one_that_torch_fidelity_names():
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    assert URL_INCEPTION_V3.endswith(f"/{network.FILE}")
    assert network.FILE.endswith(f"-{network.DIGEST}.pth")


def test_without_a_file_the_message_says_which_to_put_where(place):
    with pytest.raises(WeightsError) as caught:
        make_extractor("inception")
    assert f"there is no file {place}; download {network.FILE} from torch-" in str(caught.value)
    assert "torch-fidelity's releases on GitHub (github.com/toshas" in str(caught.value)
    assert "meanwhile, --extractor digits (in a run: evaluation.ext" in str(caught.value)


class Attack:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (self.trace, "w")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda state, trace: {**state, "more": Attack(trace)}, "cannot be read as a file of"),
        (lambda state, trace: Attack(trace), "cannot be read as a file of weights"),
        (lambda state, trace: [1, 2], "does not hold tensors by name"),
        (lambda state, trace: {"fc.bias": 1.0}, "does not hold tensors by name"),
        (lambda state, trace: {"fc.bias": state["fc.bias"]}, "Missing key"),
        (lambda state, trace: {**state, "more": torch.ones(1)}, "Unexpected key"),
        (lambda state, trace: {**state, "fc.bias": torch.ones(7)}, "size mismatch for fc.bias"),
        (lambda state, trace: {**state, "fc.bias": torch.full((1008,), torch.nan)}, "not finite"),
    ],
    ids=["code inside", "code", "a list", "numbers", "few", "more", "shape", "not finite"],
)
def test_a_file_of_another_kind_is_refused_and_runs_nothing(weights, tmp_path, spoil, message):
    state = torch.load(weights, mmap=True)
    torch.save(spoil(state, str(tmp_path / "trace")), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=message):
        make_extractor("inception", weights=str(tmp_path / "w.pth"))
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04" + bytes(100)])
def test_bytes_that_are_no_weights_are_refused(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(WeightsError, match="cannot be read as a file of weights"):
        make_extractor("inception", weights=str(tmp_path / "w.pth"))


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with (tmp_path / "w.pth").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(WeightsError, match="it has 1,099,511,627,776 bytes"):
        make_extractor("inception", weights=str(tmp_path / "w.pth"))


def test_without_torch_fidelity_the_message_names_the_package(weights, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("torch_fidelity")]:
        monkeypatch.delitem(sys.modules, name)
    real = sys.meta_path[:]

    class Absent:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] == "torch_fidelity":
                raise ModuleNotFoundError(f"No module named {name!r}", name="torch_fidelity")

    monkeypatch.setattr(sys, "meta_path", [Absent(), *real])
    with pytest.raises(PluginError, match="install the package torch-fidelity"):
        make_extractor("inception", weights=str(weights))


@pytest.mark.sweep
def test_conformance(weights):
    for check in checks_of("inception", weights=str(weights)):
        check.verify()
