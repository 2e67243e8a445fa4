"""Dumps: whole and by house, the same bytes for the same graph, never half, never with what is redacted."""

import gzip
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import zstandard
from conftest import enter, graph, items, permit
from starlette.testclient import TestClient
from test_privacy import Canaries, _earlier, _guid, _later

from endpoint import dump_files, dumps, exports
from endpoint import house as houses
from endpoint.app import Application
from endpoint.dump_description import Manifest
from endpoint.generations import Generation
from endpoint.house import House, publish
from endpoint.settings import Settings
from loaders.mapping import Mapping
from ontology.errors import StoreBusy, StoreError

DCAT, VOID = "http://www.w3.org/ns/dcat#", "http://rdfs.org/ns/void#"
FORMATS = {"nq": ox.RdfFormat.N_QUADS, "trig": ox.RdfFormat.TRIG}
HOUSES = {"absch": "ABSCH", "bch": "BCH", "chm": "CHM"}


def dumped(house: House, folder: Path | None = None, *, keep: int = 2) -> Path:
    """A dump of the newest generation; where it is."""
    folder = folder or house.settings.data_dir / "dumps"
    with house.ledger() as ledger:
        return folder / dumps.make(folder, house.generations, ledger, house.settings.base_iri, keep=keep).generation


def content(path: Path) -> bytes:
    """What a file holds, without its compression."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())).read()
    return path.read_bytes()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, as it is."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def leaks(folder: Path, canaries: Canaries) -> set[str]:
    """The canaries in the files below a folder."""
    return {place for path in folder.rglob("*") if path.is_file() for place in canaries.seen(content(path))}


def in_jelly(path: Path) -> set[str]:
    """The statements of a file in Jelly, read by the library's own reader, as lines of N-Quads."""
    from pyjelly.integrations.generic.parse import parse_jelly_flat

    return {_line(statement) for statement in parse_jelly_flat(io.BytesIO(content(path)))}


def _line(statement: Any) -> str:
    kinds: dict[str, Any] = {"IRI": lambda term: ox.NamedNode(term._iri), "Literal": _literal}
    return str(ox.Quad(*(kinds[type(term).__name__](term) for term in statement)))


def _literal(term: Any) -> ox.Literal:
    datatype = ox.NamedNode(term._datatype) if term._datatype else None
    return ox.Literal(term._lex, language=term._langtag, datatype=datatype)


