"""A dataset of digits as torchvision's MNIST is: a PIL image and transforms for each sample."""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset


class Digits(Dataset[tuple[Tensor, int]]):
    """Grey images that are transformed one by one, each time they are asked for."""

    def __init__(self, images: np.ndarray, transform: Callable[[Image.Image], Tensor]) -> None:
        self.data = torch.from_numpy(np.ascontiguousarray(images))
        self.targets = torch.zeros(len(images), dtype=torch.long)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        pixels, target = self.data[index].numpy(), int(self.targets[index])
        height, width = pixels.shape
        image = Image.frombuffer("L", (width, height), pixels, "raw", "L", 0, 1)
        return self.transform(image), target
