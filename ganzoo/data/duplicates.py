"""Finding images that are there more than once, exactly or nearly."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NEAR_BITS = 3
"""So many bits of the hashes of near copies may differ; one fewer than there are keys."""

NEAR_LEVELS = 6.0
"""So far, of 255, their thumbnails may be apart on average."""

NEAR_SHARE = 0.08
"""And so far, of their contrast, but for brightness: drawings on one ground are half alike."""

KEYS = (0, 16, 32, 48)
"""Hashes that differ in three bits are equal in one of four quarters."""

WINDOW = 128
"""Within a quarter's equals, in order, so many neighbours are compared: more would be quadratic."""

THUMB = 8


def content_of(pixels: NDArray[np.uint8]) -> bytes:
    """Hash what an image shows, whatever its file's format."""
    digest = hashlib.blake2b(repr(pixels.shape).encode(), digest_size=16)
    digest.update(pixels.tobytes())
    return digest.digest()


def gradient_hash(pixels: NDArray[np.uint8]) -> int:
    """Hash an image so that re-saving and resizing change few bits.

    Each of 64 bits tells whether grey falls from one point of an 8 x 8 grid to its right neighbour:
    the "difference hash" (Krawetz, Kind of Like That, 2013).
    """
    grey = np.asarray(_image(pixels).convert("L").resize((9, 8), Image.Resampling.BOX))
    bits = np.packbits(grey[:, 1:] > grey[:, :-1])
    return int.from_bytes(bits.tobytes(), "big")


def thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink an image to uint8 (8, 8, 3), by which hashes that agree by chance are told apart."""
    image = _image(pixels).convert("RGB").resize((THUMB, THUMB), Image.Resampling.BOX)
    return np.asarray(image)


def equal_groups(keys: Sequence[Hashable]) -> list[list[int]]:
    """Return the places of those keys that are there more than once."""
    places = defaultdict(list)
    for place, key in enumerate(keys):
        places[key].append(place)
    return [group for group in places.values() if len(group) > 1]


def near_groups(hashes: NDArray[np.uint64], thumbs: NDArray[np.uint8]) -> list[list[int]]:
    """Group what looks alike by hashes (N,) and thumbnails (N, 8, 8, 3), in N log N time."""
    leader = list(range(len(hashes)))

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = place = leader[leader[place]]
        return place

    for shift in KEYS:
        quarter = (hashes >> np.uint64(shift)) & np.uint64(0xFFFF)
        order = np.lexsort((hashes, quarter))
        ordered, key = hashes[order], quarter[order]
        for step in range(1, min(WINDOW, len(hashes))):
            same = key[step:] == key[:-step]
            if not same.any():
                break
            apart = np.bitwise_count(ordered[step:] ^ ordered[:-step])
            found = np.flatnonzero(same & (apart <= NEAR_BITS))
            ones, others = order[found], order[found + step]
            for start in range(0, len(found), 4096):  # a part, for the sake of memory
                part = slice(start, start + 4096)
                close = _alike(thumbs[ones[part]], thumbs[others[part]])
                for one, other in zip(ones[part][close], others[part][close], strict=True):
                    leader[find(int(one))] = find(int(other))
    return equal_groups([find(place) for place in range(len(hashes))])


def _alike(ones: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Compare thumbnails (N, 8, 8, 3) pair by pair."""
    one, other = ones.astype(np.float32), others.astype(np.float32)
    apart = np.abs(one - other).mean(axis=(1, 2, 3))
    # Without what is brighter or darker as a whole.
    one, other = (thumb - thumb.mean(axis=(1, 2), keepdims=True) for thumb in (one, other))
    shape, contrast = (np.abs(x).mean(axis=(1, 2, 3)) for x in (one - other, one))
    # Of images without contrast rounding alone makes a level.
    alike = shape <= np.maximum(1, NEAR_SHARE * contrast)
    near: NDArray[np.bool_] = alike & (apart <= NEAR_LEVELS)
    return near


def _image(pixels: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(pixels.squeeze(-1) if pixels.shape[2:] == (1,) else pixels)
