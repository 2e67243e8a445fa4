"""What is private or confidential is in no file and no output, however it comes along.

Each private place holds a canary: 24 random letters. Three searches look for it: in the bytes of every file, in the
statements of every graph store, and in everything printed. RocksDB may compress its blocks (LZ4 and the like write a
string once as it is and refer back to it after that, so that only a string that repeats an earlier one is hidden); the
canaries therefore resemble nothing, each third of one is looked for too, and the stores are opened and searched as
well. A control shows that the same searches do find a value that is not withheld.
"""

import gzip
import json
import random
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyoxigraph as ox
import pytest
import zstandard
from conftest import PERMIT, Run, enter, items, judge, permit, rows, written

from endpoint import house as houses
from endpoint.engine import Engine
from endpoint.house import House
from endpoint.site.sources import Sources
from loaders.generate import sample
from ontology.errors import StoreError

Json = dict[str, Any]
FLAGS = ("providers", "entitiesToWhomPICGranted", "subjectMatter", "usages")
LENGTH = 24


class Canaries:
    """Random strings by the place they were put in."""

    def __init__(self) -> None:
        self._random = random.Random(20_240)
        self.places: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        self.places[place] = "".join(self._random.choices(string.ascii_letters, k=LENGTH))
        return self.places[place]

    def seen(self, where: bytes) -> list[str]:
        """The places whose canary, or a third of it, is in the bytes."""
        return [place for place, canary in self.places.items() if any(part in where for part in _parts(canary))]


def _parts(canary: str) -> Iterator[bytes]:
    yield canary.encode()
    yield from (canary[start : start + 8].encode() for start in range(0, LENGTH, 8))


@pytest.fixture
def canaries() -> Canaries:
    return Canaries()


def _leaks(directory: Path, canaries: Canaries) -> dict[str, list[str]]:
    """Where under a folder which canaries are: in files, and in the statements of stores."""
    found = {}
    for path in sorted(file for file in directory.rglob("*") if file.is_file()):
        data = path.read_bytes()
        found[str(path)] = canaries.seen(_unpacked(path, data))
    for marker in sorted(directory.rglob("CURRENT")):
        statements = "\n".join(str(quad) for quad in ox.Store.read_only(str(marker.parent)))
        assert statements
        found[f"statements of {marker.parent}"] = canaries.seen(statements.encode())
    return {where: places for where, places in found.items() if places}


def _unpacked(path: Path, data: bytes) -> bytes:
    match path.suffix:
        case ".gz":
            return gzip.decompress(data)
        case ".zst":
            return zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
    return data


def _guid(number: int) -> str:
    return f"5E7E71C0-CAFE-CAFE-CAFE-{number:012d}"


def _of(schema: str, guid: str, number: int, **body: Any) -> Json:
    """A document of another schema, from the bundled records."""
    whole: Json = json.loads(json.dumps(sample()[schema][0]))
    whole["identifier"] = whole["body"]["header"]["identifier"] = guid
    whole["documentID"] = number
    whole["body"] |= body
    return whole


def _withheld(canary: Canaries, name: str) -> Json:
    """The four fields with their flags, as texts and in what is referred to."""
    flags: Json = {f"{field}Confidential": True for field in FLAGS}
    return flags | {
        "providers": [{"identifier": f"{_guid(999)}@1", "name": canary(f"{name}: providers")}],
        "entitiesToWhomPICGranted": canary(f"{name}: entitiesToWhomPICGranted"),
        "subjectMatter": {"en": f"<p>{canary(f'{name}: subjectMatter')}</p>"},
        "usages": [{"identifier": "x", "customValue": {"en": canary(f"{name}: usages")}}],
    }


def _person(canary: Canaries, name: str) -> Json:
    return {
        "userID": 7,
        "firstName": canary(f"{name}: first name"),
        "email": f"{canary(f'{name}: e-mail')}@example.org",
    }


