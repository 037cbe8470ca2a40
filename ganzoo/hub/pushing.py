"""One push on its way: what is there, what will change, and the commit."""

from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub import CommitInfo, CommitOperationAdd, CommitOperationDelete, constants
from huggingface_hub.errors import HfHubHTTPError

from ganzoo.aside import write_text
from ganzoo.errors import HubError, HubRequestError
from ganzoo.hub.client import Client, Listing, RemoteFile
from ganzoo.hub.faults import (
    BUSY,
    CONFLICT,
    NOT_DONE,
    RepositoryMissingError,
    RevisionMissingError,
    StorageError,
)
from ganzoo.hub.published import Change, ChangeKind, Published
from ganzoo.hub.snapshot import Snapshot
from ganzoo.hub.staging import Staged
from ganzoo.weights.card import prose, write_card
from ganzoo.weights.metadata import read_card
from ganzoo.weights.reference import Repository
from ganzoo.weights.saving import CARD_FILE, all_files

FORBIDDEN = 403

TRIES = 3
"""How often a commit is tried where somebody else's came between."""


@dataclass(frozen=True)
class There:
    """What the Hub holds before a push."""

    listing: Listing
    exists: bool = True
    has_branch: bool = True
    made: bool = False
    """Whether this push made the repository."""


