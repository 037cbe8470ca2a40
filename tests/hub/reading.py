"""Small weights to put on the Hub, and processes that load them."""

import copy
import functools
import os
import re
import subprocess
import sys
import tempfile

import torch

from ganzoo.drawing import save_grid
from ganzoo.networks import create_discriminator, create_generator
from ganzoo.weights import saving as weights
from ganzoo.weights.description import DataFacts

CARD = """---
license: cc-by-sa-3.0
tags:
- gan
---
# Digits
"""


@functools.cache
def _files(seed):
    values = {"seed": seed, "sample_shape": (1, 16, 16), "width": 2, "num_classes": 3}
    G, D = create_generator("dcgan", **values), create_discriminator("dcgan", **values)
    raw = copy.deepcopy(G.module)
    with torch.no_grad():
        next(raw.parameters()).add_(1)
    facts = {"data": DataFacts(class_names=["Ä", "b", "c"]), "training": {"steps": seed}}
    networks = {"generator": G.module, "discriminator": D.module, "generator_raw": raw}
    with tempfile.TemporaryDirectory() as place:
        folder = weights.save(place, G.info.model_copy(update=facts), networks)
        save_grid(G.sample(4, seed=0, labels=1), folder / "samples.png")
        (folder / "README.md").write_text(CARD)
        (folder / "recipe.yaml").write_text("architecture: dcgan\n")
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def files(seed=0, *, without=()):
    """The contents of a whole weights folder, other ones for each seed."""
    return {name: content for name, content in _files(seed).items() if name not in without}


def write(folder, contents):
    """Put files into a new folder."""
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def equal(one, other):
    """Tell whether two networks have the same weights, bit for bit."""
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(t.equal(other[k]) for k, t in one.items())


def lines(requests, **names):
    """Write requests as lines, in which commits and the like have names."""
    texts = [f"{r.origin} {r.method} {r.path} {r.status}" for r in requests]
    for name, text in names.items():
        texts = [line.replace(text, name) for line in texts]
    return [re.sub("/lfs/[0-9a-f]{64}", "/lfs/OID", line) for line in texts]


def process(code, *arguments, **environment):
    """Run code in a new process, which has to succeed, and return the lines that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
