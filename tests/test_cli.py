"""The command line as people and scripts meet it: what it prints, where, and with which exit code."""

import json
import os
import pty
import signal
import socket
import subprocess
import time
import urllib.request
import xml.etree.ElementTree as ET
import zipfile
from functools import partial
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import COMMAND, PERMIT, Run, enter, graph, items, permit, written

from endpoint.generations import Generation
from endpoint.house import House
from loaders.generate import records

OTHER = "5E7E71C0-AAAA-BBBB-CCCC-000000000002"
FAULTY = permit(OTHER, number=700_002, government=None)
COMMANDS = ["load", "validate", "status", "rebuild", "history", "query", "serve", "export", "generate", "quarantine"]
LOCATION = {"physicalLocation", "logicalLocations"}


# Help and mistakes


def test_the_help_names_every_command_and_says_how_to_begin(inside: Run) -> None:
    done = inside("--help")
    told = done.stdout.decode()
    assert done.returncode == 0
    assert "load --sample" in " ".join(told.split())
    assert "Exit codes" in told
    for command in COMMANDS:
        helped = inside(command, "--help")
        assert (helped.returncode, command in told) == (0, True)
        assert len(helped.stdout) > 300


def test_the_version_is_told(inside: Run) -> None:
    done = inside("--version")
    assert (done.returncode, done.stdout.decode().split()[0]) == (0, "clearinghouse")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("load", "no-such-file.json"), "no-such-file.json: no such file or folder"),
        (("validate", "no-such-folder/"), "no-such-folder/: no such file or folder"),
        (("status",), "clearinghouse load"),
        (("rebuild",), "clearinghouse load"),
        (("history", PERMIT), "clearinghouse load"),
        (("quarantine", "list"), "clearinghouse load"),
        (("quarantine", "retry"), "clearinghouse load"),
        (("quarantine", "show", PERMIT), "clearinghouse load"),
        (("export", "all.nq"), "load records first"),
        (("query", "ASK {}"), "no graph"),
        (("generate", "--records", "1", "-o", "no/such/folder.ndjson"), "no/such/folder.ndjson"),
    ],
)
def test_a_mistake_is_one_clear_line_and_leaves_nothing(
    inside: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = inside(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().count("\n") == 1
    assert said in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("load",), ("validate",), ("nonsense",), ("validate", "x", "--format", "pdf")])
def test_a_misuse_shows_the_usage(inside: Run, arguments: tuple[str, ...]) -> None:
    done = inside(*arguments)
    assert (done.returncode, b"Usage: " in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("CLEARINGHOUSE_WORKERS", "many"), ("CLEARINGHOUSE_REFUSE_SUBMITTED", "Warning"), ("CLEARINGHOUSE_BASE_IRI", "x")],
)
def test_a_setting_that_is_none_is_named(clearinghouse: Run, name: str, value: str) -> None:
    done = clearinghouse("status", **{name: value})
    assert done.returncode == 2
    assert name.removeprefix("CLEARINGHOUSE_").lower() in done.stderr.decode().lower()


# Load


@pytest.fixture
def forms(tmp_path: Path) -> Path:
    """A folder with a document in every form a source may have."""
    folder = tmp_path / "forms"
    (folder / "deeper").mkdir(parents=True)
    one, two, three, four = (permit(f"{PERMIT[:-1]}{n}", number=700_000 + n) for n in (1, 2, 3, 4))
    (folder / "one.json").write_text(json.dumps(one, indent=2))
    (folder / "array.json").write_text(json.dumps([two]))
    written(folder / "deeper" / "lines.ndjson", [three])
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("inside/four.json", json.dumps(four))
    (folder / "read me.txt").write_text("no record")
    return folder


def test_every_form_of_a_source_is_loaded(clearinghouse: Run, forms: Path) -> None:
    done = clearinghouse("load", str(forms), "-", given=json.dumps(permit(OTHER[:-1] + "9", number=700_009)).encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"5 accepted\n")
    again = clearinghouse("load", *map(str, sorted(path for path in forms.rglob("*.*") if path.suffix != ".txt")))
    assert (again.returncode, again.stderr) == (0, b"4 repeated\n")


