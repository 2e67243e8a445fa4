"""What pages with figures say of records that describe nothing real."""

from starlette.requests import Request

from endpoint import asking
from endpoint.asking import question, value


async def synthetic(request: Request) -> int:
    """The number of records in the graph that were made for trials."""
    [row] = await asking.rows(request, question("pages/synthetic-records"))
    return int(value(row, "records"))
