"""Descriptions of plugins, free of torch: what the registry lists and a config is checked against.

An entry point names one of these objects. Everything that needs torch stands in it as a dotted
string (``"package.module:Name"``), which is imported only when something is built.
"""

from ganzoo.spec.architecture import Architecture, Preset, Pretrained, Recipe, RecipeFacts, Role
from ganzoo.spec.imports import Import, Imported, Shapes, TensorTable
from ganzoo.spec.parts import (
    AugmentationSpec,
    DatasetSpec,
    ExtractorSpec,
    LossSpec,
    ObjectiveSpec,
    PenaltySpec,
)
from ganzoo.spec.traits import Coupling, Dotted, Shape, Traits
from ganzoo.spec.truncation import Truncation

Spec = (
    Architecture
    | ObjectiveSpec
    | LossSpec
    | PenaltySpec
    | AugmentationSpec
    | DatasetSpec
    | ExtractorSpec
)
"""Any plugin's description."""

__all__ = [
    "Architecture",
    "AugmentationSpec",
    "Coupling",
    "DatasetSpec",
    "Dotted",
    "ExtractorSpec",
    "Import",
    "Imported",
    "LossSpec",
    "ObjectiveSpec",
    "PenaltySpec",
    "Preset",
    "Pretrained",
    "Recipe",
    "RecipeFacts",
    "Role",
    "Shape",
    "Shapes",
    "Spec",
    "TensorTable",
    "Traits",
    "Truncation",
]
