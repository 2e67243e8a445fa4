"""Beside every request: its line in the log, as JSON, without a word of what was asked.

A line tells the form of a query and a digest of its text, so that equal queries can be counted. No literal, no query
string of an address and no secret gets in: of an error the kind and the place are told, its message only where it
speaks of this server alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from json.encoder import encode_basestring_ascii as _quoted
from traceback import extract_tb
from typing import TextIO

from ontology.errors import LedgerError, StoreError

REQUEST_ID = b"x-request-id"
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered; set it once for each, and every line logged meanwhile carries it."""

_START, _COUNT = secrets.token_hex(4), count()
"""Request ids of ours: a random beginning and a number; random ones would each cost a call of the system."""
_WELL_FORMED = re.compile(rb"[A-Za-z0-9_-]{1,64}")
_PATH_LENGTH = 200
_HELD_BACK = 0.2
"""Seconds that a request's line may wait for others to be written with it."""
_HELD_LINES = 200
_OPTIONAL = ("generation", "form", "query", "error", "client")
_OURS = (StoreError, LedgerError, OSError)
"""Errors whose words are about this server's files and processes, never about what somebody asked."""


def id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id that a client or proxy gave the request, if it is well-formed, else a new one."""
    for name, value in headers:
        if name == REQUEST_ID and _WELL_FORMED.fullmatch(value):
            return value.decode("ascii")
    return f"{_START}{next(_COUNT):08x}"


def digest(query: str) -> str:
    """What stands for the text of a query in a log: 16 hexadecimal digits."""
    return blake2b(query.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def configure(level: str = "WARNING", stream: TextIO | None = None) -> None:
    """Send every log message of this process, the HTTP server's too, through `JsonLines`.

    Start the HTTP server without a configuration and an access log of its own, which would tell query strings.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).setLevel(logging.NOTSET)
        logging.getLogger(name).propagate = name != "uvicorn.access"


class JsonLines(logging.Formatter):
    """A message as one line of JSON with the id of the request it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": _time(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if identifier := request_id.get():
            line["request"] = identifier
        if record.exc_info and record.exc_info[1]:
            line |= _told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


class RequestLog:
    """One line for each request, written some at a time, since a call of the system costs more than an answer."""

    def __init__(self, stream: TextIO, *, client_address: bool = False) -> None:
        self._stream = stream
        self._client_address = client_address
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(
        self,
        *,
        identifier: str,
        method: str,
        path: str,
        status: int,
        size: int,
        seconds: float,
        lane: str = "none",
        generation: str = "",
        form: str = "",
        query: str = "",
        client: str = "",
        error: str = "",
    ) -> None:
        """Log an answer: bytes of its body, seconds it took, `form` of the query (SELECT, …) and `query` its digest;
        `error` is the kind of problem, such as `query-timeout`. Empty ones are left out."""
        parts = [
            f'{{"time":"{_now()}","level":"{"error" if status >= 500 else "info"}","request":{_quoted(identifier)}',
            f'"method":{_quoted(method)},"path":{_quoted(path[:_PATH_LENGTH])},"status":{status},"bytes":{size}',
            f'"milliseconds":{seconds * 1000:.3f},"lane":"{lane}"',
        ]
        shown = client if self._client_address else ""
        for name, value in zip(_OPTIONAL, (generation, form, query, error, shown), strict=True):
            if value:
                parts.append(f'"{name}":{_quoted(value)}')
        self._lines.append(",".join(parts) + "}")
        self._write_soon()

    def flush(self) -> None:
        """Write what is held back; the server calls this once more at its end."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            self._stream.write("\n".join(self._lines) + "\n")
            self._stream.flush()
            self._lines.clear()

    def _write_soon(self) -> None:
        if len(self._lines) >= _HELD_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_HELD_BACK, self.flush)


def _now() -> str:
    at = time.time()
    return f"{_second(int(at))}.{int(at * 1000) % 1000:03d}Z"


@lru_cache(maxsize=1)
def _second(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    """The message, with the kind in place of an error whose words may be somebody's."""
    if isinstance(record.args, tuple) and any(isinstance(value, BaseException) for value in record.args):
        values = (_words(value) if isinstance(value, BaseException) else value for value in record.args)
        return str(record.msg) % tuple(values)
    return _words(record.msg) if isinstance(record.msg, BaseException) else record.getMessage()


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, _OURS) else type(error).__name__


def _told(error: BaseException) -> dict[str, object]:
    """An error and what it came from: kinds, words of ours, and where they were raised."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    frames = extract_tb(error.__traceback__)
    kinds = [type(one).__name__ for one in chain]
    words = [str(one) for one in chain if isinstance(one, _OURS)]
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": kinds, "details": words, "trace": places}
