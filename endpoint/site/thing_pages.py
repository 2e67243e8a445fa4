"""Pages about things: what all of them tell those who cite them, search engines, and programs that want the data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from endpoint import web
from endpoint.site.citations import Citation
from endpoint.site.structured import script
from endpoint.site.things import Thing, alternates, http_date, link_header


def thing_page(
    request: Request,
    name: str,
    thing: Thing | None,
    status: int = HTTPStatus.OK,
    /,
    *,
    citation: Citation,
    said: Mapping[str, Any],
    modified: datetime | None = None,
    **context: object,
) -> Response:
    """A page from a template that extends `thing.html`; `said` is what it says in the words of schema.org.

    `thing` is None where what the page is about has no IRI of ours, and so no data documents.
    """
    but = "json" if status == HTTPStatus.GONE else ""
    response = web.page(
        request,
        name,
        status,
        thing=thing,
        citation=citation,
        downloads=alternates(request, thing, but=but) if thing else [],
        structured=script({"@id": citation.iri, "url": citation.iri, **said}),
        **context,
    )
    if thing:
        response.headers["Link"] = link_header(request, thing, "html")
    if modified:
        response.headers["Last-Modified"] = http_date(modified)
    return response
