"""What tests of faults share: weights to send, and what must hold however the work ended."""

import hashlib

from ganzoo.hub.loading import load_generator, pretrained_info
from ganzoo.hub.publishing import push
from ganzoo.hub.pulling import pull
from ganzoo.networks import create_discriminator, create_generator
from ganzoo.weights import saving as weights
from tests.hub.server import ALICE

NAME = "acme/digits"


# The steps of a cold load, and of a push: a method, and where.
LOAD = {
    "resolve": ("GET", f"^/api/models/{NAME}$"),
    "config's head": ("HEAD", r"/resolve/.*/config\.json$"),
    "config": ("GET", r"/resolve/.*/config\.json$"),
    "weights' head": ("HEAD", r"/resolve/.*/model\.safetensors$"),
    "weights": ("GET", "^/lfs/"),
}
PUSH = {
    "look": ("GET", f"^/api/models/{NAME}$"),
    "create": ("POST", "^/api/repos/create$"),
    "validate": ("POST", "^/api/validate-yaml$"),
    "preupload": ("POST", "/preupload/main$"),
    "batch": ("POST", "/objects/batch$"),
    "put": ("PUT", "^/lfs/"),
    "verify": ("POST", "/objects/verify$"),
    "commit": ("POST", "/commit/main$"),
}

RESOLVE, CONFIG_HEAD, CONFIG, WEIGHTS_HEAD, WEIGHTS = LOAD.values()
LOOK, CREATE, VALIDATE, PREUPLOAD, BATCH, PUT, VERIFY, COMMIT = PUSH.values()

HTML = {"Content-Type": "text/html"}
PAGE = "<html><body>Please log in to this network</body></html>"

CALLS = {
    "load": lambda weights, folder: load_generator(NAME, cache_dir=folder / "cache"),
    "info": lambda weights, folder: pretrained_info(NAME, cache_dir=folder / "cache"),
    "pull": lambda weights, folder: pull(NAME, folder / "pulled", cache_dir=folder / "cache"),
    "push": lambda weights, folder: push(weights, NAME, token=ALICE),
    "trial": lambda weights, folder: push(weights, NAME, token=ALICE, dry_run=True),
}


def make_weights(folder, seed, **values):
    """Write a small weights folder."""
    values = {"sample_shape": (1, 16, 16), "width": 2, "num_classes": 3, **values}
    G = create_generator("dcgan", seed=seed, **values)
    D = create_discriminator("dcgan", seed=seed, **values)
    return weights.save(folder, G.info, {"generator": G.module, "discriminator": D.module})


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def check_cache(cache):
    """Every file that is kept is what its name says, and none is half there."""
    for path in cache.rglob("*"):
        assert not path.name.endswith(".incomplete")
        if path.parent.name == "blobs":
            data = path.read_bytes()
            header = b"" if len(path.name) == 64 else b"blob %d\0" % len(data)
            kind = "sha256" if len(path.name) == 64 else "sha1"
            assert hashlib.new(kind, header + data).hexdigest() == path.name
        if path.is_symlink():
            assert path.exists()


def check_sentence(error, *parts):
    """One line for a person, which names what it is about."""
    text = str(error)
    assert text.isprintable()
    assert len(text) < 600
    for part in parts:
        assert part in text


def mend(hub, repo):
    """Take the cause away."""
    hub.rules.clear()
    hub.expired.clear()
    repo.private = repo.gated = repo.disabled = False
    repo.branches.setdefault("dev", repo.head())
