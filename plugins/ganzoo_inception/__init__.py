"""The Inception network of published scores, as an extractor of features."""

from ganzoo.spec import ExtractorSpec
from ganzoo_inception.config import InceptionConfig

SPEC = ExtractorSpec(
    name="inception",
    summary="The Inception network of published FIDs; needs torch-fidelity, and its weights.",
    config=InceptionConfig,
    factory="ganzoo_inception.network:Inception",
    paper="Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2016",
)
