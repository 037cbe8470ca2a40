"""The classes of a conditional generator: their numbers, and what lies between two of them."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, SupportsIndex

import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ganzoo.errors import RequestError, closest
from ganzoo.numbers import whole_of
from ganzoo.randomness import seed_for

Labels = SupportsIndex | str | Sequence[SupportsIndex | str] | Tensor | NDArray[Any]
"""One class for all, or one for each, as names or numbers."""


def class_numbers(
    labels: Labels | None, n: int, count: int, names: Sequence[str], seed: int
) -> Tensor:
    """Return the numbers of `n` labels of `count` classes, int64 ``(n,)``; drawn where None.

    RequestError where a class is unknown, or they are not as many as asked for.
    """
    if labels is None:
        source = torch.Generator().manual_seed(seed_for(seed, "labels"))
        return torch.cat([torch.randint(count, (1,), generator=source) for _ in range(n)])
    given: Any = labels
    if hasattr(given, "tolist"):  # an array or a tensor
        if getattr(given, "is_meta", False):
            raise RequestError("labels are a tensor on the meta device, which holds no values")
        given = given.tolist()
    several = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
    given = list(given) if several else [given] * n
    if len(given) != n:
        raise RequestError(
            f"got {len(given)} labels for {n}; give one label for all, or one for each"
        )
    different = {repr(label): label for label in given}
    numbers = {key: class_number(label, count, names) for key, label in different.items()}
    return torch.tensor([numbers[repr(label)] for label in given], dtype=torch.int64)


def class_number(label: SupportsIndex | str, count: int, names: Sequence[str]) -> int:
    """Return the number of one of `count` classes; RequestError where there is none.

    In a name Unicode forms do not matter, and case and blanks around it do only where several
    classes differ in nothing else. An integer, of any type, means the class that has it as its
    name, and where no class has, the class of that number.
    """
    number = whole_of(label)
    text = label if isinstance(label, str) else str(number)
    for form in (str, _composed, _folded):
        known = isinstance(label, str) or number is not None
        found = [place for place, name in enumerate(names) if known and form(name) == form(text)]
        if len(found) == 1 or (found and form is str):
            return found[0]
    if not names and text.isdecimal():
        number = int(text)
    if number is not None and 0 <= number < count:
        return number
    allowed = names or [f"0 to {count - 1}"]
    raise RequestError(f"there is no class {label!r:.100}{closest(str(label), allowed)}")


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    return _composed(name).strip().casefold()


class ClassMixture(TorchFunctionMode):
    """Lets a network see mixtures of two classes wherever it looks up its labels.

    While it is entered, what an embedding (``torch.nn.Embedding`` or its function) or
    ``torch.nn.functional.one_hot`` gives for the labels, `starts`, becomes a point between what it
    gives for both classes. All are ``(N,)``; `shares` in [0, 1] says how much of the second.
    """

    def __init__(self, starts: Tensor, ends: Tensor, shares: Tensor) -> None:
        super().__init__()
        self.starts, self.ends, self.shares = starts, ends, shares
        self._used = False

    @contextmanager
    def of(self, rows: slice, device: torch.device) -> Iterator[None]:
        """Mix the classes of some samples while their network runs on a device (RequestError)."""
        part = ClassMixture(*(t[rows].to(device) for t in (self.starts, self.ends, self.shares)))
        with part:
            yield
        if not part._used:
            raise RequestError(
                "this network does not read its labels through an embedding or as one-hot "
                "vectors, so its classes cannot be mixed; sample each class by itself"
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
