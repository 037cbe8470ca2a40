"""Named fields of data and the kinds of their values. Free of torch, to check configs quickly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.spec import Shape

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Kind(ABC):
    """What the values of a field are, and what follows from that.

    Attributes:
        name: What files and sentences call it.
        axes: What the numbers of a shape count.
        column: The part of a store that holds its rows.
        planar: Whether values are images, which are cropped and mirrored.
    """

    name: str
    axes: tuple[str, ...] = ()
    column = "samples"
    planar = False

    def reaches(self, native: Shape, shape: Shape) -> bool:
        """Report whether values of the data's shape can be brought to another."""
        return native == shape

    @abstractmethod
    def row(self, shape: Shape) -> tuple[np.dtype[Any], Shape]:
        """Return the type and shape in which a value is stored."""

    def brought(self, value: NDArray[Any], shape: Shape, fit: str, background: str) -> NDArray[Any]:
        """Bring one value to the row of a shape; see `ganzoo.data.fitting.fit_image`."""
        return value

    def normalised(self, rows: Tensor, dtype: torch.dtype, shift: Tensor, scale: Tensor) -> Tensor:
        """Bring rows, which it may overwrite, to the range of training."""
        return rows


class ImageKind(Kind):
    """Images ``(C, H, W)``: stored as uint8 ``(H, W, C)``, trained on in [-1, 1]."""

    name = "images"
    axes = ("channels", "height", "width")
    planar = True

    def reaches(self, native: Shape, shape: Shape) -> bool:
        """Images can have any size; their channels stay, or become grey or colour."""
        return len(shape) == 3 and shape[0] in (native[0], 1, 3)

    def row(self, shape: Shape) -> tuple[np.dtype[Any], Shape]:
        """Channels come last, as in files."""
        return np.dtype(np.uint8), (*shape[1:], shape[0])

    def brought(self, value: NDArray[Any], shape: Shape, fit: str, background: str) -> NDArray[Any]:
        """Resize one image."""
        from ganzoo.data.fitting import fit_image  # to check a config needs no Pillow

        return fit_image(value, shape, fit=fit, background=background)

    def normalised(self, rows: Tensor, dtype: torch.dtype, shift: Tensor, scale: Tensor) -> Tensor:
        """Return a view with the channels first."""
        return rows.to(dtype).div_(127.5).sub_(1).permute(0, 3, 1, 2)


class VectorKind(Kind):
    """Vectors ``(D,)``: stored as float32 in units of the data, trained on shifted and scaled."""

    name = "vectors"
    axes = ("length",)

    def row(self, shape: Shape) -> tuple[np.dtype[Any], Shape]:
        """Vectors are stored as they are."""
        return np.dtype(np.float32), tuple(shape)

    def normalised(self, rows: Tensor, dtype: torch.dtype, shift: Tensor, scale: Tensor) -> Tensor:
        """Subtract the shift, and divide by the scale."""
        return rows.to(dtype).sub_(shift).div_(scale)


class LabelKind(Kind):
    """Indices of classes, int64 ``()``, beside the samples that they belong to."""

    name = "labels"
    column = "labels"

    def row(self, shape: Shape) -> tuple[np.dtype[Any], Shape]:
        """A label is a number."""
        return np.dtype(np.int64), ()


IMAGE = ImageKind()
VECTOR = VectorKind()
LABEL = LabelKind()

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (IMAGE, VECTOR)}
"""What a dataset may read, by its ``kind``."""


@dataclass(frozen=True)
class Field:
    """One named part of what a dataset gives at an index.

    Attributes:
        name: By which objectives and batches know it.
        kind: What its values are.
        shape: ``(C, H, W)``, ``(D,)``, or ``()`` of a label.
        group: Fields of one group share an index, an order and a geometric transform.
        class_names: Of labels, the classes in their order.
        shift: Of vectors, what is subtracted from each coordinate before training.
        scale: Of vectors, what each coordinate is then divided by.
    """

    name: str
    kind: Kind
    shape: Shape
    group: str
    class_names: tuple[str, ...] = ()
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()


def reshaped(fields: Mapping[str, Field], shapes: Mapping[str, Shape]) -> dict[str, Field]:
    """Return fields in the shapes that networks take; those that are not named keep the data's."""
    return {
        name: replace(field, shape=shapes.get(name, field.shape)) for name, field in fields.items()
    }
