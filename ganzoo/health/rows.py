"""Rows of a run's log, as health reads them."""

Row = dict[str, float]
"""The figures of one row of the log."""

REAL, FAKE = "real/", "fake/"
"""Before the role of a critic: its mean output on reals, and on fakes."""


def with_outputs(row: Row) -> dict[str, float]:
    """Name the outputs of the first critic ``real/`` and ``fake/``, whatever its role is."""
    named = dict(row)
    for of in (REAL, FAKE):
        for name in row:
            if name.startswith(of):
                named.setdefault(of, row[name])
    return named
