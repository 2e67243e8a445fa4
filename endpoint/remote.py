"""The graph in a remote SPARQL 1.1 store: written whole graph by whole graph, by the ledger, over HTTP.

The store has no generations: its readers see a batch while it is being written. A graph named `META` says how far it
has come; it is written after the statements of a batch, so whatever a crash cuts off is written again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

import httpx2 as httpx
import pyoxigraph as ox

from endpoint.generations import Generation
from endpoint.store import INTEGER, META, Progress, Writer, lock, silent
from loaders.ledger import Ledger
from loaders.projection import Projection
from ontology.errors import StoreError

_MARK = "urn:x-clearinghouse:"  # followed by the name of a field of `Mark`
SCHEME = "sparql+"
STATEMENTS = 300
"""Statements that one update request inserts: Virtuoso compiles an update, and refuses one that grows too long."""
_SECONDS = 300.0  # for one graph to be written, or the mark to be read
_SHOWN = 300  # characters of what a store says about a failure
_SCHEMES = {"basic": httpx.BasicAuth, "digest": httpx.DigestAuth}


@dataclass(frozen=True)
class Address:
    """Where a store takes queries, updates and graphs, and as whom."""

    query: str
    update: str
    graphs: str | None
    writer: httpx.Auth | None
    reader: httpx.Auth | None

    @classmethod
    def of(cls, setting: str) -> Self:
        """The address that `sparql+http://user:password@host:port/path?…` stands for.

        The path is that of queries. Parameters: `graphs`, the path of the graph store protocol; `update`, that of
        updates where it is another than the path of queries; `auth`, `basic` or `digest`; `reader`, `user:password` to
        ask queries with. Queries are never asked with the credentials of the writer. Raises StoreError.
        """
        parts = urlsplit(setting.removeprefix(SCHEME))
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        unknown = given.keys() - {"graphs", "update", "auth", "reader"}
        if unknown or given.get("auth", "basic") not in _SCHEMES:
            raise StoreError(
                "the store may have the parameters graphs, update, reader and auth (basic or digest), "
                f"not {', '.join(sorted(unknown)) or 'auth=' + given['auth']}"
            )
        query = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        scheme = _SCHEMES[given.get("auth", "basic")]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        reader = given.get("reader", "").partition(":")
        return cls(
            query,
            _beside(query, given.get("update", "")),
            _beside(query, given["graphs"]) if "graphs" in given else None,
            scheme(user, password) if user else None,
            scheme(reader[0], reader[2]) if reader[0] else None,
        )


def _beside(query: str, path: str) -> str:
    """A path as a URL of the host that takes the queries: credentials go to no other."""
    url = urljoin(query, path)
    if urlsplit(url)[:2] != urlsplit(query)[:2]:
        raise StoreError(f"{path!r} must be a path of {query}")
    return url


@dataclass(frozen=True)
class Mark:
    """How far a store has come: the sequence numbers applied and published, how often it was built anew, and which
    version of the thesaurus it has, 0 for none."""

    applied: int = 0
    published: int = 0
    build: int = 0
    vocabulary: int = 0

    @property
    def state(self) -> Generation:
        """What answers are given from."""
        return Generation(self.applied, self.build)

    @property
    def generation(self) -> Generation | None:
        """What was published last, None before the first time."""
        return Generation(self.published, self.build) if self.published else None

    @classmethod
    def read(cls, results: bytes) -> Self:
        """The mark in the answer to `MARK_QUERY`, as SPARQL results in JSON. Raises StoreError."""
        try:
            rows = json.loads(results)["results"]["bindings"]
            found = {row["name"]["value"]: int(row["number"]["value"]) for row in rows}
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"the store does not answer with SPARQL results in JSON: {error!r}") from error
        return cls(**{name: found.get(f"{_MARK}{name}", 0) for name in asdict(cls())})

    def triples(self) -> list[ox.Triple]:
        """The statements of the graph `META`."""
        numbers = asdict(self).items()
        return [
            ox.Triple(META, ox.NamedNode(_MARK + name), ox.Literal(str(number), datatype=INTEGER))
            for name, number in numbers
        ]


MARK_QUERY = f"SELECT ?name ?number WHERE {{ GRAPH {META} {{ {META} ?name ?number }} }}"
JSON_RESULTS = "application/sparql-results+json"


class Connection:
    """The HTTP side of a store, as the one who writes it. Every failure is a StoreError without credentials."""

    def __init__(self, address: Address, transport: httpx.BaseTransport | None = None) -> None:
        self.address = address
        self._client = httpx.Client(auth=address.writer, timeout=_SECONDS, trust_env=False, transport=transport)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def mark(self) -> Mark:
        """How far the store has come."""
        return Mark.read(self._select(MARK_QUERY))

    def graph_names(self, prefix: str) -> list[ox.NamedNode]:
        """Graphs whose names begin with a prefix; a store may leave some out where they are many."""
        wanted = f"FILTER(STRSTARTS(STR(?g), {ox.Literal(prefix)}))"
        query = f"SELECT ?g WHERE {{ GRAPH ?g {{ ?s ?p ?o }} {wanted} }} GROUP BY ?g"  # Virtuoso hangs at DISTINCT ?g
        rows = json.loads(self._select(query))["results"]["bindings"]
        return [ox.NamedNode(row["g"]["value"]) for row in rows]

    def replace(self, graphs: Mapping[ox.NamedNode, list[ox.Triple]]) -> None:
        """Make each graph hold these statements and no others; a graph without any is removed."""
        if self.address.graphs is None:
            for update in updates(graphs):
                self._send("POST", self.address.update, {}, "application/sparql-update", update.encode())
            return
        for name, triples in graphs.items():
            if triples:
                self._send("PUT", self.address.graphs, {"graph": name.value}, *_n_triples(triples))
            else:
                self._send("DELETE", self.address.graphs, {"graph": name.value}, missing=True)

    def _select(self, query: str) -> bytes:
        form = {"query": query}
        return self._sent(self._client.build_request("POST", self.address.query, data=form, headers=_ACCEPT))

    def _send(
        self,
        method: str,
        url: str,
        parameters: dict[str, str],
        kind: str = "",
        body: bytes = b"",
        missing: bool = False,
    ) -> None:
        headers = {"Content-Type": kind} if kind else {}
        request = self._client.build_request(method, url, params=parameters or None, content=body, headers=headers)
        self._sent(request, missing=missing)

    def _sent(self, request: httpx.Request, *, missing: bool = False) -> bytes:
        what = f"{request.method} {request.url.copy_with(query=None)}"
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            raise StoreError(f"{what} failed: {error or type(error).__name__}") from error
        if not response.is_success and not (missing and response.status_code == httpx.codes.NOT_FOUND):
            raise StoreError(f"{what} answered {response.status_code}: {said(response.text)}")
        return response.content


_ACCEPT = {"Accept": JSON_RESULTS}


def said(text: str) -> str:
    """What a store says about a failure: its first line, of limited length."""
    return text.strip().partition("\n")[0][:_SHOWN] or "nothing further"


def _n_triples(triples: list[ox.Triple]) -> tuple[str, bytes]:
    form = ox.RdfFormat.N_TRIPLES
    return form.media_type, ox.serialize(triples, format=form) or b""


def updates(graphs: Mapping[ox.NamedNode, list[ox.Triple]]) -> Iterator[str]:
    """Update requests that make each graph hold these statements and no others, each of bounded length."""
    operations, size = [], 0
    for name, triples in graphs.items():
        operations.append(f"DROP SILENT GRAPH {name}")
        for start in range(0, len(triples), STATEMENTS):
            chunk = triples[start : start + STATEMENTS]
            lines = "\n".join(f"{triple} ." for triple in chunk)
            operations.append(f"INSERT DATA {{ GRAPH {name} {{\n{lines}\n}} }}")
            size += len(chunk)
            if size >= STATEMENTS:
                yield " ;\n".join(operations)
                operations, size = [], 0
    if operations:
        yield " ;\n".join(operations)


class RemoteStore(Writer):
    """The graph of a data directory in a remote store; one process at a time may write it."""

    def __init__(self, data_dir: Path, address: Address, projection: Projection) -> None:
        super().__init__(projection)
        self._lock = lock(data_dir)
        self._connection = Connection(address)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        os.close(self._lock)

    def applied(self) -> int:
        """The last sequence number whose consequences are in the store, 0 for an empty one."""
        return self._connection.mark().applied

    def newest(self) -> Generation | None:
        """What the store has published last."""
        return self._connection.mark().generation

    def _vocabulary_version(self) -> int:
        return self._connection.mark().vocabulary

    def _replace(self, graphs: Mapping[ox.NamedNode, bytes], last: int) -> None:
        self._connection.replace({name: _triples(data) for name, data in graphs.items()})
        self._note(replace(self._connection.mark(), applied=last))

    def _write_vocabulary(self) -> None:
        self._connection.replace(self._vocabulary())
        self._note(replace(self._connection.mark(), vocabulary=self.projection.mapping.thesaurus.version))

    def _note(self, mark: Mark) -> None:
        self._connection.replace({META: mark.triples()})

    def publish(self) -> Generation:
        """Say that the store is up to the ledger; what readers see does not change by it."""
        mark = self._connection.mark()
        if mark.published != mark.applied:
            self._note(replace(mark, published=mark.applied))
        return mark.state

    def rebuild(self, ledger: Ledger, progress: Progress = silent) -> Generation:
        """Remove every graph of the data base IRI and write all of them anew; readers see the store fill again."""
        base = self.projection.mapping.iris.base
        self._note(Mark(build=self._connection.mark().build + 1))
        while names := self._connection.graph_names(base):
            self._connection.replace({name: [] for name in names})
        self.catch_up(ledger, progress)
        return self.publish()

    def superseded(self) -> list[Generation]:
        """None: the store has one state."""
        return []


def published(address: Address) -> Generation | None:
    """What a store has published last, None before the first time."""
    connection = Connection(address)
    try:
        return connection.mark().generation
    finally:
        connection.close()


def _triples(n_quads: bytes) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(n_quads, format=ox.RdfFormat.N_QUADS, lenient=True)]
