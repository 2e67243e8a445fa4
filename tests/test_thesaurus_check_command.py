"""`clearinghouse thesaurus check`: what people, programs and code hosts are told, of files, folders and the house."""

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from thesaurus_faults import CHAIN, CONCEPT, PREFIXES, SCHEMES, A
from typer.testing import CliRunner, Result

from endpoint.thesaurus_cli import app
from thesaurus.checks import Level, catalogue

FAULTY = (
    PREFIXES
    + SCHEMES
    + CHAIN
    + "\n"
    + f':d {CONCEPT} ; skos:prefLabel "Forest"@zh , "Wald [red]"@de .\n:d skos:broader :a .\n'
)


def asked(*arguments: str | Path, expected: int = 0) -> Result:
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    assert result.exit_code == expected, (result.output, result.exception)
    return result


@pytest.fixture(autouse=True)
def no_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    path = tmp_path / "faulty voc.ttl"
    path.write_text(FAULTY, encoding="utf-8")
    return path


def document(*arguments: str | Path, expected: int = 0) -> Any:
    return json.loads(asked(*arguments, expected=expected).stdout)


# ---------------------------------------------------------------------------------------------------------- for people


def test_people_see_findings_by_check_with_labels_beside_the_iris(faulty: Path) -> None:
    told = asked(faulty, "--no-skosify", expected=1).output
    assert "error Text in the script of another language (script-against-language): 1" in told
    assert 'http://example.org/voc/d “Wald [red]”: label "Forest"@zh is in another script' in told
    assert "skosify was left out: not asked for" in told
    assert re.search(r"^4 concepts, \d+ statements: 1 errors, \d+ warnings, \d+ infos$", told, re.M)
    assert told.index("error ") < told.index("info ")


def test_only_the_first_of_many_findings_are_shown_unless_all_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "many.ttl"
    many = "".join(f':n{number} {CONCEPT} ; skos:prefLabel " N {number}"@en .\n' for number in range(9))
    path.write_text(PREFIXES + SCHEMES + many, encoding="utf-8")
    short = asked(path, "--level", "error", "--no-skosify", expected=1).output
    assert short.count("begins or ends with a space") == 5
    assert "and 4 more; --all shows them" in short
    assert "warning" not in short.splitlines()[0]
    long = asked(path, "--level", "error", "--all", "--no-skosify", expected=1).output
    assert long.count("begins or ends with a space") == 9


def test_a_hostile_label_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "hostile.ttl"
    path.write_text(PREFIXES + SCHEMES + f':a {CONCEPT} ; skos:prefLabel "A\\u001B[2J"@en .', encoding="utf-8")
    assert "\x1b[2J" not in asked(path, "--no-skosify").output


def test_what_skosify_would_change_is_shown(faulty: Path) -> None:
    told = asked(faulty, "--skosify", expected=1).output
    assert re.search(r"skosify, on a copy: \d+ remarks; it would add \d+ statements and remove 0", told)
    assert "+ <http://example.org/voc/b> <http://www.w3.org/2004/02/skos/core#narrower>" in told


def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "fair.ttl"
    path.write_text(PREFIXES + ':a a skos:Concept ; skos:prefLabel "A"@en .', encoding="utf-8")
    assert "missing-scheme" in asked(path, "--no-skosify").output


# --------------------------------------------------------------------------------------------------------- for programs


def test_json_has_the_findings_of_the_level_and_the_counts_of_all(faulty: Path) -> None:
    found = document(faulty, "--format", "json", "--level", "error", "--no-skosify", expected=1)
    assert found["counts"]["error"] == len(found["findings"]) == 1
    assert found["counts"]["info"] > 0
    assert [one["id"] for one in found["checks"]] == ["script-against-language"]
    assert found["findings"][0] == {
        "check": "script-against-language",
        "level": "error",
        "concept": "http://example.org/voc/d",
        "label": "Wald [red]",
        "message": 'label "Forest"@zh is in another script; expected the script of zh',
    }
    assert found["skosify"] == {"leftOut": "not asked for", "log": [], "added": [], "removed": []}


def test_languages_that_are_asked_for_are_missed(faulty: Path) -> None:
    found = document(faulty, "--format", "json", "--language", "ar", "--no-skosify", expected=1)
    assert {"no skos:prefLabel in ar; expected one"} == {
        one["message"] for one in found["findings"] if one["check"] == "incomplete-languages"
    }


