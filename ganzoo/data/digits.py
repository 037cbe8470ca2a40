"""The digits that come with the package."""

from importlib import resources

import numpy as np

from ganzoo.data.base import Dataset, Item
from ganzoo.data.config import Mnist5kConfig


class Mnist5k(Dataset):
    """5,000 images of MNIST (LeCun, Cortes and Burges), 500 of each digit, 28x28 grey."""

    shape = (1, 28, 28)
    class_names = tuple("0123456789")

    def __init__(self, config: Mnist5kConfig) -> None:
        with (
            resources.files("ganzoo.data").joinpath("files/mnist5k.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            self._images = arrays["images"]
            self._labels = arrays["labels"]

    def __len__(self) -> int:
        return len(self._images)

    def read(self, index: int) -> Item:
        """Return one digit, uint8 (28, 28)."""
        return Item(self._images[index], int(self._labels[index]))

    @property
    def fingerprint(self) -> str:
        """A name, as the digits come with the package and never change."""
        return "mnist5k-1"
