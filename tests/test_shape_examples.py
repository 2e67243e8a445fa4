"""Every record kind has valid and invalid examples, one fault each, with the report expected of it."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from loaders import context
from loaders.documents import document
from loaders.judgement import Judge
from loaders.mapping import Mapping
from ontology.identifiers import Iris
from thesaurus.vocabulary import Thesaurus

EXAMPLES = files("shapes") / "examples"


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396 JSON merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        result[key] = merged(result.get(key), value)
        if value is None:
            del result[key]
    return result


def cases() -> Iterator[tuple[str, str, list[list[str]]]]:
    for file in sorted(EXAMPLES.iterdir(), key=lambda entry: entry.name):
        schema = file.name.removesuffix(".json")
        example = json.loads(file.read_text(encoding="utf-8"))
        yield schema, "valid", []
        yield from ((schema, name, []) for name in example.get("also-valid", {}))
        yield from ((schema, name, fault["report"]) for name, fault in example["invalid"].items())


@cache
def everyday_judge() -> Judge:
    judge = Judge(Mapping(Iris(), Thesaurus.load()), lambda guid: None)
    judge.validator.sample = 1.0
    return judge


def report(schema: str, name: str) -> list[list[str]]:
    example = json.loads((EXAMPLES / f"{schema}.json").read_text(encoding="utf-8"))
    patches = {"valid": {}, **example.get("also-valid", {})}
    patches |= {fault: case["patch"] for fault, case in example["invalid"].items()}
    text = json.dumps(merged(example["valid"], patches[name]))
    neighbours = example.get("neighbours", {})
    judge = everyday_judge()
    judge.forget()
    judge.schema_of = neighbours.get
    findings = judge.findings(judge.mapping.mapped([document(json.loads(text), text)]))[0]
    return sorted([found.severity, found.code, found.pointer] for found in findings)


@pytest.mark.parametrize(
    ("schema", "name", "expected"), [pytest.param(*case, id=f"{case[0]}: {case[1]}") for case in cases()]
)
def test_an_example_gets_the_report_expected_of_it(schema: str, name: str, expected: list[list[str]]) -> None:
    assert report(schema, name) == sorted(expected)


def test_every_schema_has_examples() -> None:
    counted = {schema: [name for other, name, _ in cases() if other == schema] for schema in context.schemas()}
    lacking = {schema: len(names) for schema, names in counted.items() if len(names) < 4}
    assert not lacking, f"schemas with fewer than four examples: {lacking}"
