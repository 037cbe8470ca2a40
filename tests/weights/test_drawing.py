"""Samples as images."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageShow

from ganzoo.drawing import plot_points, save_each, save_gif, save_grid, show, to_grid, to_pil
from ganzoo.errors import RequestError


def flat(*values, side=2, channels=1):
    """One image of each value."""
    return torch.stack([torch.full((channels, side, side), float(v)) for v in values])


@pytest.mark.parametrize(
    ("channels", "mode"), [(1, "L"), (2, "RGB"), (3, "RGB"), (4, "RGBA")], ids=str
)
def test_pixels_are_the_nearest_bytes(channels, mode):
    images = torch.rand(5, channels, 3, 7)
    drawn = to_pil(images)
    assert [(p.mode, p.size) for p in drawn] == [(mode, (7, 3))] * 5
    for one, image in zip(drawn, images, strict=True):
        expected = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        found = np.asarray(one).reshape(3, 7, -1)
        assert (found[..., :channels] == expected).all()
    if channels == 2:
        assert (np.asarray(drawn[0])[..., 2] == 0).all()


def test_values_outside_are_clamped_and_every_byte_comes_back():
    bytes_ = torch.arange(256).float() / 255
    (one,) = to_pil(bytes_.view(1, 1, 16, 16))
    assert np.asarray(one).ravel().tolist() == list(range(256))
    (one,) = to_pil(torch.tensor([-5.0, 0.0, 1.0, 9.0]).view(1, 1, 2, 2))
    assert np.asarray(one).ravel().tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16], ids=str)
def test_any_floating_point_type_and_gradients_are_taken(dtype):
    images = flat(0, 1).to(dtype).requires_grad_()
    assert [np.asarray(p).max() for p in to_pil(images)] == [0, 255]


def test_one_image_without_a_batch_is_one_image():
    assert len(to_pil(torch.rand(3, 4, 5))) == 1


@pytest.mark.parametrize(
    "shape", [(4, 2), (2, 5, 4, 4), (0, 3, 4, 4), (4,), (1, 1, 1, 2, 2), (1, 3, 0, 4)], ids=str
)
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(RequestError, match="is not a batch of images"):
        to_pil(torch.zeros(shape))


def test_a_grid_is_read_by_rows_with_gaps_of_two_white_pixels():
    grid = np.asarray(to_grid(flat(0.2, 0.4, 0.6), columns=2, scale=1))
    expected = np.full((10, 10), 255)
    expected[2:4, 2:4] = 51
    expected[2:4, 6:8] = 102
    expected[6:8, 2:4] = 153
    assert grid.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("count", "columns", "size"),
    [
        (1, None, (6, 6)),
        (4, None, (10, 10)),
        (5, None, (14, 10)),
        (12, None, (18, 14)),
        (3, 8, (14, 6)),
        (6, 1, (6, 26)),
    ],
    ids=str,
)
def test_a_grid_is_about_a_square(count, columns, size):
    assert to_grid(flat(*[0] * count), columns=columns, scale=1).size == size


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((16, 1, 32, 32), (552, 552)),  # 138 pixels, four times
        ((1, 3, 28, 28), (512, 512)),
        ((4, 3, 256, 256), (518, 518)),  # large enough
        ((1, 3, 2000, 10), (14, 2004)),
    ],
    ids=str,
)
def test_a_small_grid_is_enlarged_to_about_512_pixels(shape, size):
    assert to_grid(torch.zeros(shape)).size == size
    assert max(to_grid(torch.zeros(shape), scale=1).size) <= max(size)


def test_each_image_gets_a_file_of_its_own(tmp_path):
    images = torch.rand(3, 3, 4, 5)
    assert save_each(images, tmp_path / "new") == tmp_path / "new"
    files = sorted((tmp_path / "new").iterdir())
    assert [file.name for file in files] == ["00000.png", "00001.png", "00002.png"]
    for file, expected in zip(files, to_pil(images), strict=True):
        with Image.open(file) as image:
            assert (np.asarray(image) == np.asarray(expected)).all()
    with Image.open(save_each(images, tmp_path / "large", scale=2) / "00001.png") as image:
        assert image.size == (10, 8)


def test_show_says_so_where_there_is_no_viewer(monkeypatch):
    monkeypatch.setattr(ImageShow, "_viewers", [])
    with pytest.raises(RequestError, match="no image viewer"):
        show(flat(0))


def test_a_scale_repeats_pixels():
    torch.manual_seed(0)
    images = torch.rand(2, 3, 2, 2)
    small, large = (np.asarray(to_grid(images, scale=s)) for s in (1, 3))
    assert (large == small.repeat(3, axis=0).repeat(3, axis=1)).all()


@pytest.mark.parametrize("options", [{"columns": 0}, {"columns": -1}, {"scale": 0}], ids=str)
def test_numbers_below_one_are_refused(options):
    with pytest.raises(RequestError, match="at least 1"):
        to_grid(flat(0), **options)


def test_a_saved_grid_is_the_same_grid(tmp_path):
    images = torch.rand(4, 3, 5, 5)
    path = save_grid(images, tmp_path / "new" / "grid.png", columns=4, scale=2)
    assert path == tmp_path / "new" / "grid.png"
    with Image.open(path) as image:
        assert (np.asarray(image) == np.asarray(to_grid(images, columns=4, scale=2))).all()
    assert save_grid(images, str(tmp_path / "other.png")) == tmp_path / "other.png"


@pytest.mark.parametrize("name", ["grid.xyz", "grid", "file/grid.png", "folder.png"])
def test_a_path_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(RequestError, match="cannot be written"):
        save_grid(flat(0), tmp_path / name)


class TestPlot:
    def dark(self, *points, side=8, extent=2.0):
        """Row and column of every dark pixel."""
        plot = plot_points(torch.tensor(points), extent, side=side)
        assert plot.size == (side, side)
        return [tuple(place) for place in np.argwhere(np.asarray(plot) < 128).tolist()]

    @pytest.mark.parametrize(
        ("point", "corner"),
        [
            ((1.9, 1.9), (0, 6)),
            ((-1.9, 1.9), (0, 0)),
            ((-1.9, -1.9), (6, 0)),
            ((1.9, -1.9), (6, 6)),
        ],
        ids=["upper right", "upper left", "lower left", "lower right"],
    )
    def test_y_points_upwards(self, point, corner):
        top, left = corner
        assert self.dark(point) == [(top + i, left + j) for i in (0, 1) for j in (0, 1)]

    def test_what_lies_outside_is_not_drawn(self):
        assert self.dark((9.0, 9.0), (float("nan"), 0.0), (0.1, float("inf"))) == []

    def test_no_points_are_a_white_plot(self):
        assert np.asarray(plot_points(torch.zeros(0, 2), 1.0)).min() == 255

    def test_many_points_are_darker_than_few(self):
        points = torch.tensor([[0.9, 0.9]] * 4 + [[-0.9, -0.9]] + [[9.0, 9.0]] * 4000)
        plot = np.asarray(plot_points(points, 1.0, side=8))
        assert plot[0, -1] < plot[-1, 0] < 255


class TestFilm:
    def durations(self, path):
        times, colours = [], []
        with Image.open(path) as film:
            loops = film.info["loop"]
            for frame in range(film.n_frames):
                film.seek(frame)
                times.append(film.info["duration"])
                colours.append(film.convert("RGB").getpixel((0, 0)))
        return times, colours, loops

    @pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
    def test_frames_follow_each_other_and_the_last_one_rests(self, tmp_path, mode):
        frames = [Image.new("RGB", (4, 4), (c, c, c)).convert(mode) for c in (0, 100, 200)]
        save_gif(frames, tmp_path / "film.gif", milliseconds=50)
        times, colours, loops = self.durations(tmp_path / "film.gif")
        assert times == [50, 50, 500]
        assert colours == [(c, c, c) for c in (0, 100, 200)]
        assert loops == 0

    def test_one_frame_is_a_film_too(self, tmp_path):
        save_gif([Image.new("RGB", (4, 4), "red")], tmp_path / "film.gif")
        with Image.open(tmp_path / "film.gif") as film:
            assert film.n_frames == 1
            assert film.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
