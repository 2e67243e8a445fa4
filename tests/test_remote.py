"""The graph in a remote store: what is sent to it, as whom, in which order, and what is made of its answers.

The store here is a small one of our own behind the same HTTP operations; `test_virtuoso` meets a real one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from conftest import enter, graph, items, permit
from pydantic import SecretStr, ValidationError

from endpoint import remote
from endpoint.engine import Query
from endpoint.generations import Generation
from endpoint.house import House, go_on
from endpoint.negotiation import NotAcceptableError
from endpoint.remote import Address, Mark, updates
from endpoint.remote_engine import RemoteAnswer, RemoteEngine
from endpoint.settings import Settings
from endpoint.store import META
from ontology.errors import (
    QueryError,
    QueryRefused,
    QuerySyntaxError,
    QueryTimeout,
    QueryTooLarge,
    StoreBusy,
    StoreError,
    WorkersBusy,
)

SETTING = "sparql+http://writer:secret@store.example:8890/sparql?graphs=/graphs&update=/update&reader=guest:hello"
BY_UPDATE = "sparql+http://writer:secret@store.example:8890/sparql?update=/update"
JSON_TYPE = "application/sparql-results+json"
Handler = Callable[[httpx.Request], httpx.Response]


class Store:
    """A SPARQL store: the query operation, updates and the graph store protocol. It fails after so many writes."""

    def __init__(self) -> None:
        self.store = ox.Store()
        self.requests: list[httpx.Request] = []
        self.writes_left = 1_000_000

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        if request.url.path == "/sparql":
            return self._query(parse_qs(request.content.decode())["query"][0])
        self.writes_left -= 1
        if self.writes_left < 0:
            return httpx.Response(503, text="out of order\nwith a trace")
        return self._update(request) if request.url.path == "/update" else self._graph(request)

    def _query(self, query: str) -> httpx.Response:
        result = self.store.query(query, use_default_graph_as_union=True)
        data = result.serialize(format=ox.QueryResultsFormat.JSON)
        return httpx.Response(200, content=data or b"", headers={"Content-Type": JSON_TYPE})

    def _update(self, request: httpx.Request) -> httpx.Response:
        self.store.update(request.content.decode())
        return httpx.Response(204)

    def _graph(self, request: httpx.Request) -> httpx.Response:
        name = ox.NamedNode(request.url.params["graph"])
        known = self.store.contains_named_graph(name)
        if request.method == "DELETE" and not known:
            return httpx.Response(404)
        self.store.remove_graph(name)
        if request.method == "PUT":
            self.store.load(request.content, format=ox.RdfFormat.N_TRIPLES, to_graph=name)
        return httpx.Response(204)

    def quads(self) -> set[ox.Quad]:
        """All that it holds but the mark."""
        return {quad for quad in self.store if quad.graph_name != META}


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store that every connection leads to."""
    store = Store()
    monkeypatch.setattr(remote, "Connection", partial(remote.Connection, transport=httpx.MockTransport(store)))
    return store


@pytest.fixture(params=[SETTING, BY_UPDATE], ids=["graphs", "updates"])
def away(request: pytest.FixtureRequest, house: House, there: Store) -> House:
    """A house whose graph is in the store."""
    settings = house.settings.model_copy(
        update={"store": SecretStr(request.param), "data_dir": house.settings.data_dir / "away"}
    )
    return House(settings, house.mapping)


def _guid(number: int) -> str:
    return f"5E7E71C0-AAAA-BBBB-CCCC-{number:012d}"


def _permits(*numbers: int) -> list[Any]:
    return items([permit(_guid(number), number=720_000 + number) for number in numbers])


# The address


def test_an_address_tells_urls_and_users_apart() -> None:
    address = Address.of(SETTING)
    assert address.query == "http://store.example:8890/sparql"
    assert address.update == "http://store.example:8890/update"
    assert address.graphs == "http://store.example:8890/graphs"
    assert isinstance(address.writer, httpx.BasicAuth)
    assert Address.of(BY_UPDATE).graphs is None
    assert Address.of(BY_UPDATE).reader is None
    assert isinstance(Address.of(BY_UPDATE + "&auth=digest").writer, httpx.DigestAuth)


