"""The page that says which servers SERVICE may call and how each fares, for people and for programs."""

import html
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from endpoint.partners import PartnerClient, Partners

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"


async def partner_page(request: Request) -> Response:
    """The partners of `app.state.partners`: as JSON when a program asks for that, else as a page."""
    partners: Partners = request.app.state.partners
    rows = [_row(client) for client in partners.clients.values()]
    accept = request.headers.get("accept", "")
    wants_json = "application/json" in accept and "text/html" not in accept
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    if wants_json or request.query_params.get("format") == "json":
        return JSONResponse({"partners": rows}, headers=headers)
    body = "".join(map(_section, rows)) or "<p>SERVICE is refused: this endpoint has no partners.</p>"
    return HTMLResponse(_PAGE.format(body=body), headers=headers | {"Content-Security-Policy": _POLICY})


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


_STATES = {
    "closed": "answers are taken",
    "open": "left alone for a while",
    "half-open": "to be tried with one call",
}


def _section(row: dict[str, Any]) -> str:
    failure = f"{row['lastFailure']}: {row['reason']}" if row["lastFailure"] else "none"
    limits = row["limits"]
    facts = {
        "URL": row["url"],
        "State": f"{row['state']}, {_STATES[row['state']]}",
        "Last success": row["lastSuccess"] or "none",
        "Last failure": failure,
        "Calls": ", ".join(f"{count} {name}" for name, count in row["counts"].items()) or "none",
        "Seconds for an answer": ", ".join(f"{name} {value:g}" for name, value in row["seconds"].items()) or "none yet",
        "Limits": f"{limits['seconds']:g} seconds and {limits['bytes']} bytes for a call, "
        f"{limits['callsPerQuery']} calls for a query",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    return f"<h2>{html.escape(row['name'])}</h2><p>{html.escape(row['description'])}</p><dl>{listed}</dl>"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Partners of Clearing-House Graph</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }}
body {{ color: #1c2b24; background: #fbfcfa }}
h1, h2, a {{ color: #14532d }} dt {{ font-weight: 600 }} dd {{ margin: 0 0 .5rem; overflow-wrap: anywhere }}
</style>
</head>
<body>
<main>
<h1>Partners</h1>
<p>The endpoints that a query may call with <code>SERVICE</code>, since this server started.</p>
{body}
</main>
</body>
</html>
"""
