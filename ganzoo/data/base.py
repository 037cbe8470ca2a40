"""What a source of samples offers. Free of torch, so that configs are checked quickly."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.fields import KINDS, LABEL, Field
from ganzoo.spec import Shape


class Item(NamedTuple):
    """One sample of a source.

    Attributes:
        sample: An image, uint8 ``(H, W)`` or ``(H, W, C)``; or a vector, float32 ``(D,)``.
        label: The index of its class; 0 where there are none.
    """

    sample: NDArray[np.uint8] | NDArray[np.float32]
    label: int


class Dataset(ABC):
    """A source of samples.

    One that reads images or vectors has the field ``sample``, and ``label`` where it has classes.
    For other fields see `ganzoo.data.composite.Composite`.

    Attributes:
        kind: ``images`` or ``vectors``.
        shape: ``(C, H, W)`` or ``(D,)``. Single images may have another height and width.
        class_names: The classes in the order of their labels; empty where there are none.
        shift: For vectors, what is subtracted from each coordinate before training.
        scale: For vectors, what each coordinate is then divided by.
        fit: How images of another aspect are brought to a shape: ``crop``, ``pad`` or
            ``stretch``.
        background: The colour that ``pad`` adds, as ``"#ffffff"``.
        max_bad: The share of samples that may be unreadable, and are skipped; more is an error.
        large: Whether it is known to have 5,000 samples or more, and need not be opened to count.
        notes: Sentences on the source that whoever trains on it should read.
        pinned: Where the same source may be another one later, what fields of its config have to
            say to open exactly this one again.
        load_size: The shorter side of images that are then cropped at random; None for no crop.
    """

    kind: Literal["images", "vectors"] = "images"
    shape: Shape
    class_names: tuple[str, ...] = ()
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    fit: str = "crop"
    background: str = "#ffffff"
    max_bad: float = 0.0
    large: bool = False
    notes: tuple[str, ...] = ()
    pinned: Mapping[str, str] = MappingProxyType({})
    load_size: int | None = None

    @property
    def groups(self) -> Mapping[str, Mapping[str, "Dataset"]]:
        """By group and field, what reads the field; all of a group give one item at an index."""
        return {"sample": {"sample": self}}

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every field by its name, those of a group together."""
        found: dict[str, Field] = {}
        for group, parts in self.groups.items():
            for name, part in parts.items():
                found[name] = Field(
                    name, KINDS[part.kind], part.shape, group, shift=part.shift, scale=part.scale
                )
                if name == "sample" and part.class_names:
                    found["label"] = Field("label", LABEL, (), group, part.class_names)
        return found

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of samples."""

    @abstractmethod
    def read(self, index: int) -> Item:
        """Return one sample.

        Raises:
            ganzoo.errors.DataError: It cannot be decoded; the message names it.
        """

    def name_of(self, index: int) -> str:
        """Return the name by which reports and errors call a sample."""
        return f"sample {index}"

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A string that changes whenever any sample does."""
