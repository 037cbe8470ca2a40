"""The standard datasets, over torchvision's files and downloaders.

Shape, classes and fingerprint come from the files alone, so that a config is checked without
torch; torchvision itself is imported when the first sample is read, or downloaded.
"""

import contextlib
import functools
import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Dataset, Item
from ganzoo.data.cache import cache_folder
from ganzoo.data.config import StandardConfig
from ganzoo.errors import DataError, brief


class Standard(Dataset):
    """A dataset that torchvision knows how to download and to read.

    A subclass has the name of the class in ``torchvision.datasets``, and its files below the root.
    """

    reader: ClassVar[str]
    train: ClassVar[tuple[str, ...]]
    test: ClassVar[tuple[str, ...]]

    large = True

    def __init__(self, config: StandardConfig) -> None:
        self.name, self._split, self._download = config.source, config.split, config.download
        self.root = Path(config.root) if config.root else cache_folder() / "torchvision"
        if importlib.util.find_spec("torchvision") is None:
            raise DataError(
                f"data.source: {self.name} is read with torchvision, which is not installed; "
                "install the package torchvision, or choose another source"
            )
        missing = self._missing()
        if missing and not self._download:
            raise DataError(
                f"data.source: {self.name} is not there: {self.root} lacks {missing[0]}"
                + (f" and {len(missing) - 1} more files" if len(missing) > 1 else "")
                + "; set data.download to true to fetch them, or data.root to the folder that has "
                "them"
            )

    def __len__(self) -> int:
        return len(self._arrays[0])

    def read(self, index: int) -> Item:
        """Return one image, uint8 (H, W) or (H, W, 3)."""
        images, labels = self._arrays
        return Item(images[index], int(labels[index]))

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of every file of the split; they are downloaded first where they are missing."""
        if self._missing():
            _ = self._arrays
        digest = hashlib.blake2b(digest_size=16)
        for name in self._files():
            with (self.root / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, hashlib.blake2b).digest())
        return f"{self.name}-{self._split}-{digest.hexdigest()}"

    def _files(self) -> tuple[str, ...]:
        return {"train": self.train, "test": self.test, "all": self.train + self.test}[self._split]

    def _missing(self) -> list[str]:
        # Of both splits, as torchvision reads neither without the other.
        return [name for name in self.train + self.test if not (self.root / name).is_file()]

    @functools.cached_property
    def _arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Read the split through torchvision, and check that it holds what it should."""
        splits = {"train": [True], "test": [False], "all": [True, False]}[self._split]
        try:
            parts = [self._opened(train) for train in splits]
            images = np.concatenate([np.asarray(part.data) for part in parts])
            labels = np.concatenate([np.asarray(part.targets, dtype=np.int64) for part in parts])
        except Exception as error:
            if self._missing():
                what, cure = "downloaded into", "try again, or copy the files there yourself"
            else:
                what, cure = "read from", "remove it there, and fetch it with data.download=true"
            raise DataError(
                f"data.source: {self.name} cannot be {what} {self.root}: {brief(error)}; {cure}"
            ) from error
        channels, *sides = self.shape
        expected = (*sides, channels) if channels > 1 else tuple(sides)
        known = len(self.class_names)
        if images.shape[1:] != expected or len(images) != len(labels) or not len(labels):
            raise DataError(
                f"data.source: the files in {self.root} are not {self.name}: they hold "
                f"{len(labels)} labels, and images of the shape {images.shape}"
            )
        if not 0 <= labels.min() <= labels.max() < known:
            raise DataError(
                f"data.source: the files in {self.root} are not {self.name}: a label is "
                f"{labels.max()}, and there are {known} classes"
            )
        return images, labels

    def _opened(self, train: bool) -> Any:
        from torchvision import datasets  # type: ignore[import-untyped]

        reader = getattr(datasets, self.reader)
        # What an old torchvision has left behind is another file than the fingerprint is of.
        present = {"_check_legacy_exist": lambda self: False}
        kind = type(reader.__name__, (reader,), present)
        # Results alone go to standard output.
        with contextlib.redirect_stdout(sys.stderr):
            return kind(self.root, train=train, download=self._download)


class Mnist(Standard):
    """MNIST (LeCun, Cortes and Burges): 60,000 and 10,000 digits, 28x28 grey."""

    reader = "MNIST"
    train = ("MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte")
    test = ("MNIST/raw/t10k-images-idx3-ubyte", "MNIST/raw/t10k-labels-idx1-ubyte")
    shape = (1, 28, 28)
    class_names = tuple("0123456789")


class FashionMnist(Standard):
    """Fashion-MNIST (Xiao, Rasul and Vollgraf): 60,000 and 10,000 garments, 28x28 grey."""

    reader = "FashionMNIST"
    train = tuple(name.replace("MNIST", "FashionMNIST", 1) for name in Mnist.train)
    test = tuple(name.replace("MNIST", "FashionMNIST", 1) for name in Mnist.test)
    shape = (1, 28, 28)
    class_names = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


class Cifar10(Standard):
    """CIFAR-10 (Krizhevsky): 50,000 and 10,000 images of 10 classes, 32x32 in colour.

    Its files are Python pickles. Torchvision unpickles them, and only those whose MD5 is that of
    the published ones; nothing here unpickles anything.
    """

    reader = "CIFAR10"
    train = tuple(f"cifar-10-batches-py/data_batch_{number}" for number in range(1, 6))
    test = ("cifar-10-batches-py/test_batch",)
    shape = (3, 32, 32)
    class_names = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
