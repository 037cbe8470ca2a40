"""The classes of a conditional generator: their numbers, and what lies between two of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ganzoo.errors import RequestError, closest
from ganzoo.randomness import seed_for

Labels = int | str | Sequence[int | str] | Tensor
"""One class for all, or one for each, as names or numbers."""


def class_numbers(
    labels: Labels | None, n: int, count: int, names: Sequence[str], seed: int
) -> Tensor:
    """Return the numbers of classes, int64 ``(n,)``.

    Args:
        labels: One class for all, or one for each; drawn uniformly where None.
        n: How many are asked for.
        count: How many classes there are.
        names: Of the classes, in the order of their numbers; empty where they have none.
        seed: Of what is drawn.

    Raises:
        RequestError: A class is unknown, or they are not as many as asked for.
    """
    if labels is None:
        source = torch.Generator().manual_seed(seed_for(seed, "labels"))
        return torch.cat([torch.randint(count, (1,), generator=source) for _ in range(n)])
    if isinstance(labels, (Tensor, np.ndarray, np.generic)):
        labels = labels.tolist()
    given = [labels] * n if isinstance(labels, (int, str)) else list(labels)
    if len(given) != n:
        raise RequestError(
            f"{len(given)} labels are given for {n}; give one for all, or one for each"
        )
    return torch.tensor([class_number(label, count, names) for label in given])


def class_number(label: int | str, count: int, names: Sequence[str]) -> int:
    """Return the number of a class, given by it or by name.

    Raises:
        RequestError: There is no such class.
    """
    if isinstance(label, str) and label in names:
        return names.index(label)
    if isinstance(label, str) and not names and label.isdecimal():
        label = int(label)
    if isinstance(label, int) and 0 <= label < count:
        return label
    allowed = names or [f"0 to {count - 1}"]
    raise RequestError(f"there is no class {label!r}{closest(str(label), allowed)}")


class Mixture(TorchFunctionMode):
    """Lets a network see mixtures of two classes wherever it looks up its labels.

    While it is entered, what an embedding (``torch.nn.Embedding`` or its function) or
    ``torch.nn.functional.one_hot`` gives for the labels becomes a point between what it gives for
    both classes.

    Args:
        starts: int64 ``(N,)``, the labels that the network is given.
        ends: int64 ``(N,)``.
        shares: ``(N,)`` in [0, 1]: how much of the second class.
    """

    def __init__(self, starts: Tensor, ends: Tensor, shares: Tensor) -> None:
        super().__init__()
        self.starts, self.ends, self.shares = starts, ends, shares
        self._used = False

    @contextmanager
    def of(self, rows: slice, device: torch.device) -> Iterator[None]:
        """Mix the classes of some of the samples while their network runs on a device.

        Raises:
            RequestError: The network takes its labels in another way.
        """
        part = Mixture(*(t[rows].to(device) for t in (self.starts, self.ends, self.shares)))
        with part:
            yield
        if not part._used:
            raise RequestError(
                "this network takes its labels neither by an embedding nor as one-hot vectors, so "
                "that classes cannot be mixed; ask for samples of each class"
            )

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func not in (F.embedding, F.one_hot) or not self._is_labels(args[0]):
            return func(*args, **kwargs)
        self._used = True
        start = func(*args, **kwargs)
        end = func(self.ends, *args[1:], **kwargs)
        if not start.is_floating_point():
            start, end = start.to(self.shares.dtype), end.to(self.shares.dtype)
        return torch.lerp(start, end, self.shares[:, None].to(start.dtype))

    def _is_labels(self, index: Tensor) -> bool:
        return index.shape == self.starts.shape and bool((index == self.starts).all())
