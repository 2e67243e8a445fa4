"""The gate lets in what is in order, keeps what is not, and judges again what can have changed."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import PERMIT, Json, enter, gate_of, graph, items, judge, permit, rows, values

from endpoint.house import House, rebuild
from loaders import context, gate
from loaders.generate import FAULTS, Generated, records
from loaders.ledger import Ledger
from loaders.sources import Refusal

AUTHORITY = "5E7E71C0-AAAA-BBBB-CCCC-00000000A000"
VIOLATION, WARNING, INFO = "Violation", "Warning", "Info"
EXPECTED: dict[str, set[tuple[str, str]]] = {
    "amendment_without_reason": {("OrConstraintComponent", WARNING)},
    "communique_without_source": {("OrConstraintComponent", WARNING)},
    "control_character": {("refused", "a control character")},
    "dangling_reference": {("ClassConstraintComponent", WARNING), ("OrConstraintComponent", WARNING)},
    "expiry_before_issuance": {("LessThanOrEqualsConstraintComponent", WARNING)},
    "ill_formed_date": {("DatatypeConstraintComponent", VIOLATION), ("OrConstraintComponent", VIOLATION)},
    "ill_formed_identifier": {("refused", "/header/identifier")},
    "ill_formed_iri": {("ill-formed-iri", WARNING)},
    "ill_formed_language": {("ill-formed-language-tag", WARNING)},
    "language_clash": {("UniqueLangConstraintComponent", WARNING)},
    "lone_surrogate": {("refused", "surrogate")},
    "missing_authority": {("MinCountConstraintComponent", WARNING)},
    "missing_government": {("MinCountConstraintComponent", VIOLATION)},
    "missing_schema": {("refused", "/header/schema")},
    "missing_title": {("MinCountConstraintComponent", WARNING)},
    "neither_value_nor_flag": {("OrConstraintComponent", WARNING)},
    "other_without_words": {("OrConstraintComponent", WARNING)},
    "period_ends_before_it_begins": {("LessThanOrEqualsConstraintComponent", WARNING)},
    "reference_to_wrong_kind": {("ClassConstraintComponent", WARNING), ("OrConstraintComponent", WARNING)},
    "script_in_link": {("ill-formed-iri", WARNING)},
    "term_of_another_scheme": {("NodeConstraintComponent", WARNING)},
    "unknown_government": {("NodeConstraintComponent", WARNING)},
    "unknown_term": {("NodeConstraintComponent", INFO)},
    "unmapped_field": {("unmapped", WARNING)},
    "value_with_confidentiality_flag": {("removed", INFO)},
    "wrong_json_type": {("wrong-type", VIOLATION)},
}
"""What each fault of the generator is found out by; one of several."""
ALSO_WITHOUT = {("unknown_government", "contact")}  # a contact's government is not judged


@pytest.fixture
def ledger(house: House) -> Iterator[Ledger]:
    with house.ledger() as opened:
        yield opened


def _authority(**body: object) -> Json:
    found = next(one.document for one in records(60) if one.document.get("type") == "authority")
    whole: Json = json.loads(json.dumps(found))
    whole["identifier"] = whole["body"]["header"]["identifier"] = AUTHORITY
    whole["documentID"] = 720_000
    whole["body"] |= body
    return whole


def _found(ledger: Ledger, guid: str = PERMIT) -> list[tuple[str, str]]:
    """(pointer, severity) of the report that holds for a record."""
    return [(found["pointer"], found["severity"]) for found in ledger.history(guid)[-1].report]


# Severities


def test_a_setting_decides_which_severities_refuse(house: House, ledger: Ledger) -> None:
    lacks_title, lacks_government = permit(title=None), permit(government=None)
    assert _verdict(house, lacks_title) == "accepted"
    assert _verdict(house, lacks_government) == "quarantined"
    assert _verdict(house, lacks_title, submitted=True) == "quarantined"
    lenient = House(house.settings.model_copy(update={"refuse_harvested": frozenset()}), house.mapping)
    assert _verdict(lenient, lacks_government) == "accepted"
    severe = House(house.settings.model_copy(update={"refuse_harvested": frozenset({"Info"})}), house.mapping)
    assert _verdict(severe, permit(keywords=[{"identifier": "00000000-FA17-FA17-FA17-000000000000"}])) == "quarantined"


def _verdict(house: House, document: Json, *, submitted: bool = False, strict: bool = False) -> str:
    with Ledger(":memory:") as ledger:
        [judged] = judge(house, ledger, document, submitted=submitted, strict=strict).judged
        return judged.verdict


@pytest.mark.parametrize(
    "loss",
    [
        {"unforeseen": 1},
        {"title": {"en": "Permit", "no language!": "Permis"}},
        {"permitFiles": [{"url": "javascript:alert(1)"}]},
    ],
)
def test_strict_refuses_what_would_not_be_in_the_graph(house: House, loss: Json) -> None:
    assert _verdict(house, permit(**loss)) == "accepted"
    assert _verdict(house, permit(**loss), strict=True) == "quarantined"
    assert _verdict(house, permit(), strict=True) == "accepted"


def test_what_is_quarantined_is_not_in_the_graph(house: House) -> None:
    enter(house, items([permit(government=None)]))
    assert not any(PERMIT in str(quad) for quad in graph(house))


# Unmapped fields and unknown schemas


def test_an_unmapped_field_is_picked_up_once_the_context_knows_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    [judged] = enter(house, items([permit(unforeseen="of tomorrow")])).judged
    assert judged.verdict == "accepted"
    assert "unmapped" in {found.code for found in judged.findings}
    original = context.source("absPermit.jsonld")
    known = [*original, {"unforeseen": {"@id": "ch:unforeseen"}}]
    _with_contexts(monkeypatch, {"absPermit.jsonld": known})
    with house.store() as store, house.ledger() as ledger:
        rebuild(house.gate(ledger, agent="rebuild"), store)
        assert "unmapped" not in {found["code"] for found in ledger.history(PERMIT)[0].report}
    assert values(graph(house), PERMIT, "ns#unforeseen") == {"of tomorrow"}


def _with_contexts(monkeypatch: pytest.MonkeyPatch, changed: dict[str, object]) -> None:
    """Other contexts for the length of a test; nothing of them stays in a cache."""
    read = context.source.__wrapped__
    monkeypatch.setattr(context, "source", cache(lambda name: changed[name] if name in changed else read(name)))
    known = context.schemas()
    added = {name.removesuffix(".jsonld") for name in changed}
    monkeypatch.setattr(context, "schemas", lambda: tuple(sorted({*known, *added})))
    for name in ("scope", "class_of", "published", "flat", "fields"):
        monkeypatch.setattr(context, name, cache(getattr(context, name).__wrapped__))


def test_an_unknown_schema_waits_in_quarantine_for_its_context(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = permit()
    whole["type"] = whole["body"]["header"]["schema"] = "absPermitOfTomorrow"
    [judged] = enter(house, items([whole])).judged
    assert (judged.verdict, judged.findings[-1].pointer) == ("quarantined", "/body/header/schema")
    assert "absPermitOfTomorrow" in judged.findings[-1].message
    common, own = context.source("absPermit.jsonld")
    tomorrow = own | {"absPermitOfTomorrow": "ch:Certificate"}
    _with_contexts(monkeypatch, {"absPermitOfTomorrow.jsonld": [common, tomorrow]})
    with house.ledger() as ledger:
        again = list(gate_of(house, ledger).retry(list(ledger.quarantine())))
    assert [judged.verdict for judged in again] == ["accepted"]
    enter(house, [])
    assert values(graph(house), PERMIT, "#type") == {"https://w3id.org/clearinghouse/ns#Certificate"}


# References


def test_a_dangling_reference_is_awaited_and_judged_again_when_its_target_comes(house: House) -> None:
    enter(house, items([permit(absCNA={"identifier": f"{AUTHORITY}@1"})]))
    with house.ledger() as ledger:
        assert ("/body/absCNA", WARNING) in _found(ledger)
        assert [entry.verdict for entry in ledger.history(PERMIT)] == ["accepted"]
    before = {quad for quad in graph(house) if PERMIT in str(quad.graph_name)}
    enter(house, items([_authority()]))
    with house.ledger() as ledger:
        assert ("/body/absCNA", WARNING) not in _found(ledger)
        assert AUTHORITY not in {target for target, _ in rows(ledger, "SELECT target, record FROM awaited")}
        head = ledger.head()
    assert {quad for quad in graph(house) if PERMIT in str(quad.graph_name)} == before
    enter(house, items([_authority()]))
    with house.ledger() as ledger:
        assert ledger.head() == head, "nothing is judged a third time"


def test_a_reference_to_the_wrong_kind_stays_a_finding(house: House, ledger: Ledger) -> None:
    other = "5E7E71C0-AAAA-BBBB-CCCC-00000000B000"
    judge(house, ledger, permit(absCNA={"identifier": f"{other}@1"}))
    judge(house, ledger, permit(other, number=720_001))
    assert ("/body/absCNA", WARNING) in _found(ledger)
    judge(house, ledger, permit(other, revision=2, number=720_001))
    assert ("/body/absCNA", WARNING) in _found(ledger)


def test_a_reference_to_what_is_refused_beside_it_is_dangling(house: House, ledger: Ledger) -> None:
    other = "5E7E71C0-AAAA-BBBB-CCCC-00000000B001"
    refused = permit(other, number=720_001, government=None)
    judge(house, ledger, refused, permit(relatedIRCCs=[{"identifier": f"{other}@1"}]))
    assert [entry.verdict for entry in ledger.history(other)] == ["quarantined"]
    assert ("/body/relatedIRCCs/0", WARNING) in _found(ledger)


def test_the_order_within_a_load_does_not_matter(house: House, ledger: Ledger) -> None:
    refers = permit(absCNA={"identifier": f"{AUTHORITY}@1"})
    judge(house, ledger, refers, _authority())
    assert ("/body/absCNA", WARNING) not in _found(ledger)


def test_a_second_revision_in_one_load_knows_what_came_with_the_first(house: House) -> None:
    first, second = (permit(revision=number, absCNA={"identifier": f"{AUTHORITY}@1"}) for number in (1, 2))
    with Ledger(":memory:") as ledger:
        judge(house, ledger, _authority(), first, second)
        assert ("/body/absCNA", WARNING) not in _found(ledger)


# Batches


def test_a_malformed_item_does_not_stop_the_batch(house: House, ledger: Ledger) -> None:
    outcome = judge(house, ledger, "{", permit(), "null", "[1]", '{"a": 1, "a": 2}', "9" * 5000, _authority())
    assert [judged.document.guid for judged in outcome.judged] == [PERMIT, AUTHORITY]
    assert [refusal.place for refusal in outcome.refusals] == ["/0", "/2", "/3", "/4", "/5"]


def test_a_refusal_of_the_source_is_kept(house: House, ledger: Ledger) -> None:
    [outcome] = gate_of(house, ledger).outcomes([Refusal("file.json", "/3", "not UTF-8")])
    assert outcome.counts() == Counter(refused=1)
    assert [row[1:] for row in ledger.refusals()] == [("file.json", "/3", "not UTF-8")]


def test_nothing_is_lost_and_nothing_comes_twice(house: House, ledger: Ledger) -> None:
    made = list(records(500, seed=11, faults=0.2))
    outcome = judge(house, ledger, *(one.document for one in made))
    places = [int(judged.place[1:]) for judged in outcome.judged] + [int(one.place[1:]) for one in outcome.refusals]
    assert sorted(places) == list(range(500))
    assert rows(ledger, "SELECT COUNT(*) FROM document") == [(500 - len(outcome.refusals),)]
    again = judge(house, ledger, *(one.document for one in made))
    assert (again.judged, again.repeated) == ([], 500 - len(outcome.refusals))
    assert rows(ledger, "SELECT COUNT(*) FROM refusal") == [(len(outcome.refusals),)]


@pytest.fixture(scope="module")
def faulty() -> list[Generated]:
    return list(records(1_000, seed=17, faults=0.35))


def test_each_fault_is_found_out_and_nothing_else(house: House, ledger: Ledger, faulty: list[Generated]) -> None:
    outcome = judge(house, ledger, *(one.document for one in faulty))
    reports = {entry.digest: entry.report for entry in ledger.everything()}
    found: dict[int, set[tuple[str, str]]] = {
        int(judged.place[1:]): {(one["code"], one["severity"]) for one in reports[judged.document.digest]}
        for judged in outcome.judged
    }
    refused = {int(one.place[1:]): one.message for one in outcome.refusals}
    tried: set[str] = set()
    for index, one in enumerate(faulty):
        here = found.get(index, {("refused", refused.get(index, ""))})
        if one.fault is None:
            assert here <= {("removed", INFO)}, (one.document, here)
        else:
            tried.add(one.fault)
            assert _is_found_out(one, here), (one.fault, one.document.get("type"), here)
    assert tried == set(FAULTS) == set(EXPECTED)


def _is_found_out(one: Generated, found: set[tuple[str, str]]) -> bool:
    expected = EXPECTED[one.fault or ""]
    if not expected or (one.fault, one.document.get("type")) in ALSO_WITHOUT:
        return found <= {("removed", INFO)}
    return any(code == other and word in said for code, word in expected for other, said in found)


def test_the_process_beside_judges_as_this_one_does(
    house: House, ledger: Ledger, faulty: list[Generated], monkeypatch: pytest.MonkeyPatch
) -> None:
    def entered(into: Ledger) -> dict[str, tuple[str, str]]:
        judge(house, into, *(one.document for one in faulty[:300]))
        return {entry.digest: (entry.verdict, json.dumps(entry.report)) for entry in into.everything()}

    at_once = entered(ledger)
    monkeypatch.setattr(gate, "BATCH", 40)
    with Ledger(house.settings.data_dir / "other.sqlite") as other:
        assert entered(other) == at_once


# Where batches are judged


def test_a_ledger_in_memory_is_judged_in_this_process(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("another process cannot ask a ledger in memory")

    monkeypatch.setattr("loaders.gate.BATCH", 1)
    monkeypatch.setattr("loaders.gate.JudgeProcess", refuse)
    with Ledger(":memory:") as ledger:
        outcome = judge(house, ledger, _authority(), permit(absCNA={"identifier": f"{AUTHORITY}@1"}))
        assert [judged.verdict for judged in outcome.judged] == ["accepted"] * 2
        assert ("/body/absCNA", WARNING) not in _found(ledger)


def test_two_processes_come_to_the_verdicts_of_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [json.dumps(one.document) for one in records(60, seed=5, faults=0.3)]
    with Ledger(":memory:") as alone:
        here = judge(house, alone, *documents)
    monkeypatch.setattr("loaders.gate.BATCH", 10)
    with house.ledger() as ledger:
        beside = judge(house, ledger, *documents)
    assert [(one.document.guid, one.verdict) for one in beside.judged] == [
        (one.document.guid, one.verdict) for one in here.judged
    ]
    assert len(beside.refusals) == len(here.refusals)


STARTED = """
import signal, sys
from pathlib import Path
from loaders.judgement import Policy
from loaders.process import JudgeProcess

if __name__ == "__main__":
    with JudgeProcess("https://w3id.org/clearinghouse/", Path(sys.argv[1]), 1, Policy(frozenset())) as judge:
        status = Path(f"/proc/{judge._process.pid}/status").read_text()
    blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
    print(blocked >> signal.SIGINT - 1 & 1, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_an_interrupt_does_not_reach_the_judge_not_even_while_it_starts(tmp_path: Path) -> None:
    script = tmp_path / "started.py"
    script.write_text(STARTED, encoding="utf-8")
    done = subprocess.run([sys.executable, script, tmp_path / "ledger"], capture_output=True, text=True, check=True)
    assert done.stdout == "1 set()\n"
