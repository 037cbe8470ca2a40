"""``ganzoo data check``: what a person is told of images, and where training would refuse."""

import json
import shlex
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from ganzoo.config.written import parse_override
from ganzoo.resolve import resolve


@pytest.fixture
def images(tmp_path):
    """Forty images of two classes, a copy, and a file beside them."""
    random = np.random.default_rng(0)
    for index in range(40):
        path = tmp_path / "images" / ("cat" if index % 2 else "dog") / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        dots = Image.fromarray(random.integers(256, size=(5, 6, 3), dtype=np.uint8))
        dots.resize((70, 80 + index), Image.Resampling.BICUBIC).save(path)
    Image.open(path).save(path.parent / "copy.bmp")
    (path.parent / "notes.txt").write_text("notes")
    return tmp_path / "images"


def test_the_report(command, images):
    result = command("data", "check", "./images")
    assert result.code == 0
    assert result.err == "preview: data-check.png\n"
    lines = result.out.splitlines()
    rows = {line[2:14].strip(): line[14:] for line in lines if line[:2] == "  " and line[2] != " "}
    assert lines[0] == "./images: 41 images"
    assert rows["stored as"] == "PNG RGB 40, BMP RGB 1"
    assert rows["width"] == "70, all"
    assert rows["height"] == "80 to 119, median 100"
    assert rows["classes"] == "2: cat 21, dog 20"
    assert rows["unreadable"] == "none"
    assert rows["passed over"] == "1 not images: .txt 1 (cat/notes.txt)"
    assert rows["copies"] == "2 in 1 group"
    assert "    cat/39.png = cat/copy.bmp" in lines
    assert rows["training"].startswith("dcgan sees 64x64 in colour")
    assert max(map(len, lines[:-1])) <= 80
    with Image.open("data-check.png") as image:
        assert image.size[0] > 2 + 8 * 66  # names of classes are to the left
        assert image.size[1] == 2 + 6 * 66


def test_the_suggested_command_is_one_that_runs(command, images):
    result = command("data", "check", "./images", "data.flip=true", "--no-preview")
    assert (result.code, result.err) == (0, "")
    program, train, *words = shlex.split(result.out.splitlines()[-1])
    assert (program, train) == ("ganzoo", "train")
    assert {"architecture=dcgan", "data=./images", "data.flip=true"} < set(words)
    config = resolve(None, dict(map(parse_override, words))).config
    assert config.data.flip
    assert "r1" in config.active_penalties


SPELLINGS = {
    "the shape": ["architecture.sample_shape=[3,16,16]"],
    "the shape, in a section": ["architecture={sample_shape: [3, 16, 16]}"],
    "the size": ["data.image_size=32"],
    "the size, in a section": ["data={image_size: 32}"],
    "nothing held out": ["data.holdout=0"],
    "the augmentation": ["augmentation=diffaugment"],
    "the augmentation by its field": ["augmentation.name=diffaugment"],
    "the augmentation as a section": ["augmentation={name: diffaugment}"],
    "no penalty": ["penalties.r1=null"],
    "no weight": ["penalties={r1: {weight: 0}}"],
    "the architecture": ["architecture.name=wgan-gp"],
    "the source": ["data.source=./images/cat"],
}


@pytest.mark.parametrize("given", SPELLINGS.values(), ids=SPELLINGS)
def test_nothing_is_suggested_for_what_was_given(command, images, given):
    result = command("data", "check", "./images", *given, "--no-preview", "--json")
    values = json.loads(result.out)
    words = shlex.split(values["command"])[2:]
    assert set(given) <= set(words)
    asked = resolve({"architecture": "dcgan", "data": "./images"}, written(given)).config
    found = resolve(None, written(words)).config
    suggested = {key.partition(".")[0] for key in values["suggested"]}
    for section in {"architecture", "data", "augmentation", "penalties"} - suggested:
        assert getattr(found, section) == getattr(asked, section)
    assert not {key.partition("=")[0] for key in given} & values["suggested"].keys()


def written(words):
    return dict(map(parse_override, words))


def test_json_has_all(command, images):
    for index in range(15):
        (images / "cat" / f"bad{index}.png").write_bytes(b"")
    result = command("data", "check", "./images", "--json", "--no-preview")
    values = json.loads(result.out)
    assert result.code == 2
    assert values["refused"]
    assert len(values["bad"]) == 15
    assert values["copies"] == [["cat/39.png", "cat/copy.bmp"]]
    assert values["width"] == {"min": 70, "median": 70.0, "max": 70}
    assert values["command"].startswith("ganzoo train architecture=dcgan")


