"""Dumps over HTTP: a page that lists them, and their files, each under a name that never means another content."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from endpoint.dump_description import CHECKSUMS, DESCRIPTION, MANIFEST, TITLES, File, Manifest, checksums
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


def routes(settings: Settings) -> list[Route]:
    """`/dumps/`, `/dumps/{generation}/{file}`, and `/dumps/latest/{file}`, which leads to the newest one."""
    folder = settings.data_dir / FOLDER

    def route(path: str, answer: Callable[[Request, Path], Response]) -> Route:
        def endpoint(request: Request) -> Response:  # not a coroutine, so it runs in a thread and may read files
            return answer(request, folder)

        return Route(path, endpoint, methods=["GET", "HEAD"], name=f"dumps{answer.__name__}")

    return [
        route("/dumps/", _index),
        route("/dumps/latest/{name}", _latest),
        route("/dumps/{generation}/{name}", _file),
    ]


def _index(request: Request, folder: Path) -> Response:
    """Every dump, newest first, for people or programs."""
    manifests = list(_manifests(folder))
    chosen = choose(_FORMATS, request.headers.get("accept", ""), request.query_params.get("format"))
    headers = {"Vary": "Accept", "Cache-Control": "no-cache"}
    if chosen.format.name == "json":
        latest = manifests[0].generation if manifests else None
        return JSONResponse({"latest": latest, "dumps": [one.as_json() for one in manifests]}, headers=headers)
    return HTMLResponse(_page(manifests), headers=headers | {"Content-Security-Policy": _POLICY})


def _manifests(folder: Path) -> Iterator[Manifest]:
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


def _page(manifests: list[Manifest]) -> str:
    if not manifests:
        return _PAGE.format(dumps="<p>There is no dump yet.</p>")
    return _PAGE.format(dumps="".join(map(_dump, manifests)))


def _dump(manifest: Manifest) -> str:
    parts = {part: [file for file in manifest.files if file.part == part] for part in TITLES}
    rows = "".join(
        f"<tr><th scope=row>{html.escape(TITLES[part])}</th><td>{files[0].statements:,}</td>"
        f"<td>{'<br>'.join(_link(manifest, file) for file in files)}</td></tr>"
        for part, files in parts.items()
    )
    about = ", ".join(
        f'<a href="{manifest.generation}/{name}">{name}</a>' for name in (MANIFEST, CHECKSUMS, DESCRIPTION)
    )
    return (
        f"<h2>Generation {manifest.generation}</h2><p>As of <time>{html.escape(manifest.as_of)}</time>; {about}.</p>"
        f"<table><thead><tr><th>Part<th>Statements<th>Files</thead><tbody>{rows}</tbody></table>"
    )


def _link(manifest: Manifest, file: File) -> str:
    return f'<a href="{manifest.generation}/{file.name}"><code>{file.name}</code></a> {file.size / 1000:,.0f} kB'


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dumps – Clearing-House Graph</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }}
body {{ color: #1c2b24; background: #fbfcfa }}
h1, h2, a {{ color: #14532d }} code {{ font: .9rem/1.45 ui-monospace, monospace }}
table {{ width: 100%; border-collapse: collapse }}
th, td {{ padding: .4rem .6rem; border-bottom: 1px solid #b6c4ba; text-align: left; vertical-align: top }}
</style>
</head>
<body>
<main>
<h1>Dumps</h1>
<p>The whole graph as files, and the part of each clearing-house, as N-Quads, TriG and, where it is set up, Jelly.
The names with a number never change their content; <code>latest</code> in the place of the number leads to the newest.
Programs get this list as JSON. <a href="../">The SPARQL endpoint</a></p>
{dumps}
</main>
</body>
</html>
"""
