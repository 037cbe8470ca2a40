"""The routes of the Hub by which a client makes a commit."""

import base64
import json

from tests.hub.server.api import MODEL
from tests.hub.server.messages import Call, HubError, Json, Response, reply
from tests.hub.server.repository import Entry, Repo, is_large, regular
from tests.hub.server.router import Route
from tests.hub.server.site import Site


def preupload(site: Site, call: Call, id: str, revision: str) -> Response:
    repo = site.writable(id, call, revision)
    sha = repo.resolve(revision)
    files = []
    for file in call.json()["files"]:
        sample = base64.b64decode(file.get("sample", ""))
        mode = "lfs" if is_large(file["path"], file["size"], sample) else "regular"
        old = repo.commits[sha].tree.get(file["path"])
        told: Json = {"path": file["path"], "uploadMode": mode, "shouldIgnore": False}
        files.append(told | {"oid": (old.sha256 or old.oid) if old else None})
    return reply({"files": files, "commitOid": sha})


def commit(site: Site, call: Call, id: str, revision: str) -> Response:
    """Apply all lines to a tree of their own: what was proposed is kept whole, or not at all."""
    repo, user = site.writable(id, call, revision), site.person(call)
    base = repo.resolve(revision)
    operations = [json.loads(line) for line in call.body.splitlines()]
    header: Json = next((item["value"] for item in operations if item["key"] == "header"), {})
    parent = header.get("parentCommit") or base
    if call.flag("create_pr"):
        base = repo.resolve(parent)  # a pull request may begin at what is no longer the head
    elif parent != base:
        raise HubError(412, "A commit has happened since. Please refresh and try again.")
    if not header.get("summary"):
        raise HubError(400, '"summary" is required')
    tree = dict(repo.commits[base].tree)
    for item in operations:
        if item["key"] != "header":
            _apply(tree, item["key"], item["value"], repo)
    title = header["summary"]
    sha = repo.commit(base, tree, title, user, header.get("description", ""))
    told: Json = {"success": True, "commitOid": sha, "hookOutput": ""}
    told["commitUrl"] = f"{site.url}/{id}/commit/{sha}"
    if call.flag("create_pr"):
        number = repo.open_pull(title, user, base, sha)
        told["pullRequestUrl"] = f"{site.url}/{id}/discussions/{number}"
    else:
        repo.move(revision, sha)
    return reply(told)


def _apply(tree: dict[str, Entry], key: str, value: Json, repo: Repo) -> None:
    path = value["path"]
    if key == "file":
        coded = value.get("encoding") == "base64"
        content = value["content"]
        tree[path] = regular(base64.b64decode(content) if coded else content.encode())
    elif key == "lfsFile":
        tree[path] = repo.stored(value["oid"], value.get("size"))
    elif key in ("deletedFile", "deletedFolder"):
        folder = f"{path.rstrip('/')}/"
        gone = [name for name in tree if name == path or name.startswith(folder)]
        if not gone:
            told = f"A file or folder with this name doesn't exist: {path}"
            raise HubError(404, told, "EntryNotFound")
        for name in gone:
            del tree[name]
    else:
        raise HubError(400, f"Unknown operation: {key}")


ROUTES: list[Route] = [
    ("POST", f"{MODEL}/preupload/([^/]+)", preupload),
    ("POST", f"{MODEL}/commit/([^/]+)", commit),
]
