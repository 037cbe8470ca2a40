"""Images of two domains."""

from ganzoo.data.composite import Composite
from ganzoo.data.config import DomainsConfig
from ganzoo.data.sources.opening import opened


class Domains(Composite):
    """Images of two domains, unpaired: the fields ``a`` and ``b``, each in an order of its own."""

    def __init__(self, config: DomainsConfig) -> None:
        parts = {field: opened(field, config) for field in ("a", "b")}
        super().__init__({field: {field: part} for field, part in parts.items()})
        self.load_size = config.load_size
        self.pinned = {field: part.pinned["source"] for field, part in parts.items() if part.pinned}
