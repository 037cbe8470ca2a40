"""The routes of the Hub that tell of people, repositories and their history."""

import hashlib
import io
import json
import re

from tests.hub.server.messages import Call, HubError, Json, Response, reply
from tests.hub.server.repository import Repo, regular
from tests.hub.server.router import Route
from tests.hub.server.site import Site

MODEL = "/api/(?:models/|(?=datasets/))((?:datasets/)?[^/]+/[^/]+)"
"""A repository; the ids of those that hold data begin with ``datasets/``."""

SHOWN = re.compile(r"---\r?\n(.*?)\r?\n---\s*(?:\n|$)", re.DOTALL)
"""The metadata at the beginning of a card."""


def harnesses(site: Site, call: Call) -> Response:
    return reply({"standardEnvVars": [], "harnesses": {}})


def validate_yaml(site: Site, call: Call) -> Response:
    found = SHOWN.match(call.json()["content"])
    if found is None:
        missing = {"message": "empty or missing yaml metadata in repo card"}
        return reply({"errors": [], "warnings": [missing]})
    try:
        _yaml(found[1])
    except ValueError as error:
        told = [{"message": f"YAML Metadata Error: {error}"}]
        return reply({"errors": told, "warnings": []}, 400)
    return reply({"errors": [], "warnings": []})


def create(site: Site, call: Call) -> Response:
    user, wanted = site.person(call), call.json()
    if wanted.get("type", "model") != "model":
        raise HubError(400, "There are only models here")
    namespace = wanted.get("organization") or user
    if user not in (namespace, site.orgs.get(namespace)):
        told = f'You don\'t have the rights to create a model under the namespace "{namespace}"'
        raise HubError(403, told)
    id = f"{namespace}/{wanted['name']}"
    url = f"{site.url}/{id}"
    if id in site.repos:
        told = f"You already created this model repo: {id}"
        return reply({"error": told, "url": url}, 409, {"X-Error-Message": told})
    site.create(id, wanted.get("visibility") == "private" or bool(wanted.get("private")), user)
    return reply({"url": url, "name": id, "id": _id(id)})


def delete(site: Site, call: Call) -> Response:
    wanted = call.json()
    id = f"{wanted['organization']}/{wanted['name']}"
    site.writable(id, call)
    del site.repos[id]
    return reply({})


def commits(site: Site, call: Call, id: str, revision: str) -> Response:
    """Tell a revision's commits, from the newest to the first."""
    repo, told = site.visible(id, call), []
    sha: str | None = repo.resolve(revision)
    while sha:
        commit = repo.commits[sha]
        who = [{"user": commit.author}]
        facts = {"title": commit.title, "message": commit.description, "date": commit.date}
        told.append({"id": sha, "authors": who, **facts})
        sha = commit.parent
    return reply(told)


def info(site: Site, call: Call, id: str, revision: str = "main") -> Response:
    repo = site.visible(id, call)
    sha = repo.resolve(revision)
    commit = repo.commits[sha]
    card, name = _card(repo, sha), id.removeprefix("datasets/")
    return reply(
        {
            "_id": _id(id),
            "id": name,
            "modelId": name,
            "author": name.split("/")[0],
            "sha": sha,
            "lastModified": commit.date,
            "createdAt": repo.created,
            "private": repo.private,
            "gated": repo.gated,
            "disabled": repo.disabled,
            "downloads": 0,
            "likes": 0,
            "tags": card.get("tags") or [],
            "library_name": card.get("library_name"),
            "pipeline_tag": card.get("pipeline_tag"),
            "cardData": card,
            "siblings": _siblings(repo, sha, call.flag("blobs")),
            "spaces": [],
            "usedStorage": sum(entry.size for entry in commit.tree.values()),
        }
    )


def _siblings(repo: Repo, sha: str, blobs: bool) -> list[Json]:
    siblings: list[Json] = []
    for path, entry in sorted(repo.commits[sha].tree.items()):
        sibling: Json = {"rfilename": path}
        if blobs:
            sibling |= {"size": entry.size, "blobId": entry.oid}
            if entry.sha256:
                facts = {"sha256": entry.sha256, "size": entry.size}
                sibling["lfs"] = facts | {"pointerSize": entry.pointer_size}
        siblings.append(sibling)
    return siblings


def _card(repo: Repo, sha: str) -> Json:
    """Return the metadata of a commit's card; nothing, if it is not well-formed."""
    entry = repo.commits[sha].tree.get("README.md", regular(b""))
    text = b"" if entry.content is None else bytes(entry.content[: 1 << 20])
    found = SHOWN.match(text.decode(errors="replace"))
    # What some cards of the tests would take too long, or too much memory, to read.
    if found is None or len(found[1]) > 2000 or "&" in found[1]:
        return {}
    try:
        card: Json = json.loads(json.dumps(_yaml(found[1]), default=str))
    except (TypeError, ValueError):
        return {}
    return card


def _yaml(text: str) -> Json:
    # Only here: starting the server needs the standard library alone.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        value = YAML(typ="safe", pure=True).load(io.StringIO(text))
    except (YAMLError, LookupError, TypeError) as error:
        raise ValueError(str(error).splitlines()[0]) from error
    if not isinstance(value, dict):
        raise ValueError("not a mapping")
    return value


def _id(id: str) -> str:
    return hashlib.md5(id.encode()).hexdigest()[:24]


def refs(site: Site, call: Call, id: str) -> Response:
    repo = site.visible(id, call)
    kinds: Json = {"branches": [], "tags": [], "converts": [], "pullRequests": []}
    names = {"heads": "branches", "tags": "tags", "pr": "pullRequests"}
    for ref, sha in repo.references().items():
        _, kind, name = ref.split("/", 2)
        kinds[names[kind]].append({"name": name, "ref": ref, "targetCommit": sha})
    if not call.flag("include_prs"):
        del kinds["pullRequests"]
    return reply(kinds)


def create_branch(site: Site, call: Call, id: str, name: str) -> Response:
    repo = site.writable(id, call)
    if name in repo.branches:
        raise HubError(409, f"Reference already exists: {name}")
    repo.branches[name] = repo.resolve(call.json().get("startingPoint", "main"))
    return reply({})


def pull(site: Site, call: Call, id: str, number: str) -> Response:
    """Tell of a pull request, which the client asks for when it has opened one."""
    repo = site.visible(id, call)
    found = repo.pulls.get(int(number))
    if found is None:
        raise HubError(404, "Discussion not found")
    merged = {"mergeCommitId": found.head} if found.merged else {}
    return reply(
        {
            "num": int(number),
            "title": found.title,
            "author": {"name": found.author},
            "createdAt": found.created,
            "status": found.status,
            "isPullRequest": True,
            "repo": {"name": id, "type": "model"},
            "repoOwner": {"name": repo.owner},
            "events": [],
            "filesWithConflicts": [],
            "diff": "",
            "changes": {"base": "refs/heads/main", **merged},
        }
    )


ROUTES: list[Route] = [
    ("GET", "/api/agent-harnesses", harnesses),
    ("POST", "/api/validate-yaml", validate_yaml),
    ("POST", "/api/repos/create", create),
    ("DELETE", "/api/repos/delete", delete),
    ("GET", MODEL, info),
    ("GET", f"{MODEL}/commits/([^/]+)", commits),
    ("GET", f"{MODEL}/revision/([^/]+)", info),
    ("GET", f"{MODEL}/refs", refs),
    ("POST", f"{MODEL}/branch/([^/]+)", create_branch),
    ("GET", f"{MODEL}/discussions/([0-9]+)", pull),
]
