"""Reports: what a load or a validation found, for people, programs (JSON), code hosts (SARIF) and CI (JUnit)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from rich.console import Console
from rich.markup import escape

from loaders.findings import Finding
from loaders.gate import Judged, Outcome

SARIF_LEVELS = {"Violation": "error", "Warning": "warning", "Info": "note"}
LINE = re.compile(r"line ([1-9][0-9]*)\b")
COLOURS = {"Violation": "red", "Warning": "yellow", "Info": "blue"}


def show(console: Console, outcome: Outcome, *, only_refused: bool = False) -> None:
    """Print a block for each document with findings, or each refused one, and a line for what is not readable."""
    for judged in outcome.judged:
        if judged.verdict != "quarantined" and (only_refused or not judged.findings):
            continue
        console.print(
            f"[bold]{escape(judged.document.guid)}[/] "
            f"revision {judged.revision}, {escape(judged.document.schema)}: {judged.verdict}",
            soft_wrap=True,
        )
        console.print(f"  {escape(judged.source)} {escape(judged.place)}", style="dim", soft_wrap=True)
        for found in judged.findings:
            console.print(f"  [{COLOURS[found.severity]}]{found.severity}[/] {escape(line(found))}", soft_wrap=True)
    for refusal in outcome.refusals:
        console.print(
            f"[red]not readable[/] {escape(refusal.source)} {escape(refusal.place)}: {escape(refusal.message)}",
            soft_wrap=True,
        )


def line(found: Finding) -> str:
    """A finding in one line."""
    value = "" if found.value is None else f" (found {found.value})"
    return f"{found.pointer or '/'}: {found.message}{value} [{found.code}]"


def as_json(outcomes: Iterable[Outcome]) -> str:
    """One JSON document: `records` with verdict and findings, and `refusals`."""
    records, refusals = [], []
    for outcome in outcomes:
        records += [_record(judged) for judged in outcome.judged]
        refusals += [{"source": one.source, "place": one.place, "message": one.message} for one in outcome.refusals]
    return json.dumps({"records": records, "refusals": refusals}, ensure_ascii=False, indent=2)


def _record(judged: Judged) -> dict[str, Any]:
    return {
        "identifier": judged.document.guid,
        "revision": judged.revision,
        "schema": judged.document.schema,
        "source": judged.source,
        "place": judged.place,
        "verdict": judged.verdict,
        "findings": [found.as_json() for found in judged.findings],
    }


def as_sarif(outcomes: Iterable[Outcome], version: str) -> str:
    """SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): one result per finding, its place as a logical
    location."""
    results = [_sarif_result(*item) for outcome in outcomes for item in _located(outcome)]
    return sarif(results, [{"id": code} for code in sorted({result["ruleId"] for result in results})], version)


def sarif(results: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]], version: str) -> str:
    """The SARIF document of one run of this tool, from its results and the rules that they name."""
    driver = {"name": "clearinghouse", "version": version, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)


def _located(outcome: Outcome) -> Iterator[tuple[str, str, str, str, str]]:
    """(source, place, level, code, text) of every finding and refusal."""
    for judged in outcome.judged:
        for found in judged.findings:
            place = f"{judged.place} {judged.document.guid} {found.pointer}".strip()
            yield judged.source, place, SARIF_LEVELS[found.severity], found.code, line(found)
    for refusal in outcome.refusals:
        yield refusal.source, refusal.place, "error", "not-readable", refusal.message


def _sarif_result(source: str, place: str, level: str, code: str, text: str) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(source, safe="/!")}}
    if line_of := LINE.match(place):
        physical["region"] = {"startLine": int(line_of[1])}
    location = {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": place}]}
    return {"ruleId": code, "level": level, "message": {"text": text}, "locations": [location]}


def as_junit(outcomes: Iterable[Outcome]) -> str:
    """JUnit XML: a test case per document, failed where it would be refused, with its findings as text."""
    suite = ET.Element("testsuite", name="clearinghouse validate")
    failures = errors = 0
    for outcome in outcomes:
        for judged in outcome.judged:
            case = ET.SubElement(
                suite, "testcase", classname=judged.document.schema, name=judged.document.guid, file=judged.source
            )
            text = "\n".join(f"{found.severity} {line(found)}" for found in judged.findings)
            if judged.verdict == "quarantined":
                failures += 1
                ET.SubElement(case, "failure", message="refused").text = text
            elif text:
                ET.SubElement(case, "system-out").text = text
        for refusal in outcome.refusals:
            errors += 1
            case = ET.SubElement(suite, "testcase", classname="unreadable", name=f"{refusal.source} {refusal.place}")
            ET.SubElement(case, "error", message=refusal.message)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)