def _readable(canary: Canaries) -> Iterator[Json]:
    """Documents that are accepted or quarantined, in several envelopes."""
    yield permit(_guid(1), number=710_001, **_withheld(canary, "accepted"))
    quarantined = permit(_guid(2), number=710_002, government=None, **_withheld(canary, "quarantined"))
    yield quarantined
    yield permit(_guid(3), number=710_003, **_withheld(canary, "body only"))["body"]
    pair = permit(_guid(4), number=710_004, **_withheld(canary, "info and document"))
    yield {"info": {key: value for key, value in pair.items() if key != "body"}, "document": pair["body"]}
    unknown = permit(_guid(5), number=710_005, **_withheld(canary, "unknown schema"))
    unknown["type"] = unknown["body"]["header"]["schema"] = "absPermitOfTomorrow"
    yield unknown
    wrong = {
        "providers": 7,
        "subjectMatter": [canary("wrong type: list")],
        "usages": {"a": canary("wrong type: object")},
    }
    yield permit(_guid(6), number=710_006, **(_withheld(canary, "wrong type") | wrong))
    words: Json = {f"{field}Confidential": " True " for field in FLAGS}
    yield permit(_guid(7), number=710_007, **(_withheld(canary, "flag as a word") | words))
    yield permit(_guid(8), number=710_008, notes=canary("notes"), relevant={"notes": [canary("notes deep down")]})
    yield permit(_guid(9), number=710_009, createdBy=_person(canary, "person in the body")) | {
        "updatedBy": _person(canary, "person in the information"),
        "workingDocumentUpdatedBy": [_person(canary, "persons in a list")],
    }
    yield _of(
        "absNationalReport1", _guid(10), 710_010, respondentName=canary("respondent"), respondentEmails=[canary("e")]
    )
    yield _of("capacityBuildingInitiative", _guid(11), 710_011, authorizedEmails=[canary("authorized e-mail")])
    yield _of(
        "contact",
        _guid(12),
        710_012,
        type="person",
        emails=[canary("contact's e-mail")],
        phones=[canary("contact's phone")],
        mobiles=[canary("contact's mobile")],
    )
    yield _of("focalPoint", _guid(13), 710_013, emails=[canary("focal point's e-mail")], faxes=canary("its fax"))
    later = permit(_guid(14), revision=2, number=710_014, **_withheld(canary, "flag in a later revision"))
    yield later
    earlier = permit(_guid(14), revision=1, number=710_014, subjectMatter={"en": canary("its earlier revision")})
    yield earlier


def _unreadable(canary: Canaries) -> Iterator[str]:
    """Texts that are refused, for every reason there is."""
    yield json.dumps(permit("no guid", **_withheld(canary, "no identity")))
    yield json.dumps(permit(_guid(21), **_withheld(canary, "another system")) | {"realm": "ABS-DEV"})
    yield json.dumps({"schema_s": "absPermit", "subjectMatter_t": canary("index without identity")})
    yield json.dumps(permit(_guid(22), **_withheld(canary, "broken off")))[:-20]
    yield json.dumps(permit(_guid(23), subjectMatter={"en": canary("key twice")}))[:-1] + ', "identifier": "x"}'
    yield json.dumps(permit(_guid(24), title={"en": "\x00"}, **_withheld(canary, "control character")))
    yield json.dumps(permit(_guid(25), title={"en": "\ud800"}, **_withheld(canary, "surrogate")))
    yield '{"a": NaN, "subjectMatter": "%s"}' % canary("not a number")  # noqa: UP031
    yield '{"a": %s, "subjectMatter": "%s"}' % ("1" * 5000, canary("a number beyond bounds"))  # noqa: UP031
    yield '{"subjectMatter": "%s", "a": %s}' % (canary("too deep"), "[" * 70 + "]" * 70)  # noqa: UP031
    yield '{"subjectMatter": "%s", "a": %s}' % (canary("far too deep"), "[" * 9000 + "]" * 9000)  # noqa: UP031
    yield canary("no JSON at all")


