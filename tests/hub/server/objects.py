"""How large files come and go: Git LFS on the Hub, their bytes on the CDN, and tokens for xet."""

import hashlib
import time

from tests.hub.server.api import MODEL
from tests.hub.server.messages import Call, HubError, Json, Response, reply
from tests.hub.server.router import Route
from tests.hub.server.site import Site
from tests.hub.server.storage import PART

OBJECTS = r"/([^/]+/[^/]+)\.git/info/lfs/objects"
OID = "([0-9a-f]{64})"


def batch(site: Site, call: Call, id: str) -> Response:
    """Say where to send those objects that are not here yet."""
    site.readable(id, call)
    site.person(call)
    wanted = call.json()
    here = f"{site.url}/{id}.git/info/lfs/objects"
    objects, transfer = [], "basic"
    for item in wanted["objects"]:
        oid, size = item["oid"], item["size"]
        told: Json = {"oid": oid, "size": size}
        if oid not in site.store:
            upload: Json = {"href": f"{site.cdn_url}/lfs/{oid}", "header": {}}
            if size > PART and "multipart" in wanted["transfers"]:
                transfer = "multipart"
                numbers = range(1, -(-size // PART) + 1)
                parts = {
                    f"{number:05d}": f"{site.cdn_url}/part/{oid}/{number}" for number in numbers
                }
                header = {"chunk_size": str(PART), **parts}
                upload = {"href": f"{here}/complete/{oid}", "header": header}
            verify = {"href": f"{here}/verify", "header": {}}
            told |= {"authenticated": True, "actions": {"upload": upload, "verify": verify}}
        objects.append(told)
    kind = {"Content-Type": "application/vnd.git-lfs+json"}
    return reply({"transfer": transfer, "objects": objects}, headers=kind)


def verify(site: Site, call: Call, id: str) -> Response:
    site.readable(id, call)
    wanted = call.json()
    if wanted["oid"] not in site.store or len(site.store[wanted["oid"]]) != wanted["size"]:
        raise HubError(404, "Object not found")
    return reply({})


def complete(site: Site, call: Call, id: str, oid: str) -> Response:
    """Put parts together; clients send no token here, as the address itself is the secret."""
    site.store.complete(oid, [part["partNumber"] for part in call.json()["parts"]])
    return reply({})


def xet_token(site: Site, call: Call, id: str, kind: str, revision: str) -> Response:
    if kind == "write":
        site.writable(id, call, revision)
    else:
        site.readable(id, call)
    if site.store.folder is None:
        raise HubError(404, "There is no xet here")
    token, end = f"xet-{id}", int(time.time()) + 3600
    place = f"local://{site.store.folder}"
    told = {"accessToken": token, "casUrl": place, "exp": end}
    headers = {"X-Xet-Cas-Url": place, "X-Xet-Access-Token": token}
    return reply(told, headers=headers | {"X-Xet-Token-Expiration": str(end)})


ROUTES: list[Route] = [
    ("POST", f"{OBJECTS}/batch", batch),
    ("POST", f"{OBJECTS}/verify", verify),
    ("POST", f"{OBJECTS}/complete/{OID}", complete),
    ("GET", f"{MODEL}/xet-(read|write)-token/([^/]+)", xet_token),
]


def cdn(site: Site, call: Call) -> Response:
    """Answer for the other origin, which knows nothing but objects."""
    kind, _, rest = call.path.strip("/").partition("/")
    oid, _, number = rest.partition("/")
    if call.method == "PUT" and kind == "part":
        site.store.receive_part(oid, int(number), call.body)
        return Response(200, {"ETag": f'"{hashlib.md5(call.body).hexdigest()}"'})
    if call.method == "PUT" and kind == "lfs":
        site.store.receive(oid, call.body)
        return Response(200, {"ETag": f'"{oid}"'})
    if call.method in ("GET", "HEAD") and kind == "lfs" and oid in site.store:
        headers = {"Accept-Ranges": "bytes", "ETag": f'"{oid}"'}
        headers["Content-Type"] = "application/octet-stream"
        return Response(200, headers, site.store[oid])
    raise HubError(404, "NoSuchKey")
