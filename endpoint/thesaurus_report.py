"""What the quality gate found: for people, with labels beside the IRIs, for programs (JSON), for code hosts (SARIF)."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox
from rich.markup import escape

from endpoint.reports import sarif
from thesaurus.checks import Check, Finding, Level, catalogue
from thesaurus.importing.preview import safe
from thesaurus.skosification import Skosified
from thesaurus.turtle import DCTERMS, SKOS

_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow", Level.INFO: "blue"}
_SARIF_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_NAMES = (ox.NamedNode(SKOS + "prefLabel"), ox.NamedNode(DCTERMS + "title"))
_DIRECTIVE = re.compile(r"@?prefix\s+([^\s:]*):\s*<([^>]*)>", re.IGNORECASE)
_ABOUT = re.compile(r"""rdf:(?:about|ID)\s*=\s*["']([^"']*)["']""")
_SKOSIFY = "skosify"


@dataclass(frozen=True)
class Report:
    """Everything that a report tells; `files` are none where the thesaurus of the house was checked."""

    statements: ox.Store
    concepts: int
    findings: Sequence[Finding]
    skosified: Skosified
    files: Sequence[Path]
    level: Level
    base: str

    @property
    def told(self) -> list[Finding]:
        """The findings of the level asked for or graver."""
        return [finding for finding in self.findings if finding.level.rank <= self.level.rank]

    @property
    def counts(self) -> dict[str, int]:
        """The number of findings of each level, told or not."""
        numbers = Counter(finding.level for finding in self.findings)
        return {level.value: numbers[level] for level in Level}

    @cached_property
    def _labels(self) -> dict[str, str]:
        return {}

    def label(self, iri: str) -> str:
        """The English name of a concept or scheme, else one in any language, else none."""
        if iri and iri not in self._labels:
            names = [
                quad.object
                for name in (_NAMES if ":" in iri and not iri.startswith("_:") else ())
                for quad in self.statements.quads_for_pattern(ox.NamedNode(iri), name, None)
                if isinstance(quad.object, ox.Literal)
            ]
            names.sort(key=lambda name: (name.language != "en", name.language or "", name.value))
            self._labels[iri] = names[0].value if names else ""
        return self._labels.get(iri, "")


# ----------------------------------------------------------------------------------------------------------- for people


def lines(report: Report, most: int | None) -> Iterator[str]:
    """The report in the markup of rich: a heading and up to `most` findings of each check, what skosify says, a sum."""
    known = {check.id: check for check in catalogue()}
    by_check: dict[tuple[Level, str], list[Finding]] = {}
    for finding in report.told:
        by_check.setdefault((finding.level, finding.check), []).append(finding)
    for (level, name), found in by_check.items():
        check = known[name]
        yield f"[{_COLOURS[level]} bold]{level}[/] [bold]{escape(check.title)}[/] ({name}): {len(found):,}"
        yield f"  [dim]expected: {escape(check.expected)} ({escape(check.source)})[/]"
        for finding in found[:most]:
            yield f"  {_named(report, finding.concept)}{_readable(report, finding.message)}"
        if most is not None and len(found) > most:
            yield f"  [dim]and {len(found) - most:,} more; --all shows them[/]"
    yield from _skosify_lines(report.skosified, most)
    numbers = ", ".join(f"{number:,} {level}s" for level, number in report.counts.items())
    yield f"[bold]{report.concepts:,} concepts, {len(report.statements):,} statements: {numbers}[/]"


def _named(report: Report, iri: str) -> str:
    if not iri:
        return ""
    label = report.label(iri)
    return f"{escape(safe(iri))} {escape(safe(_quoted(label)))}: " if label else f"{escape(safe(iri))}: "


def _readable(report: Report, message: str) -> str:
    """A message with the label of each concept beside its IRI."""

    def labelled(match: re.Match[str]) -> str:
        label = report.label(match[0])
        return f"{match[0]} {_quoted(label)}" if label else match[0]

    return escape(safe(re.sub(r"\bhttps?://[^\s,;<>\"{}|\\^`]+(?<![.:])", labelled, message)))


def _quoted(label: str) -> str:
    return f"“{label}”"


def _skosify_lines(done: Skosified, most: int | None) -> Iterator[str]:
    if done.left_out:
        yield f"[dim]skosify was left out: {escape(done.left_out)}[/]"
        return
    added, removed = done.delta.lines()
    changes = f"it would add {len(added):,} statements and remove {len(removed):,}"
    yield f"[bold]skosify[/], on a copy: {len(done.log):,} remarks; {changes}"
    remarks = [f"{line.level.lower()}: {line.message}" for line in done.log]
    for sign, texts in (("", remarks), ("- ", removed), ("+ ", added)):
        yield from (f"  {sign}{escape(safe(text))}" for text in texts[:most])
        if most is not None and len(texts) > most:
            yield f"  [dim]{sign}and {len(texts) - most:,} more; --all shows them[/]"


# --------------------------------------------------------------------------------------------------------- for programs


def as_json(report: Report) -> str:
    """One JSON document: what was checked, counts, the checks with findings, the findings, and what skosify says."""
    numbers = Counter(finding.check for finding in report.told)
    added, removed = report.skosified.delta.lines()
    document = {
        "files": [str(path) for path in report.files],
        "base": report.base,
        "concepts": report.concepts,
        "statements": len(report.statements),
        "counts": report.counts,
        "checks": [{**_described(check), "count": numbers[check.id]} for check in catalogue() if numbers[check.id]],
        "findings": [
            {
                "check": finding.check,
                "level": finding.level.value,
                "concept": finding.concept or None,
                "label": report.label(finding.concept) or None,
                "message": finding.message,
            }
            for finding in report.told
        ],
        "skosify": {
            "leftOut": report.skosified.left_out or None,
            "log": [{"level": line.level, "message": line.message} for line in report.skosified.log],
            "added": added,
            "removed": removed,
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _described(check: Check) -> dict[str, str]:
    return {
        "id": check.id,
        "level": check.level.value,
        "title": check.title,
        "expected": check.expected,
        "source": check.source,
    }


# ------------------------------------------------------------------------------------------------------------ for hosts


def as_sarif(report: Report, version: str) -> str:
    """SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): a rule for each check, a result for each finding,
    at the line of its concept where a file says it; skosify's remarks as results of a rule of its own."""
    rules = [_rule(check) for check in catalogue()]
    rules.append({"id": _SKOSIFY, "shortDescription": {"text": "What skosify remarks on a copy"}})
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    places = _places(report.files, {finding.concept for finding in report.told})
    results = [_result(report, finding, numbers[finding.check], places.get(finding.concept)) for finding in report.told]
    results += [
        {"ruleId": _SKOSIFY, "ruleIndex": numbers[_SKOSIFY], "level": "note", "message": {"text": line.message}}
        for line in report.skosified.log
    ]
    return sarif(results, rules, version)


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in check.id.split("-")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": f"Expected: {check.expected}."},
        "help": {"text": f"Source: {check.source}."},
        "defaultConfiguration": {"level": _SARIF_LEVELS[check.level]},
    }


