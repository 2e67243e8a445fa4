"""The commands of the thesaurus: a change from its file to a version, and versions compared and written."""

import json
from pathlib import Path

import pytest
from conftest import Run

CHANGE = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<https://w3id.org/clearinghouse/id/term/CBD-SUBJECT-ABS> a skos:Concept ; skos:altLabel "{label}"@en .
"""


@pytest.fixture
def proposed(inside: Run, tmp_path: Path) -> str:
    """The identifier of a proposed change."""
    assert inside("load", "--sample").returncode == 0
    (tmp_path / "change.ttl").write_text(CHANGE.format(label="Sharing \u202eof stripes"), encoding="utf-8")
    done = inside("thesaurus", "import", "change.ttl", "--author", "Amina", "--reason", "Asked for.", "--propose")
    assert done.returncode == 0, done.stderr.decode()
    [change] = json.loads(inside("thesaurus", "changes", "--status", "proposed", "--json").stdout)
    assert (change["author"], change["reason"], len(change["added"])) == ("Amina", "Asked for.", 1)
    return str(change["id"])


def text(run: Run, *arguments: str) -> str:
    done = run("thesaurus", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return str(done.stdout.decode())


def test_a_change_goes_from_review_to_a_version_the_graph_and_git(inside: Run, tmp_path: Path, proposed: str) -> None:
    review = text(inside, "review", proposed)
    assert "Asked for." in review
    assert "Sharing \\u202Eof stripes" in review, "what turns text around is told by its name"
    assert "made version 2" in text(inside, "approve", proposed, "--reviewer", "Li")
    assert [line.split()[0] for line in text(inside, "versions").splitlines()] == ["2", "1"]
    delta = json.loads(text(inside, "delta", "1", "--json"))
    assert (len(delta["added"]), delta["removed"]) == (1, [])
    assert "1 statements added" in text(inside, "delta", "1", "2")
    text(inside, "export", "old", "--version", "1", "--no-skosify")
    assert "version 2 in old: 1 files changed\n  cbd-subjects.ttl" in text(inside, "export", "old", "--no-skosify")
    query = "SELECT ?v { GRAPH <https://w3id.org/clearinghouse/id/thesaurus> { ?t owl:versionInfo ?v } }"
    asked = inside("query", f"PREFIX owl: <http://www.w3.org/2002/07/owl#> {query}", "--format", "csv")
    assert asked.stdout.decode().split() == ["v", "2"]


def test_a_rejected_change_makes_no_version(inside: Run, proposed: str) -> None:
    assert "is rejected" in text(inside, "reject", proposed, "--reviewer", "Li", "--remark", "No word for it.")
    done = inside("thesaurus", "approve", proposed, "--reviewer", "Li")
    assert done.returncode == 2
    assert b"rejected already, by Li" in done.stderr
    assert "1  " in text(inside, "versions")


def test_files_are_compared_like_versions(inside: Run, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / f"{name}.ttl").write_text(CHANGE.format(label=name), encoding="utf-8")
    delta = json.loads(text(inside, "delta", "old.ttl", "new.ttl", "--json"))
    assert [line.partition("altLabel> ")[2] for line in (*delta["added"], *delta["removed"])] == [
        '"new"@en .',
        '"old"@en .',
    ]


def test_a_version_there_is_not_is_named(inside: Run) -> None:
    done = inside("thesaurus", "delta", "7")
    assert (done.returncode, b"no version 7" in done.stderr) == (2, True)