def test_what_training_would_refuse_is_named_and_the_code_says_so(command, images):
    for index in range(15):
        (images / "cat" / f"bad{index:02}.png").write_text("<html>")
    result = command("data", "check", "./images", "--no-preview")
    assert result.code == 2
    assert "unreadable  15 of 56 (26.79%); training refuses" in result.out
    assert "    cat/bad00.png: it is an HTML page" in result.out
    assert "bad10.png" not in result.out
    assert "    and 5 more (--json lists all)" in result.out
    allowed = command("data", "check", "./images", "data.max_bad=0.3", "--no-preview")
    assert allowed.code == 0
    assert "they are skipped" in allowed.out


def test_a_command_that_training_refuses_is_not_passed_off_as_one_that_runs(command, images):
    for index in range(15):
        (images / "cat" / f"bad{index:02}.png").write_text("<html>")
    *_, first, second, line = command("data", "check", "./images", "--no-preview").out.splitlines()
    told = f"{first} {second}"
    assert told.startswith("first remove or replace the 15 unreadable images, or skip them with")
    assert told.endswith("data.max_bad=0.27:")
    assert "max_bad" not in line
    allowed = command("data", "check", "./images", "data.max_bad=0.27", "--no-preview")
    assert allowed.code == 0
    assert "first remove or replace" not in allowed.out


def test_a_list_beside_the_images_is_pointed_to(command, images):
    (images / "labels.csv").write_text("file,label\ncat/1.png,cat\n")
    result = command("data", "check", "./images", "--no-preview")
    hint = next(line for line in result.out.splitlines() if "data=./images/" in line).split()[0]
    assert hint == "data=./images/labels.csv"
    listed = command("data", "check", hint.removeprefix("data="), "--no-preview")
    assert "labels.csv: 1 images" in listed.out


def test_the_preview_goes_where_it_is_asked_to(command, images):
    values = ("architecture.sample_shape=[1,16,16]", "-o", "seen.png")
    assert command("data", "check", "./images", *values).err == "preview: seen.png\n"
    with Image.open("seen.png") as image:
        assert image.mode == "L"


def test_known_data_and_vectors_are_checked_too(command):
    digits = command("data", "check", "mnist5k", "--no-preview")
    assert digits.code == 0
    assert "mnist5k: 5,000 images" in digits.out
    assert "look black" not in digits.out
    options = ("--architecture", "vanilla", "data.samples=200")
    points = command("data", "check", "ring8", *options)
    assert (points.code, points.err) == (0, "")
    assert "ring8: 200 vectors" in points.out
    assert "  x1          -" in points.out


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["./none"], "does not exist"),
        (["./empty"], "holds no images"),
        (["./broken"], "1 of 1 images cannot be read: "),
        (["./images", "data.fit=cut"], "data.fit: 'cut' is not allowed"),
        (["./images", "data.background=wite"], "'wite' is not a colour"),
        (["./images", "word"], "'word' is not of the form key.sub=value"),
        (["./images", "--out", "a.jpg"], "the preview is a PNG"),
        (["./images", "--out", "none/a.png"], "cannot be written"),
        (["./images", "--architecture", "dgan"], "did you mean 'dcgan'"),
        (["./images", "--architecture", "dcgan", "--base", "dcgan.mnist5k"], "not both"),
        (["./images", "--base", "dcgan.none"], "no weights named 'none'"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_request_is_one_sentence(command, images, tmp_path, arguments, cause):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"")
    result = command("data", "check", *arguments)
    assert result.code == 2
    assert cause in result.err
    assert result.err.count("\n") == 1


def test_without_a_command_there_is_help(command):
    result = command("data")
    assert result.code == 2
    assert "check" in result.out


