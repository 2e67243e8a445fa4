"""Between pages and the ledger: the source documents of records, and their past revisions, made on request."""

from __future__ import annotations

import json
import threading

import pyoxigraph as ox

from endpoint.engine import Engine
from endpoint.generations import Generation
from endpoint.house import LEDGER, House, readable, revision
from endpoint.settings import Settings
from loaders.projection import published
from ontology.errors import IdentifierError

_CURRENT = ox.NamedNode("http://purl.org/pav/hasCurrentVersion")


class Sources:
    """What the ledger of a server has of records. Each call reads files and belongs into a thread."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings, self._engine = settings, engine
        self._lock = threading.Lock()
        self._house: tuple[Generation | None, House] | None = None

    def revision(self, guid: str, number: int) -> list[ox.Triple] | None:
        """The graph of a record as it was when a revision was its current one; None where it never was published."""
        if not self._exists():
            return None
        house = self._current()
        with house.ledger_to_read() as ledger:
            try:
                found = [quad.triple for quad in revision(house, ledger, guid, number)]
            except IdentifierError:
                return None
        iri = house.mapping.iris.revision(guid, number)
        is_its_own = any(triple.predicate == _CURRENT and triple.object == iri for triple in found)
        return found if is_its_own else None  # one that was refused changed nothing

    def document(self, guid: str, number: int | None = None) -> bytes | None:
        """The source document of a revision, or of the current one, as the ledger holds it; None where there is none.

        What the graph does not show is not given either: what was refused, and what its publisher has withdrawn or
        withholds.
        """
        if not self._exists():
            return None
        with self._current().ledger_to_read() as ledger:
            shown = published(readable(ledger, guid))
        if not shown or shown[-1].verdict == "withdrawn":
            return None
        entry = next((one for one in shown if one.revision == number), None) if number else shown[-1]
        return None if entry is None else json.dumps(json.loads(entry.text), ensure_ascii=False, indent=1).encode()

    def _exists(self) -> bool:
        return (self._settings.data_dir / LEDGER).is_file()

    def _current(self) -> House:
        """The house with the thesaurus of the present generation; reading that takes a moment."""
        generation = self._engine.generation
        with self._lock:
            if self._house is None or self._house[0] != generation:
                self._house = generation, House.of(self._settings)
            return self._house[1]
