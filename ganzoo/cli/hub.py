"""``push`` and ``pull``: weights on the Hugging Face Hub."""

from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.cli.common import Imports, echo, load_local
from ganzoo.cli.completion import references

if TYPE_CHECKING:
    from ganzoo.hub.published import Published

WORDS = {
    "added": "new",
    "changed": "changed",
    "unchanged": "as it is",
    "deleted": "deleted",
    "unknown": "not compared",
}


def push(
    source: Annotated[
        str,
        typer.Argument(
            metavar="REF",
            help="A run, a weights folder, or architecture.tag.",
            autocompletion=references,
        ),
    ],
    repository: Annotated[
        str, typer.Argument(metavar="ORG/NAME", help="The repository; created if missing.")
    ],
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository private.")
    ] = False,
    pr: Annotated[
        bool, typer.Option("--pr", help="Open a pull request instead of changing the branch.")
    ] = False,
    revision: Annotated[
        str | None, typer.Option(help="The branch, created if missing; by default main.")
    ] = None,
    message: Annotated[str | None, typer.Option(help="The commit message.")] = None,
    no_discriminator: Annotated[
        bool,
        typer.Option(
            "--no-discriminator",
            help="Leave out the discriminator, which others need for fine-tuning.",
        ),
    ] = False,
    license_: Annotated[
        str | None,
        typer.Option("--license", help="The weights' licence, as apache-2.0; by default none."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the files, their sizes and the card.")
    ] = False,
    imports: Imports = None,
) -> None:
    """Publish weights and their card on the Hugging Face Hub.

    A push makes one commit. Log in once with: hf auth login. Prints the page of the commit or pull
    request.
    """
    load_local(imports)
    from ganzoo.hub.publishing import push as publish

    done = publish(
        source,
        repository,
        private=private,
        pr=pr,
        revision=revision,
        message=message,
        discriminator=not no_discriminator,
        licence=license_,
        dry_run=dry_run,
    )
    _tell(done)
    if dry_run:
        echo(done.card.rstrip("\n"), lines=True)
    else:
        echo(done.pull_request_url or done.commit_url)


def pull(
    reference: Annotated[str, typer.Argument(metavar="ORG/NAME", help="Or org/name@revision.")],
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="The weights folder to create.")],
    imports: Imports = None,
) -> None:
    """Copy weights from the Hub into a folder.

    Prints the folder.
    """
    load_local(imports)
    from ganzoo.hub.pulling import pull as fetch

    echo(fetch(reference, folder))


def _tell(done: "Published") -> None:
    """Say on standard error what becomes of each file."""
    where = f"{done.repository}{' (a new repository)' if done.created else ''}"
    echo(where if done.changed else f"{where}: nothing to change", err=True)
    width = max(len(change.name) for change in done.changes)
    for change in done.changes:
        line = f"  {change.name:{width}}  {change.size:>13,} bytes  {WORDS[change.kind]}"
        echo(line, err=True)
    for note in done.notes:
        echo(f"note: {note}", err=True)
