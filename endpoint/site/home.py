"""The first page: what is here, how much of it, what is new, and the ways in."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from endpoint import addresses, asking, web
from endpoint.asking import Question, question, value
from endpoint.labels import labels
from endpoint.site.synthetic import synthetic


def routes() -> list[BaseRoute]:
    """`/`."""
    return [web.route("/", _home)]


def standing() -> tuple[Question, Question]:
    """What every reader of the page asks: the numbers of records, and the newest ones."""
    return question("pages/records-by-house-and-type"), question("pages/newest-records")


async def _home(request: Request) -> Response:
    """The records of each clearing-house by type, and the newest ones."""
    counting, latest = standing()
    counted, newest = await asyncio.gather(asking.rows(request, counting), asking.rows(request, latest))
    houses: dict[str, list[tuple[str, int]]] = {}
    for row in counted:
        houses.setdefault(value(row, "house"), []).append((value(row, "type"), int(value(row, "records"))))
    named = {*houses, *(value(row, name) for row in (*counted, *newest) for name in ("type", "record", "country"))}
    return web.page(
        request,
        "home.html",
        houses=houses,
        newest=newest,
        labels=await labels(request, named - {""}),
        counting=counting,
        synthetic=await synthetic(request),
        latest=latest,
        settings=request.app.state.settings,
        generation=request.app.state.engine.generation,
        endpoint_address=str(request.url.replace(path=addresses.bare(request, "/sparql"), query="")),
    )
