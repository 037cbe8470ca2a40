"""How the checkpoints of another tool become the networks of an architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each tensor of a network, by the name that it has in the file."""


class TensorTable(Protocol):
    """The tensors of one network of a checkpoint; each is loaded when it is asked for.

    Attributes:
        shapes: The shape of each tensor by name.
    """

    @property
    def shapes(self) -> Shapes:
        """The shape of each tensor by name."""

    def __getitem__(self, name: str) -> Tensor:
        """Load a tensor, which counts it as taken."""


@dataclass(frozen=True)
class Imported:
    """What a checkpoint holds, in the terms of an architecture.

    Attributes:
        values: Values of the architecture's config, as the tensors imply them.
        networks: By role, the tensors of its network under the names that they have there.
        preset: Whose recipe suits for training further; the default one where empty.
        notes: Sentences for the user on what was assumed or left out.
    """

    values: Mapping[str, Any]
    networks: Mapping[str, Mapping[str, Tensor]]
    preset: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Import:
    """A layout of checkpoints that an architecture can be read from.

    Before a format sees a network, its names are brought to one spelling: the prefixes of
    ``DataParallel`` and ``torch.compile`` are gone, and spectral norm is spelled as torch's
    parametrization does.

    Attributes:
        name: By which the command line names it.
        title: One line on what writes such files.
        recognise: Given the shapes of a network's tensors and what the files say beside them
            (`facts`), the role that it has here; None where it is of another layout. It imports no
            torch. The facts are plain data: ``values`` by file, ``options`` and ``notes`` of texts
            beside the files, ``names`` that unpickling would have imported, and the ``label`` of
            the network: its file, and the keys on the way to it.
        read: Given the tensors of each role that was recognised, and the facts, what they are. It
            may take what it likes from a network and leave the rest, which is reported.
        asks: What the files cannot tell: by field of the architecture's config, a clause on what is
            to be given. A field that `read` finds after all is not asked for.
    """

    name: str
    title: str
    recognise: Callable[[Shapes, Mapping[str, Any]], str | None]
    read: Callable[[Mapping[str, TensorTable], Mapping[str, Any]], Imported]
    asks: Mapping[str, str] = field(default_factory=dict)
