"""What is demanded of a dataset."""

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import torch

from ganzoo import registry
from ganzoo.data.base import Dataset, Item
from ganzoo.data.cache import open_stores
from ganzoo.data.composite import Composite, View
from ganzoo.data.fields import KINDS
from ganzoo.data.loader import Loader
from ganzoo.randomness import Draws
from ganzoo.resolve.validation import validate
from ganzoo.testing import shared
from ganzoo.testing.check import Case, Fault, NotApplicable, Subject

FEW = 64
"""Samples that are read; they are spread over the whole dataset."""


@dataclass(frozen=True)
class DatasetCase(Case):
    """The config of a dataset."""

    def open(self) -> Dataset:
        """Open the dataset."""
        dataset: Dataset = registry.instantiate("datasets", self.spec.name, self.config)
        return dataset


def cases(subject: Subject) -> list[DatasetCase]:
    """Its config."""
    values = {"source": subject.spec.name, **subject.values}
    return [DatasetCase(subject.spec, subject.offer, validate(subject.spec.config, values, "data"))]


def of_each_field(check: Callable[[Dataset], None]) -> Callable[[DatasetCase], None]:
    """Demand something of every dataset that reads a field."""

    @functools.wraps(check)
    def run(case: DatasetCase) -> None:
        parts = _parts(case.open())
        for field, part in parts.items():
            try:
                check(part)
            except Fault as fault:
                raise Fault(f"{field}: {fault}" if len(parts) > 1 else str(fault)) from None

    return run


def fields_are_told(case: DatasetCase) -> None:
    """Its fields are those of its description, each in one group."""
    dataset = case.open()
    names = [name for parts in dataset.groups.values() for name in parts]
    for name in names:
        if not re.fullmatch("[a-z][a-z0-9_]*", name) or name in ("label", "latents"):
            raise Fault(
                f"it has a field {name!r}; use a-z, 0-9 and _, and not label or latents, which "
                "ganzoo makes"
            )
        if names.count(name) > 1:
            raise Fault(f"the field {name} is in two groups; give each a name of its own")
    if set(names) != set(case.spec.fields):
        raise Fault(
            f"it has the fields {', '.join(names)}, and its description names "
            f"{', '.join(case.spec.fields)}; set fields of the DatasetSpec"
        )


def groups_keep_together(case: DatasetCase) -> None:
    """Fields of a group have one length, and images of one aspect at an index."""
    shared_groups = [parts for parts in case.open().groups.values() if len(parts) > 1]
    if not shared_groups:
        raise NotApplicable("none of its groups has several fields")
    for parts in shared_groups:
        lengths = {name: len(part) for name, part in parts.items()}
        if len({*lengths.values()}) > 1:
            raise Fault(
                f"of one group, the lengths are {lengths}; give all fields the same samples"
            )
        images = {name: part for name, part in parts.items() if part.kind == "images"}
        for index in _spread(next(iter(lengths.values()))):
            sizes = {name: part.read(index)[0].shape[1::-1] for name, part in images.items()}
            widths, heights = zip(*sizes.values(), strict=True) if sizes else ((), ())
            if any(w * heights[0] != widths[0] * h for w, h in zip(widths, heights, strict=True)):
                raise Fault(
                    f"at index {index} images are {sizes}; give all fields of a group one aspect, "
                    "as they are cropped and mirrored together"
                )


@of_each_field
def length_is_told(dataset: Dataset) -> None:
    """It has at least one sample."""
    if len(dataset) < 1:
        raise Fault("its length is 0; there is nothing to train on")


@of_each_field
def shape_is_told(dataset: Dataset) -> None:
    """Kind and shape belong together, and vectors have a shift and a scale."""
    if dataset.kind not in KINDS:
        known = " or ".join(map(repr, KINDS))
        raise Fault(f"its kind is {dataset.kind!r}; it must be {known}")
    axes = KINDS[dataset.kind].axes
    rank, shape = len(axes), tuple(dataset.shape)
    if len(shape) != rank or not all(isinstance(n, int) and n > 0 for n in shape):
        wanted = f"({', '.join(axes)}{',' * (rank == 1)})"
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


@of_each_field
def samples_have_their_type(dataset: Dataset) -> None:
    """Images are uint8 (H, W) or (H, W, C), and vectors are float32 (D,)."""
    for index, (sample, _) in _items(dataset):
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


