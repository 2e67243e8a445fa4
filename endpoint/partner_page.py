"""The page that says which servers SERVICE may call and how each fares, for people and for programs."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from endpoint import localisation, web
from endpoint.localisation import N_
from endpoint.partners import PartnerClient, Partners

STATES = {
    "closed": N_("answers are taken"),
    "open": N_("left alone for a while"),
    "half-open": N_("to be tried with one call"),
}


def routes() -> list[BaseRoute]:
    """`/partners`."""
    return [web.route("/partners", partner_page)]


async def partner_page(request: Request) -> Response:
    """The partners of `app.state.partners`: as JSON when a program asks for that, else as a page."""
    partners: Partners = request.app.state.partners
    rows = [_row(client) for client in partners.clients.values()]
    accept = request.headers.get("accept", "")
    wants_json = "application/json" in accept and "text/html" not in accept
    if wants_json or request.query_params.get("format") == "json":
        return JSONResponse({"partners": rows}, headers={"Cache-Control": "no-cache", "Vary": "Accept"})
    states = {name: localisation.gettext(request, words) for name, words in STATES.items()}
    return web.page(request, "partners.html", rows=rows, states=states)


def _row(client: PartnerClient) -> dict[str, Any]:
    partner = client.partner
    return {
        "name": client.name,
        "url": partner.url,
        "description": partner.description,
        "state": client.state,
        "lastSuccess": _moment(client.last_success),
        "lastFailure": _moment(client.last_failure),
        "reason": client.last_reason,
        "counts": dict(client.counts),
        "seconds": {name: round(seconds, 4) for name, seconds in client.latencies.items()},
        "limits": {"seconds": partner.timeout, "bytes": partner.max_bytes, "callsPerQuery": partner.max_calls},
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
