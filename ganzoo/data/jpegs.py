"""The markers of a JPEG: how many scans there are, and whether the last one has an end."""

import re

MAX_SCANS = 64
"""libjpeg goes over the whole image for each; encoders write 1 to 20."""

END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])", re.DOTALL)  # neither a 0xff of pixels nor RSTn


def scans_of(data: bytes) -> int:
    """Count the scans of a JPEG.

    Raises:
        ValueError: There are too many, or the end is missing, where the image becomes grey.
    """
    start = start_of_scan(data)
    if start is not None and data.rfind(END) < start:
        raise ValueError("a JPEG that is damaged or incomplete (its end is missing)")
    scans = 1
    while start is not None and (start := start_of_scan(data, start + 2)) is not None:
        scans += 1
        if scans > MAX_SCANS:
            raise ValueError(
                f"a JPEG of more than {MAX_SCANS} scans, which takes too long to decode; "
                "save it again"
            )
    return scans


def start_of_scan(data: bytes, place: int = 2) -> int | None:
    """Find where the scan begins that follows a marker or segment, which may be a thumbnail's."""
    while marker := _MARKER.search(data, place):
        kind, place = marker[1], marker.end()
        if kind == b"\xda":
            return place - 2
        if kind == b"\xd9":
            return None
        place += int.from_bytes(data[place : place + 2], "big")
    return None
