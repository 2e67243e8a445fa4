"""What the tests share: a house over a temporary folder, the loaded sample, documents, and the command line."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pyoxigraph as ox
import pytest

from endpoint.cli import main
from endpoint.house import House, finish, load
from endpoint.settings import Settings
from endpoint.store import records_and_vocabulary
from loaders.gate import Gate, Outcome
from loaders.generate import SAMPLE, sample
from loaders.judgement import Judge, Policy
from loaders.ledger import Ledger
from loaders.mapping import Mapping
from loaders.sources import Item, Raw, read

Json = dict[str, Any]
PERMIT = "5E7E71C0-AAAA-BBBB-CCCC-000000000001"
RECORD = "https://w3id.org/clearinghouse/id/record/"


@pytest.fixture(scope="session")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    """Contexts and thesaurus, read once."""
    return House.of(Settings(data_dir=tmp_path_factory.mktemp("mapping"))).mapping


@pytest.fixture
def house(tmp_path: Path, mapping: Mapping) -> House:
    """An empty house over a temporary folder."""
    return House(Settings(data_dir=tmp_path / "data"), mapping)


@pytest.fixture(scope="session")
def sample_house(tmp_path_factory: pytest.TempPathFactory, mapping: Mapping) -> House:
    """A house with the bundled records loaded and published; for reading only."""
    whole = House(Settings(data_dir=tmp_path_factory.mktemp("sample") / "data"), mapping)
    enter(whole, read([str(SAMPLE.parent)]))
    return whole


@cache
def _first_permit() -> str:
    found = next(one for one in sample()["absPermit"] if one["revision"] == 1)
    for field in ("relatedIRCCs", "relatedIRCC", "amendedPermits", "amendmentIntent", "amendmentDescription"):
        found["body"].pop(field, None)
    for field in ("providers", "entitiesToWhomPICGranted", "subjectMatter", "usages"):
        found["body"].pop(f"{field}Confidential", None)
    return json.dumps(found)


def permit(guid: str = PERMIT, revision: int = 1, number: int = 700_001, **body: Any) -> Json:
    """A certificate in the API's form; members of the body to change, None to leave one out."""
    whole: Json = json.loads(_first_permit())
    whole["identifier"] = whole["body"]["header"]["identifier"] = guid
    whole |= {"revision": revision, "documentID": number}
    for day in ("createdOn", "updatedOn", "submittedOn"):
        whole[day] = f"2020-01-{revision:02d}T10:00:00.000Z"
    whole["body"] = {key: value for key, value in (whole["body"] | body).items() if value is not None}
    return deepcopy(whole)


def items(documents: Iterable[Json | str]) -> list[Item]:
    """Documents as a source would give them."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return [Raw("test", f"/{index}", text) for index, text in enumerate(texts)]


@pytest.fixture(scope="session")
def site(sample_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the bundled records, whose search index has been made."""
    import live

    folder = tmp_path_factory.mktemp("site") / "data"
    shutil.copytree(sample_house.settings.data_dir, folder)
    with live.serve(folder) as served:
        address = served.url.removesuffix("/sparql")
        live.until(lambda: httpx.get(f"{address}/en/search?q=access").status_code == 200, seconds=120)
        yield address


def enter(house: House, given: Iterable[Item], *, submitted: bool = False, strict: bool = False) -> Outcome:
    """Load items and publish the graph, as `clearinghouse load` does; what became of them."""
    whole = Outcome()
    with house.store() as store, house.ledger() as ledger:
        gate = gate_of(house, ledger, submitted=submitted, strict=strict)
        for outcome in load(gate, store, given):
            _add(whole, outcome)
        finish(gate, store)
    return whole


def judge(
    house: House, ledger: Ledger, *documents: Json | str, submitted: bool = False, strict: bool = False
) -> Outcome:
    """Enter documents in a ledger only, without a graph."""
    whole = Outcome()
    gate = gate_of(house, ledger, submitted=submitted, strict=strict)
    for outcome in gate.outcomes(items(documents)):
        _add(whole, outcome)
    gate.settle()
    return whole


@cache
def _judge(mapping: Mapping) -> Judge:
    return Judge(mapping, lambda guid: None)


def gate_of(house: House, ledger: Ledger, *, submitted: bool = False, strict: bool = False) -> Gate:
    """A gate to a ledger, with the judge that all tests share, since making one takes a while."""
    refuse = house.settings.refuse_submitted if submitted else house.settings.refuse_harvested
    shared = _judge(house.mapping)
    shared.schema_of = ledger.schema_of
    shared.forget()
    return Gate(ledger, shared, Policy(frozenset(refuse), strict), agent="test")


def _add(whole: Outcome, outcome: Outcome) -> None:
    whole.judged += outcome.judged
    whole.repeated += outcome.repeated
    whole.refusals += outcome.refusals


def graph(house: House) -> set[ox.Quad]:
    """Every statement of the newest generation."""
    newest = house.generations.newest()
    assert newest is not None
    return set(records_and_vocabulary(house.generations.path(newest)))


def values(quads: Iterable[ox.Quad], subject: str, predicate: str) -> set[str]:
    """The values of a property of a subject, both named by the end of their IRIs."""
    return {
        str(getattr(quad.object, "value", quad.object))
        for quad in quads
        if str(getattr(quad.subject, "value", "")).endswith(subject) and quad.predicate.value.endswith(predicate)
    }


def rows(ledger: Ledger, query: str, *given: object) -> list[tuple[Any, ...]]:
    """What an SQL query finds in a ledger."""
    return ledger.connection.execute(query, given).fetchall()


Run = Callable[..., "subprocess.CompletedProcess[bytes]"]
COMMAND = [sys.executable, "-c", "from endpoint.cli import main; main()"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of the command line, with the data in `tmp_path / "data"`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CLEARINGHOUSE_")}
    return kept | {"DATA_DIR": str(tmp_path / "data"), "COLUMNS": "100", "PYTHONWARNINGS": "error"}


@pytest.fixture
def clearinghouse(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Runs the command line in a process of its own, in `tmp_path`; its output as bytes."""

    def run(*arguments: str, given: bytes = b"", **variables: str) -> "subprocess.CompletedProcess[bytes]":
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=given,
            env=environment | variables,
            cwd=tmp_path,
            capture_output=True,
            timeout=90,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return done

    return run


@pytest.fixture
def inside(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line like `clearinghouse`, but in this process: much faster, where the process is no matter."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "argv", ["clearinghouse", *arguments])
            patch.setattr(os, "environ", environment)
            patch.chdir(tmp_path)
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
        printed, complained = (stream.buffer.getvalue() for stream in (out, err))  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(arguments, code, printed, complained)

    return run


def written(path: Path, documents: Iterable[Json | str]) -> str:
    """A file with a document a line; its path."""
    texts = (one if isinstance(one, str) else json.dumps(one) for one in documents)
    path.write_text("".join(text + "\n" for text in texts), encoding="utf-8")
    return str(path)