@pytest.mark.parametrize("more", ["&auth=token", "&unknown=1", "&graphs=http://elsewhere.example/graphs"])
def test_an_address_that_cannot_be_meant_is_refused(more: str) -> None:
    with pytest.raises(StoreError) as caught:
        Address.of(BY_UPDATE + more)
    assert "secret" not in str(caught.value)


def test_a_store_that_speaks_no_sparql_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="sparql"):
        Settings(store=SecretStr("bolt://writer:hidden@localhost"))


def test_settings_do_not_show_the_password() -> None:
    assert "writer:secret" in SETTING
    assert "writer:secret" not in repr(Settings(store=SecretStr(SETTING)))


# Writing


def test_the_remote_graph_is_the_local_one(house: House, away: House, there: Store) -> None:
    given = _permits(1, 2, 3)
    enter(house, given)
    enter(away, given)
    assert there.quads() == graph(house)
    with away.ledger() as ledger:
        assert away.newest() == Generation(ledger.head())
    assert go_on(away)


def test_a_later_revision_replaces_the_graph_of_the_record(house: House, away: House, there: Store) -> None:
    for of in (house, away):
        enter(of, _permits(1))
        enter(of, items([permit(_guid(1), revision=2, number=720_001, amendmentIntent=0)]))
    assert there.quads() == graph(house)


@pytest.mark.parametrize("writes", [0, 1, 2, 3, 4, 5])
def test_what_a_failing_store_did_not_take_is_written_at_the_next_occasion(
    writes: int, house: House, away: House, there: Store
) -> None:
    enter(house, _permits(1, 2, 3))
    there.writes_left = writes
    with pytest.raises(StoreError, match=r"answered 503: out of order$"):
        enter(away, _permits(1, 2, 3))
    assert not go_on_quietly(away)
    there.writes_left = 1_000_000
    enter(away, _permits(1, 2, 3))
    assert there.quads() == graph(house)
    assert go_on(away)


def go_on_quietly(house: House) -> bool:
    """Whether an unfinished load can be finished while the store takes no more."""
    try:
        return go_on(house) and house.newest() is not None
    except StoreError:
        return False


def test_the_mark_is_written_after_what_it_speaks_of(away: House, there: Store) -> None:
    enter(away, _permits(1, 2))
    writes = [request for request in there.requests if request.url.path != "/sparql"]
    texts = [str(request.url) + request.content.decode() for request in writes]
    last_record = max(place for place, text in enumerate(texts) if "id/record/" in text.replace("%2F", "/"))
    assert last_record < len(texts) - 1
    assert all("x-clearinghouse" in text for text in texts[last_record + 1 :])


def test_a_rebuild_removes_what_the_ledger_does_not_know(house: House, away: House, there: Store) -> None:
    enter(away, _permits(1))
    stray = ox.NamedNode(f"{away.settings.base_iri}id/record/STRAY")
    foreign = ox.NamedNode("urn:of-others")
    for name in (stray, foreign):
        there.store.add(ox.Quad(stray, ox.NamedNode("urn:p"), stray, name))
    with away.store() as store, away.ledger() as ledger:
        assert store.rebuild(ledger) == Generation(ledger.head(), 1)
    enter(house, _permits(1))
    assert {quad for quad in there.quads() if quad.graph_name != foreign} == graph(house)
    assert there.store.contains_named_graph(foreign)


def test_a_store_ahead_of_the_ledger_is_not_written(away: House, there: Store) -> None:
    there.store.extend([ox.Quad(*triple, META) for triple in Mark(applied=99, published=99, vocabulary=1).triples()])
    with pytest.raises(StoreError, match="knows more than the ledger"):
        enter(away, _permits(1))


def test_one_process_at_a_time_writes(away: House) -> None:
    with away.store(), pytest.raises(StoreBusy), away.store():
        pass


