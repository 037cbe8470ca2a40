"""The Hugging Face Hub: naming, loading and publishing weights, and reading data.

Whatever is loaded is resolved to one commit and fetched at it, and nothing that a repository holds
is trusted (`ganzoo.weights.strict`). Publishing is one commit.
"""

from ganzoo.data.config import RepositoryConfig
from ganzoo.spec import DatasetSpec

REPOSITORY = DatasetSpec(
    name="repository",
    summary="Images of a dataset repository of the Hugging Face Hub, as hf://owner/name.",
    config=RepositoryConfig,
    factory="ganzoo.hub.images:RepositoryImages",
)
