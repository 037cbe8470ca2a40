"""The networks in a checkpoint: tables of tensors, wherever they stand and however wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ganzoo.importing.document import Foreign, StoredTensor
from ganzoo.importing.spectral import LazyTensor, spelled_as_here

WRAPPERS = ("module.", "_orig_mod.")
"""What ``DataParallel`` and ``torch.compile`` put before every name."""

_OPTIMIZERS = re.compile(r"optim|scheduler|(?:^|[._/])opt_?[gd]?(?:$|[._/])", re.IGNORECASE)

_AVERAGED = re.compile(r"ema|avg|average", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    """One network of a checkpoint.

    Attributes:
        label: Where it stands: the file's name, and the keys on the way to it.
        tensors: Its tensors by name, without wrappers, spectral norm in one spelling.
    """

    label: str
    tensors: Mapping[str, LazyTensor]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each tensor."""
        return {name: source.shape for name, source in self.tensors.items()}

    @property
    def averaged(self) -> bool:
        """Whether its name says that it is an average over training."""
        return bool(_AVERAGED.search(self.label))


def candidates_in(root: Any, label: str) -> list[Candidate]:
    """Find the networks in what a checkpoint holds; the states of optimizers are left out."""
    return [
        Candidate(place, spelled_as_here(_unwrapped(tensors)))
        for place, tensors in _tables(root, label)
        if not _OPTIMIZERS.search(place.removeprefix(label))
    ]


def divided(part: Candidate) -> list[Candidate]:
    """Divide a part by the first word of its names, where one table holds several networks."""
    tables: dict[str, dict[str, LazyTensor]] = {}
    for name, source in part.tensors.items():
        first, dot, rest = name.partition(".")
        if dot:
            tables.setdefault(first, {})[rest] = source
    return [Candidate(f"{part.label}/{first}", table) for first, table in tables.items()]


def _tables(value: Any, place: str) -> Iterator[tuple[str, dict[str, StoredTensor]]]:
    """Yield every dictionary or list that has tensors, and every module that was saved whole."""
    if isinstance(value, Foreign):
        state = module_state(value)
        if state is not None:
            yield place, dict(_flat(state, ""))
            return
        for number, inner in enumerate((*value.arguments, *value.states)):
            yield from _tables(inner, place if not number else f"{place}/{number}")
        return
    if isinstance(value, StoredTensor):
        value = [value]
    if isinstance(value, list):
        value = {str(number): item for number, item in enumerate(value)}
    if not isinstance(value, dict):
        return
    tensors = {key: item for key, item in value.items() if isinstance(item, StoredTensor)}
    if tensors:
        yield place, tensors
    for key, item in value.items():
        if not isinstance(item, StoredTensor):
            yield from _tables(item, f"{place}/{key}")


def module_state(value: Foreign) -> dict[str, Any] | None:
    """Return the attributes of a module of torch that was pickled whole; None for other objects."""
    state = value.states[-1] if value.states else None
    if value.name.endswith("_reconstruct_persistent_obj") and value.arguments:
        # NVIDIA's own way: the state is an argument, beside the source of the class.
        meta = value.arguments[0]
        state = meta.get("state") if isinstance(meta, dict) else None
    if isinstance(state, dict) and isinstance(state.get("_modules"), dict):
        return state
    return None


def _flat(state: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, StoredTensor]]:
    """Yield the tensors of a module and of those in it, under the names of a state_dict."""
    for kind in ("_parameters", "_buffers"):
        table = state.get(kind)
        for name, item in table.items() if isinstance(table, dict) else ():
            if isinstance(item, StoredTensor):
                yield f"{prefix}{name}", item
    for name, inner in state["_modules"].items():
        below = module_state(inner) if isinstance(inner, Foreign) else None
        if below is not None:
            yield from _flat(below, f"{prefix}{name}.")


def _unwrapped(tensors: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Take away what wrappers put before every name."""
    while tensors:
        wrapper = next((w for w in WRAPPERS if all(name.startswith(w) for name in tensors)), "")
        if not wrapper:
            break
        tensors = {name.removeprefix(wrapper): item for name, item in tensors.items()}
    return dict(tensors)
