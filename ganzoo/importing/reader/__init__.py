"""A reader of foreign checkpoints that runs nothing from them, and imports neither torch nor NumPy.

It is a program of its own, started in a process with limits: see `ganzoo.importing.reader.main` for
this end, and `ganzoo.importing.document` for the other.
"""
