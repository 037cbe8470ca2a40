"""Small weights to start from, and small images."""

import copy

import numpy as np
import torch
from PIL import Image

from ganzoo.networks import create_discriminator, create_generator
from ganzoo.weights import saving as weights
from ganzoo.weights.description import DataFacts, kind_of

CLASSES = ["cat", "dog", "owl"]
DCGAN = {"name": "dcgan", "width": 2, "sample_shape": (1, 16, 16), "num_classes": 3}


def make_base(folder, *, without=(), class_names=CLASSES, **values):
    """Write a weights folder whose raw generator is another one than its average."""
    given = {"name": "dcgan", **values}
    values = {**(DCGAN if given["name"] != "vanilla" else {}), **given}
    G, D = create_generator(seed=1, **values), create_discriminator(seed=1, **values)
    raw = copy.deepcopy(G.module)
    with torch.no_grad():
        for parameter in raw.parameters():
            parameter.add_(0.25)
    networks = {"generator": G.module, "discriminator": D.module, "generator_raw": raw}
    kept = {name: network for name, network in networks.items() if name not in without}
    names = list(class_names) if values["num_classes"] else []
    kind = kind_of(values["sample_shape"])
    facts = {"data": DataFacts(kind=kind, class_names=names)}
    return weights.save(folder, G.info.model_copy(update=facts), kept)


def make_images(folder, classes=CLASSES, *, side=16, each=4, channels=1):
    """Write random images into a sub-folder for each class, or into the folder itself."""
    random = np.random.default_rng(0)
    for name in classes or [""]:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(each):
            size = (side, side) if channels == 1 else (side, side, channels)
            image = Image.fromarray(random.integers(256, size=size, dtype=np.uint8))
            image.save(folder / name / f"{index}.png")
    return folder
