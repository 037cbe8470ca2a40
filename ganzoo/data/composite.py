"""Data of several fields, made of datasets that read one each."""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np

from ganzoo.data.base import Dataset, Item
from ganzoo.spec import Shape

_FACTS = ("kind", "shape", "class_names", "shift", "scale", "fit", "background")


class Composite(Dataset):
    """Several fields, each decoded and cached by itself, as a dataset of its own reads it.

    With a field ``sample`` it is a dataset of those as well, and has their facts and labels.

    Args:
        groups: By group and field, what reads the field; all of a group have one length.

    Attributes:
        max_bad: The share of a group's samples that may be unreadable in any of its fields.
    """

    def __init__(self, groups: Mapping[str, Mapping[str, Dataset]]) -> None:
        self._groups = groups
        parts = [part for members in groups.values() for part in members.values()]
        self.max_bad = max(part.max_bad for part in parts)
        self.large = any(part.large for part in parts)
        samples = [members["sample"] for members in groups.values() if "sample" in members]
        self._sample = samples[0] if samples else None
        for name in _FACTS if samples else ():
            setattr(self, name, getattr(samples[0], name))
        self.notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))

    @property
    def groups(self) -> Mapping[str, Mapping[str, Dataset]]:
        """By group and field, what reads the field."""
        return self._groups

    def __len__(self) -> int:
        """Count the samples of the longest group, which make an epoch."""
        return max(len(part) for members in self.groups.values() for part in members.values())

    def read(self, index: int) -> Item:
        """Return one ``sample``; other fields are read by the datasets in `groups`."""
        if self._sample is None:
            raise TypeError(f"{type(self).__name__} has no samples, but {', '.join(self.fields)}")
        return self._sample.read(index)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of the fingerprints of all fields."""
        facts = {
            group: {field: part.fingerprint for field, part in members.items()}
            for group, members in self.groups.items()
        }
        text = json.dumps(facts, sort_keys=True)
        return f"fields-{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


class View(Dataset):
    """Some samples of another dataset, or one half of each of its images.

    Args:
        dataset: The other one.
        rows: The numbers of its samples.
        half: 0 for the left half, 1 for the right one; None for whole samples.
        shape: The shape where it is another one.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: Sequence[int],
        *,
        half: int | None = None,
        shape: Shape | None = None,
    ) -> None:
        self._dataset, self._rows, self._half = dataset, rows, half
        for name in _FACTS:
            setattr(self, name, getattr(dataset, name))
        self.max_bad, self.large, self.notes = dataset.max_bad, dataset.large, dataset.notes
        self.shape = shape or self.shape

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, index: int) -> Item:
        """Return one sample."""
        sample, label = self._dataset.read(self._rows[index])
        if self._half is not None:
            width = sample.shape[1] // 2
            sample = (sample[:, -width:] if self._half else sample[:, :width]).copy()
        return Item(sample, label)

    def name_of(self, index: int) -> str:
        """Return what the other dataset calls a sample."""
        return self._dataset.name_of(self._rows[index])

    @property
    def fingerprint(self) -> str:
        """That of the other dataset, and what is chosen of it."""
        rows = hashlib.blake2b(np.asarray(self._rows, np.int64).tobytes(), digest_size=8)
        half = "" if self._half is None else ("-left", "-right")[self._half]
        return f"{self._dataset.fingerprint}-{rows.hexdigest()}{half}"
