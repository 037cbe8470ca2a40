"""Each rule of decoding and fitting against a re-writing in NumPy, and damage at random."""

import io
import random

import numpy as np
import pytest
from PIL import Image, ImageCms
from pydantic import ValidationError

from ganzoo.data.config import FolderConfig
from ganzoo.data.decoding import decode
from ganzoo.data.fitting import fit_image
from ganzoo.errors import DataError
from tests.data.zoo import ROWS, WHOLE, noise, png, saved

STORED = np.array(noise(5, 3))

# What the eight values mean, by EXIF 2.32, 4.6.4: where the stored first row and column belong.
UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: np.rot90(a, 2),
    4: lambda a: a[::-1],
    5: lambda a: np.rot90(a[:, ::-1]),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a[:, ::-1], -1),
    8: lambda a: np.rot90(a),
}


def read(content, channels=3, **options):
    return decode(io.BytesIO(content), "a", channels, **options)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("value", UPRIGHT)
def test_images_are_turned_upright(value, kind):
    exif = Image.Exif()
    exif[0x0112] = value
    options = {"lossless": True} if kind == "WEBP" else {}
    content = saved(Image.fromarray(STORED), kind, exif=exif, **options)
    assert np.array_equal(read(content), UPRIGHT[value](STORED))


def attempt(content, channels=3):
    """Read, or None where a readable sentence refuses."""
    try:
        return read(content, channels)
    except DataError as error:
        sentence = str(error)
    assert sentence.isprintable()
    assert sentence.startswith("a: ")
    return None


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("background", ["#ffffff", "#000000", "#204060"])
def test_transparency_is_put_on_the_background(background, channels):
    pixels = np.array(noise(40, 30, "RGBA"))
    behind = np.array([int(background[i : i + 2], 16) for i in (1, 3, 5)])
    alpha = pixels[..., 3:] / 255
    expected = pixels[..., :3] * alpha + behind * (1 - alpha)
    if channels == 1:  # ITU-R BT.601
        expected = expected @ [0.299, 0.587, 0.114]
    result = read(saved(Image.fromarray(pixels), "PNG"), channels, background=background)
    assert np.abs(result - expected).max() <= (1 if channels == 3 else 1.6)


def test_alpha_can_be_kept_and_what_is_clear_shows_no_hidden_colour():
    pixels = np.array(noise(8, 8, "RGBA"))
    pixels[:4, :, 3] = 0
    result = read(saved(Image.fromarray(pixels), "PNG"), 4, background="#010203")
    assert np.array_equal(result[4:], pixels[4:])
    assert (result[:4] == [1, 2, 3, 0]).all()
    opaque = read(saved(Image.fromarray(pixels[..., :3]), "PNG"), 4)
    assert np.array_equal(opaque, np.dstack([pixels[..., :3], np.full((8, 8), 255)]))


@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (255, 0, 0, 0), (30, 90, 200, 60), (0, 0, 0, 255)])
def test_ink_becomes_light(ink):
    expected = [255 - min(255, c * (255 - ink[3]) / 255 + ink[3]) for c in ink[:3]]
    image = Image.new("CMYK", (16, 16), ink)
    for kind, options in (("TIFF", {}), ("JPEG", {"quality": 100})):
        result = read(saved(image, kind, **options))[8, 8]
        assert np.abs(result - np.array(expected)).max() <= 3


def test_ink_may_be_stored_as_luminance_and_colour():
    content = bytearray(saved(Image.new("CMYK", (16, 16), (100, 90, 140, 30)), "JPEG", quality=100))
    transform = content.index(b"Adobe") + 11
    assert content[transform] == 0
    content[transform] = 2
    # As stored: inverted ink, which is now read as Y, Cb, Cr (JFIF) and K.
    luminance, blue, red, key = (255 - ink for ink in (100, 90, 140, 30))
    light = [
        luminance + 1.402 * (red - 128),
        luminance - 0.344136 * (blue - 128) - 0.714136 * (red - 128),
        luminance + 1.772 * (blue - 128),
    ]
    # Adobe's YCCK turns C, M, Y = 255 - R, G, B into it; both inversions cancel but for the last.
    expected = np.clip(255 - np.clip(light, 0, 255), 0, 255) * key / 255
    assert np.abs(read(bytes(content))[8, 8] - expected).max() <= 4


