"""The commands that take vocabularies and sheets in, over a ledger."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pyoxigraph as ox
import pytest
from typer.testing import CliRunner, Result

from endpoint.house import House
from endpoint.settings import Settings
from endpoint.thesaurus_import import app
from loaders.editing import Editing
from thesaurus.changes import ChangeSet
from thesaurus.statements import PREF_LABEL
from thesaurus.turtle import SKOS, ThesaurusError

FOREIGN = f"""@prefix skos: <{SKOS}> . @prefix x: <https://example.org/v/> .
x:s a skos:ConceptScheme ; skos:prefLabel "Foreign"@en .
x:1 a skos:Concept ; skos:inScheme x:s ; skos:prefLabel "Land"@en .
x:2 a skos:Concept ; skos:inScheme x:s ; skos:prefLabel "Water"@en , "Wasser"@de ; skos:related x:1 .
"""


@pytest.fixture(autouse=True)
def _own_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)])


def changes() -> list[ChangeSet]:
    house = House.of(Settings())
    with house.ledger() as ledger:
        return Editing(ledger, house.mapping.iris).changes()


def approve(identifier: str) -> int | None:
    house = House.of(Settings())
    with house.ledger() as ledger:
        return Editing(ledger, house.mapping.iris).approve(identifier, reviewer="Reviewer").version


def statements() -> tuple[ox.Triple, ...]:
    house = House.of(Settings())
    with house.ledger() as ledger:
        return Editing(ledger, house.mapping.iris).statements()


def proposed(*arguments: str | Path) -> ChangeSet:
    result = run("import", *arguments, "--propose", "--author", "Editor", "--reason", "Better words")
    assert result.exit_code == 0, result.output
    return changes()[0]


def saved(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def edit(path: Path, name: str, heading: str, text: str) -> Path:
    """A sheet with one cell filled differently."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows: Sequence[list[str]] = [*csv.reader(file)]
    [row] = [row for row in rows if row[0] == name]
    row[rows[1].index(heading)] = text
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_an_import_shows_and_proposes_nothing(tmp_path: Path) -> None:
    result = run("import", saved(tmp_path / "a.ttl", FOREIGN))
    assert result.exit_code == 0
    assert "3 concepts and schemes: 2 new concepts" in result.output
    assert 'prefLabel de         + "Wasser"' in result.output
    assert "skosify would add" in result.output
    assert changes() == []


def test_a_proposal_needs_an_author_and_a_reason(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.ttl", FOREIGN)
    assert run("import", path, "--propose", "--author", "Editor", "--reason", " ").exit_code == 2
    assert changes() == []


def test_a_vocabulary_is_proposed_and_its_next_version_takes_its_place(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.ttl", FOREIGN)
    first = proposed(path, "--no-skosify")
    assert (first.author, first.reason, first.base, first.status) == ("Editor", "Better words", 1, "proposed")
    assert len(first.delta.added) == 10
    approve(first.id)
    assert run("import", path, "--no-skosify").output.strip().endswith("nothing changes")
    saved(path, FOREIGN.partition("x:2 a")[0])
    assert run("import", path, "--no-skosify").output.strip().endswith("nothing changes")
    second = proposed(path, "--no-skosify", "--replace")
    assert {one.predicate.value.rpartition("#")[2] for one in second.delta.added} == {"deprecated"}
    approve(second.id)
    assert (
        ox.Triple(ox.NamedNode("https://example.org/v/2"), PREF_LABEL, ox.Literal("Wasser", language="de"))
        in statements()
    )


def test_a_sheet_goes_out_and_its_edit_comes_back_as_a_proposal(tmp_path: Path) -> None:
    path = tmp_path / "targets.csv"
    written = run("sheet", path, "--scheme", "gbf-targets", "--language", "fr")
    assert written.exit_code == 0
    assert "23 concepts of version 1" in written.output
    assert run("import", path).output.strip().endswith("nothing changes")
    change = proposed(edit(path, "GBF-TARGET-01", "altLabel@fr", "Planifier"))
    assert change.base == 1
    assert {one.object for one in change.delta.added} == {ox.Literal("Planifier", language="fr")}
    assert not change.delta.removed


def test_a_sheet_of_an_old_version_shows_where_others_were_first(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine.csv", tmp_path / "theirs.csv"
    for path, label in ((mine, "My words"), (theirs, "Their words")):
        run("sheet", path, "--scheme", "GBF-TARGETS", "--language", "es")
        edit(path, "GBF-TARGET-01", "prefLabel@es", label)
    approve(proposed(theirs).id)
    shown = run("import", mine).output
    assert "conflicts with version 2" in shown
    assert 'is now "Their words"@es, the change wants "My words"@es' in shown
    assert proposed(mine).base == 1


def test_faults_end_the_command_before_anything_is_proposed(tmp_path: Path) -> None:
    path = tmp_path / "targets.xlsx"
    run("sheet", path, "--scheme", "GBF-TARGETS")
    bad = tmp_path / "bad.csv"
    run("sheet", bad, "--scheme", "GBF-TARGETS")
    edit(bad, "GBF-TARGET-01", "broader", "NOWHERE")
    good = saved(tmp_path / "a.ttl", FOREIGN)
    result = run("import", good, path, bad, "--propose", "--author", "Editor", "--reason", "Why", "--no-skosify")
    assert result.exit_code == 1
    assert "column broader" in result.output
    assert changes() == []
    assert run("import", bad, "--replace").exit_code == 2
    assert isinstance(run("sheet", tmp_path / "a.csv", "--scheme", "nothing").exception, ThesaurusError)


def test_terms_of_the_api_go_into_the_scheme_that_their_file_is_named_after(tmp_path: Path) -> None:
    path = saved(tmp_path / "GBF-TARGETS.json", '[{"identifier": "GBF-TARGET-24", "name": "One more"}]')
    change = proposed(path, "--no-skosify")
    assert any(one.object.value.endswith("id/scheme/GBF-TARGETS") for one in change.delta.added)  # type: ignore[union-attr]
    assert len(change.delta.added) == 4
