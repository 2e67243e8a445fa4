"""A log line says which request it is about and how it went, never what was asked."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator

import pytest

from endpoint import logs
from ontology.errors import QueryError, StoreError

ASKED = "somebodys-literal"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the root logger writes, with its handlers put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure("INFO", written)
    yield written
    root.handlers[:], root.level = handlers, level
    logging.getLogger("uvicorn.access").propagate = True


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("given", [b"a", b"A-1_z", b"x" * 64])
def test_a_well_formed_request_id_is_kept(given: bytes) -> None:
    assert logs.id_of([(b"host", b"example.org"), (b"x-request-id", given)]) == given.decode()


@pytest.mark.parametrize("given", [b"", b"x" * 65, b"a b", b'a"b', b"a\nb", "é".encode(), b"a\n"])
def test_any_other_is_replaced(given: bytes) -> None:
    made = logs.id_of([(b"x-request-id", given)])
    assert re.fullmatch("[0-9a-f]{16}", made)
    assert made != logs.id_of([])


def test_equal_queries_have_equal_digests_that_do_not_tell_them() -> None:
    query = f'SELECT * {{ ?s ?p "{ASKED}" }}'
    assert logs.digest(query) == logs.digest(query) != logs.digest(query + " ")
    assert re.fullmatch("[0-9a-f]{16}", logs.digest(query))
    assert logs.digest("\ud800")


async def _logged(*, client_address: bool = False, count: int = 1, **more: object) -> io.StringIO:
    written = io.StringIO()
    log = logs.RequestLog(written, client_address=client_address)
    for _ in range(count):
        log.add(identifier="r1", method="GET", path="/sparql", status=200, size=12, seconds=0.0123456, **more)  # type: ignore[arg-type]
    log.flush()
    return written


def test_a_request_is_one_line() -> None:
    [line] = _lines(asyncio.run(_logged(lane="fast", generation="12", form="SELECT", query="0123", client="192.0.2.1")))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(line.pop("time")))
    assert line == {
        "level": "info", "request": "r1", "method": "GET", "path": "/sparql", "status": 200, "bytes": 12,
        "milliseconds": 12.346, "lane": "fast", "generation": "12", "form": "SELECT", "query": "0123",
    }  # fmt: skip


def test_the_client_is_told_only_where_the_operator_wants_it() -> None:
    [line] = _lines(asyncio.run(_logged(client="192.0.2.1", client_address=True)))
    assert line["client"] == "192.0.2.1"


def test_a_path_cannot_forge_a_line_or_fill_the_log() -> None:
    written = io.StringIO()

    async def add() -> None:
        log = logs.RequestLog(written)
        log.add(
            identifier="r", method="GET", path="/\n{}" + "x" * 9999, status=404, size=0, seconds=0, error="about:blank"
        )
        log.flush()

    asyncio.run(add())
    [line] = _lines(written)
    assert str(line["path"]).startswith("/\n{}") and len(str(line["path"])) == 200


def test_lines_are_written_together_and_soon() -> None:
    written = io.StringIO()

    async def add() -> list[int]:
        log = logs.RequestLog(written)
        log.add(identifier="r", method="GET", path="/", status=200, size=0, seconds=0)
        before = len(_lines(written))
        await asyncio.sleep(0.4)
        return [before, len(_lines(written))]

    assert asyncio.run(add()) == [0, 1]
    assert len(_lines(asyncio.run(_logged(count=450)))) == 450


def test_a_message_carries_the_id_of_its_request(stream: io.StringIO) -> None:
    token = logs.request_id.set("abc")
    logging.getLogger("endpoint.pool").warning("worker %d ended", 7)
    logs.request_id.reset(token)
    logging.getLogger("uvicorn.error").info("started")
    first, second = _lines(stream)
    assert (first["message"], first["request"], first["level"]) == ("worker 7 ended", "abc", "warning")
    assert (second["logger"], "request" in second) == ("uvicorn.error", False)


def test_the_access_log_of_the_server_is_silent(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /sparql?query=%s", ASKED)
    assert stream.getvalue() == ""


def test_an_error_tells_its_kind_and_place_but_not_what_was_asked(stream: io.StringIO) -> None:
    try:
        try:
            raise ValueError(f"unexpected {ASKED}")
        except ValueError as error:
            raise QueryError(f"cannot evaluate {ASKED}") from error
    except QueryError as error:
        logging.getLogger("endpoint").exception("a request failed: %s", error)
    [line] = _lines(stream)
    assert ASKED not in stream.getvalue()
    assert line["message"] == "a request failed: QueryError"
    assert line["error"] == ["QueryError", "ValueError"]
    assert any("test_logs.py" in place for place in line["trace"])  # type: ignore[attr-defined]


def test_an_error_of_this_server_tells_its_words(stream: io.StringIO) -> None:
    try:
        raise StoreError("the disk is full")
    except StoreError:
        logging.getLogger("endpoint").exception("no generation")
    assert _lines(stream)[0]["details"] == ["the disk is full"]
