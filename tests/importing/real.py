"""Files as torch, pickle and safetensors write them."""

import io
import pickle

import torch
from safetensors.torch import save

CONTAINERS = ("zip", "old stream", "pickle")


def written(value, container):
    """Return the bytes of a file in a container of `ganzoo.importing.reader.kinds`."""
    if container == "safetensors":
        return save(value)
    if container == "pickle":
        return pickle.dumps(value, protocol=4)
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=container == "zip")
    return file.getvalue()