@pytest.mark.parametrize(
    ("lab", "expected"),
    [  # of D50's white, by the formulas of CIE and IEC 61966-2-1
        ((255, 128, 128), (255, 255, 255)),
        ((0, 128, 128), (0, 0, 0)),
        ((137, 128, 128), (128, 128, 128)),
    ],
)
def test_lab_becomes_srgb(lab, expected):
    result = read(saved(Image.new("LAB", (4, 4), lab), "TIFF"))[0, 0]
    assert np.abs(result - np.array(expected)).max() <= 2


def linear_profile():
    """A profile of sRGB's primaries whose numbers are proportional to light."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(content[128:132], "big")
    for entry in range(132, 132 + 12 * count, 12):
        name, place = content[entry : entry + 4], int.from_bytes(content[entry + 4 : entry + 8])
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            content[place : place + 12] = b"curv" + bytes(8)  # no entries: the identity
            content[entry + 8 : entry + 12] = (12).to_bytes(4, "big")
        if name == b"desc":
            size = int.from_bytes(content[entry + 8 : entry + 12])
            text = content[place : place + size].replace("sRGB".encode("utf-16-be"), bytes(8))
            content[place : place + size] = text
    return bytes(content)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_colour_profile_is_followed(mode):
    pixels = np.array(noise(16, 16))
    image = Image.fromarray(pixels)
    if mode == "RGBA":
        image.putalpha(255)
    if mode == "P":
        image = image.quantize(16)
        pixels = np.array(image.convert("RGB"))
    light = pixels / 255
    # IEC 61966-2-1
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    result = read(saved(image, "PNG", icc_profile=linear_profile()))
    assert np.abs(result - expected).max() <= 2


@pytest.mark.parametrize("kind", ["sRGB", "LAB"])
def test_a_profile_of_the_same_or_of_other_colours_changes_nothing(kind):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes()
    content = saved(Image.fromarray(STORED), "PNG", icc_profile=profile)
    assert np.array_equal(read(content), STORED)


@pytest.mark.parametrize("size", [(16, 16), (17, 9), (3, 3), (64, 40)])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_jpeg_with_a_flat_corner_is_not_taken_for_one_that_breaks_off(size, subsampling):
    image = Image.new("RGB", size, (250, 240, 230))
    content = saved(image, "JPEG", subsampling=subsampling)
    assert np.abs(read(content) - np.array([250, 240, 230])).max() <= 2


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_that_is_cut_is_refused_or_read_whole(kind):
    content = WHOLE[kind]
    whole = read(content)
    for length in range(0, len(content), 7):
        image = attempt(content[:length])
        assert image is None or np.array_equal(image, whole), length


@pytest.mark.parametrize(
    "seeds",
    [pytest.param(range(40), id="few"), pytest.param(range(40, 8000), marks=pytest.mark.sweep)],
)
@pytest.mark.parametrize("kind", WHOLE)
def test_damage_at_random_is_refused_or_leaves_an_image(kind, seeds):
    for seed in seeds:
        dice, content = random.Random(seed), bytearray(WHOLE[kind])
        for _ in range(dice.choice([1, 1, 2, 5, 20])):
            content[dice.randrange(len(content))] = dice.randrange(256)
        if dice.random() < 0.3:
            del content[dice.randrange(len(content)) :]
        channels = dice.choice([1, 3, 4])
        image = attempt(bytes(content), channels)
        if image is None:
            continue
        assert image.dtype == np.uint8
        assert image.shape[2:] == (() if channels == 1 else (channels,)), seed
        assert min(image.shape) > 0


def test_a_checksum_guards_every_pixel_of_a_png():
    content = png(24, 16, ROWS)
    start, end = content.index(b"IDAT"), content.index(b"IEND") - 4
    for place in range(start, end):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(DataError):
            read(bytes(changed))


# Fitting.


def bicubic(length, wanted):
    """Bicubic weights (a = -1/2) that take a row of one length to another, antialiased."""
    factor = length / wanted
    wide = max(factor, 1)
    centres = (np.arange(wanted) + 0.5) * factor
    x = np.abs((np.arange(length) + 0.5 - centres[:, None]) / wide)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weights = np.where(x < 1, near, np.where(x < 2, far, 0))
    return weights / weights.sum(axis=1, keepdims=True)


def resized(pixels, height, width):
    rows, columns = bicubic(pixels.shape[0], height), bicubic(pixels.shape[1], width)
    return np.einsum("ih,hwc,jw->ijc", rows, pixels.astype(float), columns)


def smooth(height, width, channels=3):
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) for c in range(channels)]
    return (128 + 100 * np.stack(waves, -1)).astype(np.uint8)


@pytest.mark.parametrize(("fit", "shown"), [("crop", slice(10, 50)), ("stretch", slice(60))])
def test_another_aspect_is_cut_at_both_ends_or_stretched(fit, shown):
    pixels = smooth(40, 60)
    result = fit_image(pixels, (3, 16, 16), fit=fit)
    assert np.abs(result - resized(pixels[:, shown], 16, 16)).max() <= 2


def test_pad_shows_all_on_the_background():
    pixels = smooth(30, 60)
    result = fit_image(pixels, (3, 16, 16), fit="pad", background="#0a141e")
    assert (result[:4] == [10, 20, 30]).all()
    assert (result[12:] == [10, 20, 30]).all()
    assert np.abs(result[4:12] - resized(pixels, 8, 16)).max() <= 2
    grey = fit_image(pixels[..., 0], (1, 16, 16), fit="pad", background="#ff0000")
    assert (grey[0] == 76).all()  # 0.299 of 255
    clear = np.dstack([pixels, np.full((30, 60), 255, np.uint8)])
    result = fit_image(clear, (4, 16, 16), fit="pad", background="#0a141e")
    assert (result[:4] == [10, 20, 30, 0]).all()


def test_clear_pixels_lend_no_colour_when_resized():
    pixels = np.zeros((32, 32, 4), dtype=np.uint8)
    pixels[:, 16:] = (250, 240, 230, 255)  # beside clear black
    result = fit_image(pixels, (4, 10, 10))
    seen = result[..., 3] > 8
    assert (seen & (result[..., 3] < 250)).any()
    assert np.abs(result[seen][:, :3] - np.array([250.0, 240, 230])).max() <= 12
    assert (result[~seen & (result[..., 3] == 0)][:, :3] == 255).all()


def test_alpha_is_put_on_the_background_where_networks_take_none():
    pixels = np.array(noise(16, 16, "RGBA"))
    alpha = pixels[..., 3:] / 255
    result = fit_image(pixels, (3, 16, 16), background="#000000")
    assert np.abs(result - pixels[..., :3] * alpha).max() <= 1


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(1, 100_000), (100_000, 1), (1, 1), (3, 10_000)])
def test_any_aspect_fits(size, fit):
    pixels = np.full((*size, 3), 7, dtype=np.uint8)
    result = fit_image(pixels, (3, 64, 64), fit=fit, background="#070707")
    assert result.shape == (64, 64, 3)
    assert (result == 7).all()


# The config.


@pytest.mark.parametrize(
    ("given", "stored"),
    [("#FF8800", "#ff8800"), ("#f80", "#ff8800"), ("white", "#ffffff"), ("rgb(1,2,3)", "#010203")],
)
def test_colours_have_one_spelling(given, stored):
    assert FolderConfig(source="./a", background=given).background == stored


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"background": "wite"}, "not a colour"),
        ({"background": ""}, "not a colour"),
        ({"background": "#ffffff80"}, "transparent itself"),
        ({"background": 7}, "string"),
        ({"channels": 2}, "1, 3 or 4"),
        ({"fit": "cut"}, "crop"),
        ({"max_bad": 1.5}, "less than or equal to 1"),
        ({"max_bad": -0.1}, "greater than or equal to 0"),
    ],
)
def test_what_makes_no_sense_is_refused(values, cause):
    with pytest.raises(ValidationError, match=cause):
        FolderConfig(source="./a", **values)
