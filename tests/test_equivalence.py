"""The compiled shapes and pyshacl give the same reports on ten thousand generated records, one in twenty faulty."""

import json
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from loaders import generate
from loaders.documents import Document
from loaders.door import admitted
from loaders.judgement import Judge
from loaders.mapping import Mapping
from ontology.errors import DoorError
from ontology.identifiers import Iris
from thesaurus.vocabulary import Thesaurus

RECORDS = 10_000
SEEDS = (11, 12, 13, 14)
BATCH = 500


def test_both_engines_give_the_same_reports_on_ten_thousand_records() -> None:
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawning) as pool:
        parts = list(pool.map(compared, SEEDS))
    judged, faulty = (sum(part[place] for part in parts) for place in (0, 1))
    kinds: Counter[str] = sum((part[2] for part in parts), Counter())
    assert judged > 0.98 * RECORDS
    assert 0.02 * RECORDS < faulty < 0.08 * RECORDS
    assert len(kinds) >= 8, f"too few kinds of results to mean much: {kinds}"


def compared(seed: int) -> tuple[int, int, Counter[str]]:
    """A share of the records through both engines: how many, how many with results, and the kinds of results."""
    schemas: dict[str, str] = {}
    judge = Judge(Mapping(Iris(), Thesaurus.load()), schemas.get)
    judge.validator.sample = 1.0  # pyshacl validates every record too, and a differing report raises EngineMismatch
    judged, faulty, kinds, batch = 0, 0, Counter[str](), {}
    for document in [*admissible(seed), None]:
        if batch and (document is None or document.guid in batch or len(batch) == BATCH):
            mapped = judge.mapping.mapped(list(batch.values()))
            iris = judge.mapping.iris
            found = judge.validator.check({iris.record(one.document.guid).value: one.quads for one in mapped})
            assert judge.validator.unconfirmed == {}
            judged, faulty = judged + len(batch), faulty + len(found)
            kinds.update(f"{result.severity} {result.component}" for record in found.values() for result in record)
            schemas |= {guid: whole.schema for guid, whole in batch.items()}
            batch = {}
        if document is not None:
            batch[document.guid] = document
    return judged, faulty, kinds


def admissible(seed: int) -> list[Document]:
    """The generated records that pass the door; what cannot be read has no shapes to meet."""
    documents = []
    for generated in generate.records(RECORDS // len(SEEDS), seed=seed, faults=0.05):
        try:
            documents.append(admitted(json.dumps(generated.document), {})[0])
        except DoorError:
            continue
    return documents
