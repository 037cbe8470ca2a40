"""One spelling for spectral norm, which is saved in four.

========================================================  ==========================================
``weight_orig``, ``weight_u``, ``weight_v``               torch's hook, of `torch.nn.utils`
``parametrizations.weight.original``, ``…weight.0._u``    torch's parametrization, as here
``weight``, ``u0``, ``sv0``                               BigGAN-PyTorch
``weight``, ``sn_u``, ``sn_sigma``                        mimicry's own class
========================================================  ==========================================

The last two keep u alone, as a row, and do one more iteration in evaluation, which is not stored:
v = Wᵀu / |Wᵀu|, and they divide by |Wv|. Here u stays as it is, so that training goes on from where
it was, and v gets the length with which uᵀWv is that number; training replaces v before it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import normalize

from ganzoo.importing.document import StoredTensor


@dataclass(frozen=True)
class LazyTensor:
    """A tensor that is read, or computed, when it is needed.

    Attributes:
        shape: Its shape.
        load: Returns it.
        names: The tensors of the file that it comes from.
    """

    shape: tuple[int, ...]
    load: Callable[[], Tensor]
    names: tuple[str, ...]


def spelled_as_here(tensors: Mapping[str, StoredTensor]) -> dict[str, LazyTensor]:
    """Return tensors under the names of torch's parametrization where they are of spectral norm."""
    found: dict[str, LazyTensor] = {}
    for name, stored in tensors.items():
        head, dot, last = name.rpartition(".")
        here = f"{head}{dot}"
        if last == "weight" and f"{here}u0" in tensors:
            found |= _without_v(tensors, here, "u0", "sv0")
        elif last == "weight" and f"{here}sn_u" in tensors:
            found |= _without_v(tensors, here, "sn_u", "sn_sigma")
        elif last.endswith("_orig") and f"{name.removesuffix('orig')}u" in tensors:
            weight = last.removesuffix("_orig")
            place = f"{here}parametrizations.{weight}"
            found[f"{place}.original"] = _plain(name, stored)
            for letter in "uv":
                other = f"{here}{weight}_{letter}"
                if other in tensors:
                    found[f"{place}.0._{letter}"] = _plain(other, tensors[other])
        elif not _belongs(here, last, tensors):
            found[name] = _plain(name, stored)
    return found


def _belongs(here: str, last: str, tensors: Mapping[str, StoredTensor]) -> bool:
    """Whether a tensor is one of spectral norm, which is taken with its weight."""
    if last in ("u0", "sv0", "sn_u", "sn_sigma"):
        return f"{here}weight" in tensors
    weight, _, letter = last.rpartition("_")
    return letter in ("u", "v") and f"{here}{weight}_orig" in tensors


def _plain(name: str, stored: StoredTensor) -> LazyTensor:
    return LazyTensor(stored.shape, stored.load, (name,))


def _without_v(
    tensors: Mapping[str, StoredTensor], here: str, row: str, sigma: str
) -> dict[str, LazyTensor]:
    """A weight whose u is kept as a row, and whose v is not kept."""
    weight, u = tensors[f"{here}weight"], tensors[f"{here}{row}"]
    rows = weight.shape[0] if weight.shape else 1
    columns = 1
    for size in weight.shape[1:]:
        columns *= size
    names = (f"{here}weight", f"{here}{row}")
    place = f"{here}parametrizations.weight"
    extra = tuple(n for n in (f"{here}{sigma}",) if n in tensors)
    return {
        f"{place}.original": LazyTensor(weight.shape, weight.load, names[:1] + extra),
        f"{place}.0._u": LazyTensor((rows,), partial(_vector, weight, u, "u"), names),
        f"{place}.0._v": LazyTensor((columns,), partial(_vector, weight, u, "v"), names),
    }


def _vector(weight: StoredTensor, u: StoredTensor, which: str) -> Tensor:
    row = normalize(u.load().flatten().float(), dim=0)
    if which == "u":
        return row
    matrix = weight.load().flatten(1).float()
    v = normalize(matrix.T @ row, dim=0)
    image = matrix @ v
    length = torch.linalg.vector_norm(image) / torch.dot(row, image).clamp(min=1e-12)
    scaled: Tensor = v * length
    return scaled
