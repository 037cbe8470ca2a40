"""Surveys, copies, advice and previews."""

import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

from ganzoo import registry
from ganzoo.data import duplicates
from ganzoo.data.advice import Advice, advise
from ganzoo.data.config import FolderConfig
from ganzoo.data.duplicates import equal_groups, gradient_hash, near_groups, thumbnail
from ganzoo.data.mixtures import Ring8
from ganzoo.data.sources.folder import Folder
from ganzoo.data.sources.own import summary
from ganzoo.data.survey import fault_of, survey
from ganzoo.errors import DataError
from ganzoo.resolve import resolve
from ganzoo.spec import Architecture
from tests.data.zoo import noise, saved


def scene(seed, size=(96, 80)):
    """An image with large shapes, as photographs have them."""
    dots = np.random.default_rng(seed).integers(256, size=(6, 7, 3), dtype=np.uint8)
    return Image.fromarray(dots).resize(size, Image.Resampling.BICUBIC)


def fill(root, count=6, **sizes):
    for index in range(count):
        path = root / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        scene([ord(root.name[0]), index], **sizes).save(path)


def folder(root, **values):
    return Folder(FolderConfig(source=str(root), **values))


def test_a_survey_counts_what_is_there(tmp_path):
    tmp_path /= "images"
    for name, count in (("cat", 3), ("dog", 2)):
        (tmp_path / name).mkdir(parents=True)
        for index in range(count):
            size = (20 + 10 * index, 40)
            scene(index + 10 * count, size).save(tmp_path / name / f"{index}.jpg")
    noise(50, 30, "L").save(tmp_path / "cat" / "x.png")
    (tmp_path / "dog" / "page.jpg").write_text("<html>")
    (tmp_path / "dog" / "half.png").write_bytes(saved(noise(), "PNG")[:600])
    for name in ("a.txt", "b.TXT", "c", ".hidden", "dog/names.csv", ".x/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    (tmp_path / "dog" / "list.tsv").write_text("filename\tclass\n0.jpg\tdog")
    (tmp_path / "dog" / "else.csv").write_text("file\nnot-here.jpg")
    found = survey(folder(tmp_path))
    assert found.count == 8
    expected = [[20, 40], [20, 40], [30, 40], [30, 40], [40, 40], [50, 30]]
    assert sorted(found.sizes.tolist()) == expected
    assert found.modes == {"JPEG RGB": 5, "PNG L": 1}
    assert found.classes == {"cat": 4, "dog": 2}
    assert [sentence.split(": ")[0] for sentence in found.bad] == [
        str(tmp_path / "dog" / name) for name in ("half.png", "page.jpg")
    ]
    assert found.bad_share == 0.25
    assert found.passed_over == {".txt": 2, "": 1, ".csv": 2, "hidden": 1, ".x/": 1, ".tsv": 1}
    # Of those that list files that are there alone it is promised that they can be read.
    assert found.lists == (os.path.join("dog", "list.tsv"),)
    assert sorted(found.labels.tolist()) == [-1, -1, 0, 0, 0, 0, 1, 1]
    assert (found.copies, found.near) == ((), ())


def test_a_size_is_that_of_the_image_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    scene(0, (60, 30)).save(tmp_path / "a.jpg", exif=exif)
    assert fault_of(folder(tmp_path), 0).size == (30, 60)


def test_copies_are_found_whatever_their_format_and_name(tmp_path):
    image = scene(1)
    for name in ("a.png", "b.bmp", "c.tif"):
        image.save(tmp_path / name)
    scene(2).save(tmp_path / "d.png")
    image.resize((48, 40)).save(tmp_path / "e.jpg", quality=60)
    found = survey(folder(tmp_path))
    assert found.copies == (("a.png", "b.bmp", "c.tif"),)
    assert found.near == (("a.png", "e.jpg"),)


def changed(image, how):
    if how == "smaller":
        return image.resize((40, 33), Image.Resampling.LANCZOS)
    if how == "brighter":
        return image.point(lambda value: min(255, value + 4))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=30)
    return Image.open(file)


@pytest.mark.parametrize("how", ["smaller", "brighter", "jpeg"])
def test_near_copies_are_found_among_others(how):
    images = [scene(seed) for seed in range(200)]
    images += [changed(image, how) for image in images[:50]]
    arrays = [np.asarray(image.convert("RGB")) for image in images]
    hashes = np.array([gradient_hash(array) for array in arrays], dtype=np.uint64)
    groups = near_groups(hashes, np.stack([thumbnail(array) for array in arrays]))
    wanted = {(index, 200 + index) for index in range(50)}
    found = set(map(tuple, groups))
    assert len(found & wanted) >= 40
    assert not found - wanted


def test_other_drawings_on_the_same_ground_are_no_copies():
    images = []
    for shape in ("ellipse", "rectangle"):
        image = Image.new("L", (40, 40))
        getattr(ImageDraw.Draw(image), shape)((12, 10, 28, 30), outline=255, width=2)
        images.append(np.asarray(image))
    hashes = np.zeros(2, dtype=np.uint64)  # as if these agreed by chance
    assert not near_groups(hashes, np.stack([thumbnail(image) for image in images]))


