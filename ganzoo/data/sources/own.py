"""What sources of one's own have in common, and those of image files."""

import functools
import hashlib
import json
import os
import stat
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.data.base import Dataset, Item
from ganzoo.data.config import ImagesConfig
from ganzoo.data.decoding import EXTENSIONS, check_kind, complaint, decode
from ganzoo.data.depth import FULL
from ganzoo.data.sources.labels import ClassNumbers
from ganzoo.data.sources.looking import look_at
from ganzoo.errors import DataError
from ganzoo.resolve.paths import is_on_hub
from ganzoo.terminal import printable

MAX_IMAGE_BYTES = 256 << 20
"""A larger file is taken for no image, so that hostile ones cost no more memory."""


class Source(Dataset):
    """Samples of one's own.

    Attributes:
        names: What each sample is called.
        labels: int64 (N,), known before anything is decoded.
        sizes: int (N, 2), width and height of images by what is known before anything is decoded;
            0 where one cannot be read.
        bad: What was found on opening that cannot be read: why, by its name.
        white: The value that is white in images of 16 bits.
    """

    names: Sequence[str]
    labels: ClassNumbers
    sizes: NDArray[Any]
    bad: Mapping[str, str]
    white: int

    def __len__(self) -> int:
        return len(self.names)

    def name_of(self, index: int) -> str:
        """Return its name."""
        return self.names[index]

    def adopt(self, config: ImagesConfig) -> None:
        """Take over what a user chose for all images."""
        self.fit, self.background, self.max_bad = config.fit, config.background, config.max_bad
        self.white = config.white


class ImageFiles(Source):
    """Image files, wherever they lie.

    What cannot be decoded stays among them, and is refused when it is read. Stamps tell that a file
    is still the same (see `ganzoo.data.sources.looking.Looks`). The fingerprint calls the files
    `alike`, where that differs from their names; `others` are passed over.

    Attributes:
        lists: Those of the others that list images and can be read in place of the source.
        place: The absolute path of the source, or the repository.
        digests: uint8 (N, 16), hashes of the files' contents.

    Raises:
        DataError: No file is an image.
    """

    lists: tuple[str, ...] = ()

    def __init__(
        self,
        config: ImagesConfig,
        names: Sequence[str],
        classes: tuple[tuple[str, ...], ClassNumbers],
        stamps: Sequence[tuple[int, ...]] | NDArray[np.int64],
        *,
        alike: Sequence[str] | None = None,
        others: Sequence[str] = (),
    ) -> None:
        self.place = absolute(config.source)
        self.adopt(config)
        self.names, (self.class_names, self.labels) = names, classes
        self._alike, self.others = alike or names, others
        if not names:
            raise DataError(
                f"data.source: {config.source} holds no images ({', '.join(sorted(EXTENSIONS))})"
            )
        looks = look_at(self.place, names, np.asarray(stamps, dtype=np.int64), self.opened)
        self.sizes, self.digests = looks.sizes, looks.digests
        self.bad = {names[row]: looks.causes[row] for row in sorted(looks.causes)}
        readable = self.sizes.all(axis=1)
        if not readable.any():
            causes = [f"{self.called(row)}: {looks.causes[row]}" for row in range(len(names))]
            raise DataError(complaint(causes, len(names)))
        side = int(self.sizes[readable].min())
        channels = config.channels or (1 if looks.grey[readable].all() else 3)
        self.shape = (channels, side, side)

    @abstractmethod
    def opened(self, row: int) -> IO[bytes]:
        """Open an image.

        Raises:
            OSError: It cannot be.
            DataError: It must not be, or is damaged; the message is the cause alone.
        """

    def called(self, row: int) -> str:
        """Return what errors call an image."""
        return printable(os.path.join(self.place, self.names[row]))

    def read(self, index: int) -> Item:
        """Return one image, upright: uint8 (H, W), (H, W, 3) or (H, W, 4)."""
        name = self.called(index)
        try:
            file = self.opened(index)
        except OSError as error:
            raise DataError(f"{name}: {printable(error.strerror or str(error))}") from error
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
        with file:
            image = decode(file, name, self.shape[0], background=self.background, white=self.white)
        return Item(image, int(self.labels[index]))

    @functools.cached_property
    def fingerprint(self) -> str:
        """A hash of every image's name, class and content, wherever they lie."""
        decoding = [self.shape[0], self.background, *chosen_white(self.white)]
        digest = hashlib.blake2b(json.dumps(decoding).encode(), digest_size=16)
        digest.update(json.dumps(self.class_names).encode())
        digest.update(self.labels.tobytes())
        digest.update(self.digests.tobytes())
        digest.update("\0".join(self._alike).encode(errors="surrogatepass"))
        return f"images-{digest.hexdigest()}"


def summary(dataset: Dataset) -> list[str]:
    """Return sentences on sources of image files, by names and headers; none on known data."""
    parts = {name: part for parts in dataset.groups.values() for name, part in parts.items()}
    if len(parts) == 1:
        return [_told(dataset)] if isinstance(dataset, ImageFiles) else []
    return [
        f"{name}: {_told(part) if isinstance(part, ImageFiles) else f'{len(part):,} images'}"
        for name, part in parts.items()
    ]


def _told(dataset: ImageFiles) -> str:
    readable = dataset.sizes.all(axis=1)
    sizes = dataset.sizes[readable]
    (width, height), (widest, highest) = sizes.min(axis=0), sizes.max(axis=0)
    told = f"{len(sizes):,} images of {width:,}x{height:,}"
    if (width, height) != (widest, highest):
        told += f" to {widest:,}x{highest:,}"
    if dataset.class_names:
        counts = Counter(dataset.labels[readable].tolist()).values()
        told += f" in {len(counts):,} classes, of {min(counts):,} to {max(counts):,} each"
    copies = len(sizes) - len(np.unique(dataset.digests[readable], axis=0))
    if copies:
        told += f"; {copies:,} of them are copies of another file (ganzoo data check lists them)"
    return told


def chosen_white(white: int) -> list[int]:
    """Return what a fingerprint has of the value that is white: nothing where it is the usual."""
    return [] if white == FULL else [white]


def absolute(source: str) -> str:
    """Return the absolute path of a source.

    An unknown user's ~name stays as it is, and so does a repository of the Hub.
    """
    if is_on_hub(source):
        return source
    return os.path.abspath(os.path.expanduser(source))


def file_status(source: str) -> os.stat_result:
    """Return the status of the file that a source is, if it is there and can be read."""
    path = absolute(source)
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise DataError(f"data.source: {source} is not a regular file")
        with open(path, "rb"):
            return status
    except FileNotFoundError:
        raise DataError(f"data.source: {source} does not exist") from None
    except OSError as error:
        raise DataError(f"data.source: {source} cannot be read ({error.strerror})") from error


def open_file(path: str) -> IO[bytes]:
    """Open an image's file, if one is there: to open a pipe would wait for ever."""
    try:
        status = os.stat(path)
    except ValueError as error:
        raise DataError(f"its name is not a valid file name ({error})") from error
    check_kind(status.st_mode)
    check_image_size(status.st_size)
    return open(path, "rb")


def check_image_size(count: int) -> None:
    """Refuse what is larger than any image; the message is the cause alone."""
    if count > MAX_IMAGE_BYTES:
        raise DataError(
            f"it has {count:,} bytes, and an image may have at most {MAX_IMAGE_BYTES:,}"
        )
