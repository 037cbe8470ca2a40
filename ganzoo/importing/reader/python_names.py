"""Which names of a stream have a meaning here, and which calls a checkpoint has no business with.

No name is ever looked up: those in the tables stand for data (`ganzoo.importing.reader.resolving`
says how), every other one stays a record. That a call of ``os.system`` would be as inert as one of
somebody's class is no reason to pass over it: a file that holds one was made to be run.
"""

import sys
from _compat_pickle import IMPORT_MAPPING

from ganzoo.importing.reader.bounds import NAME
from ganzoo.importing.reader.values import Name, RefusedError, StreamValue

MAPPINGS = {
    "collections.OrderedDict",
    "collections.defaultdict",
    "builtins.dict",
    "dnnlib.util.EasyDict",
}
"""Dictionaries, with the pairs that are set in them."""

ATTRIBUTES = {"argparse.Namespace", "types.SimpleNamespace"}
"""Objects that are no more than their state."""

SEQUENCES = {
    "builtins.set",
    "builtins.frozenset",
    "builtins.list",
    "builtins.tuple",
    "collections.deque",
    "torch.Size",
}

TENSOR = "torch._utils._rebuild_tensor_v2"
OLD_TENSOR = "torch._utils._rebuild_tensor"
PARAMETER = "torch._utils._rebuild_parameter"
PARAMETER_WITH_STATE = "torch._utils._rebuild_parameter_with_state"
TYPED_TENSOR = "torch._tensor._rebuild_from_type_v2"
STORAGE_BYTES = "torch.storage._load_from_bytes"
DEVICE = "torch.device"

NUMPY_SCALAR = "numpy.core.multiarray.scalar"
NUMPY_ARRAY = "numpy.core.multiarray._reconstruct"
NUMPY_BUFFER = "numpy.core.numeric._frombuffer"
NUMPY_DTYPE = "numpy.dtype"
TEXT_AS_BYTES = "_codecs.encode"

KNOWN = {
    *MAPPINGS,
    *ATTRIBUTES,
    *SEQUENCES,
    TENSOR,
    OLD_TENSOR,
    PARAMETER,
    PARAMETER_WITH_STATE,
    TYPED_TENSOR,
    STORAGE_BYTES,
    DEVICE,
    NUMPY_SCALAR,
    NUMPY_ARRAY,
    NUMPY_BUFFER,
    NUMPY_DTYPE,
    TEXT_AS_BYTES,
}

_VALUES = {
    *("builtins.bytearray", "builtins.bytes", "builtins.complex", "builtins.range"),
    *("builtins.slice", "builtins.xrange", "functools.partial", "random.Random"),
}
"""Values of the standard library that some checkpoints hold; they are kept as records."""

_DATA = {"collections", "copyreg", "datetime", "decimal", "enum", "fractions", "pathlib", "uuid"}
"""Modules of the standard library whose objects are data; they are kept as records."""

_LIBRARIES = {"numpy", "torch", "torchvision"}
"""Packages whose classes are kept as records, and whose functions a checkpoint does not call."""

_GENERATORS = ("numpy.random._pickle.", "numpy.random.bit_generator.")
"""How names start of what makes the states of NumPy's random number generators."""


def spelled(name: Name) -> str:
    """Spell a name as its module is called today: Python 2 had other ones, as does protocol 2."""
    module = IMPORT_MAPPING.get(name.module, name.module)
    if module.startswith("numpy._core"):
        module = f"numpy.core{module.removeprefix('numpy._core')}"
    return f"{module}.{name.name}"


def attribute(function: Name, arguments: tuple[StreamValue, ...]) -> Name | None:
    """The name that a call stands for: a function of torch, or a class in one, is looked up so."""
    if spelled(function) != "builtins.getattr" or len(arguments) != 2:
        return None
    owner, last = arguments
    if not isinstance(owner, Name) or not isinstance(last, str) or len(last) >= NAME:
        return None
    if spelled(owner).partition(".")[0] in sys.stdlib_module_names:
        return None
    return Name(owner.module, f"{owner.name}.{last}")


def check_call(name: Name) -> None:
    """Let a call pass whose result is data, or an object of somebody's own class.

    Raises:
        RefusedError: It is a call of Python's standard library, or of a function of torch or NumPy,
            that no checkpoint needs.
    """
    text = spelled(name)
    if text in KNOWN or text in _VALUES:
        return
    root = text.partition(".")[0]
    words = name.name.split(".")
    capital = all(word[:1].isupper() for word in words)
    if root in _LIBRARIES:
        harmless = capital or words[0].startswith("_rebuild_") or text.startswith(_GENERATORS)
    else:
        harmless = root in _DATA or root not in sys.stdlib_module_names
    if not harmless or (len(words) > 1 and not capital):
        raise RefusedError(
            f"it would call {text[:100]} if it were unpickled, which no checkpoint needs"
        )
