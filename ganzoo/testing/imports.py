"""What is demanded of an architecture's imports: of the layouts of other tools' checkpoints."""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from unittest import mock

from ganzoo import registry
from ganzoo.about import DISTRIBUTION
from ganzoo.building import architecture_config, build_network
from ganzoo.errors import brief, closest
from ganzoo.listing import import_formats
from ganzoo.spec import Architecture, Import, Shapes
from ganzoo.testing.built import ArchitectureCase
from ganzoo.testing.check import Fault, NotApplicable

FACTS: Mapping[str, Any] = {
    "label": "model.pth", "names": [], "values": {}, "options": {}, "notes": {}
}  # fmt: skip
"""What a file says that holds nothing but tensors."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_PARTS = ("", "main.0.", "model.0.", "model.1.", "net.0.", "layers.0.", "linear.", "l1.", "conv1.")
_COMMON = [f"{part}{last}" for part in _PARTS for last in ("weight", "bias")]
"""Names that many tools give, so that a layout may look at the shapes of such tensors."""


def imports_are_named(case: ArchitectureCase) -> None:
    """Each import has a name of its own, of small letters, digits and '-'."""
    for form in _imports(case):
        if not _NAME.fullmatch(form.name):
            raise Fault(
                f"the import {form.name!r} is not named by small letters, digits and '-'; name it "
                "after the tool and the network, as in pytorch-dcgan"
            )
    import_formats()  # which refuses two of one name


def imports_know_their_own(case: ArchitectureCase) -> None:
    """An import recognises neither other networks nor a table without tensors, without torch."""
    for form in _imports(case):
        for title, shapes in _foreign(case.spec.name):
            role = _recognised(form, title, shapes)
            if role is not None:
                raise Fault(
                    f"the import {form.name} takes {title} for its {role}; let recognise return "
                    "None unless the names and shapes are those of its layout"
                )


def imports_ask_for_fields(case: ArchitectureCase) -> None:
    """What an import asks for are fields of the architecture's config."""
    known = case.spec.config.model_fields
    for form in _imports(case):
        for name, what in form.asks.items():
            if name not in known:
                raise Fault(
                    f"the import {form.name} asks for {name!r}, which is not a field of the "
                    f"config{closest(name, known)}"
                )
            if not what.strip():
                raise Fault(
                    f"the import {form.name} asks for {name} without a word on what it is; describe"
                    " it by a clause, as in 'how latents are distributed'"
                )


CHECKS = (imports_are_named, imports_know_their_own, imports_ask_for_fields)


def _imports(case: ArchitectureCase) -> tuple[Import, ...]:
    spec: Architecture = case.spec
    if not spec.imports:
        raise NotApplicable("it reads no checkpoints of other tools")
    return spec.imports


def _recognised(form: Import, title: str, shapes: Shapes) -> str | None:
    # The description may not import torch either, which free-of-torch checks.
    with mock.patch.dict(sys.modules, {"torch": None}):
        try:
            return form.recognise(shapes, FACTS)
        except Exception as error:
            if isinstance(error, ImportError) and (error.name or "").startswith("torch"):
                raise Fault(
                    f"recognise of the import {form.name} imports torch; look at names and shapes "
                    "alone, and leave tensors to read"
                ) from error
            raise Fault(
                f"recognise of the import {form.name} fails on {title} ({type(error).__name__}: "
                f"{brief(error)}); let it return None for a layout that it does not know"
            ) from error


def _foreign(name: str) -> Iterator[tuple[str, Shapes]]:
    """Tables that are not of an architecture's imports, with what they are."""
    yield "a table without tensors", {}
    for shape in ((), (3,), (3, 3)):
        for tensor in _COMMON:
            yield f"a single tensor {tensor} of shape {shape}", {tensor: shape}
    for other, role, shapes in _networks():
        if other != name:
            yield f"the {role} of {other}", shapes


@cache
def _networks() -> list[tuple[str, str, Shapes]]:
    """The networks that come with ganzoo, under the names that they have here."""
    found: list[tuple[str, str, Shapes]] = []
    for name in registry.names("architectures"):
        if [offer.distribution for offer in registry.choices("architectures", name)] != [
            DISTRIBUTION
        ]:
            continue
        config = architecture_config(name)
        for role in registry.get(Architecture, name).networks:
            state = build_network(role, config, device="meta").state_dict()
            found.append((name, role, {key: (*tensor.shape,) for key, tensor in state.items()}))
    return found
