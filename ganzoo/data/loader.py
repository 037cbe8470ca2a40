"""Batches of normalised samples on a device, gathered from a store by their place in a run."""

from typing import TypedDict

import torch
from torch import Tensor

from ganzoo.data.cache import Store
from ganzoo.errors import DataError
from ganzoo.randomness import Draws, seed_for


class Batch(TypedDict):
    """Some samples.

    Attributes:
        sample: Images ``(N, C, H, W)`` in [-1, 1], or shifted and scaled vectors ``(N, D)``.
        label: int64 ``(N,)``.
    """

    sample: Tensor
    label: Tensor


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


class Loader:
    """Gathers batches from a store; normalising and augmenting happen on the device.

    Args:
        store: The decoded samples.
        seed: Determines the order.
        device: Where batches go.
        dtype: The floating-point type of samples.
        shift: For vectors, what is subtracted from each coordinate.
        scale: For vectors, what each coordinate is then divided by.
        flip: Mirror images with probability 1/2.
        dequantize: Width of the uniform noise that is added.
        channels_last: Lay images out with their channels last.
        holdout: How many samples are never in a batch; which ones does not depend on the seed.

    Attributes:
        trained_on: int64 numbers of the samples that batches are made of, in no order.
        held_out: Likewise of those that are held out.

    Raises:
        DataError: All samples would be held out.
    """

    def __init__(
        self,
        store: Store,
        *,
        seed: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
        shift: tuple[float, ...] = (),
        scale: tuple[float, ...] = (),
        flip: bool = False,
        dequantize: float = 0.0,
        channels_last: bool = True,
        holdout: int = 0,
    ) -> None:
        self.samples = torch.from_numpy(store.samples)
        self.labels = torch.from_numpy(store.labels)
        if holdout >= len(self.samples):
            raise DataError(
                f"data.holdout: cannot hold out {holdout} samples of the {len(self.samples)} "
                "that can be read; hold out fewer, for example one in twenty"
            )
        source = torch.Generator().manual_seed(seed_for("holdout"))
        numbers = torch.randperm(len(self.samples), generator=source)
        self.held_out, self.trained_on = numbers[:holdout], numbers[holdout:].sort().values
        self.order = EpochOrder(len(self.trained_on), seed)
        self._labels_there = self.labels[self.trained_on].to(device)
        self.device, self.dtype = device, dtype
        self.shift = torch.tensor(shift, device=device, dtype=dtype)
        self.scale = torch.tensor(scale, device=device, dtype=dtype)
        self.flip, self.dequantize = flip, dequantize
        self.channels_last = channels_last

    def batch(self, position: int, draws: Draws) -> Batch:
        """Return the rows of a global batch that begins at a position.

        Args:
            position: Samples that the run has drawn before this batch.
            draws: Tells the size of the global batch and which of its rows are wanted, and
                supplies the random numbers.
        """
        batch = self.gather(
            self.trained_on[self.order[position : position + draws.size][draws.rows]]
        )
        sample = batch["sample"]
        if self.flip:
            mirrored = draws.uniform("flip", 1, 1, 1) < 0.5
            sample = torch.where(mirrored, sample.flip(-1), sample)
        if self.dequantize:
            noise = draws.uniform("dequantize", *sample.shape[1:])
            sample = sample.add_(noise, alpha=self.dequantize)
        return {"sample": sample, "label": batch["label"]}

    def gather(self, numbers: Tensor) -> Batch:
        """Return some samples as they are, in training's range.

        Args:
            numbers: int64 ``(N,)``.
        """
        sample = self._to_device(self.samples[numbers])
        if self.samples.dtype == torch.uint8:
            sample = sample.to(self.dtype).div_(127.5).sub_(1).permute(0, 3, 1, 2)
            if not self.channels_last:
                sample = sample.contiguous()
        else:
            sample = sample.to(self.dtype).sub_(self.shift).div_(self.scale)
        return {"sample": sample, "label": self._to_device(self.labels[numbers])}

    def draw_labels(self, draws: Draws) -> Tensor:
        """Draw labels as often as the data has them."""
        numbers = draws.integers("labels of the data", len(self._labels_there))
        return self._labels_there[numbers]

    def _to_device(self, tensor: Tensor) -> Tensor:
        if self.device.type != "cuda":
            return tensor.to(self.device)
        return tensor.pin_memory().to(self.device, non_blocking=True)