def test_sarif_has_a_rule_for_each_check_and_a_line_for_each_finding(faulty: Path) -> None:
    found = document(faulty, "--format", "sarif", "--no-skosify", expected=1)
    [run] = found["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert found["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == [*(check.id for check in catalogue()), "skosify"]
    for rule in rules[:-1]:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
    [error] = [result for result in run["results"] if result["level"] == "error"]
    place = error["locations"][0]
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "http://example.org/voc/d"
    assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("faulty%20voc.ttl")
    lines = FAULTY.splitlines()
    assert lines[place["physicalLocation"]["region"]["startLine"] - 1].startswith(":d a skos:Concept")


@pytest.mark.parametrize("form", ["ttl", "nt", "rdf"])
def test_the_line_of_a_concept_is_found_in_every_syntax(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"faulty.{form}"
    syntax = ox.RdfFormat.from_extension(form)
    assert syntax is not None
    path.write_bytes(
        ox.serialize([quad.triple for quad in ox.parse(FAULTY, format=ox.RdfFormat.TURTLE)], format=syntax)
    )
    found = document(path, "--format", "sarif", "--level", "error", "--no-skosify", expected=1)
    region = found["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert "http://example.org/voc/d" in path.read_text("utf-8").splitlines()[region["startLine"] - 1]


# ------------------------------------------------------------------------------------------------------ what is checked


def test_the_files_of_a_folder_are_one_thesaurus(tmp_path: Path) -> None:
    folder = tmp_path / "voc" / "more"
    folder.mkdir(parents=True)
    (folder.parent / "one.ttl").write_text(PREFIXES + SCHEMES + A + ":a skos:broader :b .", encoding="utf-8")
    (folder / "two.ttl").write_text(PREFIXES + f':b {CONCEPT} ; skos:prefLabel "B"@en .', encoding="utf-8")
    (folder / "README.md").write_text("no RDF", encoding="utf-8")
    found = document(folder.parent, "--format", "json", "--no-skosify")
    assert [Path(name).name for name in found["files"]] == ["two.ttl", "one.ttl"]
    assert found["concepts"] == 2


def test_without_a_file_the_bundled_thesaurus_of_a_new_house_is_checked_and_has_no_errors() -> None:
    found = document("--format", "json", "--no-skosify")
    assert (found["files"], found["counts"]["error"]) == ([], 0)
    assert found["concepts"] > 900


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("broken.ttl", ":a a skos:Concept .", r"broken\.ttl: .*prefix"),
        ("table.csv", "a,b", r"table\.csv: unknown RDF syntax; expected a name that ends in ttl"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / name)])
    assert re.search(expected, str(result.exception))


def test_a_folder_without_rdf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(app, ["check", str(tmp_path / "empty")])
    assert "no RDF file in it" in str(result.exception)


# ------------------------------------------------------------------------------------------------ thesauri of others


def thesaurus(name: str) -> Path:
    given = os.environ.get("CLEARINGHOUSE_THESAURI")
    folder = Path(given) if given else Path(__file__).parents[2] / "shared" / "data" / "thesauri"
    if not (folder / name).is_file():
        pytest.skip(f"{name} is not here: set CLEARINGHOUSE_THESAURI to its folder")
    return folder / name


@pytest.mark.parametrize(
    ("name", "present", "absent"),
    [
        (
            "unesco-2022.ttl",
            {"top-concept-with-broader": 1, "incomplete-languages": 43},
            {"label-clash", "reflexive-relation"},
        ),
        (
            "unesco-2025.ttl",
            {"label-clash": 3, "reflexive-relation": 1, "unprintable-character": 1},
            {"two-preferred-labels", "cyclic-hierarchy", "dangling-relation"},
        ),
        (
            "landvoc.xml",
            {"label-not-text": 20, "label-clash": 1, "untrimmed-label": None},
            {"script-against-language", "missing-label"},
        ),
    ],
)
def test_what_is_known_of_a_published_thesaurus_is_found(
    name: str, present: dict[str, int | None], absent: set[str]
) -> None:
    result = CliRunner().invoke(app, ["check", str(thesaurus(name)), "--format", "json", "--no-skosify"])
    found = {one["id"]: one["count"] for one in json.loads(result.stdout)["checks"]}
    assert {check: found.get(check) if number else None for check, number in present.items()} == present
    assert present.keys() <= found.keys()
    assert not absent & found.keys()
    assert not {check.id for check in catalogue() if check.is_own} & found.keys()


def test_ten_thousand_concepts_take_seconds(tmp_path: Path) -> None:
    path = tmp_path / "large.ttl"
    tags = ("ar", "en", "es", "fr", "ru", "zh")
    words = dict(zip(tags, ("ماء", "water", "agua", "eau", "вода", "水"), strict=True))
    with path.open("w", encoding="utf-8") as text:
        text.write(PREFIXES + SCHEMES)
        for number in range(10_000):
            labels = " , ".join(f'"{words[tag]} {number}"@{tag}' for tag in tags)
            above = f" ; skos:broader :c{(number - 1) // 5}" if number else ""
            text.write(f":c{number} {CONCEPT} ; skos:prefLabel {labels}{above} .\n")
    began = time.process_time()
    found = document(path, "--format", "json", "--level", Level.WARNING.value)
    assert time.process_time() - began < 10
    assert (found["concepts"], found["counts"]["error"]) == (10_000, 0)
    assert "10,000 concepts, and unasked" in found["skosify"]["leftOut"]
