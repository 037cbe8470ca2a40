"""The routes of the Hub that list and serve files."""

import hashlib
from urllib.parse import parse_qs, quote, urlencode

from tests.hub.server.api import MODEL
from tests.hub.server.messages import Call, HubError, Json, Response, reply
from tests.hub.server.repository import Entry
from tests.hub.server.router import Route
from tests.hub.server.site import Site

PAGE = 1000
"""How many entries a listing has at most."""


def tree(site: Site, call: Call, id: str, revision: str, folder: str = "") -> Response:
    repo = site.readable(id, call)
    found = _below(repo.commits[repo.resolve(revision)].tree, folder, call.flag("recursive"))
    start = int(call.query.get("cursor", ["0"])[0])
    headers = {}
    if start + PAGE < len(found):
        query = {name: values[0] for name, values in call.query.items()}
        following = urlencode(query | {"cursor": str(start + PAGE)})
        headers["Link"] = f'<{site.url}{call.path}?{following}>; rel="next"'
    return reply(found[start : start + PAGE], headers=headers)


def _below(entries: dict[str, Entry], folder: str, recursive: bool) -> list[Json]:
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    inside = {path: entry for path, entry in entries.items() if path.startswith(prefix)}
    if prefix and not inside:
        raise HubError(404, f'"{folder}" does not exist on the repo', "EntryNotFound")
    found: dict[str, Json] = {}
    for path, entry in inside.items():
        parts = path.removeprefix(prefix).split("/")
        for depth in range(1, len(parts)):
            parent = prefix + "/".join(parts[:depth])
            if recursive or depth == 1:
                found[parent] = _folder(parent)
        if recursive or len(parts) == 1:
            found[path] = _file(path, entry)
    return [found[path] for path in sorted(found)]


def _folder(path: str) -> Json:
    oid = hashlib.sha1(path.encode()).hexdigest()  # any: clients compare none of folders
    return {"type": "directory", "path": path, "oid": oid, "size": 0}


def _file(path: str, entry: Entry) -> Json:
    found: Json = {"type": "file", "path": path, "oid": entry.oid, "size": entry.size}
    if entry.sha256:
        facts = {"oid": entry.sha256, "size": entry.size, "pointerSize": entry.pointer_size}
        found["lfs"] = facts
    return found | ({"xetHash": entry.xet} if entry.xet else {})


def paths_info(site: Site, call: Call, id: str, revision: str) -> Response:
    repo = site.readable(id, call)
    entries = repo.commits[repo.resolve(revision)].tree
    if "json" in call.headers.get("Content-Type", ""):
        paths = call.json()["paths"]
    else:
        paths = parse_qs(call.body.decode()).get("paths", [])
    found = []
    for path in paths:
        if path in entries:
            found.append(_file(path, entries[path]))
        elif any(name.startswith(f"{path.rstrip('/')}/") for name in entries):
            found.append(_folder(path))
    return reply(found)


def resolve(site: Site, call: Call, id: str, revision: str, path: str) -> Response:
    repo = site.readable(id, call)
    sha = repo.resolve(revision)
    entry = repo.commits[sha].tree.get(path)
    headers = {"X-Repo-Commit": sha}
    if entry is None:
        raise HubError(404, "Entry not found", "EntryNotFound", headers)
    headers["ETag"] = f'"{entry.oid}"'
    name = quote(path.split("/")[-1])
    if entry.content is not None:
        headers |= {"Accept-Ranges": "bytes", "Content-Type": "text/plain; charset=utf-8"}
        headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
        return Response(200, headers, entry.content)
    location = f"{site.cdn_url}/lfs/{entry.sha256}?signature=test&filename={name}"
    headers |= {"X-Linked-Size": str(entry.size), "X-Linked-ETag": f'"{entry.sha256}"'}
    headers |= {"Location": location, "Content-Type": "text/plain"}
    if entry.xet:
        authority = f"{site.url}/api/models/{id}/xet-read-token/{sha}"
        headers |= {"X-Xet-Hash": entry.xet, "Link": f'<{authority}>; rel="xet-auth"'}
    return Response(302, headers, f"Found. Redirecting to {location}".encode())


ROUTES: list[Route] = [
    ("GET", f"{MODEL}/tree/([^/]+)(?:/(.*))?", tree),
    ("POST", f"{MODEL}/paths-info/([^/]+)", paths_info),
    ("GET", "/((?:datasets/)?[^/]+/[^/]+)/resolve/([^/]+)/(.+)", resolve),
]