def naive(hashes, thumbs):
    """All pairs, one by one."""
    leader = list(range(len(hashes)))
    for one in range(len(hashes)):
        for other in range(one):
            bits = (int(hashes[one]) ^ int(hashes[other])).bit_count()
            first, second = thumbs[one].astype(float), thumbs[other].astype(float)
            levels = np.abs(first - second).mean()
            first, second = (thumb - thumb.mean(axis=(0, 1)) for thumb in (first, second))
            shape, contrast = np.abs(first - second).mean(), np.abs(first).mean()
            if bits <= 3 and levels <= 6 and shape <= max(1, 0.08 * contrast):
                old, new = leader[one], leader[other]
                leader = [new if place == old else place for place in leader]
    return equal_groups(leader)


@pytest.mark.parametrize("seed", range(3))
def test_pairing_finds_what_all_pairs_find(seed):
    random = np.random.default_rng(seed)
    bases = random.integers(1 << 63, size=20, dtype=np.uint64)
    hashes = bases[random.integers(20, size=120)]
    for _ in range(2):
        hashes ^= np.uint64(1) << random.integers(64, size=120, dtype=np.uint64)
    patterns = random.integers(40, 200, size=(2, 8, 8, 3), dtype=np.uint8)
    thumbs = np.tile(patterns, (60, 1, 1, 1)) + random.integers(
        4, size=(120, 8, 8, 3), dtype=np.uint8
    )
    found = near_groups(hashes, thumbs)
    assert found == naive(hashes, thumbs)
    assert found


@pytest.mark.parametrize("kinds", [1 << 63, 3], ids=["all different", "three hashes"])
def test_pairing_does_not_grow_quadratically(kinds, monkeypatch):
    compared = []

    class Counting:
        def __getattr__(self, name):
            return getattr(np, name)

        def bitwise_count(self, pairs):
            compared.append(len(pairs))
            return np.bitwise_count(pairs)

    monkeypatch.setattr(duplicates, "np", Counting())
    random = np.random.default_rng(0)
    hashes = random.integers(kinds, size=1_000, dtype=np.uint64)
    thumbs = random.integers(256, size=(1_000, 8, 8, 3), dtype=np.uint8)
    near_groups(hashes, thumbs)
    # With all pairs each image would be compared with 499 others in each order.
    assert 0 < sum(compared) <= len(duplicates.KEYS) * duplicates.WINDOW * 1_000
    assert duplicates.WINDOW < 200


def test_processes_find_what_one_finds(tmp_path, monkeypatch):
    tmp_path /= "images"
    fill(tmp_path, 8)
    (tmp_path / "bad.png").write_bytes(b"")
    monkeypatch.setattr("ganzoo.data.survey.WORTH", 1)
    monkeypatch.setattr("ganzoo.data.survey.CHUNK", 3)
    shown = []
    one, several = (survey(folder(tmp_path), processes=n, report=shown.append) for n in (1, 2))
    assert one.as_values() == several.as_values()
    assert len(one.bad) == 1
    assert sum(shown) == 2 * 9


def test_a_dataset_that_cannot_be_sent_is_surveyed_all_the_same(make_images, monkeypatch):
    monkeypatch.setattr("ganzoo.data.survey.WORTH", 1)
    dataset = make_images(count=5, bad=(2,))
    dataset.unsendable = lambda: None
    found = survey(dataset, processes=2)
    assert found.bad == ("2.png: broken",)
    assert found.modes == {"L": 4}


def test_vectors_are_surveyed_by_their_spread():
    config = resolve(
        {"architecture": "vanilla", "data": {"source": "ring8", "samples": 500}}
    ).config
    dataset = Ring8(config.data)
    points = np.stack([dataset.read(index).sample for index in range(500)]).astype(float)
    found = survey(dataset)
    expected = [points.min(0), points.mean(0), points.std(0), points.max(0)]
    assert np.allclose(found.spread, expected)
    assert found.as_values()["mean"] == found.spread[1].tolist()


def test_nothing_readable_is_an_error(make_images):
    with pytest.raises(DataError, match=r"none of 2 samples can be read: 0\.png: broken"):
        survey(make_images(count=2, bad=(0, 1)))


def advice_on(root, architecture="dcgan", **overrides):
    config = resolve(
        {"architecture": architecture, "data": {"source": str(root)}}, overrides
    ).config
    found = survey(Folder(config.data))
    spec = registry.get(Architecture, architecture)
    return advise(found, config, spec.traits(config.architecture))


def test_a_few_small_images_do_not_decide_the_size(tmp_path):
    fill(tmp_path, 40, size=(80, 100))
    scene(1, (9, 9)).save(tmp_path / "icon.png")
    advice = advice_on(tmp_path)
    assert advice.values["data.image_size"] == 64
    # 0.0002 x 64 x 64 / 64
    assert advice.values["penalties.r1.weight"] == 0.013
    assert advice.values["data.holdout"] == 2
    assert "data.image_size" not in advice_on(tmp_path, **{"data.image_size": 64}).values
    assert "data.image_size" not in advice_on(tmp_path, "vanilla").values


