"""A small classifier of handwritten digits, as an extractor of features."""

from ganzoo.config import ExtractorConfig
from ganzoo.spec import ExtractorSpec

SPEC = ExtractorSpec(
    name="digits",
    summary="A small classifier of handwritten digits, trained on half of mnist5k.",
    config=ExtractorConfig,
    factory="ganzoo_digits.network:Digits",
)
