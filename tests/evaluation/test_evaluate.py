"""Scoring generators: what each part of a score comes from."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import ganzoo
from benchmarks.digits import digits
from ganzoo.config import ExtractorConfig
from ganzoo.config.watching import (
    IMAGE_METRICS,
    LEAST_FAKES,
    LEAST_REALS,
    METRICS,
    PAIR_METRICS,
    POINT_METRICS,
)
from ganzoo.data.config import ArraysConfig, Mnist5kConfig, Ring8Config
from ganzoo.errors import PluginError, RequestError
from ganzoo.evaluation import metrics
from ganzoo.evaluation.extractor import Extractor, Features
from ganzoo.evaluation.families import FAMILIES
from ganzoo.evaluation.modes import Spread
from ganzoo.evaluation.moments import Moments
from ganzoo.evaluation.scorer import Scorer, make_extractor
from ganzoo.registry import registered
from ganzoo.resolve import open_dataset
from ganzoo.spec import ExtractorSpec

MNIST = Mnist5kConfig(source="mnist5k")


def score(generator, data, **options):
    return Scorer(data, generator.config.sample_shape, **options)(generator)


@pytest.fixture(scope="module")
def G():
    return ganzoo.load_generator("vanilla.mnist5k")


@pytest.fixture(scope="module")
def scores(G):
    return score(G, MNIST, metrics=IMAGE_METRICS, fakes=1500)


def test_a_generator_itself_is_scored_as_its_reference_is(G):
    options = {"metrics": ["fid"], "fakes": 100}
    by_name = ganzoo.evaluate("vanilla.mnist5k", **options)
    assert ganzoo.evaluate(G, **options) == by_name
    assert ganzoo.evaluate(G, **options, raw=True)[0].weights == "raw"


@pytest.mark.parametrize("other", [torch.nn.Linear(4, 4), 3, None, ["vanilla.mnist5k"]])
def test_what_is_no_generator_is_named_by_its_type(other):
    for call in (ganzoo.evaluate, ganzoo.load_generator):
        with pytest.raises(TypeError) as caught:
            call(other)
        assert str(caught.value).endswith(f", not a {type(other).__name__}")
        assert len(str(caught.value)) < 80


def test_each_metric_has_one_score_in_the_order_asked_for(G, scores):
    assert [item.protocol.metric for item in scores] == list(IMAGE_METRICS)
    assert [item.name for item in scores][:2] == ["FID-digits", "KID-digits"]
    some = score(G, MNIST, metrics=("recall", "fid"), fakes=1500)
    assert some == [scores[IMAGE_METRICS.index("recall")], scores[0]]


def test_a_score_tells_what_it_comes_from(G, scores):
    extractor = make_extractor("digits")
    for item in scores:
        protocol = item.protocol
        assert (protocol.extractor, protocol.resize) == ("digits", extractor.resize)
        assert protocol.extractor_hash == extractor.fingerprint
        assert (protocol.data, protocol.data_fingerprint) == ("mnist5k", "mnist5k-1")
        assert (protocol.reals, protocol.fakes, protocol.labels) == (5000, 1500, "data")
        assert protocol.sample_shape == (1, 28, 28)
        assert (item.seed, item.weights, item.precision, item.device) == (
            0,
            "averaged",
            "fp32",
            "cpu",
        )
        assert item.versions.keys() == {"ganzoo", "torch"}
        assert protocol.split == "all"
    assert scores[1].std > 0


def test_values_are_those_of_the_images_that_were_made(G, monkeypatch):
    made, sample = [], G.sample

    def watched(*args, **options):
        made.append(sample(*args, **options))
        return made[-1]

    monkeypatch.setattr(G, "sample", watched)
    (found,) = score(G, MNIST, metrics=["fid"], fakes=600, batch_size=250)
    assert [len(part) for part in made] == [250, 250, 100]
    extractor = make_extractor("digits")
    images = torch.cat(made).mul(255).round().div(255)
    features = [extractor(part).features for part in (digits()[0], images)]
    expected = metrics.frechet_distance(*(Moments.of(part) for part in features))
    assert found.value == pytest.approx(expected, rel=1e-6)


def test_the_seed_decides(G):
    values = [score(G, MNIST, metrics=["kid"], fakes=300, seed=seed)[0] for seed in (3, 3, 4)]
    assert values[0] == values[1]
    assert values[0].value != values[2].value
    assert [item.seed for item in values] == [3, 3, 4]


def test_labels_of_fakes_have_the_shares_of_the_data(G, monkeypatch):
    given, sample = [], G.sample

    def watched(*args, **options):
        given.append(options["labels"])
        return sample(*args, **options)

    monkeypatch.setattr(G, "sample", watched)
    score(G, MNIST, metrics=["fid"], fakes=3000)
    shares = (
        torch.tensor([int(label) for part in given for label in part]).bincount(minlength=10) / 3000
    )
    assert shares.sub(0.1).abs().max() < 0.03


def test_good_generators_score_better_than_bad_ones(G, scores):
    bad = ganzoo.create_generator(
        "vanilla", seed=0, sample_shape=(1, 28, 28), num_classes=10, preset="mlp"
    )
    bad.eval()
    worse = score(bad, MNIST, metrics=IMAGE_METRICS, fakes=1500)
    better = {item.protocol.metric: item.value for item in scores}
    for item in worse:
        metric = item.protocol.metric
        lower = metric in ("fid", "kid", "divergence")
        assert (better[metric] < item.value) == lower, metric


def test_truncation_is_recorded_and_trades_recall(G, scores):
    cut = score(G, MNIST, metrics=["recall"], fakes=1500, truncation=0.3)[0]
    assert cut.protocol.truncation == 0.3
    assert cut.value < scores[IMAGE_METRICS.index("recall")].value


class Means(Extractor):
    """Tells no classes."""

    name, length, resize = "means", 3, "none"
    fingerprint = "0" * 64

    def __init__(self, config):
        pass

    def to(self, device):
        pass

    def __call__(self, images):
        return Features(images.mean(dim=(2, 3)).expand(-1, 3) ** torch.tensor([1, 2, 3]))


class TestBadRequests:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"metrics": ["fdi"]}, "there is no metric 'fdi'; did you mean 'fid'"),
            ({"fakes": 1}, r"fakes \(-n\) is 1; it must be a whole number of at least 2"),
            ({"truncation": 2.0}, "truncation is 2.0"),
            ({"seed": -1}, "the seed is -1; it must be a whole number between 0 and"),
        ],
        ids=["metric", "too few", "truncation", "seed"],
    )
    def test_options(self, G, options, message):
        with pytest.raises(RequestError, match=message):
            score(G, MNIST, **{"fakes": 10, **options})

    @pytest.mark.parametrize("name", IMAGE_METRICS)
    def test_the_fewest_samples_give_a_number_and_fewer_a_sentence(self, tmp_path, name):
        least = {"reals": LEAST_REALS.get(name, 1), "fakes": max(2, LEAST_FAKES.get(name, 1))}

        def found(reals, fakes):
            images = np.random.default_rng(0).integers(0, 255, (reals, 28, 28, 1), dtype=np.uint8)
            np.save(tmp_path / f"{reals}.npy", images)
            data = ArraysConfig(source=str(tmp_path / f"{reals}.npy"))
            return score(G, data, metrics=[name], fakes=fakes, extractor="digits")[0].value

        G = ganzoo.create_generator("vanilla", seed=0, sample_shape=(1, 28, 28))
        assert math.isfinite(found(**least))
        for what, count in least.items():
            if count > 1:
                with pytest.raises(
                    RequestError, match=f"{what}.* is {count - 1}; .* at least {count}"
                ):
                    found(**{**least, what: count - 1})

    def test_an_unknown_extractor(self, G):
        with pytest.raises(PluginError, match="unknown extractor 'digit'; did you mean 'digits'"):
            score(G, MNIST, extractor="digit")

    def test_vectors(self, G):
        points = ganzoo.create_generator("vanilla", sample_shape=(2,))
        with pytest.raises(RequestError, match="mnist5k holds images, and this generator makes"):
            score(points, MNIST)
        with pytest.raises(RequestError, match="fid does not apply to vectors; choose from"):
            score(points, Ring8Config(source="ring8"), metrics=["modes", "fid"])
        with pytest.raises(RequestError, match="extractors are for images"):
            score(points, Ring8Config(source="ring8"), extractor="digits")
        with pytest.raises(RequestError, match="modes does not apply to images"):
            score(G, MNIST, metrics=["modes"])
        with pytest.raises(RequestError, match="ring8 holds vectors"):
            score(G, Ring8Config(source="ring8"))

    def test_other_classes_than_the_data(self):
        other = ganzoo.create_generator("vanilla", sample_shape=(1, 28, 28), num_classes=3)
        with pytest.raises(RequestError, match="has 3 classes and the data 10"):
            score(other, MNIST, fakes=10)

    def test_classes_of_an_extractor_that_tells_none(self, G):
        spec = ExtractorSpec("means", "A test.", ExtractorConfig, Means)
        with registered(spec):
            with pytest.raises(RequestError, match="is needs an extractor with classes"):
                score(G, MNIST, metrics=["is"], extractor="means")
            (found,) = score(G, MNIST, metrics=["fid"], extractor="means", fakes=100)
        assert found.name == "FID-means"


def test_only_the_published_extractor_may_say_fid(G, monkeypatch):
    monkeypatch.setattr(Means, "published", True)
    with registered(ExtractorSpec("means", "A test.", ExtractorConfig, Means)):
        (found,) = score(G, MNIST, metrics=["fid"], extractor="means", fakes=100)
    assert found.name == "FID"


def test_what_the_extractor_stands_on_is_recorded(G, monkeypatch):
    monkeypatch.setattr(Means, "versions", {"eyes": "1.0"})
    with registered(ExtractorSpec("means", "A test.", ExtractorConfig, Means)):
        (found,) = score(G, MNIST, metrics=["fid"], extractor={"name": "means"}, fakes=100)
    assert found.versions["eyes"] == "1.0"


class TestPoints:
    RING = Ring8Config(source="ring8")

    def found(self, points, monkeypatch):
        """The scores of a generator that makes these points, over and over."""
        G = ganzoo.create_generator("vanilla", sample_shape=(2,))
        place = iter(range(0, 10**6, 250))

        def sample(n, **options):
            start = next(place)
            return points[torch.arange(start, start + n) % len(points)]

        monkeypatch.setattr(G, "sample", sample)
        return {item.name: item for item in score(G, self.RING, fakes=1000)}

    def test_the_data_itself_is_of_high_quality(self, monkeypatch):
        source = open_dataset(self.RING)
        points = torch.stack([torch.from_numpy(source.read(i).sample) for i in range(1000)])
        found = self.found(points, monkeypatch)
        assert list(found) == ["modes", "quality", "divergence"]
        assert found["modes"].value == 8
        assert found["quality"].value > 0.97
        assert 0 <= found["divergence"].value < 0.01
        protocol = found["modes"].protocol
        assert (protocol.extractor, protocol.reals, protocol.fakes) == ("", 50_000, 1000)
        assert protocol.settings == {"radius": 3}

    def test_lost_modes_are_told(self, monkeypatch):
        source = open_dataset(self.RING)
        found = self.found(torch.from_numpy(source.centres[:2]), monkeypatch)
        values = {name: item.value for name, item in found.items()}
        assert values == pytest.approx({"modes": 2, "quality": 1, "divergence": math.log(4)})

    def test_points_that_are_nowhere_have_the_worst_scores(self, monkeypatch):
        found = self.found(torch.full((10, 2), 9.0), monkeypatch)
        values = {name: item.value for name, item in found.items()}
        assert values == pytest.approx({"modes": 0, "quality": 0, "divergence": math.log(8)})


def test_every_metric_may_be_asked_for_in_a_config():
    titles = [name for family in FAMILIES for name in family.titles]
    assert sorted(titles) == sorted(IMAGE_METRICS)
    assert [field.name for field in dataclasses.fields(Spread)] == list(POINT_METRICS)
    assert set(METRICS) == {*IMAGE_METRICS, *POINT_METRICS, *PAIR_METRICS}


class TestKeptStatistics:
    """Of the reals, which are looked at once."""

    @pytest.fixture
    def looks(self, tmp_path, monkeypatch):
        monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
        seen, real = [], Scorer._real

        def watched(scorer):
            seen.append(scorer)
            return real(scorer)

        monkeypatch.setattr(Scorer, "_real", watched)
        return seen

    @pytest.mark.parametrize("metrics", [["fid"], ["kid", "recall", "divergence"]], ids=str)
    def test_a_second_scorer_does_not_look_again(self, G, looks, metrics):
        first, second = (score(G, MNIST, metrics=metrics, fakes=300) for _ in range(2))
        assert len(looks) == 1
        assert first == second

    @pytest.mark.parametrize(
        "harm",
        [
            pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-9]), id="cut"),
            pytest.param(lambda path: path.write_bytes(b""), id="empty"),
            pytest.param(lambda path: save_file({"count": torch.tensor(1)}, path), id="another"),
            pytest.param(lambda path: path.unlink(), id="gone"),
            pytest.param(
                lambda path: path.write_bytes(path.read_bytes()[:-9] + bytes(9)), id="changed"
            ),
            pytest.param(
                lambda path: save_file({"count": torch.tensor([1, 2])}, path), id="two counts"
            ),
        ],
    )
    def test_a_damaged_file_is_made_anew(self, G, looks, tmp_path, harm):
        first = score(G, MNIST, metrics=["fid"], fakes=300)
        (kept,) = tmp_path.glob("statistics/*")
        harm(kept)
        assert score(G, MNIST, metrics=["fid"], fakes=300) == first
        assert score(G, MNIST, metrics=["fid"], fakes=300) == first
        assert len(looks) == 2

    def test_what_features_depend_on_tells_them_apart(self, G, looks):
        score(G, MNIST, metrics=["fid"], fakes=300)
        with registered(ExtractorSpec("means", "A test.", ExtractorConfig, Means)):
            score(G, MNIST, metrics=["fid"], extractor="means", fakes=300)
        score(G, MNIST, metrics=["kid"], fakes=300)
        assert len(looks) == 3

    def test_without_a_place_to_keep_them_they_are_had_all_the_same(self, G, looks, tmp_path):
        (tmp_path / "statistics").write_text("a file")
        assert score(G, MNIST, metrics=["fid"], fakes=300)
