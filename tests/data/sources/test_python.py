"""Datasets of torch, and what is like them."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset
from torchvision.transforms import v2

import ganzoo
from ganzoo.data.sources.python import with_source
from ganzoo.errors import ConfigError, DataError, PluginError
from tests.data.sources.conftest import opened

PIXELS = np.random.default_rng(0).integers(256, size=(4, 6, 5, 3), dtype=np.uint8)
GREY = PIXELS[..., 0]


class Samples(Dataset):
    """Whatever is given, in its order."""

    def __init__(self, *samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        sample = self.samples[index]
        if isinstance(sample, Exception):
            raise sample
        return sample() if callable(sample) else sample


to_tensor = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])

IMAGES = {
    "PIL": (Image.fromarray, PIXELS),
    "PIL, grey": (Image.fromarray, GREY),
    "bytes": (lambda x: x, PIXELS),
    "bytes, channels first": (lambda x: x.transpose(2, 0, 1), PIXELS),
    "bytes, grey": (lambda x: x, GREY),
    "bytes, one channel": (lambda x: x[None], GREY),
    "a tensor of bytes": (lambda x: torch.from_numpy(x.copy()).permute(2, 0, 1), PIXELS),
    "as ToTensor makes them": (lambda x: to_tensor(Image.fromarray(x)), PIXELS),
    "as ToTensor makes grey": (lambda x: to_tensor(Image.fromarray(x)), GREY),
    "halves": (lambda x: to_tensor(Image.fromarray(x)).half(), PIXELS),
    "doubles": (lambda x: x / 255, PIXELS),
    "with a gradient": (lambda x: to_tensor(Image.fromarray(x)).requires_grad_(), PIXELS),
}


@pytest.mark.parametrize("kind", IMAGES)
def test_images_are_brought_back_to_bytes(kind):
    turned, pixels = IMAGES[kind]
    source = opened(with_source(Samples(*map(turned, pixels))))
    assert source.shape == (1 if pixels is GREY else 3, 5, 5)
    for index, image in enumerate(pixels):
        assert (source.read(index).sample == image).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1", "CMYK", "I;16"])
def test_other_modes_are_as_in_files(tmp_path, mode):
    image = Image.fromarray(PIXELS[0])
    image = Image.new(mode, (5, 6), 3000) if mode == "I;16" else image.convert(mode)
    image.save(tmp_path / "a.tif")
    expected = opened(tmp_path).read(0).sample
    assert (opened(with_source(Samples(image))).read(0).sample == expected).all()


def image():
    return PIXELS[0]


LABELS = {
    "integers": ([3, 1, 3, 20], None, ("1", "3", "20"), [1, 0, 1, 2]),
    "tensors": ([torch.tensor(1), torch.tensor(0)] * 2, None, ("0", "1"), [1, 0, 1, 0]),
    "of NumPy": ([np.int32(1), np.uint8(0)] * 2, None, ("0", "1"), [1, 0, 1, 0]),
    "floats": ([10.0, np.float32(9), 10, torch.tensor(9.0)], None, ("9", "10"), [1, 0, 1, 0]),
    "truths": ([True, np.bool_(False)] * 2, None, ("False", "True"), [1, 0, 1, 0]),
    "texts with blanks": (["dog ", "cat", "dog", b" cat"], None, ("cat", "dog"), [1, 0, 1, 0]),
    "texts": (["b", "a", "b", "c"], None, ("a", "b", "c"), [1, 0, 1, 2]),
    "with names": ([1, 0, 1, 0], ["cat", "dog", "emu"], ("cat", "dog", "emu"), [1, 0, 1, 0]),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels(case):
    labels, names, classes, expected = LABELS[case]
    samples = Samples(*((PIXELS[i], label) for i, label in enumerate(labels)))
    ganzoo.register_dataset("mine", samples, names)
    source = opened("mine")
    assert source.class_names == classes
    assert [source.read(i).label for i in range(4)] == source.labels.tolist() == expected


def test_a_tensor_dataset_of_images_alone():
    source = opened(with_source(TensorDataset(torch.from_numpy(PIXELS), torch.arange(4))))
    assert source.class_names == ("0", "1", "2", "3")


REFUSED = {
    "normalised": ([lambda: torch.full((3, 4, 4), -0.5)], "outside \\[0, 1\\]; remove the trans"),
    "not finite": ([lambda: torch.full((3, 4, 4), torch.nan)], "outside \\[0, 1\\]"),
    "integers": ([np.zeros((4, 4), int)], "its pixels are int64"),
    "two channels": ([np.zeros((5, 5, 2), np.uint8)], "1, 3 or 4 channels"),
    "a text": (["image"], "it is a str; give a PIL image"),
    "three parts": ([(PIXELS[0], 1, 2)], "it has 3 parts"),
    "a label of floats": ([(PIXELS[0], 1.5)], "its label is 1.5"),
    "a one-hot label": ([(PIXELS[0], torch.eye(3)[0].long())], "its label is tensor"),
    "an error": ([ZeroDivisionError("of theirs")], "ZeroDivisionError: of theirs"),
    "nothing": ([], "has no samples"),
    "random": ([lambda: np.random.randint(256, size=(4, 4)).astype(np.uint8)], "random transforms"),
    "two kinds of labels": ([(PIXELS[0], 1), (PIXELS[1], "a")], "some labels are integers"),
    "some labels": ([(PIXELS[0], 1), PIXELS[1]], "some labels are integers"),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_other_samples_are_refused(cause):
    samples, message = REFUSED[cause]
    with pytest.raises(DataError, match=message):
        opened(with_source(Samples(*samples)))


def test_a_label_beyond_the_names():
    ganzoo.register_dataset("mine", Samples((PIXELS[0], 2), (PIXELS[1], 0)), ["a", "b"])
    with pytest.raises(DataError, match="sample 0 has the label 2"):
        opened("mine")


class Endless(IterableDataset):
    def __iter__(self):
        return iter(PIXELS)


@pytest.mark.parametrize("data", [Endless(), 3, {"a": 1}, b"bytes"], ids=lambda x: type(x).__name__)
def test_what_has_no_places_is_refused(data):
    with pytest.raises(ConfigError, match="no length or no index"):
        with_source(data)


def test_what_cannot_be_read_is_told_and_kept(monkeypatch):
    source = opened(with_source(Samples(PIXELS[0], ValueError("broken"), PIXELS[1])))
    assert source.bad == {"sample 1": "ValueError: broken"}
    assert len(source) == 3
    with pytest.raises(DataError, match="sample 1: ValueError: broken"):
        source.read(1)


def test_samples_are_looked_at_once():
    read = []
    samples = Samples(lambda: read.append(1) or PIXELS[0], PIXELS[1])
    name = with_source(samples)
    first = opened(name)
    before = len(read)
    again = opened(with_source(samples))
    assert again.fingerprint == first.fingerprint
    assert len(read) == before + 2  # to see that both are the same


def test_a_name_is_taken_once():
    ganzoo.register_dataset("mine", Samples(PIXELS[0]))
    with pytest.raises(PluginError, match="already registered"):
        ganzoo.register_dataset("mine", Samples(PIXELS[1]))
    ganzoo.register_dataset("mine", Samples(PIXELS[1]), override=True)
    assert (opened("mine").read(0).sample == PIXELS[1]).all()
    with pytest.raises(PluginError, match="cannot be used"):
        ganzoo.register_dataset("my data", Samples(PIXELS[0]))


def test_names_and_paths_stay_what_they_are(tmp_path):
    assert with_source("mnist5k") == "mnist5k"
    assert with_source(tmp_path) == str(tmp_path)
    assert with_source(Path("images")) == os.path.join(".", "images")
