"""Dumps over HTTP: a page that lists them, and their files, each under a name that never means another content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import localisation, web
from endpoint.dump_description import CHECKSUMS, DESCRIPTION, MANIFEST, TITLES, Manifest, checksums
from endpoint.dumps import FOLDER, published
from endpoint.generations import Generation
from endpoint.negotiation import Format, choose
from endpoint.settings import Settings
from ontology.errors import StoreError

# A day and no more, though the content never changes: so long may a cache keep what is redacted meanwhile.
_FOR_GOOD = "public, max-age=86400, immutable"
_FORMATS = (Format("html", "text/html", (), ""), Format("json", "application/json", (), ""))
_MEDIA_TYPES = {
    ".json": "application/json",
    ".ttl": "text/turtle; charset=utf-8",
    "": "text/plain; charset=us-ascii",
    ".gz": "application/gzip",
    ".zst": "application/zstd",
}


def routes(settings: Settings) -> list[BaseRoute]:
    """`/dumps/`, `/dumps/{generation}/{file}`, and `/dumps/latest/{file}`, which leads to the newest one."""
    folder = settings.data_dir / FOLDER

    def route(path: str, answer: Callable[[Request, Path], Response]) -> Route:
        def endpoint(request: Request) -> Response:  # not a coroutine, so it runs in a thread and may read files
            return answer(request, folder)

        return Route(path, endpoint, methods=["GET", "HEAD"], name=f"dumps{answer.__name__}")

    return [
        web.route("/dumps/", lambda request: _index(request, folder)),
        route("/dumps/latest/{name}", _latest),
        route("/dumps/{generation}/{name}", _file),
    ]


def _index(request: Request, folder: Path) -> Response:
    """Every dump, newest first, for people or programs."""
    found = list(manifests(folder))
    chosen = choose(_FORMATS, request.headers.get("accept", ""), request.query_params.get("format"))
    if chosen.format.name == "json":
        latest = found[0].generation if found else None
        headers = {"Vary": "Accept", "Cache-Control": "no-cache"}
        return JSONResponse({"latest": latest, "dumps": [one.as_json() for one in found]}, headers=headers)
    parts = {part: localisation.gettext(request, title) for part, title in TITLES.items()}
    return web.page(request, "dumps.html", dumps=found, parts=parts, about=(MANIFEST, CHECKSUMS, DESCRIPTION))


def manifests(folder: Path) -> Iterator[Manifest]:
    """The manifests of the dumps in a folder, newest first."""
    for generation in published(folder):
        try:
            yield Manifest.read(folder / generation.name)
        except StoreError:
            if (folder / generation.name).is_dir():  # otherwise it has been removed meanwhile
                raise


def _latest(request: Request, folder: Path) -> Response:
    for generation in published(folder)[:1]:
        target = request.url_for("dumps_file", generation=generation.name, name=request.path_params["name"])
        return RedirectResponse(target.path, headers={"Cache-Control": "no-cache"})
    raise HTTPException(404, "there is no dump yet")


def _file(request: Request, folder: Path) -> Response:
    """A file of a dump; only one that the dump itself lists, so that no other path is ever opened."""
    generation, name = Generation.named(request.path_params["generation"]), request.path_params["name"]
    try:
        digests = checksums(folder / generation.name) if generation else {}
        path = folder / (generation.name if generation else "") / name
        stat = path.stat() if name in digests else None
    except FileNotFoundError:
        stat = None
    if stat is None:
        raise HTTPException(404, f"there is no file at {request.url.path}; dumps of older states are removed")
    headers = {"ETag": f'"{digests[name]}"', "Cache-Control": _FOR_GOOD}
    whole = FileResponse(path, headers=headers, media_type=_MEDIA_TYPES[path.suffix], stat_result=stat)
    if _has(request, whole):
        kept = {key: whole.headers[key] for key in ("ETag", "Cache-Control", "Last-Modified")}
        return Response(status_code=304, headers=kept)
    return whole


def _has(request: Request, whole: Response) -> bool:
    """Whether the client has this very content already (RFC 9110, 13.1.2 and 13.1.3)."""
    if (tags := request.headers.get("if-none-match")) is not None:
        given = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return bool(given & {"*", whole.headers["ETag"]})
    return request.headers.get("if-modified-since") == whole.headers["Last-Modified"]
