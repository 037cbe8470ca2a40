"""What a run says of its pictures when it begins: what their names and headers tell."""

from collections import Counter

import numpy as np

from ganzoo.data.base import Dataset
from ganzoo.data.sources.base import Pictures


def summary(dataset: Dataset) -> list[str]:
    """Return a sentence on a source of picture files; none on others, which are as called."""
    if not isinstance(dataset, Pictures):
        return []
    readable = dataset.sizes.all(axis=1)
    sizes = dataset.sizes[readable]
    (width, height), (widest, highest) = sizes.min(axis=0), sizes.max(axis=0)
    told = f"{len(sizes):,} pictures of {width:,}x{height:,}"
    if (width, height) != (widest, highest):
        told += f" to {widest:,}x{highest:,}"
    if dataset.class_names:
        counts = Counter(dataset.labels[readable].tolist()).values()
        told += f" in {len(counts):,} classes, of {min(counts):,} to {max(counts):,} each"
    copies = len(sizes) - len(np.unique(dataset.digests[readable], axis=0))
    if copies:
        told += f"; {copies:,} of them are the same file as another (ganzoo data check names them)"
    return [told]
