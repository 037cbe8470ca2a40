"""What may be chosen of the extractor."""

from pydantic import Field

from ganzoo.config import ExtractorConfig


class InceptionConfig(ExtractorConfig):
    """Where the weights are."""

    weights: str | None = Field(
        default=None,
        description="File of weights in torch-fidelity's format; null for the published one in "
        "the folder `extractors` of ganzoo's cache.",
    )
