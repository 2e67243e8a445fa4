"""The compiled shapes and pyshacl give the same reports on ten thousand generated records, one in twenty faulty."""

import json
from collections import Counter

from loaders import generate
from loaders.documents import Document
from loaders.door import admitted
from loaders.judgement import Judge
from loaders.mapping import Mapping
from ontology.errors import DoorError
from ontology.identifiers import Iris
from thesaurus.vocabulary import Thesaurus

RECORDS = 10_000
BATCH = 500


def test_both_engines_give_the_same_reports_on_ten_thousand_records() -> None:
    schemas: dict[str, str] = {}
    judge = Judge(Mapping(Iris(), Thesaurus.load()), schemas.get)
    judge.validator.sample = (
        1.0  # every record is validated by pyshacl too, and a differing report raises EngineMismatch
    )
    documents: dict[str, Document] = {}
    judged, results, faulty = 0, Counter[str](), 0
    for generated in generate.records(RECORDS, seed=11, faults=0.05):
        try:
            document, _ = admitted(json.dumps(generated.document), {})
        except DoorError:
            continue  # what cannot be read has no shapes to meet
        if document.guid in documents or len(documents) == BATCH:
            judged, results, faulty = _check(judge, documents, judged, results, faulty)
            schemas |= {guid: whole.schema for guid, whole in documents.items()}
            documents = {}
        documents[document.guid] = document
    judged, results, faulty = _check(judge, documents, judged, results, faulty)
    assert judged > 0.98 * RECORDS
    assert 0.02 * RECORDS < faulty < 0.08 * RECORDS
    assert len(results) >= 8, f"too few kinds of results to mean much: {results}"


def _check(
    judge: Judge, documents: dict[str, Document], judged: int, results: Counter[str], faulty: int
) -> tuple[int, Counter[str], int]:
    mapped = judge.mapping.mapped(list(documents.values()))
    found = judge.validator.check({judge.mapping.iris.record(one.document.guid).value: one.quads for one in mapped})
    assert judge.validator.unconfirmed == {}
    kinds = Counter(f"{result.severity} {result.component}" for record in found.values() for result in record)
    return judged + len(documents), results + kinds, faulty + len(found)