def test_updates_stay_short_and_lose_nothing() -> None:
    predicate = ox.NamedNode("urn:p")
    graphs = {
        ox.NamedNode(f"urn:g{size}"): [
            ox.Triple(ox.NamedNode(f"urn:s{n}"), predicate, ox.Literal('a "b"\n}')) for n in range(size)
        ]
        for size in (0, 1, 299, 300, 301, 1000, 5)
    }
    store = ox.Store()
    store.add(ox.Quad(predicate, predicate, predicate, ox.NamedNode("urn:g0")))
    for update in updates(graphs):
        assert update.count("<urn:p>") < 2 * remote.STATEMENTS
        store.update(update)
    assert set(store) == {ox.Quad(*triple, name) for name, triples in graphs.items() for triple in triples}


# Asking


def _mark(published: int = 7) -> httpx.Response:
    numbers = {"applied": "7", "published": str(published), "build": "2"}
    rows = [{"name": {"value": f"urn:x-clearinghouse:{name}"}, "number": {"value": n}} for name, n in numbers.items()]
    return httpx.Response(200, json={"head": {"vars": ["name", "number"]}, "results": {"bindings": rows}})


@asynccontextmanager
async def engine(handler: Any, published: int = 7, **settings: Any) -> AsyncIterator[RemoteEngine]:
    """An engine whose store answers queries by a handler."""

    async def respond(request: httpx.Request) -> httpx.Response:
        if b"x-clearinghouse" in await request.aread():
            return _mark(published)
        answered = handler(request)
        return await answered if asyncio.iscoroutine(answered) else answered

    address = Address.of(SETTING)
    async with RemoteEngine(address, Settings(**settings), transport=httpx.MockTransport(respond)) as made:
        yield made


def ask(handler: Any, text: str = "SELECT * WHERE { ?s ?p ?o }", **settings: Any) -> bytes:
    """The whole answer of an engine."""

    async def run() -> bytes:
        async with engine(handler, **settings) as made:
            answer = await made.answer(Query(text, JSON_TYPE, False, False))
            try:
                return await whole(answer)
            finally:
                answer.close()

    return asyncio.run(run())


async def whole(answer: RemoteAnswer) -> bytes:
    return answer.head + b"".join([part async for part in answer.rest()])


def _json(content: Any = b"{}", **headers: str) -> httpx.Response:
    return httpx.Response(200, content=content, headers={"Content-Type": JSON_TYPE} | headers)


