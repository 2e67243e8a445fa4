"""The figures of the present generation of the graph."""

from starlette.requests import Request

from endpoint.statistics import Statistics


def statistics(request: Request) -> Statistics | None:
    """How many things, statements and texts of each kind there are; None while that is being counted."""
    found: Statistics | None = request.app.state.keeper.of(request.app.state.engine.generation)
    return found
