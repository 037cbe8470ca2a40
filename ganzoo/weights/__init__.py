"""The weights folder: writing it, and reading it strictly, without trusting what it holds.

A folder has a ``config.json`` (`ganzoo.weights.description.Info`), ``model.safetensors`` (the
generator to use), and optionally ``discriminator.safetensors`` and ``generator_raw.safetensors``.
Nothing is ever unpickled, and nothing that stands in a folder is imported or run.
"""