def test_a_query_goes_to_the_store_as_it_came_and_as_the_reader() -> None:
    seen: list[httpx.Request] = []

    async def run() -> RemoteAnswer:
        def handler(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return _json(b"[1]")

        async with engine(handler) as made:
            query = Query("SELECT * WHERE { ?s ?p 'é&=' }", JSON_TYPE, False, False, ("urn:a", "urn:b"), ("urn:c",))
            answer = await made.answer(query)
            assert await whole(answer) == b"[1]"
            assert made.generation == Generation(7, 2)
        return answer

    answer = asyncio.run(run())
    assert answer.complete
    assert answer.generation == Generation(7, 2)
    [request] = seen
    assert request.method == "POST"
    assert request.headers["Authorization"] == httpx.BasicAuth("guest", "hello")._auth_header
    assert parse_qs(request.content.decode()) == {
        "query": ["SELECT * WHERE { ?s ?p 'é&=' }"],
        "default-graph-uri": ["urn:a", "urn:b"],
        "named-graph-uri": ["urn:c"],
    }


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "SELECT * WHERE { SERVICE <http://a.example/> { ?s ?p ?o } }",
        "SELECT * WHERE { SERVICE SILENT ?x { ?s ?p ?o } }",
        "define sql:log-enable 2 SELECT * WHERE { ?s ?p ?o }",
        "PREFIX x: <bif:> SELECT (x:sys_stat('st_dbms_name') AS ?n) {}",
        "SELECT (bif:sys_stat('st_dbms_name') AS ?n) {}",
        "SELECT (`sys_stat('x')` AS ?n) {}",
    ],
)
def test_only_queries_that_reach_no_further_are_forwarded(text: str) -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.content)

    with pytest.raises((QueryRefused, QuerySyntaxError)):
        ask(never, text)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(400, text="syntax error at 'x'\nSPARQL query: …"), QuerySyntaxError),
        (httpx.Response(401), StoreError),
        (httpx.Response(404), StoreError),
        (httpx.Response(406), NotAcceptableError),
        (httpx.Response(503), WorkersBusy),
        (httpx.Response(500, text="The estimated execution time 2251 (sec) exceeds the limit"), QueryTimeout),
        (httpx.Response(500, text="Internal error"), QueryError),
        (httpx.Response(200, text="<html>", headers={"Content-Type": "text/html"}), NotAcceptableError),
        (_json(b"{}", **{"X-SPARQL-MaxRows": "10000"}), QueryTooLarge),
        (_json(b"{}", **{"X-SQL-State": "S1TAT"}), QueryTooLarge),
    ],
)
def test_a_failure_of_the_store_is_said_in_our_words(response: httpx.Response, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        ask(lambda _: response)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_a_store_out_of_reach_is_said_so() -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(StoreError, match="cannot be reached"):
        ask(fail)


def test_without_a_published_graph_nothing_is_asked() -> None:
    with pytest.raises(StoreError, match="no graph"):
        ask(lambda _: _json(), published=0)


async def _parts(count: int, size: int, pause: float = 0.0, breaks: bool = False) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size
        await asyncio.sleep(pause)
    if breaks:
        raise httpx.ReadError("gone")


def test_a_long_answer_is_passed_on_in_parts() -> None:
    async def run() -> None:
        async with engine(lambda _: _json(_parts(40, 1 << 17))) as made:
            answer = await made.answer(Query("ASK {}", JSON_TYPE, False, False))
            assert len(answer.head) == 1 << 20
            assert not answer.complete
            assert len(await whole(answer)) == 40 << 17
            assert answer.complete

    asyncio.run(run())


def test_an_answer_larger_than_the_limit_breaks_off_with_an_error() -> None:
    with pytest.raises(QueryTooLarge):
        ask(lambda _: _json(_parts(40, 1 << 17)), max_result_bytes=3 << 20)


def test_an_answer_that_the_store_breaks_off_is_no_answer() -> None:
    with pytest.raises(QueryError, match="broke off"):
        ask(lambda _: _json(_parts(20, 1 << 17, breaks=True)))


def test_a_slow_store_is_left_in_time() -> None:
    with pytest.raises(QueryTimeout, match=r"0\.2 seconds"):
        ask(lambda _: _json(_parts(100, 10, pause=0.05)), query_timeout=0.2)


def test_a_client_that_reads_slowly_spends_no_time_of_the_query() -> None:
    async def run() -> None:
        async with engine(lambda _: _json(_parts(20, 1 << 17)), query_timeout=0.5) as made:
            answer = await made.answer(Query("ASK {}", JSON_TYPE, False, False))
            await asyncio.sleep(0.7)
            assert len(await whole(answer)) == 20 << 17

    asyncio.run(run())


def test_queries_wait_for_a_place_and_one_too_many_is_turned_away() -> None:
    async def run() -> list[Any]:
        async def slowly(_: httpx.Request) -> httpx.Response:
            await asyncio.sleep(0.1)
            return _json()

        async with engine(slowly, workers=1, queue_length=1) as made:
            query = Query("ASK {}", JSON_TYPE, False, False)
            asked = [asyncio.create_task(made.answer(query, whole=True)) for _ in range(3)]
            return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third = asyncio.run(run())
    assert first.complete
    assert second.complete
    assert isinstance(third, WorkersBusy)


def test_an_answer_that_is_closed_early_gives_its_place_back_and_its_connection_up() -> None:
    closed = []

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield b"x" * (1 << 20)

        async def aclose(self) -> None:
            closed.append(True)

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Endless(), headers={"Content-Type": JSON_TYPE})

    async def run() -> None:
        async with engine(handler, workers=1, queue_length=0) as made:
            for _ in range(3):
                answer = await made.answer(Query("ASK {}", JSON_TYPE, False, False))
                answer.close()
                answer.close()
                await asyncio.sleep(0.01)
                assert closed.pop()

    asyncio.run(run())


def test_a_mark_that_cannot_be_read_is_an_error() -> None:
    for wrong in (b"", b"<html>", json.dumps({"boolean": True}).encode()):
        with pytest.raises(StoreError, match="JSON"):
            Mark.read(wrong)