def test_a_refused_record_is_told_and_is_exit_code_1(inside: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "two.ndjson", [FAULTY, permit(), '{"header"'])
    done = inside("load", path)
    told = done.stderr.decode()
    assert done.returncode == 1
    assert told.endswith("1 accepted, 1 quarantined, 1 refused\n")
    assert f"{OTHER} revision 1, absPermit: quarantined" in told
    assert "/body/government" in told
    assert "line 3: not well-formed JSON" in told
    assert f"{PERMIT} revision" not in told


def test_a_missing_path_is_told_before_anything_is_loaded(inside: Run, tmp_path: Path) -> None:
    done = inside("load", written(tmp_path / "one.ndjson", [permit()]), str(tmp_path / "missing"))
    assert done.returncode == 2
    assert not (tmp_path / "data").exists()


def test_an_unreadable_name_of_a_file_is_no_obstacle(clearinghouse: Run, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff.json"))).write_text("{")
    done = clearinghouse("load", str(folder))
    assert done.returncode == 1
    assert b"1 refused" in done.stderr


def test_an_interrupt_publishes_what_is_loaded_and_loses_nothing(
    house: House, environment: dict[str, str], tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "load", "-"],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # which a job in the background ignores
    )
    assert process.stdin
    for one in records(2_500, seed=4):
        process.stdin.write(json.dumps(one.document).encode() + b"\n")
    process.stdin.flush()  # and more is to come: the load waits for it
    until = time.monotonic() + 60
    while time.monotonic() < until:
        time.sleep(0.1)
        with house.ledger() as opened:
            if opened.head() > 0:
                break
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told.decode()
    assert b"Traceback" not in told, told.decode()
    assert b"interrupted" in told
    with house.ledger() as opened:
        loaded = {entry.record for entry in opened.everything()}
    names = {quad.graph_name.value for quad in graph(house) if isinstance(quad.graph_name, ox.NamedNode)}
    assert 0 < len(loaded) < 2_500
    assert {name.rpartition("/")[2] for name in names if "/id/record/" in name} == loaded


# Validate


@pytest.fixture
def mixed(tmp_path: Path) -> str:
    folder = tmp_path / "with spaces é"
    folder.mkdir()
    return written(folder / "records.ndjson", [permit(unforeseen="<&>\u0085"), FAULTY, "{"])


def test_validate_tells_people_what_it_found_and_loads_nothing(inside: Run, mixed: str, tmp_path: Path) -> None:
    done = inside("validate", mixed)
    told = done.stdout.decode()
    assert done.returncode == 1
    assert f"{PERMIT} revision 1, absPermit: accepted\n" in told
    assert "Warning /body/unforeseen" in told
    assert f"{OTHER} revision 1, absPermit: quarantined\n" in told
    assert done.stderr == b"1 accepted, 1 quarantined, 1 refused\n"
    assert not (tmp_path / "data").exists()


def test_validate_without_findings_is_exit_code_0(inside: Run, tmp_path: Path) -> None:
    assert inside("validate", written(tmp_path / "one.ndjson", [permit()])).returncode == 0
    assert inside("validate", written(tmp_path / "two.ndjson", [permit(title=None)])).returncode == 0
    assert inside("validate", "--submitted", str(tmp_path / "two.ndjson")).returncode == 1


def test_validate_gives_json(inside: Run, mixed: str) -> None:
    told = json.loads(inside("validate", mixed, "--format", "json").stdout)
    assert [(one["identifier"], one["verdict"], one["place"]) for one in told["records"]] == [
        (PERMIT, "accepted", "line 1"),
        (OTHER, "quarantined", "line 2"),
    ]
    assert [one["place"] for one in told["refusals"]] == ["line 3"]
    assert {"severity", "code", "pointer", "messages"} <= told["records"][1]["findings"][0].keys()


def test_validate_gives_sarif(inside: Run, mixed: str) -> None:
    """The properties that SARIF 2.1.0 requires (sections 3.13, 3.14, 3.18, 3.27 and 3.28)."""
    log = json.loads(inside("validate", mixed, "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    assert run["tool"]["driver"]["name"] == "clearinghouse"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert {"error", "warning"} <= {result["level"] for result in run["results"]} <= {"error", "warning", "note"}
    lines = set()
    for result in run["results"]:
        assert (bool(result["message"]["text"]), result["ruleId"] in rules) == (True, True)
        [location] = result["locations"]
        assert location.keys() == LOCATION
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert " " not in uri
        lines.add(location["physicalLocation"]["region"]["startLine"])
    assert lines == {1, 2, 3}


def test_validate_gives_junit(inside: Run, mixed: str) -> None:
    suite = ET.fromstring(inside("validate", mixed, "--format", "junit").stdout)  # noqa: S314
    assert (suite.tag, suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("testsuite", "3", "1", "1")
    cases = suite.findall("testcase")
    assert [[child.tag for child in case] for case in cases] == [["system-out"], ["failure"], ["error"]]
    assert all(case.get("name") and case.get("classname") for case in cases)


def test_validate_knows_the_records_that_are_loaded(house: House, inside: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "one.ndjson", [permit(relatedIRCCs=[{"identifier": f"{OTHER}@1"}])])
    assert b"relatedIRCCs" in inside("validate", path).stdout
    enter(house, items([permit(OTHER, number=700_002)]))
    assert b"relatedIRCCs" not in inside("validate", path).stdout


# What is there


def test_the_quarantine_is_listed_shown_and_tried_again(house: House, inside: Run) -> None:
    enter(house, items([FAULTY, permit(), "{"]))
    head, row, unreadable = inside("quarantine", "list").stdout.decode().splitlines()
    assert head.split("\t")[0] == "identifier"
    assert row.split("\t")[:3] == [OTHER, "1", "absPermit"]
    assert "not readable: test /2" in unreadable
    shown = json.loads(inside("quarantine", "show", "700002").stdout)
    assert shown["document"]["identifier"] == OTHER
    assert any(found["pointer"] == "/body/government" for found in shown["report"])
    assert inside("quarantine", "show", PERMIT).returncode == 2
    assert inside("quarantine", "retry").stdout.startswith(b"0 accepted, 1 still quarantined")


def test_the_status_counts_and_finishes_what_was_cut_off(house: House, inside: Run) -> None:
    enter(house, items([FAULTY, permit()]))
    told = inside("status").stdout.decode()
    assert "absPermit\t1\t1\t0" in told
    assert "ledger at 2, generation 2" in told
    assert "behind" not in told
    with house.ledger() as ledger:
        list(house.gate(ledger, agent="test").outcomes(items([permit(revision=2)])))
    with house.store():
        assert "behind" in inside("status").stdout.decode()
    assert [one.name for one in house.generations.all()] == ["2"]
    assert "behind" not in inside("status").stdout.decode()
    assert house.generations.newest() == Generation(3)


def test_a_rebuild_makes_a_new_generation(house: House, inside: Run) -> None:
    enter(house, items([permit()]))
    before = graph(house)
    done = inside("rebuild")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"generation 1-1\n", b"")
    assert graph(house) == before


def test_an_unknown_record_has_no_history(house: House, inside: Run) -> None:
    enter(house, items([permit()]))
    for name in (OTHER, "12345", "nonsense"):
        done = inside("history", name)
        assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)


# Query, export, generate, serve


@pytest.fixture
def asked(sample_house: House) -> dict[str, str]:
    return {"DATA_DIR": str(sample_house.settings.data_dir)}


def test_a_query_is_a_text_a_file_or_a_name(clearinghouse: Run, asked: dict[str, str], tmp_path: Path) -> None:
    text = "SELECT (COUNT(*) AS ?n) { ?record a <https://w3id.org/clearinghouse/ns#Certificate> }"
    (tmp_path / "mine.rq").write_text(text)
    answers = [
        json.loads(done.stdout)["results"]["bindings"][0]["n"]["value"]
        for done in (
            clearinghouse("query", text, **asked),
            clearinghouse("query", "mine.rq", **asked),
            clearinghouse("query", "-", given=text.encode(), **asked),
        )
    ]
    assert len(set(answers)) == 1
    assert int(answers[0]) > 20
    named = clearinghouse("query", "records-by-kind-and-clearing-house", "--format", "csv", **asked)
    assert (named.returncode, named.stdout.count(b"\n") > 20) == (0, True)


@pytest.mark.parametrize(
    ("form", "begins"), [("json", b"{"), ("xml", b"<?xml"), ("csv", b"n\r\n"), ("tsv", b"?n\n"), ("turtle", None)]
)
def test_a_query_answers_in_the_format_asked_for(
    clearinghouse: Run, asked: dict[str, str], form: str, begins: bytes | None
) -> None:
    done = clearinghouse("query", "SELECT (1 AS ?n) {}", "--format", form, **asked)
    assert (done.returncode, done.stdout.startswith(begins or b"")) == (0 if begins else 2, True)
    assert done.stderr.count(b"\n") == (0 if begins else 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT * {", b"line"),
        ("no-such-query", b"records-by-kind-and-clearing-house"),
        ("nothing.rq", b"neither a file"),
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", b"SERVICE"),
        ("CLEAR ALL", b"read-only"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(
    clearinghouse: Run, asked: dict[str, str], text: str, said: bytes
) -> None:
    done = clearinghouse("query", text, **asked)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said.lower() in done.stderr.lower()


def test_an_export_is_written_whole(house: House, inside: Run, tmp_path: Path) -> None:
    enter(house, items([permit()]))
    done = inside("export", "all.trig")
    assert done.returncode == 0
    assert set(ox.parse((tmp_path / "all.trig").read_bytes(), format=ox.RdfFormat.TRIG)) == graph(house)
    assert inside("export", "no/folder/all.nq").returncode == 2
    assert inside("export", "all.ttl").returncode == 2


def test_generated_records_can_be_loaded_from_a_pipe(clearinghouse: Run, tmp_path: Path) -> None:
    made = clearinghouse("generate", "--records", "40", "--seed", "9")
    assert made.stdout.count(b"\n") == 40
    assert clearinghouse("generate", "--records", "40", "--seed", "9", "-o", "same.ndjson").returncode == 0
    assert (tmp_path / "same.ndjson").read_bytes() == made.stdout
    assert clearinghouse("load", "-", given=made.stdout).stderr == b"40 accepted\n"


def test_a_reader_that_has_seen_enough_is_no_error(environment: dict[str, str]) -> None:
    making = subprocess.Popen(
        [*COMMAND, "generate", "--records", "20000"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert making.stdout and making.stderr
    making.stdout.readline()
    making.stdout.close()
    assert making.stderr.read() == b""
    making.stderr.close()
    making.wait(30)


def test_the_server_starts_answers_and_ends(sample_house: House, environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    variables = environment | {"DATA_DIR": str(sample_house.settings.data_dir), "PORT": str(port)}
    server = subprocess.Popen([*COMMAND, "serve"], env=variables, stderr=subprocess.PIPE)
    try:
        assert server.stderr is not None
        assert f":{port}/sparql".encode() in server.stderr.readline()
        answer = _answer(f"http://127.0.0.1:{port}/sparql?query=ASK%7B%7D")
        assert json.loads(answer)["boolean"] is True
        server.terminate()
        assert b"Traceback" not in server.stderr.read()
        assert server.wait(20) in {0, -signal.SIGTERM}
    finally:
        server.kill()
        server.communicate()


def _answer(url: str) -> bytes:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
                return bytes(response.read())
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def test_a_port_that_is_taken_is_a_clear_line(clearinghouse: Run, asked: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = clearinghouse("serve", PORT=str(listener.getsockname()[1]), **asked)
    assert done.returncode != 0
    assert b"address already in use" in done.stderr


def test_progress_is_shown_on_a_terminal_only(environment: dict[str, str], tmp_path: Path) -> None:
    path = written(tmp_path / "some.ndjson", [one.document for one in records(100)])
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "load", path], env=environment | {"TERM": "xterm"}, stderr=theirs, stdout=subprocess.DEVNULL
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # how a terminal without its other end is told on Linux
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(60) == 0
    assert b"loading" in shown
    assert b"\x1b[" in shown
    again = subprocess.run([*COMMAND, "load", path], env=environment, capture_output=True)
    assert again.stderr == b"100 repeated\n"
