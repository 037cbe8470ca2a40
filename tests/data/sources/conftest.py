"""The same images, laid out as every kind of source."""

import csv
import io
import json
import os
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from ganzoo import registry
from ganzoo.data.sources.python import with_source
from ganzoo.resolve import data_config, open_dataset

NAMES = ("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png", "emu/1.png")


def opened(source, **values):
    """Open a source as a config does."""
    return open_dataset(data_config({"source": str(source), **values}))


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def pixels():
    """uint8 (5, 8, 8, 3): one image for each of `NAMES`."""
    return np.random.default_rng(0).integers(256, size=(len(NAMES), 8, 8, 3), dtype=np.uint8)


class Torch:
    """A map-style dataset, as torch's are; of tensors as torchvision's ``ToTensor`` makes them."""

    classes = ("cat", "dog", "emu")

    def __init__(self, pixels):
        self.pixels = pixels

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, index):
        import torch

        label = self.classes.index(NAMES[index].partition("/")[0])
        return torch.from_numpy(self.pixels[index]).permute(2, 0, 1) / 255, label


def as_folder(root, pixels, name="images"):
    for file, image in zip(NAMES, pixels, strict=True):
        path = root / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(image))
    return root / name


def as_zip(root, pixels, within=""):
    with zipfile.ZipFile(root / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file, image in zip(NAMES, pixels, strict=True):
            archive.writestr(within + file, png(image))
    return root / "images.zip"


def as_tar(root, pixels, ending=".tar"):
    path = root / f"images{ending}"
    mode = {".tar": "w", ".tgz": "w:gz"}.get(ending) or f"w:{ending.rpartition('.')[2]}"
    with tarfile.open(path, mode) as archive:
        for file, image in zip(NAMES, pixels, strict=True):
            content = png(image)
            member = tarfile.TarInfo(file)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def as_csv(root, pixels):
    as_folder(root, pixels)
    with (root / "list.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("label", "file"))
        writer.writerows((name.partition("/")[0], f"images/{name}") for name in NAMES)
    return root / "list.csv"


def as_jsonl(root, pixels):
    as_folder(root, pixels)
    (root / "below").mkdir(exist_ok=True)
    lines = [
        json.dumps({"path": f"below/../images/{name}", "class": name.partition("/")[0]})
        for name in NAMES
    ]
    (root / "list.jsonl").write_text("\n".join(lines))
    return root / "list.jsonl"


def as_npz(root, pixels, **arrays):
    labels = [name.partition("/")[0] for name in NAMES]
    np.savez_compressed(root / "a.npz", **({"images": pixels, "labels": labels} | arrays))
    return root / "a.npz"


KINDS = {
    "folder": as_folder,
    "zip": as_zip,
    "zip with a folder around": lambda root, pixels: as_zip(root, pixels, "all/of/"),
    "tar": as_tar,
    "tar.gz": lambda root, pixels: as_tar(root, pixels, ".tar.gz"),
    "tgz": lambda root, pixels: as_tar(root, pixels, ".tgz"),
    "tar.xz": lambda root, pixels: as_tar(root, pixels, ".tar.xz"),
    "tar.bz2": lambda root, pixels: as_tar(root, pixels, ".tar.bz2"),
    "csv": as_csv,
    "jsonl": as_jsonl,
    "npz": as_npz,
    "npz, channels first": lambda root, pixels: as_npz(
        root, pixels, images=pixels.transpose(0, 3, 1, 2)
    ),
    "npz of integers": lambda root, pixels: as_npz(
        root, pixels, labels=[0, 0, 1, 1, 2], class_names=["cat", "dog", "emu"]
    ),
    "torch": lambda root, pixels: with_source(Torch(pixels)),
}
FILES = ("folder", "zip", "zip with a folder around", "tar", "tar.gz", "tar.xz")
"""Those whose names are the same below what is around everything."""


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """What is registered, is for one test."""
    monkeypatch.setattr(registry, "_local", dict(registry._local))


def touch(path, seconds=10):
    """Let a file be of before, so that an index may trust it."""
    status = os.stat(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - seconds * 10**9))
