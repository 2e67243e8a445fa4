"""Between HTTP and what answers queries: a query, its answer, and an engine, which gives the one for the other."""

from __future__ import annotations

import abc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, Self

from endpoint.generations import Generation
from endpoint.metrics import Lane
from ontology.errors import QueryError


@dataclass(frozen=True)
class Query:
    """A query as the protocol hands it over; the graphs are those of the request, None to leave them to the query.

    `coding` is the content coding that its answer may have: `gzip`, `zstd` or none; `is_federated` says whether it
    calls partners.
    """

    text: str
    media_type: str
    is_graph: bool
    has_dataset: bool
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    coding: str = ""
    is_federated: bool = False


class Answer(abc.ABC):
    """The answer to one query: a beginning that is there already, and a rest that is still to come."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self.head = b""
        self.complete = False
        self.coding = ""

    @property
    @abc.abstractmethod
    def lane(self) -> Lane:
        """By which way it is answered: `fast`, `slow` or `remote`."""

    async def rest(self) -> AsyncIterator[bytes]:
        """What follows the head. Raises QueryError when the answer breaks off, so that it is not taken for whole."""
        while not self.complete and (part := await self.next_part()):
            yield part

    @abc.abstractmethod
    async def next_part(self) -> bytes:
        """The next part, empty at the end. Only the time spent waiting for it counts against the limit."""

    @abc.abstractmethod
    def close(self) -> None:
        """Give back what the answer holds; one that has not finished is stopped."""


class NotXmlError(QueryError):
    """An answer that the XML format asked for cannot express."""


class Engine(Protocol):
    """What answers queries. Use it as an asynchronous context manager."""

    @property
    def generation(self) -> Generation | None:
        """What is answered from, None while there is no graph."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def answer(self, query: Query, *, whole: bool = False) -> Answer:
        """Run a query; returns when the beginning of its answer is there, or all of it. The caller closes the answer.

        Raises QueryError, WorkersBusy, StoreError while there is no graph.
        """
