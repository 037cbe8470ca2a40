"""What a file may ask of the reader at most, and why."""

SECONDS = 60
"""Of the reader's process. The largest published checkpoints take it half a second, as tensors are
only located; a file that keeps it busy for longer was made to."""

BYTES = 512_000_000
"""Of memory, beyond the file itself, which is mapped. `VALUES` values need half of that."""

OPCODES = 3_000_000
"""In all streams of a file. A checkpoint of StyleGAN has 30,000, and one with the history of a
million losses a million; as many values as this take 300 MB."""

VALUES = 1_000_000
"""In what is handed back, counted as often as they occur, as a list of lists that share their items
doubles with every level."""

TEXT = 10_000_000
"""Characters in what is handed back, where each may take 12 bytes. 2,000 tensors have names of
100,000 characters together."""

DEPTH = 200
"""Of values in values. The deepest published network, a U-Net of 8 levels that was pickled whole,
has 60."""

SHOWN_TEXT = 10_000
"""Characters of a single text that is handed back; of a longer one its length and its digest."""

NAME = 1_000
"""Characters in the name of a module, or of something in it."""

NAMES = 10_000
"""Names of things in modules, in all streams of a file; a network that was pickled whole has 50."""

INTEGER_BYTES = 32
"""Of an integer: the states of random number generators have 16, and longer ones take a time that
grows with the square when they are written as decimals."""

DIMENSIONS = 8
"""Of a tensor; convolutions of volumes have 5."""

NUMBERS = 2**60
"""In a tensor, where a size of 0 counts as 1: torch computes with 64 bits."""

HEADER = 10_000_000
"""Bytes of the header of a safetensors file: 100 for each tensor. The format allows ten times as
many, which take a gigabyte when they are read."""

ENTRIES = 100_000
"""In a zip archive: one for each tensor, and the largest GANs have 2,000 with their optimizers."""

ARRAY_NUMBERS = 10_000
"""In a NumPy array that a stream spells out as text: a longer one is only described."""
