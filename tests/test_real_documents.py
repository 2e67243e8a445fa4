"""Real public documents, kept beside the repository, come in with a clear verdict each, and nothing of them is lost."""

import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from loaders.findings import SEVERITIES
from loaders.gate import Gate, Judged, Outcome
from loaders.judgement import Judge, Policy
from loaders.ledger import Ledger
from loaders.mapping import Mapping
from loaders.sources import Item, read
from ontology.identifiers import Iris
from thesaurus.vocabulary import Thesaurus


def folder() -> Path:
    given = os.environ.get("CLEARINGHOUSE_RECORDS")
    return Path(given) if given else Path(__file__).parents[2] / "shared" / "data" / "records"


def real_files() -> list[Path]:
    return sorted(path for path in folder().rglob("*.json") if path.is_file())


if not real_files():
    pytest.skip(f"no real documents in {folder()}; CLEARINGHOUSE_RECORDS names their folder", allow_module_level=True)


@cache
def judge() -> Judge:
    return Judge(Mapping(Iris(), Thesaurus.load()), lambda guid: None)


@cache
def loaded(path: Path) -> tuple[list[Item], list[Outcome]]:
    """The items of a file and what became of them in an empty ledger."""
    items = list(read([str(path)]))
    with Ledger(":memory:") as ledger:
        gate = Gate(ledger, judge(), Policy(frozenset({"Violation"})), agent="test")
        return items, list(gate.outcomes(items))


def judged(path: Path) -> Iterator[Judged]:
    for outcome in loaded(path)[1]:
        yield from outcome.judged


@pytest.mark.parametrize("path", real_files(), ids=lambda path: path.name)
def test_every_item_of_a_file_gets_a_verdict_or_a_reason(path: Path) -> None:
    items, outcomes = loaded(path)
    counts = sum((outcome.counts() for outcome in outcomes), Counter[str]())
    assert sum(counts.values()) == len(items) > 0
    assert set(counts) <= {"accepted", "quarantined", "withdrawn", "repeated", "refused"}
    for outcome in outcomes:
        for refusal in outcome.refusals:
            assert 10 < len(refusal.message) < 300
            assert refusal.source == str(path)


@pytest.mark.parametrize("path", real_files(), ids=lambda path: path.name)
def test_every_finding_says_where_it_is_and_what_was_expected(path: Path) -> None:
    for one in judged(path):
        for found in one.findings:
            assert found.severity in SEVERITIES
            assert found.message
            assert found.pointer == "" or found.pointer.startswith("/")
            assert len(found.value or "") <= 200
        refusing = [found for found in one.findings if found.severity == "Violation"]
        assert bool(refusing) == (one.verdict == "quarantined")


@pytest.mark.parametrize(("part", "fewest"), [("lwProject", 50), ("lwDonor", 20), ("meetings-raw", 10)])
def test_no_field_of_real_documents_is_unmapped(part: str, fewest: int) -> None:
    paths = [path for path in real_files() if part in path.name]
    if not paths:
        pytest.skip(f"no {part} in {folder()}")
    whole = [one for path in paths for one in judged(path)]
    assert len(whole) >= fewest
    assert [found.message for one in whole for found in one.findings if found.code == "unmapped"] == []
    assert [found.message for one in whole for found in one.findings if found.code == "lost-statement"] == []
    assert {one.verdict for one in whole} == {"accepted"}
    assert not any(outcome.refusals for path in paths for outcome in loaded(path)[1])