@pytest.fixture(scope="module")
def dump(sample_house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of the bundled records."""
    return dumped(sample_house, tmp_path_factory.mktemp("dumps"))


@pytest.fixture(scope="module")
def quads(sample_house: House) -> set[ox.Quad]:
    return graph(sample_house)


@pytest.mark.parametrize("name", ["nq.gz", "nq.zst", "trig.gz", "trig.zst"])
def test_the_whole_dump_is_the_sorted_export(dump: Path, quads: set[ox.Quad], tmp_path: Path, name: str) -> None:
    exports.write(quads, tmp_path / f"all.{name}")
    assert content(dump / f"all.{name}") == content(tmp_path / f"all.{name}")
    syntax = FORMATS[name.partition(".")[0]]
    assert set(ox.parse(content(dump / f"all.{name}"), format=syntax)) == quads


@pytest.mark.parametrize(("part", "house"), HOUSES.items())
@pytest.mark.parametrize("syntax", ["nq", "trig"])
def test_a_house_has_the_graphs_of_its_records(
    dump: Path, quads: set[ox.Quad], part: str, house: str, syntax: str
) -> None:
    named = ox.NamedNode(f"https://w3id.org/clearinghouse/ns#{house}")
    records = {q.graph_name for q in quads if q.predicate == dump_files.CLEARING_HOUSE and q.object == named}
    expected = {quad for quad in quads if quad.graph_name in records}
    for suffix in (".gz", ".zst"):
        found = set(ox.parse(content(dump / f"{part}.{syntax}{suffix}"), format=FORMATS[syntax]))
        assert found == expected
    assert expected


def test_the_vocabulary_is_what_is_no_record(dump: Path, quads: set[ox.Quad]) -> None:
    found = set(ox.parse(content(dump / "vocabulary.nq.gz"), format=ox.RdfFormat.N_QUADS))
    assert found == {quad for quad in quads if "/id/record/" not in str(quad.graph_name)}
    names = {str(quad.graph_name) for quad in found}
    assert names == {"<https://w3id.org/clearinghouse/ns>", "<https://w3id.org/clearinghouse/id/thesaurus>"}


def test_jelly_holds_the_same_statements(dump: Path) -> None:
    pytest.importorskip("pyjelly")
    lines = content(dump / "all.nq.gz").decode().splitlines()
    assert in_jelly(dump / "all.jelly.zst") == {line.removesuffix(" .") for line in lines}


def test_without_the_extra_there_is_no_jelly(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(house, items([permit()]))
    monkeypatch.setattr(dump_files, "find_spec", lambda name: None)
    names = {path.name for path in dumped(house).iterdir()}
    assert "all.nq.zst" in names
    assert not any("jelly" in name for name in names)


def test_the_same_graph_gives_the_same_bytes(
    dump: Path, sample_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "RUN", 7_000)  # so that several runs are merged
    assert contents(dumped(sample_house, tmp_path)) == contents(dump)


def test_odd_literals_survive(tmp_path: Path, house: House) -> None:
    g, p = ox.NamedNode(f"{house.settings.base_iri}id/record/X"), ox.NamedNode("https://example.org/p")
    odd = ["", " <https://example.org/g> .", 'a"b\\c', "line\nbreak\ttab\r", "} {", "\u0001\u007f\u0085\u2028", "𝄞"]
    given = {ox.Quad(g, p, ox.Literal(text, language="en"), g) for text in odd}
    store = ox.Store(str(tmp_path / "oxigraph"))
    store.extend(given)
    store.flush()
    del store
    (tmp_path / "out").mkdir()
    counts = dump_files.write(tmp_path, tmp_path / "out", house.settings.base_iri)
    assert counts == {"all": len(odd), "absch": 0, "bch": 0, "chm": 0, "vocabulary": 0}
    for syntax, kind in FORMATS.items():
        assert set(ox.parse(content(tmp_path / "out" / f"all.{syntax}.zst"), format=kind)) == given


def test_the_manifest_tells_of_every_file(dump: Path, sample_house: House, quads: set[ox.Quad]) -> None:
    manifest = json.loads((dump / "manifest.json").read_text())
    with sample_house.ledger() as ledger:
        newest = ledger.connection.execute("SELECT MAX(at) FROM event").fetchone()[0]
    assert (manifest["generation"], manifest["asOf"], manifest["statements"]) == (dump.name, newest, len(quads))
    told = {file["name"]: file for file in manifest["files"]}
    assert {path.name for path in dump.iterdir()} - set(told) == {"manifest.json", "SHA256SUMS", "description.ttl"}
    for name, file in told.items():
        data = (dump / name).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert file["house"] == HOUSES.get(file["part"])
        if ".nq." in name:
            assert file["statements"] == content(dump / name).count(b"\n")
            assert (file["mediaType"], "zst" in name) == (
                "application/n-quads",
                file["compression"] != "application/gzip",
            )


def test_the_checksums_hold(dump: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=dump, check=True)
    listed = {line.split()[1] for line in (dump / "SHA256SUMS").read_text().splitlines()}
    assert listed == {path.name for path in dump.iterdir()} - {"SHA256SUMS"}


def test_the_description_tells_where_each_file_is(dump: Path) -> None:
    base = f"https://example.org/dumps/{dump.name}/"
    text = (dump / "description.ttl").read_bytes()
    found = ox.Store()
    found.load(text, format=ox.RdfFormat.TURTLE, base_iri=f"{base}description.ttl")
    query = f"""
    PREFIX dcat: <{DCAT}> PREFIX void: <{VOID}> PREFIX spdx: <http://spdx.org/rdf/terms#>
    SELECT ?dataset ?triples ?file ?bytes ?sum {{
      ?dataset a dcat:Dataset, void:Dataset ; void:triples ?triples ; void:dataDump ?file ; dcat:distribution ?at .
      ?at a dcat:Distribution ; dcat:downloadURL ?file ; dcat:byteSize ?bytes ; dcat:compressFormat ?compressed ;
        spdx:checksum [ spdx:algorithm spdx:checksumAlgorithm_sha256 ; spdx:checksumValue ?sum ] }}"""
    rows: Any = found.query(query)
    told = {
        row["file"].value: (row["dataset"].value, int(row["triples"].value), int(row["bytes"].value), row["sum"].value)
        for row in rows
    }
    dataset = "https://w3id.org/clearinghouse/id/dataset"
    assert told == {
        f"{base}{file.name}": (
            dataset if file.part == "all" else f"{dataset}/{file.part}",
            file.statements,
            file.size,
            file.sha256,
        )
        for file in Manifest.read(dump).files
    }


def test_a_dump_of_the_same_generation_is_not_made_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(house, items([permit()]))
    before = {path: path.stat().st_mtime_ns for path in dumped(house).iterdir()}
    monkeypatch.setattr(dump_files, "write", None)
    assert {path: path.stat().st_mtime_ns for path in dumped(house).iterdir()} == before


def test_the_newest_two_are_kept(house: House) -> None:
    made = []
    for number in (1, 2, 3):
        enter(house, items([permit(_guid(number), number=710_000 + number)]))
        made.append(dumped(house))
    assert dumps.published(made[0].parent) == [Generation.named(path.name) for path in reversed(made[1:])]
    assert {path.name for path in made[0].parent.iterdir()} == {made[1].name, made[2].name, "writer.lock"}


def test_without_a_graph_there_is_nothing_to_dump(house: House) -> None:
    with pytest.raises(StoreError, match="load records first"):
        dumped(house)


CUT = """
import os, sys
from endpoint import dump_files, dump_description, dumps
{place} = lambda *given: os._exit(9)
sys.argv = ["clearinghouse"]
dumps.commands()
"""


@pytest.mark.parametrize("place", ["dump_files.trig", "dumps.complete", "dumps._publish"])
def test_a_dump_that_is_cut_off_is_never_seen(house: House, environment: dict[str, str], place: str) -> None:
    enter(house, items([permit()]))
    done = subprocess.run([sys.executable, "-c", CUT.format(place=place)], env=environment, capture_output=True)
    assert done.returncode == 9, done.stderr.decode()
    folder = house.settings.data_dir / "dumps"
    assert dumps.published(folder) == []
    assert any(folder.glob(".building-*"))
    assert {path.name for path in (dumped(house).parent).iterdir()} == {"1", "writer.lock"}


def test_two_processes_do_not_dump_into_one_folder(house: House) -> None:
    enter(house, items([permit()]))
    with dumps._alone(house.settings.data_dir / "dumps"), pytest.raises(StoreBusy, match="another process"):
        dumped(house)


def test_a_redaction_removes_the_dumps(house: House) -> None:
    canaries = Canaries()
    enter(house, items([_earlier(canaries)]))
    folder = dumped(house).parent
    enter(house, items([permit(_guid(1), number=710_001)]))
    dumped(house)
    assert len(dumps.published(folder)) == 2
    assert "earlier: subject matter" in leaks(folder, canaries)
    enter(house, items([_later()]))
    assert (dumps.published(folder), leaks(folder, canaries)) == ([], set())
    assert leaks(dumped(house).parent, canaries) == set()
    assert len(dumps.published(folder)) == 1


def test_a_load_without_a_redaction_leaves_the_dumps(house: House) -> None:
    enter(house, items([permit()]))
    before = contents(dumped(house))
    enter(house, items([permit(revision=2)]))
    assert contents(house.settings.data_dir / "dumps" / "1") == before


def test_what_a_dump_cut_off_has_left_is_removed_by_a_redaction(house: House) -> None:
    canaries = Canaries()
    enter(house, items([_earlier(canaries)]))
    dump = dumped(house)
    for name in (".building-1", ".removing-1"):
        (dump.parent / name).mkdir()
        (dump.parent / name / "all.nq").write_bytes(content(dump / "all.nq.gz"))
    enter(house, items([_later()]))
    assert contents(dump.parent) == {"writer.lock": b""}


def test_a_graph_that_is_being_redacted_is_not_dumped(house: House) -> None:
    enter(house, items([_earlier(Canaries())]))
    with house.ledger() as ledger:
        gate = house.gate(ledger, agent="test")
        list(gate.outcomes(items([_later()])))
    with pytest.raises(StoreError, match="redacted"):
        dumped(house)
    with house.ledger() as ledger:
        house.gate(ledger, agent="test").redact()
    with pytest.raises(StoreError, match="redacted"):
        dumped(house)
    assert dumps.published(house.settings.data_dir / "dumps") == []


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_redaction_meanwhile_ends_a_dump(house: House, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """It comes when the files are written, or when the dump has just been given its name; the generation is held."""
    canaries = Canaries()
    enter(house, items([_earlier(canaries)]))
    monkeypatch.setattr(houses, "READERS_LEAVE", 0.0)

    def redact() -> None:
        with pytest.raises(StoreError, match="a reader holds it"):
            enter(house, items([_later()]))

    if place == "before":
        complete = dumps.complete
        monkeypatch.setattr(dumps, "complete", lambda *given: (complete(*given), redact()))
    else:
        monkeypatch.setattr(dumps, "sync", lambda folder: redact())
    with pytest.raises(StoreError, match=r"taken away|redacted"):
        dumped(house)
    folder = house.settings.data_dir / "dumps"
    assert contents(folder) == {"writer.lock": b""}
    monkeypatch.undo()
    enter(house, items([permit(_guid(1), number=710_001)]))
    assert leaks(dumped(house).parent, canaries) == set()


def test_a_dump_that_got_its_name_late_is_removed_with_the_last_reader(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed between being named and looking whether that was still right."""
    canaries = Canaries()
    enter(house, items([_earlier(canaries)]))
    dump = dumped(house)
    late = contents(dump)
    superseded = houses.time.monotonic

    def named_late() -> float:
        dump.mkdir(exist_ok=True)
        for name, data in late.items():
            (dump / name).write_bytes(data)
        return superseded()

    monkeypatch.setattr(houses.time, "monotonic", named_late)
    enter(house, items([_later()]))
    assert leaks(dump.parent, canaries) == set()


def test_a_rebuild_removes_the_dumps(house: House) -> None:
    enter(house, items([permit()]))
    dump = dumped(house)
    with house.store() as store, house.ledger() as ledger:
        houses.rebuild(house.gate(ledger, agent="test"), store)
        publish(ledger, store)
    assert not dump.exists()


# Over HTTP


@pytest.fixture(scope="module")
def shown(mapping: Mapping, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two dumps, and what lies about in it that is none of them."""
    house = House(Settings(data_dir=tmp_path_factory.mktemp("shown") / "data"), mapping)
    for number in (1, 2):
        enter(house, items([permit(_guid(number), number=710_000 + number)]))
        folder = dumped(house).parent
    (folder / ".building-1").mkdir()
    (folder / ".building-1" / "all.nq.gz").write_bytes(b"secret")
    (folder / "1" / "secret").write_bytes(b"secret")
    (folder / "1" / "link.gz").symlink_to(house.settings.data_dir / "ledger.sqlite")
    return folder


@pytest.fixture
def web(shown: Path) -> TestClient:
    """The pages over two dumps."""
    return _client(Settings(data_dir=shown.parent))


def _client(settings: Settings) -> TestClient:
    return TestClient(Application(settings).rest, follow_redirects=False)


def test_a_file_comes_whole_with_what_a_cache_needs(shown: Path, web: TestClient) -> None:
    data = (shown / "2" / "all.nq.gz").read_bytes()
    got = web.get("/dumps/2/all.nq.gz", headers={"Accept-Encoding": "identity"})
    assert (got.status_code, got.content) == (200, data)
    assert got.headers["etag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert got.headers["content-length"] == str(len(data))
    assert got.headers["content-type"] == "application/gzip"
    assert "immutable" in got.headers["cache-control"]
    assert got.headers["last-modified"].endswith("GMT")
    assert "content-encoding" not in got.headers
    head = web.head("/dumps/2/all.nq.gz")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(data)))


def test_a_part_of_a_file_can_be_asked_for(shown: Path, web: TestClient) -> None:
    data = (shown / "2" / "all.trig.zst").read_bytes()
    first = web.get("/dumps/2/all.trig.zst", headers={"Range": "bytes=0-99"})
    assert (first.status_code, first.headers["content-range"]) == (206, f"bytes 0-99/{len(data)}")
    rest = web.get("/dumps/2/all.trig.zst", headers={"Range": "bytes=100-", "If-Range": first.headers["etag"]})
    assert first.content + rest.content == data
    other = web.get("/dumps/2/all.trig.zst", headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (other.status_code, other.content) == (200, data)
    assert web.get("/dumps/2/all.trig.zst", headers={"Range": f"bytes={len(data)}-"}).status_code == 416


def test_what_a_client_has_is_not_sent_again(web: TestClient) -> None:
    first = web.get("/dumps/2/all.nq.gz")
    for name, value in (
        ("If-None-Match", first.headers["etag"]),
        ("If-None-Match", f'"x", W/{first.headers["etag"]}'),
        ("If-Modified-Since", first.headers["last-modified"]),
    ):
        again = web.get("/dumps/2/all.nq.gz", headers={name: value})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    both = {"If-None-Match": '"x"', "If-Modified-Since": first.headers["last-modified"]}
    assert web.get("/dumps/2/all.nq.gz", headers=both).status_code == 200


def test_latest_leads_to_the_newest(web: TestClient) -> None:
    got = web.get("/dumps/latest/absch.nq.zst")
    assert (got.status_code, got.headers["location"]) == (307, "/dumps/2/absch.nq.zst")
    assert got.headers["cache-control"] == "no-cache"
    assert web.get(got.headers["location"]).status_code == 200


@pytest.mark.parametrize("name", ["manifest.json", "SHA256SUMS", "description.ttl"])
def test_what_describes_a_dump_is_served_too(shown: Path, web: TestClient, name: str) -> None:
    got = web.get(f"/dumps/1/{name}")
    assert got.content == (shown / "1" / name).read_bytes()
    assert got.headers["etag"] == f'"{hashlib.sha256(got.content).hexdigest()}"'


@pytest.mark.parametrize(
    "path",
    [
        "/dumps/1/../../ledger.sqlite",
        "/dumps/1/..%2F..%2Fledger.sqlite",
        "/dumps/..%2Fgenerations/2",
        "/dumps/%2e%2e/ledger.sqlite",
        "/dumps/latest/..%2F..%2Fledger.sqlite",
        "/dumps/1/%2Fetc%2Fpasswd",
        "/dumps/1/.",
        "/dumps/1/nothing.nq.gz",
        "/dumps/1/all.nq.gz%00",
        "/dumps/7/all.nq.gz",
        "/dumps/.building-1/all.nq.gz",
        "/dumps/writer.lock",
        "/dumps/1/secret",
        "/dumps/1/link.gz",
    ],
)
def test_nothing_but_the_files_of_a_dump_is_served(web: TestClient, path: str) -> None:
    got = web.get(path, follow_redirects=True)
    assert got.status_code == 404, got.text
    assert got.headers["content-type"] == "application/problem+json"


def test_the_list_is_a_page_or_json(web: TestClient) -> None:
    page = web.get("/en/dumps/", headers={"Accept": "text/html,*/*;q=0.5"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.index("Generation 2") < page.text.index("Generation 1")
    assert 'href="/dumps/2/absch.trig.zst"' in page.text
    told = web.get("/dumps/", headers={"Accept": "application/json"}).json()
    assert told["latest"] == "2"
    assert [one["generation"] for one in told["dumps"]] == ["2", "1"]
    assert told["dumps"][0]["files"][0].keys() >= {"name", "bytes", "sha256", "statements", "mediaType", "house"}
    assert web.get("/dumps/", headers={"Accept": "image/png"}).status_code == 406


def test_before_the_first_dump_there_is_an_empty_list(house: House) -> None:
    web = _client(house.settings)
    assert web.get("/dumps/", headers={"Accept": "application/json"}).json() == {"latest": None, "dumps": []}
    assert "no dump yet" in web.get("/dumps/").text
    assert web.get("/dumps/latest/all.nq.gz").status_code == 404


def test_the_command_dumps_and_says_where(house: House, environment: dict[str, str], tmp_path: Path) -> None:
    enter(house, items([permit()]))
    script = "from endpoint.dumps import commands; commands()"
    for arguments, folder in (([], tmp_path / "data" / "dumps"), ([str(tmp_path / "other")], tmp_path / "other")):
        done = subprocess.run([sys.executable, "-c", script, *arguments], env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        assert f"generation 1 in {folder / '1'}" in " ".join(done.stdout.decode().split())
        assert (folder / "1" / "manifest.json").is_file()


def test_the_command_makes_no_data_directory(environment: dict[str, str], tmp_path: Path) -> None:
    script = "from endpoint.dumps import commands; commands()"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True)
    assert b"load records first" in done.stderr
    assert not (tmp_path / "data").exists()
