"""Batches of normalised samples on a device, gathered from stores by their place in a run."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.cache import Store
from ganzoo.data.fields import LABEL, Field
from ganzoo.errors import DataError
from ganzoo.randomness import Draws, seed_for
from ganzoo.spec import Shape

Batch = dict[str, Tensor]
"""By field: images ``(N, C, H, W)`` in [-1, 1], shifted and scaled vectors ``(N, D)``, or int64
labels ``(N,)``."""


class EpochOrder:
    """The order in which samples are shown: one seeded permutation after another.

    What stands at a position is a function of the seed and the position alone.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed = length, seed
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def __getitem__(self, positions: slice) -> Tensor:
        """Return the sample numbers at some positions, counted from the start of the run."""
        parts = []
        position = positions.start
        while position < positions.stop:
            epoch, offset = divmod(position, self.length)
            count = min(positions.stop - position, self.length - offset)
            parts.append(self._permutation(epoch)[offset : offset + count])
            position += count
        return torch.cat(parts)

    def _permutation(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            source = torch.Generator().manual_seed(seed_for(self.seed, "order", epoch))
            self._epoch, self._order = epoch, torch.randperm(self.length, generator=source)
        return self._order


class FieldGroup:
    """Fields that share an index, an order and a geometric transform.

    Attributes:
        name: The group's name.
        fields: In the shapes of batches.
        rows: By field, where in its store each of the group's samples is, int64 (N,).
        cropped: Whether images are stored larger than they are in batches.
        trained_on: int64 numbers of the samples that batches are made of, in no order.
        held_out: Likewise of those that are held out.
        order: The order of those that are trained on.

    Raises:
        DataError: All samples would be held out.
    """

    def __init__(
        self,
        name: str,
        fields: Sequence[Field],
        stores: Mapping[str, Store],
        seed: int,
        holdout: int,
    ) -> None:
        self.name, self.fields = name, fields
        kept = {field.name: stores[field.name].numbers for field in fields}
        common = functools.reduce(np.intersect1d, kept.values())
        self.rows = {
            field: torch.from_numpy(np.searchsorted(numbers, common))
            for field, numbers in kept.items()
        }
        if holdout >= len(common):
            raise DataError(
                f"data.holdout: cannot hold out {holdout} samples of the {len(common)} "
                "that can be read; hold out fewer, for example one in twenty"
            )
        self.cropped = any(
            field.kind.planar and stores[field.name].samples.shape[1:3] != field.shape[1:]
            for field in fields
        )
        source = torch.Generator().manual_seed(seed_for("holdout"))
        mixed = torch.randperm(len(common), generator=source)
        self.held_out, self.trained_on = mixed[:holdout], mixed[holdout:].sort().values
        seed = seed if name == "sample" else seed_for(seed, "order", name)
        self.order = EpochOrder(len(self.trained_on), seed)


class Loader:
    """Gathers batches from stores; normalising and augmenting happen on the device.

    Args:
        stores: The decoded samples by field.
        fields: The fields in the shapes of batches; images that are stored larger are cropped.
            With ``sample`` comes ``label``, which is 0 where there are no classes.
        seed: Determines the order.
        device: Where batches go.
        dtype: The floating-point type of samples.
        flip: Mirror images with probability 1/2, all of a group together.
        dequantize: Width of the uniform noise that is added.
        channels_last: Lay images out with their channels last.
        holdout: How many samples of each group are never in a batch; which ones does not depend on
            the seed.

    Attributes:
        groups: The groups of fields by name.
        trained_on: Of the first group, the numbers of the samples that batches are made of.
        held_out: Likewise of those that are held out.

    Raises:
        DataError: All samples would be held out.
    """

    def __init__(
        self,
        stores: Mapping[str, Store],
        fields: Mapping[str, Field],
        *,
        seed: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        flip: bool = False,
        dequantize: float = 0.0,
        channels_last: bool = True,
        holdout: int = 0,
    ) -> None:
        if sample := fields.get("sample"):
            fields = {**fields, "label": Field("label", LABEL, (), sample.group)}
            stores = {**stores, "label": stores["sample"]}
        members: dict[str, list[Field]] = {}
        for field in fields.values():
            members.setdefault(field.group, []).append(field)
        self.groups = {
            name: FieldGroup(name, group, stores, seed, holdout) for name, group in members.items()
        }
        first = next(iter(self.groups.values()))
        self.trained_on, self.held_out = first.trained_on, first.held_out
        self.device, self.dtype = device, dtype
        self.flip, self.dequantize = flip, dequantize
        self.channels_last = channels_last
        self._values = {
            field.name: torch.from_numpy(getattr(stores[field.name], field.kind.column))
            for field in fields.values()
        }
        self._scales = {
            field.name: tuple(
                torch.tensor(numbers, device=device, dtype=dtype)
                for numbers in (field.shift, field.scale)
            )
            for field in fields.values()
        }
        if sample:
            group = self.groups[sample.group]
            rows = group.rows["label"][group.trained_on]
            self._labels_there = self._values["label"][rows].to(device)

    def batch(self, position: int, draws: Draws) -> Batch:
        """Return the rows of a global batch that begins at a position.

        Args:
            position: Samples that the run has drawn before this batch.
            draws: Tells the size of the global batch and which of its rows are wanted, and
                supplies the random numbers.
        """
        batch: Batch = {}
        for group in self.groups.values():
            places = group.order[position : position + draws.size][draws.rows]
            corners = draws.uniform(_purpose("crop", group.name), 2) if group.cropped else None
            batch |= self._gathered(group, group.trained_on[places], corners)
            if self.flip:
                mirrored = draws.uniform(_purpose("flip", group.name), 1, 1, 1) < 0.5
                for field in group.fields:
                    if field.kind.planar:
                        images = batch[field.name]
                        batch[field.name] = torch.where(mirrored, images.flip(-1), images)
        if self.dequantize:
            for name, values in batch.items():
                if name != "label":
                    noise = draws.uniform(_purpose("dequantize", name), *values.shape[1:])
                    values.add_(noise, alpha=self.dequantize)
        return batch

    def gather(self, numbers: Tensor, group: str | None = None) -> Batch:
        """Return some samples of a group as they are, in training's range; crops are central.

        Args:
            numbers: int64 ``(N,)``.
            group: The group's name; the first one where left out.
        """
        chosen = self.groups[group or next(iter(self.groups))]
        return self._gathered(chosen, numbers, None)

    def group_of(self, field: str) -> FieldGroup:
        """Return the group that a field belongs to."""
        return next(g for g in self.groups.values() if any(f.name == field for f in g.fields))

    def examples(self, count: int) -> Batch:
        """Return the first samples of each group, held-out ones if there are any.

        They are as many of each group, and fewer than `count` where one has no more.
        """
        numbers = {
            name: group.held_out if len(group.held_out) else group.trained_on
            for name, group in self.groups.items()
        }
        count = min(count, *map(len, numbers.values()))
        batch: Batch = {}
        for name, chosen in numbers.items():
            batch |= self.gather(chosen[:count], name)
        return batch

    def draw_labels(self, draws: Draws) -> Tensor:
        """Draw labels as often as the data has them."""
        numbers = draws.integers("labels of the data", len(self._labels_there))
        return self._labels_there[numbers]

    def _gathered(self, group: FieldGroup, numbers: Tensor, corners: Tensor | None) -> Batch:
        """Return samples of a group, cropped where corners ``(N, 2)`` in [0, 1) say."""
        batch: Batch = {}
        for field in group.fields:
            rows = self._to_device(self._values[field.name][group.rows[field.name][numbers]])
            if field.kind.planar:
                rows = _cropped(rows, field.shape[1:], corners)
            values = field.kind.normalised(rows, self.dtype, *self._scales[field.name])
            batch[field.name] = values if self.channels_last else values.contiguous()
        return batch

    def _to_device(self, tensor: Tensor) -> Tensor:
        if self.device.type != "cuda":
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)


def _purpose(what: str, name: str) -> str:
    """Name random numbers; those of ``sample`` have the plain name."""
    return what if name == "sample" else f"{what} {name}"


def _cropped(rows: Tensor, sides: Shape, corners: Tensor | None) -> Tensor:
    """Cut ``(N, H, W, C)`` to ``(height, width)``, in the middle where there are no corners."""
    if rows.shape[1:3] == sides:
        return rows
    if corners is None:
        corners = torch.full((len(rows), 2), 0.5, device=rows.device)
    places = [torch.arange(len(rows), device=rows.device)[:, None]]
    for side, whole, corner in zip(sides, rows.shape[1:3], corners.T, strict=True):
        # Rounding may bring a number below 1 up to 1.
        start = (corner * (whole - side + 1)).long().clamp(max=whole - side)
        places.append(start[:, None] + torch.arange(side, device=rows.device))
    number, down, across = places
    return rows[number[:, :, None], down[:, :, None], across[:, None, :]]