@dataclass(frozen=True)
class Push:
    """One push on its way."""

    client: Client
    target: Repository
    stage: Staged
    licence: str
    card: Path

    def look(self, pr: bool) -> There:
        """See what the Hub holds.

        Raises:
            HubError: The Hub cannot be asked, or what is there cannot be published to.
        """
        revision = self.target.revision
        try:
            listing = self.client.listing(self.target)
        except RepositoryMissingError:
            if pr or revision.startswith("refs/"):
                raise
            return There(Listing("", False, {}), exists=False)
        except RevisionMissingError:
            if revision.startswith("refs/"):
                raise
            main = self.client.listing(replace(self.target, revision=""))
            return There(main, has_branch=False)
        if revision not in ("", "main") and not revision.startswith("refs/pr/"):
            self._check_branch()
        return There(listing)

    def _check_branch(self) -> None:
        """Make sure that a revision is a branch: of a tag it would be told after the upload."""
        name, revision = self.target.name, self.target.revision
        refs = self.client.call(self.client.api.list_repo_refs, name, repository=self.target)
        if revision not in {branch.name for branch in refs.branches}:
            tag = revision in {tag.name for tag in refs.tags}
            raise HubRequestError(
                f"{self.target} is {'a tag' if tag else 'not a branch'}, and you can publish "
                f"only to a branch; give one, such as {name}@dev"
            )

    def check_private(self, there: There) -> None:
        """Make sure that what is to be private is not published for all to see.

        Raises:
            HubRequestError: The repository is public.
        """
        if not there.listing.private:
            raise HubRequestError(
                f"{self.target.name} already exists and is public, so nothing was published; "
                "make it private in its settings, or choose another name"
            )

    def prepare(self, there: There, private: bool) -> There:
        """Make the repository and the branch where they are missing."""
        name, branch = self.target.name, self.target.revision
        made = not there.exists and self._create(private)
        if branch not in ("", "main") and not (there.exists and there.has_branch):
            self.client.call(
                self.client.api.create_branch,
                name,
                branch=branch,
                exist_ok=True,
                repository=self.target,
            )
        if there.exists and there.has_branch:
            return there
        return replace(there, listing=self.client.listing(self.target), made=made)

    def _create(self, private: bool) -> bool:
        """Make the repository; False where somebody else did so meanwhile, or may have."""
        name = self.target.name

        def make() -> bool:
            try:
                self.client.api.create_repo(name, private=private or None)
            except HfHubHTTPError as error:
                if error.response.status_code != BUSY:
                    raise
                return False
            return True

        try:
            return self.client.call(make, repository=self.target)
        except HubError as error:
            if error.status != FORBIDDEN:
                raise
            raise HubRequestError(
                f"the repository {name} does not exist or is hidden from your token, which may not "
                f"create one under {name.partition('/')[0]!r}; publish under your own name or that "
                "of your organisation, with a token that has write access there",
                status=error.status,
            ) from error

    def undo(self) -> str:
        """Delete the repository that this push made, if nobody committed there; say what became."""
        name, api, call = self.target.name, self.client.api, self.client.call
        stays = f"the new repository {name} stays"
        try:
            refs = call(
                api.list_repo_refs, name, include_pull_requests=True, repository=self.target
            )
            commits = call(api.list_repo_commits, name, repository=self.target)
            every = [*refs.branches, *refs.tags, *refs.converts, *(refs.pull_requests or [])]
            first = {commit.commit_id for commit in commits}
            if len(first) != 1 or {ref.target_commit for ref in every} != first:
                return f"{stays}, because somebody else committed there"
            call(api.delete_repo, name, missing_ok=True, repository=self.target)
        except HubError:
            return f"{stays} without weights, because it could not be deleted; see its settings"
        return f"the new repository {name} is deleted again"

    def plan_alone(self, why: str) -> Published:
        """Report what a push would send where the Hub cannot be asked."""
        plan = self.plan(There(Listing("", False, {})))
        note = (
            f"nothing was compared with {self.target.name} on the Hub, and the text of a card "
            f"there would stay: {why}"
        )
        changes = tuple(replace(change, kind="unknown") for change in plan.changes)
        return replace(plan, changes=changes, notes=(*plan.notes, note))

    def plan(self, there: There) -> Published:
        """Compare with what the Hub holds; nothing changes there."""
        listing = there.listing
        before = self._card_there(listing)
        names = [*self.stage.files, CARD_FILE]
        text = write_card(
            self.stage.info,
            self.target.name,
            names,
            existing=before or self.stage.card,
            licence=self.licence,
        )
        try:
            write_text(self.card, text)
        except OSError as error:
            raise HubError(
                f"the card of {self.target} could not be written ({error.filename or self.card}): "
                f"{error.strerror}; free some space, or set TMPDIR to a place that has some"
            ) from error
        changes = [
            Change(name, _kind(listing.files.get(name), path), path.stat().st_size)
            for name, path in sorted(self._files().items())
        ]
        changes += [
            Change(name, "deleted", listing.files[name].size)
            for name in all_files(self.stage.info.architecture.name)
            if name in listing.files and name not in names
        ]
        notes = []
        if before and prose(self.stage.card) not in ("", prose(before)):
            notes.append(
                f"the text of {CARD_FILE} on the Hub stays, and that of the folder's own "
                f"{CARD_FILE} is not published; edit it on the Hub"
            )
        return Published(
            self.target.name, not there.exists, tuple(changes), text, notes=tuple(notes)
        )

    def commit(self, there: There, message: str, pr: bool) -> Published:
        """Publish in one commit, or find that nothing changes.

        Whether a commit was made is told by looking, not by whether its answer arrived.

        Raises:
            HubError: It was not made; the branch is as others left it.
        """
        meanwhile: list[str] = []
        for last in (False,) * (TRIES - 1) + (True,):
            plan = self.plan(there)
            plan = replace(plan, notes=(*plan.notes, *meanwhile))
            if not plan.changed:
                return self._done(plan, there.listing.commit)
            try:
                done = self.client.call(
                    self._create_commit,
                    plan,
                    there.listing.commit,
                    message,
                    pr,
                    repository=self.target,
                    repeatable=not pr,
                )
            except HubError as error:
                sent = not isinstance(error, StorageError) and error.status not in NOT_DONE
                if pr and error.unreachable and sent:
                    raise HubError(
                        f"{error}; the pull request may still have been opened: before you push "
                        f"again, check {constants.ENDPOINT}/{self.target.name}/discussions",
                        status=error.status,
                        unreachable=True,
                    ) from error
                if pr or not (error.status == CONFLICT or error.unreachable):
                    raise
                now = self._look_again(error)
                if now.commit == there.listing.commit:
                    raise
                before, there = there.listing, replace(there, listing=now)
                if self.plan(there).changed:
                    self._check_meanwhile(before, now, error, last)
                    meanwhile.append(
                        f"somebody else's commit {now.commit[:12]} came in between; it changed "
                        "none of these files and is kept"
                    )
                continue
            url = done.pr_url or ""
            return replace(plan, commit=done.oid, commit_url=done.commit_url, pull_request_url=url)
        return self._done(self.plan(there), there.listing.commit)

    def _look_again(self, error: HubError) -> Listing:
        """See what became of a commit that got no good answer."""
        try:
            return self.client.listing(self.target)
        except HubError as second:
            raise HubError(
                f"{error}; the commit may or may not have been published: push again to find out; "
                "nothing is committed twice",
                unreachable=second.unreachable,
            ) from second

    def _check_meanwhile(self, before: Listing, now: Listing, error: HubError, last: bool) -> None:
        """Go on only where somebody else's commit changed nothing of what is published."""
        ours = all_files(self.stage.info.architecture.name)
        names = [name for name in ours if name != CARD_FILE]
        touched = [name for name in names if before.files.get(name) != now.files.get(name)]
        if touched:
            raise HubError(
                f"somebody else pushed {now.commit[:12]} to {self.target} meanwhile and changed "
                f"{', '.join(touched)}; nothing was published: look at their commit, then push "
                "again to replace it",
                status=CONFLICT,
            ) from error
        if last:
            raise error

    def _create_commit(self, plan: Published, parent: str, message: str, pr: bool) -> CommitInfo:
        # The client changes these objects, so that each try needs its own.
        files = self._files()
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationDelete(change.name)
            if change.kind == "deleted"
            else CommitOperationAdd(change.name, files[change.name])
            for change in plan.changes
            if change.kind != "unchanged"
        ]
        return self.client.api.create_commit(
            self.target.name,
            operations,
            commit_message=message,
            revision=self.target.revision or None,
            parent_commit=parent,
            create_pr=pr,
        )

    def _files(self) -> dict[str, Path]:
        return {**self.stage.files, CARD_FILE: self.card}

    def _card_there(self, listing: Listing) -> str:
        """The text of the card on the Hub; empty where there is none."""
        if CARD_FILE not in listing.files:
            return ""
        return read_card(Snapshot(self.client, self.target, listing.commit, listing))

    def _done(self, plan: Published, commit: str) -> Published:
        url = f"{constants.ENDPOINT}/{self.target.name}/commit/{commit}"
        return replace(plan, commit=commit, commit_url=url)


def _kind(there: RemoteFile | None, here: Path) -> ChangeKind:
    if there is None:
        return "added"
    return "unchanged" if there.holds(here) else "changed"
