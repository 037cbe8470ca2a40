"""Translating images: what may be given, what comes back, and what it depends on."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import ganzoo
from ganzoo.building import architecture_config, build_network
from ganzoo.config import TranslatorConfig
from ganzoo.errors import GanzooError, RequestError
from ganzoo.networks.translator import Translator
from ganzoo.registry import registered
from ganzoo.spec import Architecture, Role
from ganzoo.weights import saving as weights
from ganzoo.weights.description import DataFacts, Info

SMALL = {"generator_width": 2, "discriminator_width": 2, "discriminator_layers": 1}
RESNET = {"generator": "resnet", "blocks": 1, **SMALL}


def translator(name="pix2pix", role="generator", *, background="#ffffff", **values):
    """An untrained translator of 32x32 images, whose dropout and norms do something."""
    values = {"sample_shape": (3, 32, 32), **RESNET, **values}
    config = architecture_config(name, **values)
    info = Info.of(config, data=DataFacts(background=background))
    made = Translator(build_network(role, config, seed=3), info, role=role).eval()
    for index, parameter in enumerate(made.module.parameters()):
        parameter.data.normal_(0, 0.4, generator=torch.Generator().manual_seed(index))
    return made


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def tensor(array):
    return torch.from_numpy(array).permute(2, 0, 1) / 255


def close(one, other, within=1e-5):
    return one.shape == other.shape and (one - other).abs().max() <= within


def stored(image):
    """The pixels of a PIL image in [0, 1], (C, H, W)."""
    return tensor(np.atleast_3d(np.array(image)))


@pytest.fixture(scope="module")
def T():
    return translator()


COLOUR, GREY, CLEAR = pixels(16, 24, 3), pixels(16, 24), pixels(16, 24, 4)


class TestWhatIsGiven:
    """Whatever it is, the network sees the same numbers."""

    @pytest.fixture
    def files(self, tmp_path):
        Image.fromarray(COLOUR).save(tmp_path / "b.png")
        (tmp_path / "in" / "a").mkdir(parents=True)
        Image.fromarray(COLOUR[:8]).save(tmp_path / "in" / "z.png")
        Image.fromarray(COLOUR[:, :16]).save(tmp_path / "in" / "a" / "y.png")
        (tmp_path / "in" / "notes.txt").write_text("no image")
        return tmp_path

    def test_one_image_of_any_kind(self, T, files):
        made = T.translate(tensor(COLOUR)[None], use="eval")
        assert made.shape == (1, 3, 16, 24)
        assert made.std() > 0.1
        assert close(T.translate(tensor(COLOUR), use="eval"), made[0])
        given = torch.from_numpy(COLOUR).permute(2, 0, 1)
        assert close(T.translate(given, use="eval"), made[0])
        for image in (Image.fromarray(COLOUR), files / "b.png", str(files / "b.png")):
            result = T.translate(image, use="eval")
            assert isinstance(result, Image.Image)
            assert close(stored(result), made[0], 0.51 / 255)

    def test_several_images_of_sizes_of_their_own(self, T, files):
        alone = T.translate(files / "b.png", seed=0)
        listed = T.translate([files / "b.png", Image.fromarray(COLOUR[:8])], seed=0)
        assert [image.size for image in listed] == [(24, 16), (24, 8)]
        assert listed[0] == alone
        found = T.translate(files / "in", seed=0)
        assert [image.size for image in found] == [(16, 16), (24, 8)]
        (only,) = T.translate([files / "b.png"], seed=0)
        assert only == alone

    @pytest.mark.parametrize("channels", [1, 3, 4])
    @pytest.mark.parametrize("array", [GREY, COLOUR, CLEAR], ids=["grey", "colour", "alpha"])
    def test_channels_become_those_of_the_network(self, channels, array):
        shapes = {"source_shape": (channels, 32, 32), "sample_shape": (3, 32, 32)}
        network, image = translator(**shapes, background="#102030"), Image.fromarray(array)
        if array.ndim == 3 and array.shape[2] == 4 and channels < 4:
            sheet = Image.new("RGBA", image.size, "#102030")
            image = Image.alpha_composite(sheet, image).convert("RGB")
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
        if channels == 4 and array.shape[2:] == (4,):
            # A clear pixel has the colour of the background.
            array = np.where(array[..., 3:] > 0, array, [0x10, 0x20, 0x30, 0]).astype(np.uint8)
            image = Image.fromarray(array)
        expected = network.translate(stored(image.convert(mode)), use="eval")
        result = stored(network.translate(Image.fromarray(array), use="eval"))
        assert close(result, expected, 0.51 / 255)
        # Of a tensor the same, but for the rounding to 8 bits on the way.
        given = tensor(np.atleast_3d(array))
        assert close(network.translate(given, use="eval"), expected, 0.05)

    def test_results_of_one_channel_are_grey(self):
        made = translator(source_shape=(3, 32, 32), sample_shape=(1, 32, 32))
        assert made.translate(Image.fromarray(COLOUR)).mode == "L"

    def test_each_role_reads_its_own_domain(self):
        shapes = {"source_shape": (1, 32, 32), "sample_shape": (3, 32, 32)}
        for role, modes in {"a_to_b": ("L", "RGB"), "b_to_a": ("RGB", "L")}.items():
            made = translator("cyclegan", role, **shapes)
            assert made.source_shape[0] == len(modes[0].replace("RGB", "rgb"))
            assert made.translate(Image.new(modes[0], (32, 32))).mode == modes[1]


@pytest.fixture(scope="module")
def batch():
    return torch.stack([tensor(pixels(16, 16, 3, seed=seed)) for seed in range(3)])


@pytest.fixture(scope="module")
def D():
    return translator(dropout=0.5, norm="batch")


class TestUse:
    """As published: in training mode, seeded, image by image; else in evaluation mode."""

    def test_the_config_says_which_is_meant(self, D, batch):
        assert D.config.use == "published"
        assert torch.equal(D.translate(batch, seed=1), D.translate(batch, seed=1, use="published"))
        other = translator(dropout=0.5, norm="batch", use="eval")
        assert torch.equal(other.translate(batch), other.translate(batch, use="eval"))
        assert not close(D.translate(batch, use="eval"), D.translate(batch, seed=1), 0.01)

    def test_the_seed_decides_the_dropout_and_nothing_else(self, D, batch):
        one, again, other = (D.translate(batch, seed=seed) for seed in (1, 1, 2))
        assert torch.equal(one, again)
        assert not close(one, other, 0.01)
        assert not torch.equal(D.translate(batch), D.translate(batch))
        seeds = (1, 2)
        found = [D.translate(batch, seed=seed, use="eval") for seed in seeds]
        assert torch.equal(*found)

    def test_each_image_has_the_statistics_of_itself_alone(self, D, batch):
        still = translator(dropout=0.0, norm="batch")
        rows = torch.cat([still.translate(image[None]) for image in batch])
        assert torch.equal(still.translate(batch, batch_size=3), rows)

    def test_the_network_and_the_global_random_state_stay_as_they_were(self, D, batch):
        before = {name: value.clone() for name, value in D.state_dict().items()}
        torch.manual_seed(5)
        expected = torch.rand(2)
        torch.manual_seed(5)
        D.translate(batch)
        assert torch.equal(torch.rand(2), expected)
        assert not D.training
        assert all(torch.equal(value, before[name]) for name, value in D.state_dict().items())

    @pytest.mark.parametrize("size", [1, 2, 3, 8])
    def test_batches_change_nothing_in_evaluation_mode(self, T, batch, size):
        whole = T.translate(batch, use="eval", batch_size=3)
        assert close(T.translate(batch, use="eval", batch_size=size), whole)

    def test_the_use_is_kept_with_the_weights(self, tmp_path):
        for use in ("published", "eval"):
            network = translator(dropout=0.5, use=use)
            network.save(tmp_path / use)
            loaded = ganzoo.load(tmp_path / use)
            assert isinstance(loaded, ganzoo.Translator)
            assert loaded.config.use == use
            image = tensor(COLOUR)
            assert torch.equal(loaded.translate(image, seed=4), network.translate(image, seed=4))


class Plain(nn.Conv2d):
    """A stranger's translator, which takes even sizes and says nothing of it."""

    def __init__(self, config):
        super().__init__(3, 3, 1)

    def forward(self, images, latents=None, labels=None):
        n, c, h, w = images.shape
        return super().forward(images.view(n, c, h // 2, 2, w).flatten(2, 3)).tanh()


class Asking(nn.Conv2d):
    """One that computes with numbers, which nothing tells without data."""

    def __init__(self, config):
        super().__init__(3, 3, 1)

    def forward(self, images, latents=None, labels=None):
        return super().forward(images) * images.max().item()


@pytest.fixture
def strangers():
    specs = [
        Architecture(
            kind.__name__.lower(),
            "A test.",
            TranslatorConfig,
            networks={"maker": Role(kind, "translator", ("source",), ("target",))},
        )
        for kind in (Plain, Asking)
    ]
    with registered(specs[0]), registered(specs[1]):
        yield {
            spec.name: Translator(build_network("maker", config, seed=0), Info.of(config))
            for spec in specs
            for config in [architecture_config(spec.name, source_shape=(3, 8, 8))]
        }


def test_sizes_that_a_strangers_network_does_not_take(strangers):
    assert strangers["plain"].translate(Image.new("RGB", (5, 6))).size == (5, 6)
    message = (
        r"images of 7x5 pixels do not fit maker of plain \(.*\); .* as to 8x8, the size of its"
    )
    with pytest.raises(RequestError, match=message):
        strangers["plain"].translate(Image.new("RGB", (5, 7)))
    assert strangers["asking"].translate(Image.new("RGB", (5, 7))).size == (5, 7)


BAD = {
    "no use": ({"use": "train"}, "use is 'train'; it must be published or eval"),
    "a seed": ({"seed": -1}, "the seed is -1"),
    "no batch": ({"batch_size": 0}, "batch_size is 0"),
    "channels": ({"images": torch.zeros(1, 2, 32, 32)}, "have 2 channels, and the network reads 3"),
    "no image": ({"images": torch.zeros(3, 32)}, r"shape \(3, 32\) is not a batch of images"),
    "none at all": ({"images": torch.zeros(0, 3, 32, 32)}, "is not a batch of images"),
    "a range": (
        {"images": -torch.ones(1, 3, 32, 32)},
        "range from -1 to -1; give uint8, or floats",
    ),
    "not a number": ({"images": torch.full((1, 3, 8, 8), torch.nan)}, "range from nan to nan"),
    "integers": ({"images": torch.zeros(1, 3, 32, 32, dtype=torch.int64)}, "are torch.int64; give"),
    "a size": (
        {"images": torch.zeros(1, 3, 33, 42)},
        "33x42 pixels do not fit the ResNet generator; .* as to 32x40 or 36x44",
    ),
    "no file": ({"images": "nowhere.png"}, "there is no image nowhere.png"),
    "a mode": ({"images": Image.new("F", (8, 8))}, "the image, of mode F, cannot be read"),
}


@pytest.mark.parametrize("cause", BAD)
def test_bad_requests(T, cause):
    options, message = BAD[cause]
    with pytest.raises(GanzooError, match=message) as caught:
        T.translate(**{"images": torch.zeros(1, 3, 32, 32), **options})
    assert caught.value.exit_code == 2


class TestFiles:
    """Written beside their names, and over nothing."""

    @pytest.fixture
    def place(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "in" / "sub").mkdir(parents=True)
        for name in ("b.jpg", "a.png", "sub/c.webp"):
            Image.fromarray(COLOUR).save(tmp_path / "in" / name)
        return tmp_path

    def test_a_folder_and_an_image(self, T, place):
        progress = []
        show = lambda *numbers: progress.append(numbers)  # noqa: E731
        written = ganzoo.translate(T, "in", "out", seed=0, progress=show)
        assert [str(path) for path in written] == ["out/a.png", "out/b.png", "out/sub/c.png"]
        assert progress == [(1, 3), (2, 3), (3, 3)]
        (one,) = ganzoo.translate(T, "in/a.png", "one.webp", seed=0)
        assert str(one) == "one.webp"
        expected = T.translate(place / "in", seed=0)
        with Image.open(written[0]) as image:
            assert image.tobytes() == expected[0].tobytes()
        (named,) = ganzoo.translate(T, "in/a.png", "other")
        assert str(named) == "other/a.png"

    def test_what_is_usual(self, T, place):
        assert [str(path) for path in ganzoo.translate(T, "in/a.png")] == ["translated.png"]
        assert str(ganzoo.translate(T, ["in"])[0]) == "translated/a.png"

    def test_nothing_is_written_where_one_image_cannot_be_read(self, T, place):
        (place / "in" / "z.png").write_bytes((place / "in" / "a.png").read_bytes()[:300])
        with pytest.raises(GanzooError, match=r"in/z.png: a PNG that is damaged or incomplete"):
            ganzoo.translate(T, "in", "out")
        Image.fromarray(COLOUR[:9]).save(place / "in" / "z.png")
        with pytest.raises(GanzooError, match=r"in/z.png: images of 9x24 pixels do not fit"):
            ganzoo.translate(T, "in", "out")
        assert not (place / "out").exists()

    @pytest.mark.parametrize(
        ("images", "out", "message"),
        [
            pytest.param("in", "x.png", "x.png is one image, and several", id="several, one file"),
            pytest.param("in/a.png", "in/b.jpg", "in/b.jpg already exists; give a", id="a file"),
            pytest.param("in", "in", "in already exists; give a new folder", id="a full folder"),
            pytest.param("in/a.png", "taken", "taken is a file; an image ends in", id="no ending"),
            pytest.param([], "out", "there is nothing to translate", id="nothing"),
            pytest.param("empty", "out", "empty holds no images", id="an empty folder"),
            pytest.param(
                ["in/a.png", "more/a.jpg"],
                "out",
                "in/a.png and more/a.jpg would both become out/a.png",
                id="two of one name",
            ),
        ],
    )
    def test_what_is_refused(self, T, place, images, out, message):
        (place / "empty").mkdir()
        (place / "more").mkdir()
        (place / "taken").write_text("x")
        Image.fromarray(COLOUR).save("more/a.jpg")
        before = sorted(place.rglob("*"))
        with pytest.raises(RequestError, match=message):
            ganzoo.translate(T, images, out)
        assert sorted(place.rglob("*")) == before


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    config = architecture_config("cyclegan", sample_shape=(3, 32, 32), **RESNET)
    spec = ganzoo.info("cyclegan")
    networks = {role: build_network(role, config, seed=0) for role in spec.networks}
    del networks["discriminator_b"]
    return weights.save(tmp_path_factory.mktemp("cycle"), Info.of(config), networks)


class TestRoles:
    def test_each_is_loaded_as_what_it_is(self, folder):
        kinds = {
            None: (ganzoo.Translator, "a_to_b"),
            "b_to_a": (ganzoo.Translator, "b_to_a"),
            "discriminator_a": (ganzoo.Discriminator, "discriminator_a"),
        }
        for role, (kind, name) in kinds.items():
            found = ganzoo.load(folder, role)
            assert (type(found), found.role, found.training) == (kind, name, False)
        assert type(ganzoo.load("vanilla.mnist5k")) is ganzoo.Generator

    @pytest.mark.parametrize("role", ["b_to_b", "discriminator_b", "generator"])
    def test_a_role_that_is_not_there(self, folder, role):
        message = rf"has no role '{role}'.* \(available: a_to_b, b_to_a, discriminator_a\)"
        with pytest.raises(RequestError, match=message):
            ganzoo.load(folder, role)

    def test_another_kind_is_refused_with_the_way_to_go(self, folder):
        with pytest.raises(RequestError, match="translate images with ganzoo translate"):
            ganzoo.load_generator(folder)
        with pytest.raises(RequestError, match="draw samples with ganzoo sample"):
            ganzoo.translate("vanilla.mnist5k", folder / "config.json")
        with pytest.raises(RequestError, match=r"scores images, .* choose a_to_b or b_to_a"):
            ganzoo.translate(folder, folder / "config.json", role="discriminator_a")