def test_no_torch_is_imported(images):
    code = (
        "import sys; sys.argv = ['ganzoo', 'data', 'check', './images', '-o', 'a.png']\n"
        "import ganzoo.cli\n"
        "try: ganzoo.cli.main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=images.parent, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


# --- data of several fields --------------------------------------------------------------------


@pytest.fixture
def maps(tmp_path):
    """Ten grey images beside colourful ones of the same size, with a copy among them."""
    random = np.random.default_rng(0)
    (tmp_path / "maps").mkdir()
    for index in range(10):
        pixels = random.integers(256, size=(20, 40, 3), dtype=np.uint8)
        pixels[:, :20] = pixels[:, :20, :1]
        Image.fromarray(pixels).save(tmp_path / "maps" / f"{index}.png")
    Image.fromarray(pixels).save(tmp_path / "maps" / "copy.png")
    return tmp_path / "maps"


def test_the_report_on_pairs(command, maps):
    options = ("data.image_size=16", "data.load_size=18", "data.flip=true")
    result = command("data", "check", "pairs", "data.path=./maps", *options)
    assert result.code == 0
    assert result.err.endswith("preview: data-check.png\n")
    lines = result.out.splitlines()
    assert [line for line in lines if line[:1].strip()][:2] == [
        "source: 11 images",
        "target: 11 images",
    ]
    for row in ("  stored as   RGB 11", "  width       20, all", "    9.png = copy.png"):
        assert lines.count(row) == 2
    assert result.out.count("  training    networks see 16x16 in colour, cropped at random") == 2
    doubts = " ".join(result.out.partition("look at this first")[2].split())
    assert "- source: 11 images are very few" in doubts
    assert "- target: the generator will favour images that appear more than once (1)" in doubts
    assert max(map(len, lines)) <= 80


def test_the_preview_of_pairs_has_both_below_each_other(command, maps):
    command("data", "check", "pairs", "data.path=./maps", "data.flip=true")
    with Image.open("data-check.png") as image:
        pixels = np.asarray(image)[::3, ::3]  # each pixel is enlarged to 3 x 3
    names = sorted(path.name for path in maps.iterdir())
    for place, name in enumerate(names):
        row, column = divmod(place, 8)
        with Image.open(maps / name) as image:
            both = np.asarray(image)
        for side, half in enumerate((both[:, :20], both[:, 20:])):
            half = half[:, ::-1] if place % 2 else half
            top = 2 + 22 * (2 * row + side)
            left = pixels.shape[1] - 8 * 22 + 22 * column
            assert (pixels[top : top + 20, left : left + 20] == half).all()


def test_pairs_that_training_would_refuse_give_the_code_that_says_so(command, maps):
    for name in ("3.png", "4.png"):
        (maps / name).write_bytes((maps / name).read_bytes()[:-30])
    options = ("data.max_bad=0.1", "--no-preview")
    result = command("data", "check", "pairs", "data.path=./maps", *options)
    assert result.code == 2
    assert result.out.count("unreadable  2 of 11 (18.18%); training refuses") == 2
    assert "    3.png: " in result.out
    values = json.loads(
        command("data", "check", "pairs", "data.path=./maps", "--json", *options).out
    )
    assert values["refused"]
    assert len(values["fields"]["target"]["bad"]) == 2
    allowed = command("data", "check", "pairs", "data.path=./maps", "data.max_bad=0.2")
    assert allowed.code == 0


def test_halves_that_break_in_different_pairs_count_together(command, tmp_path):
    for side in "ab":
        (tmp_path / side).mkdir()
        for index in range(10):
            pixels = np.random.default_rng(index).integers(256, size=(20, 20), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / side / f"{index}.png")
        broken = tmp_path / side / f"{'ab'.index(side)}.png"
        broken.write_bytes(broken.read_bytes()[:-30])
    options = ("data.a=./a", "data.b=./b", "data.max_bad=0.15", "--no-preview", "--json")
    pairs = command("data", "check", "pairs", *options)
    domains = command("data", "check", "domains", *options)
    assert (pairs.code, domains.code) == (2, 0)
    values = json.loads(pairs.out)
    assert values["warnings"][-1] == (
        "of 20.00% of source and target an image cannot be read; training refuses, as "
        "data.max_bad=0.15 allows fewer"
    )


def test_the_preview_of_domains_names_them(command, images):
    result = command("data", "check", "domains", "data.a=./images/cat", "data.b=mnist5k")
    assert result.code == 0
    assert result.err.endswith("preview: data-check.png\n")
    assert "a: 21 images" in result.out
    assert "b: 5,000 images" in result.out
    with Image.open("data-check.png") as image:
        assert image.mode == "RGB"
