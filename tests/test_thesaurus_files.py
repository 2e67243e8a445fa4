"""The thesaurus as a folder of Turtle files for git."""

import shutil
import subprocess
from pathlib import Path

import pyoxigraph as ox
import pytest

from thesaurus import files
from thesaurus.statements import ALT_LABEL, CONCEPT, IN_SCHEME, PREF_LABEL
from thesaurus.turtle import TYPE, ThesaurusError, triples
from thesaurus.vocabulary import bundled

BASE = "https://w3id.org/clearinghouse/id/"
ABS = ox.NamedNode(f"{BASE}term/CBD-SUBJECT-ABS")
SUBJECTS = ox.NamedNode(f"{BASE}scheme/CBD-SUBJECTS")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A git work tree with the bundled files."""
    copied = tmp_path / "schemes"
    shutil.copytree(str(files.BUNDLED), copied)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=copied, check=True)
    return copied


def changed_lines(folder: Path) -> list[str]:
    command = ["git", "diff", "--unified=0", "--no-color"]
    told = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return [line for line in told.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_the_bundled_thesaurus_is_written_as_it_is(folder: Path) -> None:
    assert files.write(folder, bundled()) == []


def test_an_empty_folder_gets_the_layout_of_the_bundled_one(tmp_path: Path) -> None:
    files.write(tmp_path / "new", bundled())
    expected = {path.name: path.read_text(encoding="utf-8") for path in Path(str(files.BUNDLED)).glob("*.ttl")}
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()} == expected


def test_one_edited_label_is_one_changed_line(folder: Path) -> None:
    old = next(t for t in bundled() if t.subject == ABS and t.predicate == PREF_LABEL and t.object.language == "fr")  # type: ignore[union-attr]
    new = ox.Triple(ABS, PREF_LABEL, ox.Literal("APA", language="fr"))
    edited = [new if triple == old else triple for triple in bundled()]
    assert files.write(folder, edited) == ["cbd-subjects.ttl"]
    assert changed_lines(folder) == [f'-    skos:prefLabel "{old.object.value}"@fr ;', '+    skos:prefLabel "APA"@fr ;']  # type: ignore[union-attr]


def test_a_new_concept_stands_in_the_file_of_its_scheme(folder: Path) -> None:
    made = ox.NamedNode(f"{BASE}term/NEW")
    new = [
        ox.Triple(made, ox.NamedNode(TYPE), CONCEPT),
        ox.Triple(made, IN_SCHEME, SUBJECTS),
        ox.Triple(made, PREF_LABEL, ox.Literal("New", language="en")),
    ]
    assert files.write(folder, [*bundled(), *new]) == ["cbd-subjects.ttl"]
    assert all(line.startswith("+") for line in changed_lines(folder))


def test_a_scheme_of_others_gets_a_file_of_its_name_and_the_rest_is_kept(tmp_path: Path) -> None:
    text = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
      @prefix o: <http://other.org/voc/> . o:cod skos:altLabel "Cod"@en .
      o:Fish%20Names a skos:ConceptScheme . o:cod a skos:Concept ; skos:inScheme o:Fish%20Names .
      o:lonely a skos:Concept ; skos:altLabel "Lonely"@en ."""
    given = triples(text, "test")
    files.write(tmp_path, [*bundled(), *given])
    assert "cod" in (tmp_path / "fish-names.ttl").read_text(encoding="utf-8")
    assert "lonely" in (tmp_path / files.REST).read_text(encoding="utf-8")
    read = [triple for content in files.read(tmp_path).values() for triple in content]
    assert set(read) == {*bundled(), *given}
    assert files.write(tmp_path, bundled()) == ["fish-names.ttl", files.REST], "what is empty goes"
    assert not (tmp_path / files.REST).exists()


def test_a_blank_node_has_no_place(folder: Path) -> None:
    with pytest.raises(ThesaurusError, match="blank node"):
        files.write(folder, [*bundled(), ox.Triple(ox.BlankNode("b"), ALT_LABEL, ox.Literal("x"))])
