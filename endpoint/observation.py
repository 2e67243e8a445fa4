"""What is told of each request afterwards, to the metrics and the log: who asked how, and what became of it."""

import time
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from endpoint import logs
from endpoint.logs import RequestLog
from endpoint.metrics import Lane, Metrics

ROUTES = frozenset(
    {"/", "/sparql", "/search", "/livez", "/readyz", "/metrics", "/partners", "/void", "/.well-known/void"}
)
"""Paths that are counted under their own names; there are only so many."""


@dataclass(slots=True)
class Observation:
    """One request and its answer."""

    scope: Scope
    identifier: str
    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    size: int = 0
    lane: Lane = "none"
    generation: str = ""
    media: str = "none"
    form: str = ""
    digest: str = ""
    error: str = ""


class Observer:
    """Counts and logs requests of one server; without a log it only counts."""

    def __init__(self, metrics: Metrics, log: RequestLog | None) -> None:
        self.metrics = metrics
        self.log = log

    def begin(self, scope: Scope) -> Observation:
        """A request has come; what is logged meanwhile carries its id."""
        identifier = logs.id_of(scope["headers"])
        logs.request_id.set(identifier)
        return Observation(scope, identifier)

    def end(self, seen: Observation) -> None:
        """Its answer has been sent, as far as it was."""
        seconds = time.perf_counter() - seen.started
        path = seen.scope["path"]
        route = path if path in ROUTES else "/dumps" if path.startswith("/dumps") else "other"
        self.metrics.series(route, seen.status, seen.media, seen.lane).add(seconds, seen.size)
        if self.log:
            client = seen.scope["client"]
            self.log.add(
                identifier=seen.identifier,
                method=seen.scope["method"],
                path=path,
                status=seen.status,
                size=seen.size,
                seconds=seconds,
                lane=seen.lane,
                generation=seen.generation,
                form=seen.form,
                query=seen.digest,
                client=client[0] if client else "",
                error=seen.error,
            )

    async def observed(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run an application that does not observe itself."""
        seen = self.begin(scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                message["headers"] = [*message.get("headers", []), (logs.REQUEST_ID, seen.identifier.encode())]
            elif message["type"] == "http.response.body":
                seen.size += len(message.get("body", b""))
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            self.end(seen)