@of_each_field
def labels_are_classes(dataset: Dataset) -> None:
    """Labels count from 0 and name a class; without classes they are 0."""
    names = tuple(dataset.class_names)
    if len({*names}) < len(names) or not all(isinstance(name, str) for name in names):
        raise Fault(f"its class names are {names!r:.100}; they must be distinct texts")
    for index, (_, label) in _items(dataset):
        if not isinstance(label, (int, np.integer)) or not 0 <= label < max(1, len(names)):
            raise Fault(
                f"the label of sample {index} is {label!r}; it must be a whole number from 0 to "
                f"{max(1, len(names)) - 1}, as there are {len(names) or 'no'} class names"
            )


def reading_is_repeatable(case: DatasetCase) -> None:
    """A sample is the same whenever it is read, also after opening the dataset anew."""
    first, second = _parts(case.open()), _parts(case.open())
    for field, one in first.items():
        other = second[field]
        if len(one) != len(other):
            raise Fault(
                f"it has {len(one)} samples when first opened, and {len(other)} when opened again"
            )
        for dataset, when in ((one, "it is read again"), (other, "the dataset is opened again")):
            for index, item in _items(one):
                again = dataset.read(index)
                if not np.array_equal(item.sample, again[0]) or item.label != again[1]:
                    raise Fault(
                        f"{field} {index} differs when {when}; make samples from the config and a "
                        "fixed seed, and leave augmentation to the trainer"
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


def fingerprint_covers_every_field(case: DatasetCase) -> None:
    """The fingerprint changes whenever that of a field does."""
    dataset = case.open()
    parts, before = _parts(dataset), dataset.fingerprint
    if len(parts) < 2:
        raise NotApplicable("it has one field")
    for field, part in parts.items():
        with _other_fingerprint(part):
            if case.open().fingerprint == before:
                raise Fault(
                    f"the fingerprint stays the same when that of {field} changes; make it from "
                    "those of all fields, as Composite does"
                )


def _other_fingerprint(part: Dataset) -> Any:
    """Let all datasets of a part's fingerprint have another one."""
    own, before = inspect.getattr_static(type(part), "fingerprint"), part.fingerprint

    def changed(dataset: Dataset) -> str:
        text: str = own.__get__(dataset, type(dataset)) if hasattr(own, "__get__") else own
        return f"{text}-changed" if text == before else text

    return mock.patch.object(type(part), "fingerprint", property(changed))


def batches_are_made(case: DatasetCase) -> None:
    """Its samples make finite batches of their shape; images are in [-1, 1]."""
    dataset = Composite(
        {
            # Some samples, as the whole of a large one takes long to decode.
            group: {name: View(part, _spread(len(part))) for name, part in parts.items()}
            for group, parts in case.open().groups.items()
        }
    )
    stores, _ = open_stores(dataset, dataset.fields, name=case.spec.name)
    loader = Loader(stores, dataset.fields, seed=0, device=torch.device("cpu"))
    batch = loader.batch(0, Draws(("conformance",), shared.BATCH))
    for name, field in dataset.fields.items():
        samples = batch[name]
        if tuple(samples.shape[1:]) != tuple(field.shape) or not samples.isfinite().all():
            raise Fault(
                f"a batch of {name} has the shape {tuple(samples.shape)}; its samples must be "
                f"finite and have the shape {tuple(field.shape)}"
            )


def _parts(dataset: Dataset) -> dict[str, Dataset]:
    """Return what reads each field."""
    return {name: part for parts in dataset.groups.values() for name, part in parts.items()}


def _items(dataset: Dataset) -> Iterator[tuple[int, Item]]:
    """Read some samples from the whole of a dataset, with their indices."""
    for index in _spread(len(dataset)):
        yield index, Item(*dataset.read(index))


def _spread(length: int) -> list[int]:
    return sorted({round(i * (length - 1) / max(1, FEW - 1)) for i in range(FEW)})


CHECKS = (
    fields_are_told,
    length_is_told,
    shape_is_told,
    samples_have_their_type,
    labels_are_classes,
    reading_is_repeatable,
    fingerprint_is_stable,
    groups_keep_together,
    fingerprint_covers_every_field,
    batches_are_made,
)
