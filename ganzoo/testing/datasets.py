"""What is demanded of a dataset."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ganzoo import registry
from ganzoo.data.base import Dataset, Item
from ganzoo.data.cache import open_store
from ganzoo.data.loader import Loader
from ganzoo.randomness import Draws
from ganzoo.resolve.check import validate
from ganzoo.spec import Shape
from ganzoo.testing import shared
from ganzoo.testing.check import Case, Fault, Subject

FEW = 64
"""Samples that are read; they are spread over the whole dataset."""


@dataclass(frozen=True)
class DatasetCase(Case):
    """The config of a dataset."""

    def open(self) -> Dataset:
        """Open the dataset."""
        dataset: Dataset = registry.instantiate("datasets", self.spec.name, self.config)
        return dataset

    def items(self, dataset: Dataset) -> Iterator[tuple[int, Item]]:
        """Read some samples from the whole of the dataset, with their indices."""
        for index in _spread(len(dataset)):
            yield index, Item(*dataset.read(index))


def cases(subject: Subject) -> list[DatasetCase]:
    """Its config."""
    values = {"source": subject.spec.name, **subject.values}
    return [DatasetCase(subject.spec, subject.offer, validate(subject.spec.config, values, "data"))]


class _Few(Dataset):
    """Some samples of a dataset, as the whole of a large one takes long to decode."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset, self._indices = dataset, _spread(len(dataset))
        for name in ("kind", "shape", "class_names", "shift", "scale", "fit", "background"):
            setattr(self, name, getattr(dataset, name))

    def __len__(self) -> int:
        return len(self._indices)

    def read(self, index: int) -> Item:
        return self._dataset.read(self._indices[index])

    @property
    def fingerprint(self) -> str:
        return f"few-{self._dataset.fingerprint}"


def length_is_told(case: DatasetCase) -> None:
    """It has at least one sample."""
    length = len(case.open())
    if length < 1:
        raise Fault("its length is 0; there is nothing to train on")


def shape_is_told(case: DatasetCase) -> None:
    """Kind and shape belong together, and vectors have a shift and a scale."""
    dataset = case.open()
    if dataset.kind not in ("images", "vectors"):
        raise Fault(f"its kind is {dataset.kind!r}; it must be 'images' or 'vectors'")
    rank = 3 if dataset.kind == "images" else 1
    shape = tuple(dataset.shape)
    if len(shape) != rank or not all(isinstance(n, int) and n > 0 for n in shape):
        wanted = "(channels, height, width)" if rank == 3 else "(length,)"
        raise Fault(f"its shape is {shape}; the shape of {dataset.kind} must be {wanted}")
    lengths = {len(dataset.shift), len(dataset.scale)}
    if rank == 3 and lengths != {0}:
        raise Fault("images must have no shift or scale; ganzoo scales them to [-1, 1]")
    if rank == 1 and lengths != {shape[0]}:
        raise Fault(
            f"vectors of {shape[0]} need a shift and a scale of as many numbers; give the mean and "
            "the standard deviation of each coordinate"
        )
    if not all(np.isfinite(x) for x in dataset.shift) or not all(x > 0 for x in dataset.scale):
        raise Fault("shift and scale must be finite, and scale above 0")


def samples_have_their_type(case: DatasetCase) -> None:
    """Images are uint8 (H, W) or (H, W, C), and vectors are float32 (D,)."""
    dataset = case.open()
    for index, (sample, _) in case.items(dataset):
        if not isinstance(sample, np.ndarray):
            raise Fault(f"sample {index} is a {type(sample).__name__}; return a numpy array")
        found = f"sample {index} is {sample.dtype} {sample.shape}"
        if dataset.kind == "vectors":
            if sample.dtype != np.float32 or sample.shape != tuple(dataset.shape):
                raise Fault(f"{found}; it must be float32 {tuple(dataset.shape)}")
            if not np.isfinite(sample).all():
                raise Fault(f"sample {index} holds a number that is not finite; leave it out")
        elif sample.dtype != np.uint8:
            raise Fault(f"{found}; images are uint8, from 0 to 255")
        elif sample.ndim not in (2, 3) or (sample.ndim == 3 and sample.shape[2] > 4):
            raise Fault(f"{found}; an image is (height, width) or (height, width, channels)")


def labels_are_classes(case: DatasetCase) -> None:
    """Labels count from 0 and name a class; without classes they are 0."""
    dataset = case.open()
    names = tuple(dataset.class_names)
    if len({*names}) < len(names) or not all(isinstance(name, str) for name in names):
        raise Fault(f"its class names are {names!r:.100}; they must be distinct texts")
    for index, (_, label) in case.items(dataset):
        if not isinstance(label, (int, np.integer)) or not 0 <= label < max(1, len(names)):
            raise Fault(
                f"the label of sample {index} is {label!r}; it must be a whole number from 0 to "
                f"{max(1, len(names)) - 1}, as there are {len(names) or 'no'} class names"
            )


def reading_is_repeatable(case: DatasetCase) -> None:
    """A sample is the same whenever it is read, also after opening the dataset anew."""
    one, other = case.open(), case.open()
    if len(one) != len(other):
        raise Fault(
            f"it has {len(one)} samples when first opened, and {len(other)} when opened again"
        )
    for dataset, when in ((one, "it is read again"), (other, "the dataset is opened again")):
        for index, item in case.items(one):
            again = dataset.read(index)
            if not np.array_equal(item.sample, again[0]) or item.label != again[1]:
                raise Fault(
                    f"sample {index} differs when {when}; make samples from the config and a fixed "
                    "seed, and leave augmentation to the trainer"
                )


def fingerprint_is_stable(case: DatasetCase) -> None:
    """The fingerprint is a text that stays as long as the samples do."""
    one, other = (case.open().fingerprint for _ in range(2))
    if not isinstance(one, str) or not one:
        raise Fault(f"the fingerprint is {one!r}; it must be a text that is not empty")
    if one != other:
        raise Fault(
            f"its fingerprint changes from {one!r:.40} to {other!r:.40} when it is opened again; "
            "compute it from what determines the samples, not from time, memory or Python's hash"
        )


def batches_are_made(case: DatasetCase) -> None:
    """Its samples make finite batches of their shape; images are in [-1, 1]."""
    dataset = _Few(case.open())
    shape: Shape = tuple(dataset.shape)
    loader = Loader(
        open_store(dataset, shape),
        seed=0,
        device=torch.device("cpu"),
        shift=dataset.shift,
        scale=dataset.scale,
    )
    samples = loader.batch(0, Draws(("conformance",), shared.BATCH))["sample"]
    if tuple(samples.shape[1:]) != shape or not samples.isfinite().all():
        raise Fault(
            f"a batch has the shape {tuple(samples.shape)}; its samples must be finite and have "
            f"the shape {shape}"
        )


def _spread(length: int) -> list[int]:
    return sorted({round(i * (length - 1) / max(1, FEW - 1)) for i in range(FEW)})


CHECKS = (
    length_is_told,
    shape_is_told,
    samples_have_their_type,
    labels_are_classes,
    reading_is_repeatable,
    fingerprint_is_stable,
    batches_are_made,
)
