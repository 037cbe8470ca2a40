"""Images of a dataset repository of the Hub.

What is read lies on this machine already: nothing here asks the Hub, so that the processes that
decode need neither its client nor the package datasets.
"""

import functools
import hashlib
import io
import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import IO, Any

import numpy as np

from ganzoo.data.config import RepositoryConfig
from ganzoo.data.sources.columns import left_over
from ganzoo.data.sources.labels import Classes
from ganzoo.data.sources.own import ImageFiles, check_image_size
from ganzoo.errors import DataError
from ganzoo.weights.reference import SCHEME, parse_dataset


class RepositoryImages(ImageFiles):
    """The images in a column of a dataset repository, with labels of another column.

    They are read as the files that they are, and not decoded by the package datasets. A path that a
    row names is followed only within the repository's own folder in the Hub's cache.

    Raises:
        DataError: The package datasets is not installed, or the repository has no such subset,
            split or column.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """

    def __init__(self, config: RepositoryConfig) -> None:
        repository = parse_dataset(config.source)
        if find_spec("datasets") is None:
            raise DataError(
                f"data.source: {config.source} is read with datasets, which is not installed; "
                "install the package datasets, or choose another source"
            )
        from ganzoo.hub.features import classes_of, image_column, label_column
        from ganzoo.hub.preparing import prepare

        found = prepare(repository, config)
        self.pinned = {"source": f"{SCHEME}{repository.name}@{found.commit}"}
        self._column_name = image_column(found.features, config.image, config.source)
        label = label_column(found.features, config.label, config.source)
        self._tables, self._folder = found.tables, os.path.realpath(found.folder)
        count = len(self._column)
        classes: Classes = (), np.zeros(count, dtype=np.int64)
        if label is not None:
            labels = column(found.tables, label).to_pylist()
            classes = classes_of(found.features[label], labels, config.source)
        if config.label != "":
            unused = [name for name in found.features if name not in (self._column_name, label)]
            self.notes = left_over(config.source, "columns", unused, label, "data.label")
        chosen = (config.subset, config.split, self._column_name)
        # Of a commit nothing changes, but the same rows may be of another column.
        key = int.from_bytes(hashlib.blake2b(repr(chosen).encode(), digest_size=7).digest())
        super().__init__(
            config.model_copy(update=self.pinned),
            [f"{config.split}/{row}" for row in range(count)],
            classes,
            [(key, 0, 0, row) for row in range(count)],
        )

    def __getstate__(self) -> dict[str, Any]:
        """Tables are opened anew in another process, rather than sent there."""
        return {name: value for name, value in vars(self).items() if name != "_column"}

    def opened(self, row: int) -> IO[bytes]:
        """Open an image that the table holds, or that was fetched beside it."""
        value = self._column[row]
        held = value["bytes"] if value.is_valid else None
        if held is not None and held.is_valid:
            content = held.as_buffer()
            check_image_size(content.size)
            return io.BytesIO(content)
        path = value["path"].as_py() if value.is_valid else None
        if path is None:
            raise DataError("its row holds no image")
        if "::" in path:
            raise DataError(
                "it is in an archive of the repository; download the archive, and give its path as "
                "data.source"
            )
        place = "" if "\0" in path else os.path.realpath(path)
        if (
            not place
            or not os.path.isabs(path)
            or os.path.commonpath([place, self._folder]) != self._folder
        ):
            raise DataError("its row holds no image, and names a file outside the repository")
        check_image_size(os.stat(place).st_size)
        return open(place, "rb")

    @functools.cached_property
    def _column(self) -> Any:
        return column(self._tables, self._column_name)


def column(tables: Sequence[str], name: str) -> Any:
    """Return a column of Arrow's files, mapped into memory."""
    import pyarrow  # type: ignore[import-untyped]

    files = map(pyarrow.memory_map, tables)
    parts = [pyarrow.ipc.open_stream(file).read_all().column(name) for file in files]
    return pyarrow.chunked_array([chunk for part in parts for chunk in part.chunks], parts[0].type)
