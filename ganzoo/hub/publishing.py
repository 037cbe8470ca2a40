"""Publishing weights: everything in one commit, or nothing."""

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from ganzoo.errors import HubError, HubRequestError, RequestError
from ganzoo.hub.client import Client
from ganzoo.hub.faults import NotReachedError, StorageError
from ganzoo.hub.published import Published
from ganzoo.hub.pushing import Push
from ganzoo.hub.staging import staged
from ganzoo.networks.generator import Generator
from ganzoo.networks.translator import Translator
from ganzoo.weights.reference import parse_repository
from ganzoo.weights.saving import CARD_FILE


def push(
    source: Generator | Translator | str | os.PathLike[str],
    repository: str,
    *,
    private: bool = False,
    pr: bool = False,
    revision: str | None = None,
    message: str | None = None,
    discriminator: bool = True,
    licence: str | None = None,
    token: str | bool | None = None,
    dry_run: bool = False,
) -> Published:
    """Publish weights to the Hugging Face Hub, with a card, in one commit.

    The repository is made where it is missing. What the folder holds is first loaded strictly and
    sampled. A card that is there already keeps its text, but for the section that is ours. Files of
    ours that the folder lacks are deleted in the same commit, and nothing is committed where
    nothing changes.

    Args:
        source: A weights folder, a run, ``architecture.tag``, or a generator or translator from a
            loop of one's own.
        repository: ``org/name``, or ``org/name@branch``.
        private: Make a new repository private. An existing one has to be so already.
        pr: Open a pull request instead of changing the branch.
        revision: The branch, made where it is missing, or ``refs/pr/N`` to add to a pull request;
            the main branch where left out.
        message: The commit's; one that names the architecture where left out.
        discriminator: Whether it is published too, or all of several: fine-tuning needs them.
        licence: Of the weights, as the Hub names licences (``apache-2.0``). None is ever assumed.
        token: Of the Hub's user; None for the one that is logged in.
        dry_run: Only report what would be done; where the Hub cannot be asked, without comparing.

    Raises:
        ganzoo.errors.WeightsError: The weights do not load, or the repository's name is none.
        ganzoo.errors.HubError: The Hub could not be asked, refuses, or somebody else changed the
            same files meanwhile. The branch is then as it was.
    """
    target = parse_repository(repository)
    if revision is not None:
        if target.revision:
            raise RequestError(f"{repository} already names a revision; give it once")
        target = parse_repository(f"{target.name}@{revision}")
    if target.pinned:
        raise RequestError(f"{target} is a commit, which cannot change; give a branch")
    if pr and target.revision not in ("", "main"):
        raise RequestError(f"a pull request is opened against main, not {target.revision}")
    licence, client = _licence(licence), Client(token)
    if client.offline and not dry_run:
        raise HubRequestError("nothing is published while HF_HUB_OFFLINE is set; unset it")
    with staged(source, discriminator=discriminator) as stage, TemporaryDirectory() as folder:
        work = Push(client, target, stage, licence, Path(folder) / CARD_FILE)
        try:
            there = work.look(pr)
            if private and there.exists:
                work.check_private(there)
            if dry_run:
                return work.plan(there)
        except HubError as error:
            if not dry_run or not (client.offline or isinstance(error, NotReachedError)):
                raise
            return work.plan_alone("HF_HUB_OFFLINE is set" if client.offline else str(error))
        there = work.prepare(there, private)
        if private:
            work.check_private(there)  # somebody else may have made it meanwhile
        try:
            return work.commit(there, message or f"Weights of {stage.info.architecture.name}", pr)
        except StorageError as error:
            if not there.made:
                raise
            raise StorageError(f"{error}; {work.undo()}", unreachable=True) from error


def _licence(name: str | None) -> str:
    if name is None:
        return ""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", name):
        raise RequestError(
            f"the Hub does not know the licence {name!r:.60}; write for example apache-2.0, "
            "mit, cc-by-4.0 or other"
        )
    return name.lower()