@pytest.mark.parametrize(
    ("sizes", "classes", "overrides", "doubt"),
    [
        ([(64, 64)], {}, {}, "very few"),
        ([(64, 64), (20, 64)], {}, {"data.image_size": 32}, "1 are much smaller than 32x32"),
        ([(64, 64), (64, 150)], {}, {}, "1 are so long that at least half is cut off"),
        ([(64, 64)], {"a": 3, "b": 1}, {}, "1 of 2 classes hold one image, such as 'b'"),
        ([(64, 64)], {"a": 23, "b": 2}, {}, "unbalanced: a has 23, and b 2"),
        ([(64, 64)], {}, {"data.channels": 1}, "colours become grey"),
    ],
)
def test_what_is_doubtful_is_told(tmp_path, sizes, classes, overrides, doubt):
    if not classes:
        for index, size in enumerate(sizes):
            scene(index, size).save(tmp_path / f"{index}.png")
    for name, count in classes.items():
        fill(tmp_path / name, count, size=sizes[0])
    assert any(doubt in warning for warning in advice_on(tmp_path, **overrides).warnings)


def test_copies_and_near_copies_are_doubtful(tmp_path):
    for index in range(4):
        scene(index).save(tmp_path / f"{index}.png")
        scene(index).save(tmp_path / f"{index}.bmp")
        scene(index, (90, 75)).save(tmp_path / f"{index}.tif")
    text = " ".join(advice_on(tmp_path).warnings)
    assert "images that appear more than once (4)" in text
    assert "4 look almost the same as others" in text


@pytest.mark.parametrize(
    ("partial", "overrides", "line"),
    [
        (
            None,
            {"data.flip": True},
            "ganzoo train architecture=dcgan 'data=./my cats' data.flip=true data.holdout=2",
        ),
        (False, {}, "ganzoo finetune dcgan --data './my cats' data.holdout=2"),
        (True, {}, "ganzoo finetune dcgan --data './my cats' --allow-partial data.holdout=2"),
        (
            True,
            {"finetune.allow_partial": True},
            "ganzoo finetune dcgan --data './my cats' finetune.allow_partial=true data.holdout=2",
        ),
    ],
    ids=["training", "whole", "in part", "in part, as was said"],
)
def test_the_command_is_quoted_and_keeps_what_was_asked_for(partial, overrides, line):
    advice = Advice((), {"data.holdout": 2}, {})
    assert advice.command("dcgan", "./my cats", overrides, partial=partial) == line


@pytest.mark.parametrize(
    ("size", "side"),
    [((28, 28), 32), ((25, 40), 16), ((52, 52), 64), ((51, 51), 32), ((103, 110), 128)],
)
def test_the_size_enlarges_a_little_at_most(tmp_path, size, side):
    fill(tmp_path, 4, size=size)
    asked = {"data.image_size": 16 if side != 16 else 32}
    assert advice_on(tmp_path, **asked).values["data.image_size"] == side
    warnings = advice_on(tmp_path, **{"data.image_size": side}).warnings
    assert not any("blurred" in warning for warning in warnings)


def test_a_recipe_with_a_penalty_keeps_it_alone(tmp_path):
    fill(tmp_path, 4)
    suggested = advice_on(tmp_path).values
    assert suggested["penalties.r1.every"] == 16
    assert not any(key.startswith("penalties") for key in advice_on(tmp_path, "wgan-gp").values)


def test_of_weights_to_start_from_only_what_suits_them_is_suggested(tmp_path):
    fill(tmp_path, 40)
    config = resolve({"architecture": "dcgan", "data": {"source": str(tmp_path)}}).config
    traits = registry.get(Architecture, "dcgan").traits(config.architecture)
    advice = advise(survey(Folder(config.data)), config, traits, ["they have no classes"])
    assert advice.values.keys() == {"data.holdout"}
    assert advice.warnings[0] == "they have no classes"


def test_a_run_tells_what_headers_tell(tmp_path):
    for name, size in (("a", (20, 30)), ("b", (40, 20))):
        fill(tmp_path / name, 2, size=size)
    fill(tmp_path / "b", 3, size=(40, 20))
    (tmp_path / "a" / "x.png").write_bytes(b"")
    told = ["5 images of 20x20 to 40x30 in 2 classes, of 2 to 3 each"]
    assert summary(folder(tmp_path)) == told


def test_a_run_tells_nothing_of_sources_that_are_known(make_images):
    assert summary(make_images()) == []


def test_one_sort_of_size_is_told_once_and_copies_are_counted(tmp_path):
    fill(tmp_path, 2, size=(32, 32))
    assert summary(folder(tmp_path)) == ["2 images of 32x32"]
    for name in ("again.png", "once-more.png"):
        shutil.copy(next(tmp_path.glob("*.png")), tmp_path / name)
    (told,) = summary(folder(tmp_path))
    assert told == (
        "4 images of 32x32; 2 of them are copies of another file (ganzoo data check lists them)"
    )
