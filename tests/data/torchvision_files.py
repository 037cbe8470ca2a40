"""Small files, laid out as torchvision lays those of the standard datasets."""

import hashlib
import pickle
import struct

import numpy as np

FOLDERS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST"}
COUNTS = {"train": 20, "test": 6}


def idx(array):
    """An IDX file: type, sizes and bytes, big-endian."""
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def samples(name, split):
    """What a split holds: uint8 (N, H, W) or (N, H, W, 3), and labels (N,)."""
    random = np.random.default_rng([name == "mnist", split == "train"])
    shape = (32, 32, 3) if name == "cifar10" else (28, 28)
    count = COUNTS[split]
    return random.integers(256, size=(count, *shape), dtype=np.uint8), np.arange(count) % 10


def write_idx(root, name, split, images, labels):
    folder = root / FOLDERS[name] / "raw"
    folder.mkdir(parents=True, exist_ok=True)
    prefix = {"train": "train", "test": "t10k"}[split]
    (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images))
    (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))


def write_cifar(root, monkeypatch):
    """Batches of CIFAR-10, with their checksums in the place of the published ones."""
    from torchvision.datasets import CIFAR10

    folder = root / CIFAR10.base_folder
    folder.mkdir(parents=True, exist_ok=True)

    def write(name, value):
        (folder / name).write_bytes(pickle.dumps(value, protocol=2))
        return hashlib.md5((folder / name).read_bytes()).hexdigest()

    for split, kind in (("train", "train_list"), ("test", "test_list")):
        images, labels = samples("cifar10", split)
        names = [name for name, _ in getattr(CIFAR10, kind)]
        parts = (np.array_split(array, len(names)) for array in (images, labels))
        sums = []
        for name, pixels, numbers in zip(names, *parts, strict=True):
            rows = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)  # channels first
            sums.append([name, write(name, {"data": rows, "labels": numbers.tolist()})])
        monkeypatch.setattr(CIFAR10, kind, sums)
    meta = {**CIFAR10.meta, "md5": write("batches.meta", {"label_names": ["a"] * 10})}
    monkeypatch.setattr(CIFAR10, "meta", meta)


def write_all(root, name, monkeypatch):
    """Write both splits of a dataset."""
    if name == "cifar10":
        write_cifar(root, monkeypatch)
        return
    for split in ("train", "test"):
        write_idx(root, name, split, *samples(name, split))