def test_what_is_private_is_in_no_file_and_no_output(
    clearinghouse: Run, inside: Run, canaries: Canaries, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = tmp_path_factory.mktemp("given")
    readable = list(_readable(canaries))
    path = written(given / "records.ndjson", [*readable, *_unreadable(canaries)])
    (given / "bytes.json").write_bytes(b'{"subjectMatter": "' + canaries("not UTF-8").encode() + b'\xff"}')
    (given / "array.json").write_text(f'[{{"subjectMatter": "{canaries("array broken off")}"')
    printed = []
    for arguments in (
        ("load", "--verbose", path, str(given)),
        ("load", "--submitted", "--strict", str(given)),
        *(("validate", str(given), "--format", form) for form in ("human", "json", "sarif", "junit")),
        ("quarantine", "list"),
        ("quarantine", "retry", "--strict"),
        *(("quarantine", "show", _guid(number)) for number in (2, 5)),
        *(("history", _guid(number)) for number in (1, 9)),
        *(("history", _guid(14), "--revision", number) for number in "12"),
        ("status",),
        ("rebuild",),
        ("export", "all.nq"),
        ("export", "all.trig.gz"),
        ("dump",),
    ):
        done = (inside if printed else clearinghouse)(*arguments)
        assert done.returncode in {0, 1}, done.stderr.decode()
        printed.append(done.stdout + done.stderr)
    load, again, *_ = printed
    assert f"{len(readable)} repeated".encode() in again, "the second load adds nothing"
    assert b"removed at the door" in load
    assert (canaries.seen(b"\n".join(printed)), _leaks(tmp_path, canaries)) == ([], {})
    assert len(canaries.places) > 60


def test_the_search_finds_what_is_not_withheld(house: House, canaries: Canaries, tmp_path: Path) -> None:
    open_text = canaries("open")
    enter(house, items([permit(subjectMatter={"en": open_text}), permit(_guid(1), title={"en": canaries("title")})]))
    found = _leaks(tmp_path, canaries)
    for part in ("ledger.sqlite", "generations", "store", "statements of"):
        assert any(part in where and set(places) == {"open", "title"} for where, places in found.items()), (part, found)


def _earlier(canary: Canaries) -> Json:
    """A revision in which nothing is withheld yet, with a finding on each field."""
    return permit(
        providers=[{"identifier": canary("earlier: provider")}],
        entitiesToWhomPICGranted=[{"identifier": canary("earlier: entity"), "name": canary("earlier: its name")}],
        subjectMatter={"en": canary("earlier: subject matter"), canary("earlier: key"): "text"},
        usages=[{"identifier": canary("earlier: usage"), "customValue": {"en": canary("earlier: own words")}}],
    )


def _later() -> Json:
    return permit(revision=2, **dict.fromkeys(FLAGS), **{f"{field}Confidential": True for field in FLAGS})


def test_a_flag_purges_the_earlier_revisions(house: House, canaries: Canaries, tmp_path: Path) -> None:
    earlier = _earlier(canaries)
    enter(house, items([earlier]))
    enter(house, items([permit(_guid(1), number=710_001)]))
    assert set().union(*_leaks(tmp_path, canaries).values()) == set(canaries.places)
    enter(house, items([_later()]))
    assert _leaks(tmp_path, canaries) == {}
    with house.ledger() as ledger:
        assert [entry.verdict for entry in ledger.history(PERMIT)] == ["accepted", "accepted"]
        assert rows(ledger, "SELECT COUNT(*) FROM event WHERE verdict = 'redacted'") == [(1,)]
        assert not ledger.graph_is_stale()


def test_a_purge_that_is_still_to_come_hides_the_earlier_revisions(house: House, canaries: Canaries) -> None:
    enter(house, items([_earlier(canaries)]))
    sources = Sources(house.settings, cast("Engine", SimpleNamespace(generation=house.newest())))

    def seen() -> list[str]:
        triples, source = sources.revision(PERMIT, 1), sources.document(PERMIT, 1)
        assert triples
        assert source
        return canaries.seen("\n".join(map(str, triples)).encode() + source)

    assert set(seen()) == set(canaries.places)
    with house.ledger() as ledger:
        judge(house, ledger, _later())
        assert ledger.unredacted()
    assert seen() == []


@pytest.mark.parametrize("flag_first", [False, True])
def test_the_old_file_does_not_bring_it_back(
    house: House, canaries: Canaries, tmp_path: Path, flag_first: bool
) -> None:
    earlier = _earlier(canaries)
    enter(house, items([_later(), earlier] if flag_first else [earlier, _later()]))
    assert _leaks(tmp_path, canaries) == {}
    pair = {"info": {key: value for key, value in earlier.items() if key != "body"}, "document": earlier["body"]}
    outcome = enter(house, items([earlier, pair, earlier["body"]]))
    assert (outcome.judged, outcome.repeated) == ([], 3)
    assert _leaks(tmp_path, canaries) == {}


def test_a_validation_of_the_old_file_does_not_print_it(
    house: House, inside: Run, canaries: Canaries, tmp_path_factory: pytest.TempPathFactory
) -> None:
    earlier = _earlier(canaries)
    enter(house, items([_later()]))
    path = written(tmp_path_factory.mktemp("given") / "old.ndjson", [earlier])
    done = inside("validate", path, "--format", "json")
    assert b"removed" in done.stdout
    assert canaries.seen(done.stdout + done.stderr) == []


CUT = """
import os, sys
from pathlib import Path
from endpoint import store
from endpoint.house import House, finish, load
from endpoint.settings import Settings
from loaders.gate import Gate
from loaders.ledger import Ledger
from loaders.sources import read

def cut(*arguments, **options): os._exit(9)
owner, name = {owner}, {name!r}
setattr(owner, name, cut)
house = House.of(Settings())
with house.store() as live, house.ledger() as ledger:
    gate = house.gate(ledger, agent="cut")
    for _ in load(gate, live, read([sys.argv[1]])): pass
    finish(gate, live)
"""


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("Gate", "redact"),
        ("Ledger", "vacuum"),
        ("store.GraphStore", "rebuild"),
        ("store.GraphStore", "_write_vocabulary"),
        ("store.GraphStore", "publish"),
        ("Ledger", "graph_is_renewed"),
    ],
)
def test_a_crash_before_any_step_of_a_purge_does_not_stop_it(
    house: House, canaries: Canaries, tmp_path: Path, environment: dict[str, str], owner: str, name: str
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    enter(house, items([_earlier(canaries)]))
    path = written(given / "later.ndjson", [_later()])
    script = CUT.format(owner=owner, name=name)
    done = subprocess.run([sys.executable, "-c", script, path], env=environment, cwd=tmp_path, capture_output=True)
    assert done.returncode == 9, done.stderr.decode()
    with house.ledger() as ledger:
        assert ledger.graph_is_stale() or ledger.unredacted()
    enter(house, items([_later()]))
    assert _leaks(tmp_path / "data", canaries) == {}


def test_a_reader_of_an_old_generation_does_not_keep_it_for_ever(
    house: House, canaries: Canaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(houses, "READERS_LEAVE", 0.3)
    enter(house, items([_earlier(canaries)]))
    held = house.generations.newest()
    assert held is not None
    with house.generations.hold(held), pytest.raises(StoreError, match="a reader holds it"):
        enter(house, items([_later()]))
    enter(house, items([permit(_guid(1), number=710_001)]))
    assert _leaks(tmp_path, canaries) == {}


def test_personal_contacts_may_be_published(house: House, canaries: Canaries) -> None:
    open_house = House(house.settings.model_copy(update={"publish_personal_contacts": True}), house.mapping)
    whole = _of("contact", _guid(12), 710_012, type="person", emails=[f"{canaries('e-mail')}@example.org"])
    with open_house.ledger() as ledger:
        gate = open_house.gate(ledger, agent="test")
        [outcome] = gate.outcomes(items([whole]))
        assert canaries.seen(ledger.history(_guid(12))[0].text.encode()) == ["e-mail"]
        assert [judged.verdict for judged in outcome.judged] == ["accepted"]
