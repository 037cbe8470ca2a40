"""Where a checkpoint is: a file with its neighbours, a folder, or files of the Hub."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ganzoo.errors import HubRequestError, RequestError, WeightsError, closest
from ganzoo.hub.client import Client
from ganzoo.hub.snapshot import Snapshot
from ganzoo.weights.reference import SCHEME, Repository, parse

ENDINGS = (".pth", ".pt", ".bin", ".pkl", ".pickle", ".ckpt", ".tar", ".model", ".safetensors")
"""How files of checkpoints end."""

NOTES = re.compile(
    r"(?:.*[._-])?(?:opt|options|args)\.txt|(?:.*[._-])?config\.json|.*\.ya?ml", re.I
)
"""How files are called that say with which options a checkpoint was made."""

MAX_NOTES = 16
"""So many are read; a checkpoint may lie in a folder of downloads."""

MAX_FILES = 16
"""A folder with more checkpoints holds a whole training run: the user names one file of it."""

MAX_NOTE_BYTES = 1_000_000

MAX_BYTES = 50_000_000_000
"""A larger file of the Hub is not fetched; the largest GANs with their optimizers have 3 GB."""

PARTNERS = (
    ("netG", "netD"),
    ("net_G_A", "net_G_B", "net_D_A", "net_D_B"),
    ("net_G", "net_D"),
    ("generator", "discriminator"),
    ("Generator", "Discriminator"),
    ("G_ema", "G", "D", "state_dict"),
    ("gen", "disc"),
)
"""What stands in the names of files that hold the networks of one game, or the config of it."""


@dataclass(frozen=True)
class Checkpoint:
    """The files of one checkpoint.

    Attributes:
        label: What the user named.
        files: By the name that is recorded, where each one is. The first is the one that was named.
        notes: The texts beside them, by name.
        commit: Of the Hub; empty for files of this machine.
    """

    label: str
    files: Mapping[str, Path]
    notes: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""


def locate(
    source: str | os.PathLike[str],
    *,
    token: str | bool | None = None,
    cache_dir: str | Path | None = None,
) -> Checkpoint:
    """Find the files of a checkpoint.

    Args:
        source: A file, whose neighbours of the same game are found by their names; a folder; or
            ``hf://org/name/path[@revision]``, the file or folder of a repository.
        token: Of the Hub's user.
        cache_dir: Where files of the Hub are kept.

    Raises:
        WeightsError: There is no such file, or the folder holds no checkpoint, or too many.
        ganzoo.errors.HubError: The Hub could not be asked, or refuses.
    """
    text = os.fspath(source)
    if text.startswith(SCHEME):
        return _on_the_hub(text, token, cache_dir)
    path = Path(text).expanduser()
    if path.is_dir():
        names = sorted(p.name for p in path.iterdir() if p.is_file())
        chosen = _checkpoints(names, text)
        return Checkpoint(text, {n: path / n for n in chosen}, _texts(path, names))
    if not path.is_file():
        if "://" in text:
            raise WeightsError(
                f"{text} is an address; download it first (files of the Hub are read as "
                "hf://org/name/path)"
            )
        hint = ""
        if path.parent.is_dir():
            hint = closest(path.name, (p.name for p in path.parent.iterdir() if p.is_file()))
        raise WeightsError(f"there is no file {text}{hint[:300]}")
    names = [p.name for p in path.parent.iterdir() if p.is_file()]
    chosen = [path.name, *partners(path.name, names)]
    return Checkpoint(text, {n: path.parent / n for n in chosen}, _texts(path.parent, names))


def partners(name: str, names: Iterable[str]) -> list[str]:
    """Return the files of the other networks of the same game, found by their names."""
    there, found = {*names} - {name}, []
    for words in PARTNERS:
        for word in words:
            pattern = rf"(?<![A-Za-z0-9]){re.escape(word)}(?![a-z])"
            if not re.search(pattern, name):
                continue
            for other in words:
                partner = re.sub(pattern, other, name, count=1)
                if partner in there and partner not in found:
                    found.append(partner)
            if found:
                return found
    return [other for other in (f"netD_{name}", f"netG_{name}") if other in there]


def _checkpoints(names: list[str], where: str) -> list[str]:
    chosen = [name for name in names if name.lower().endswith(ENDINGS)]
    if not chosen:
        raise WeightsError(
            f"{where} holds no checkpoint; files of checkpoints end in {', '.join(ENDINGS)}"
        )
    if len(chosen) > MAX_FILES:
        raise WeightsError(
            f"{where} holds {len(chosen)} checkpoints, as {chosen[0]} and {chosen[-1]}; name the "
            "file that is to be imported"
        )
    return chosen


def _texts(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Read the notes of a folder, those that are small enough to be some."""
    texts = {}
    for name in [name for name in sorted(names) if NOTES.fullmatch(name)][:MAX_NOTES]:
        path = folder / name
        if path.stat().st_size <= MAX_NOTE_BYTES:
            texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def _on_the_hub(text: str, token: str | bool | None, cache_dir: str | Path | None) -> Checkpoint:
    rest, _, revision = text.removeprefix(SCHEME).partition("@")
    words = rest.strip("/").split("/")
    if len(words) < 2:
        raise WeightsError(f"{text} does not name a file; write hf://org/name/path@revision")
    repository = parse(f"{'/'.join(words[:2])}{f'@{revision}' if revision else ''}")
    if not isinstance(repository, Repository):
        raise WeightsError(f"{text} does not name a file; write hf://org/name/path@revision")
    wanted = "/".join(words[2:])
    snapshot = Snapshot.open(Client(token, cache_dir), repository, text)
    sizes = snapshot.sizes()
    folder = wanted if wanted not in sizes else str(PurePosixPath(wanted).parent)
    prefix = "" if folder in ("", ".") else f"{folder}/"
    names = [n.removeprefix(prefix) for n in sizes if n.startswith(prefix)]
    names = sorted(name for name in names if "/" not in name)
    if not names:
        raise HubRequestError(f"{repository} has no file {wanted!r}{closest(wanted, sizes)[:300]}")
    if wanted in sizes:
        name = wanted.removeprefix(prefix)
        chosen = [name, *partners(name, names)]
    else:
        chosen = _checkpoints(names, text)
    files = {n: snapshot.fetch(f"{prefix}{n}", largest=MAX_BYTES) for n in chosen}
    texts = {}
    for name in [name for name in names if NOTES.fullmatch(name)][:MAX_NOTES]:
        if sizes[f"{prefix}{name}"] <= MAX_NOTE_BYTES:
            path = snapshot.fetch(f"{prefix}{name}", largest=MAX_NOTE_BYTES)
            texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return Checkpoint(text, files, texts, snapshot.source.commit)


def options_of(notes: Mapping[str, str]) -> dict[str, str]:
    """Read the ``name: value`` lines of notes, as the options of a training run are written."""
    options = {}
    for text in notes.values():
        for line in text.splitlines():
            match = re.fullmatch(r"\s*(\w+): (.*?)\s*(?:\[default: .*\])?\s*", line)
            if match:
                options[match[1]] = match[2]
    return options


def check_target(folder: str | os.PathLike[str]) -> Path:
    """Return the folder for the weights, which has to be new or empty.

    Raises:
        RequestError: It holds something already.
    """
    target = Path(folder).expanduser()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise RequestError(f"{folder} already exists; give a new folder for the weights")
    return target
