"""The style sheet and the scripts of the pages: small files, kept in memory, compressed once."""

import gzip
from functools import lru_cache
from importlib.resources import files
from mimetypes import guess_type

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from endpoint.cache import entity_tag

STATIC = files("endpoint") / "static"
_KEPT = 200
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json"}


async def served_static(request: Request) -> Response:
    """The file at a path below `/static`, with its entity tag; 304 for whoever has it."""
    path: str = request.path_params["path"]
    try:
        whole, packed, tag = _content(path)
    except (OSError, ValueError):
        raise HTTPException(404, f"there is nothing at {request.url.path}") from None
    headers = {
        "Content-Type": _media_type(path),
        "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if tag in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    if len(packed) < len(whole) and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, headers=headers | {"Content-Encoding": "gzip"})
    return Response(whole, headers=headers)


@lru_cache(_KEPT)
def _content(path: str) -> tuple[bytes, bytes, str]:
    """A file, the same compressed, and its entity tag. OSError or ValueError where there is none."""
    steps = path.split("/")
    if any(step in ("", ".", "..") or "\\" in step for step in steps):
        raise ValueError(path)
    content = STATIC.joinpath(*steps).read_bytes()
    return content, gzip.compress(content, 9, mtime=0), f"W/{entity_tag(content).decode()}"


def _media_type(path: str) -> str:
    _, dot, ending = path.rpartition(".")
    media_type = _TYPES.get(dot + ending) or guess_type(path)[0] or "application/octet-stream"
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") or "json" in media_type else media_type
