"""The thesaurus as the server knows it: an index of the approved version, editing, uses, and publishing of changes."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib.metadata import version
from typing import Self

import pyoxigraph as ox

from endpoint import processes
from endpoint.engine import Engine, Query
from endpoint.generations import Generation
from endpoint.house import House
from endpoint.settings import Settings
from loaders.editing import Editing
from ontology.errors import QueryError, StoreError
from ontology.identifiers import Iris
from thesaurus.index import Index, build

_COUNTED_TOGETHER = 200  # concepts of one query
_USES = """PREFIX ch: <https://w3id.org/clearinghouse/ns#>
SELECT ?concept (COUNT(DISTINCT ?record) AS ?records) WHERE {{
  VALUES ?concept {{ {concepts} }}
  GRAPH ?record {{ ?node ?property ?concept }}
  FILTER (STRSTARTS(STR(?record), "{records}"))
  FILTER (?property NOT IN (ch:changes, ch:suggestedConcept, ch:decidedConcept))
}} GROUP BY ?concept"""

_log = logging.getLogger(__name__)


class Thesauri:
    """What handlers ask of the thesaurus; an asynchronous context manager, which ends a publication under way."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.iris = Iris(settings.base_iri)
        self._engine = engine
        self._lock = threading.Lock()
        self._known: Editing | None = None
        self._indexed: tuple[int, Index] | None = None
        self._uses: tuple[Generation | None, dict[str, int]] = (None, {})
        self._publication: asyncio.Task[None] | None = None
        self._again = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._publication is not None:
            self._publication.cancel()
            await asyncio.gather(self._publication, return_exceptions=True)

    @contextmanager
    def editing(self) -> Iterator[Editing]:
        """The changes, over a connection of its own to the ledger."""
        with House.ledger_of(self.settings) as ledger:
            known = self._known
            editing = known.over(ledger) if known else Editing(ledger, self.iris)
            yield editing
            editing.version()
            self._known = editing

    def index(self) -> Index:
        """The index of the present version, which is made where it is not there yet: a matter of seconds."""
        with self._lock, self.editing() as editing:
            number = editing.version()
            if self._indexed is None or self._indexed[0] != number:
                self._indexed = number, self._made(editing, number)
            return self._indexed[1]

    def _made(self, editing: Editing, number: int) -> Index:
        """The index from its file, which is named after all that it was made of."""
        statements = editing.statements()
        digest = sha256(version("clearinghouse-graph").encode())
        for line in sorted(map(str, statements)):
            digest.update(line.encode())
        directory = self.settings.data_dir / "thesaurus"
        path = directory / f"{number}-{digest.hexdigest()[:16]}.sqlite"
        if path.is_file():
            with suppress(StoreError):  # one of an older form
                return Index(path)
        directory.mkdir(parents=True, exist_ok=True)
        build(path, statements, str(number))
        made = sorted(directory.glob("*.sqlite"), key=lambda one: one.stat().st_mtime_ns)
        for older in made[:-2]:  # the one before is still read by whoever has begun to
            older.unlink(missing_ok=True)
        return Index(path)

    async def uses(self, iris: Iterable[str]) -> dict[str, int]:
        """How many records of the published graph each concept is used in; what could not be counted is left out."""
        if self._uses[0] != self._engine.generation:
            self._uses = self._engine.generation, {}
        counted = self._uses[1]
        wanted = list(dict.fromkeys(iris))
        waiting = [iri for iri in wanted if iri not in counted]
        for start in range(0, len(waiting), _COUNTED_TOGETHER):
            some = waiting[start : start + _COUNTED_TOGETHER]
            try:
                found = await self._counted(some)
            except (QueryError, StoreError) as error:
                _log.warning("uses of concepts were not counted: %s", error)
                break
            counted |= dict.fromkeys(some, 0) | found
        return {iri: counted[iri] for iri in wanted if iri in counted}

    async def _counted(self, iris: list[str]) -> dict[str, int]:
        concepts = " ".join(str(ox.NamedNode(iri)) for iri in iris)
        text = _USES.format(concepts=concepts, records=f"{self.iris.base}id/record/")
        query = Query(text, "application/sparql-results+json", is_graph=False, has_dataset=False)
        answer = await self._engine.answer(query, whole=True)
        try:
            body = answer.head + b"".join([part async for part in answer.rest()])
        finally:
            answer.close()
        rows = json.loads(body)["results"]["bindings"]
        return {row["concept"]["value"]: int(row["records"]["value"]) for row in rows}

    async def publish(self) -> None:
        """Have a process bring the graph up to the ledger; one at a time, and once more for what is approved meanwhile.

        Returns at once. What a crash cuts off is done at the next start.
        """
        self._again = True
        if self._publication is None or self._publication.done():
            self._publication = asyncio.create_task(self._publish())

    async def _publish(self) -> None:
        while self._again:
            self._again = False
            environment = self.settings.environment()
            async with processes.running("endpoint.cli", "thesaurus", "publish", environment=environment) as process:
                if code := await process.wait():
                    _log.error("publishing the thesaurus ended with code %s; the next start does it again", code)