def _result(report: Report, finding: Finding, number: int, place: tuple[Path, int] | None) -> dict[str, Any]:
    label = report.label(finding.concept)
    text = f"{_quoted(label)}: {finding.message}" if label else finding.message
    location: dict[str, Any] = {}
    if finding.concept:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.concept, "kind": "resource"}]
    if place or report.files:
        path, line = place or (report.files[0], 0)
        location["physicalLocation"] = {"artifactLocation": {"uri": quote(path.as_posix())}}
        if line:
            location["physicalLocation"]["region"] = {"startLine": line}
    return {
        "ruleId": finding.check,
        "ruleIndex": number,
        "level": _SARIF_LEVELS[finding.level],
        "message": {"text": text},
        **({"locations": [location]} if location else {}),
    }


def _places(files: Iterable[Path], wanted: set[str]) -> Mapping[str, tuple[Path, int]]:
    """The file and line where each concept first begins a line of Turtle or N-Triples, or is named in RDF/XML."""
    found: dict[str, tuple[Path, int]] = {}
    for path in files:
        prefixes: dict[str, str] = {}
        with path.open(encoding="utf-8", errors="replace") as text:
            for number, line in enumerate(text, 1):
                if (iri := _subject(line, prefixes)) and iri in wanted:
                    found.setdefault(iri, (path, number))
    return found


def _subject(line: str, prefixes: dict[str, str]) -> str | None:
    """The IRI that a line is about, as far as the line says; prefixes that it declares are noted."""
    if directive := _DIRECTIVE.match(line):
        prefixes[directive[1]] = directive[2]
        return None
    if line[:1] == "<":
        iri = line[1 : line.find(">")] if line[1:2] not in ("?", "!", "/") else ""
        if ":" in iri and "/" in iri and " " not in iri:
            return iri
    if about := _ABOUT.search(line):
        return about[1]
    prefix, colon, local = line.partition(" ")[0].rstrip().partition(":")
    return prefixes[prefix] + local if colon and prefix in prefixes else None
