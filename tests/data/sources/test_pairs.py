"""Pairs and domains: which images come together, which are refused, and what stays the same."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo import registry
from ganzoo.config import DataConfig, documents
from ganzoo.config.documents import parse_yaml
from ganzoo.data.cache import open_stores
from ganzoo.data.composite import Composite, View
from ganzoo.data.config import DomainsConfig, PairsConfig, StandardConfig
from ganzoo.data.fields import reshaped
from ganzoo.data.loader import Loader
from ganzoo.data.sources.own import summary
from ganzoo.errors import ConfigError, DataError
from ganzoo.randomness import Draws
from ganzoo.resolve import resolve
from ganzoo.spec import DatasetSpec
from ganzoo.training.facts import recipe_of
from ganzoo.training.resuming import changeable
from ganzoo.training.trainer import Trainer
from tests.data.sources.conftest import KINDS, opened, png

CPU = torch.device("cpu")


@pytest.fixture
def images():
    """uint8 (2, 6, 8, 8, 3): six sources and six targets."""
    return np.random.default_rng(0).integers(256, size=(2, 6, 8, 8, 3), dtype=np.uint8)


def write(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def two_folders(root, images):
    for side, pixels in zip("ab", images, strict=True):
        for number, image in enumerate(pixels):
            write(root / side / f"{number}.{'png' if side == 'a' else 'bmp'}", image)
    return {"a": str(root / "a"), "b": str(root / "b")}


def one_folder(root, images):
    for number, image in enumerate(np.concatenate(list(images), axis=2)):
        write(root / "both" / f"{number}.png", image)
    return {"path": str(root / "both")}


def two_archives(root, images):
    import zipfile

    for side, pixels in zip("ab", images, strict=True):
        with zipfile.ZipFile(root / f"{side}.zip", "w") as archive:
            for number in reversed(range(len(pixels))):
                archive.writestr(f"{side}/{number}.png", png(pixels[number]))
    return {"a": str(root / "a.zip"), "b": str(root / "b.zip")}


def two_arrays(root, images):
    for side, pixels in zip("ab", images, strict=True):
        np.save(root / f"{side}.npy", pixels)
    return {"a": str(root / "a.npy"), "b": str(root / "b.npy")}


def one_array(root, images):
    np.save(root / "both.npy", np.concatenate(list(images), axis=2))
    return {"path": str(root / "both.npy")}


LAYOUTS = (two_folders, one_folder, two_archives, two_arrays, one_array)


def loaded(dataset, side=8, **options):
    fields = reshaped(dataset.fields, {n: (3, side, side) for n in dataset.fields if n != "label"})
    stores, notes = open_stores(dataset, fields, name="them")
    return Loader(stores, fields, seed=0, device=CPU, **options), notes


def bytes_of(values):
    return (values.permute(0, 2, 3, 1) * 127.5 + 127.5).round().numpy()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_pairs_are_the_same_however_they_lie(tmp_path, images, layout, direction):
    dataset = opened("pairs", direction=direction, **layout(tmp_path, images))
    assert len(dataset) == 6
    assert {f.name: (f.group, f.shape) for f in dataset.fields.values()} == {
        "source": ("pair", (3, 8, 8)),
        "target": ("pair", (3, 8, 8)),
    }
    loader, notes = loaded(dataset)
    batch = loader.gather(torch.arange(6))
    expected = images if direction == "a_to_b" else images[::-1]
    for name, pixels in zip(("source", "target"), expected, strict=True):
        assert (bytes_of(batch[name]) == pixels).all()
    assert notes == []


def test_the_fingerprint_is_that_of_contents_and_direction(tmp_path, images):
    values = two_folders(tmp_path, images)
    found = {opened("pairs", **values, direction=way).fingerprint for way in ("a_to_b", "b_to_a")}
    os.rename(tmp_path / "a", tmp_path / "moved")
    moved = {**values, "a": str(tmp_path / "moved")}
    assert opened("pairs", **moved).fingerprint in found
    write(tmp_path / "b" / "5.bmp", images[0, 0])
    found.add(opened("pairs", **moved).fingerprint)
    found.add(opened("domains", **moved).fingerprint)
    assert len(found) == 4


def test_whole_folders_share_their_decoded_images_with_other_uses(tmp_path, images):
    values = two_folders(tmp_path, images)
    pairs, single = opened("pairs", **values), opened(values["a"])
    assert pairs.groups["pair"]["source"].fingerprint == single.fingerprint


def test_a_half_that_breaks_off_takes_the_pair_with_it(tmp_path, images):
    values = two_folders(tmp_path, images)
    for path in (tmp_path / "a" / "1.png", tmp_path / "b" / "4.bmp"):
        path.write_bytes(path.read_bytes()[:-20])
    dataset = opened("pairs", max_bad=0.4, **values)
    loader, notes = loaded(dataset)
    numbers = [0, 2, 3, 5]
    batch = loader.gather(torch.arange(4))
    assert (bytes_of(batch["source"]) == images[0, numbers]).all()
    assert (bytes_of(batch["target"]) == images[1, numbers]).all()
    (note,) = notes
    assert note.startswith(f"2 samples cannot be read and are skipped: {tmp_path}/a/1.png: ")
    assert f"{tmp_path}/b/4.bmp: " in note
    # Each side alone lacks fewer than the share that may be skipped.
    with pytest.raises(DataError, match=r"2 of 6 images cannot be read: .*max_bad.*is 0\.2"):
        loaded(opened("pairs", max_bad=0.2, **values))


def test_a_broken_image_of_both_halves_is_named_once(tmp_path, images):
    values = one_folder(tmp_path, images)
    path = tmp_path / "both" / "3.png"
    path.write_bytes(path.read_bytes()[:-40])
    loader, notes = loaded(opened("pairs", max_bad=0.2, **values))
    assert len(loader.trained_on) == 5
    assert len(notes) == 1
    assert notes[0].startswith(f"1 sample cannot be read and is skipped: {path}: ")


def test_images_without_a_partner_are_skipped_and_named_where_that_is_allowed(tmp_path, images):
    values = two_folders(tmp_path, images)
    (tmp_path / "a" / "0.png").unlink()
    (tmp_path / "b" / "3.bmp").unlink()
    dataset = opened("pairs", max_bad=0.4, **values)
    assert dataset.notes == ("2 images have no partner of the same name: 3 of a, 0 of b; skipped",)
    batch = loaded(dataset)[0].gather(torch.arange(4))
    numbers = [1, 2, 4, 5]
    assert (bytes_of(batch["source"]) == images[0, numbers]).all()
    assert (bytes_of(batch["target"]) == images[1, numbers]).all()
    target = dataset.groups["pair"]["target"]
    assert [target.name_of(index) for index in range(4)] == [f"{n}.bmp" for n in numbers]


def test_sources_and_targets_may_have_other_channels(tmp_path, images):
    for number in range(6):
        write(tmp_path / "grey" / f"{number}.png", images[0, number, :, :, 0])
        write(tmp_path / "colour" / f"{number}.png", images[1, number])
    values = {"a": str(tmp_path / "grey"), "b": str(tmp_path / "colour")}
    shapes = [f.shape for f in opened("pairs", **values).fields.values()]
    assert shapes == [(1, 8, 8), (3, 8, 8)]
    shapes = [f.shape for f in opened("pairs", channels=1, **values).fields.values()]
    assert shapes == [(1, 8, 8), (1, 8, 8)]


def test_crops_are_cut_out_of_larger_images_alike(tmp_path, images):
    values = one_folder(tmp_path, np.stack([images[0], images[0]]))
    dataset = opened("pairs", image_size=8, load_size=12, **values)
    fields = reshaped(dataset.fields, {})
    stores, _ = open_stores(dataset, fields, name="pairs")
    assert stores["source"].samples.shape == (6, 12, 12, 3)
    loader, _ = loaded(dataset, flip=True)
    batches = [loader.batch(6 * step, Draws((step,), 6)) for step in range(4)]
    for batch in batches:
        assert batch["source"].shape == (6, 3, 8, 8)
        assert batch["source"].equal(batch["target"])
    assert not batches[0]["source"].equal(batches[1]["source"])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "torch"])
def test_a_domain_is_any_source_of_images(tmp_path, pixels, kind):
    place = KINDS[kind](tmp_path, pixels)
    dataset = opened("domains", a=str(place), b="mnist5k")
    assert len(dataset) == 5000
    assert [(f.name, f.group, f.shape) for f in dataset.fields.values()] == [
        ("a", "a", (3, 8, 8)),
        ("b", "b", (1, 28, 28)),
    ]
    expected = opened(place)
    for index in range(5):
        item = dataset.groups["a"]["a"].read(index)
        assert (item.sample == expected.read(index).sample).all()


def test_domains_that_python_registered(tmp_path, pixels):
    name = KINDS["torch"](tmp_path, pixels)
    dataset = opened("domains", a=name, b="mnist5k", channels=3)
    assert [f.shape for f in dataset.fields.values()] == [(3, 8, 8), (3, 28, 28)]


def test_a_run_tells_what_headers_tell_of_each_field(tmp_path, images):
    values = two_folders(tmp_path, images)
    assert summary(opened("domains", **values)) == ["a: 6 images of 8x8", "b: 6 images of 8x8"]
    (tmp_path / "a" / "0.png").unlink()
    told = summary(opened("pairs", max_bad=0.5, **values))
    assert told == ["source: 5 images of 8x8", "target: 5 images"]


def test_paths_are_kept_so_that_a_run_resumes_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = DomainsConfig(source="domains", a="./horses", b="mnist5k")
    assert (config.a, config.b) == (str(tmp_path / "horses"), "mnist5k")
    config = PairsConfig(source="pairs", path="maps")
    assert config.path == str(tmp_path / "maps")
    assert PairsConfig(source="pairs", path="hf://me/maps").path == "hf://me/maps"


PLACES = {
    "pairs": (PairsConfig(source="pairs", path="/home/me/maps"), {"path": "./maps"}),
    "domains": (
        DomainsConfig(source="domains", a="/home/me/a", b="hf://me/b"),
        {"a": "./a", "b": "hf://me/b"},
    ),
    "torchvision": (StandardConfig(source="mnist", root="/home/me/data"), {"root": "./data"}),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_recipe_names_no_place_of_this_machine_and_places_may_change(kind):
    data, told = PLACES[kind]
    run = resolve({"architecture": "vanilla"}).config.model_copy(update={"data": data})
    values = parse_yaml(recipe_of(run, "fp32"))["data"]
    assert {key: values[key] for key in told} == told
    assert values["source"] == data.source
    assert "/home" not in documents.dump_yaml(values)
    assert {f"data.{place}" for place in told} <= changeable(data)
    assert "data.flip" not in changeable(data)


def test_networks_of_single_samples_refuse_data_of_other_fields(tmp_path):
    with pytest.raises(ConfigError) as found:
        resolve({"architecture": "dcgan", "data": {"source": "domains", "a": "./a", "b": "./b"}})
    assert str(found.value) == (
        "data.source: domains holds a and b, and dcgan is trained on sample; choose an "
        "architecture whose objective reads a and b, or other data"
    )


# --- fields of a stranger ----------------------------------------------------------------------


class Masked(Composite):
    """Digits, each with a second image of the same size."""

    def __init__(self, config):
        digits = registry.instantiate("datasets", "mnist5k", config)
        rows = range(0, 5000, 100)
        members = {"sample": View(digits, rows), "mask": View(digits, rows[::-1])}
        super().__init__({"sample": members})


def test_further_fields_change_nothing_for_networks_of_single_samples(tmp_path):
    spec = DatasetSpec("masked", "A test.", DataConfig, Masked, fields=("sample", "mask"))
    architecture = {"name": "vanilla", "generator_widths": [4], "discriminator_widths": [4]}
    config = {"architecture": architecture, "data": {"source": "masked", "holdout": 5}}
    with registry.registered(spec):
        trainer = Trainer(config, tmp_path / "run", overrides={"steps": 1, "batch_size": 8})
        assert trainer.config.architecture.num_classes == 10
        trainer.fit()
    digits = registry.instantiate("datasets", "mnist5k", DataConfig(source="mnist5k"))
    batch = trainer.loader.gather(torch.arange(50))
    assert batch["label"].tolist() == [digits.read(row).label for row in range(0, 5000, 100)]
    assert batch["mask"].flip(0).equal(batch["sample"])
