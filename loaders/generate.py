"""A seeded stream of synthetic records in the real document format, for trials, tests and benchmarks of any size.

Nothing in it is real: every document carries `"synthetic": true`, its GUID begins with the block `5E7E71C0`, its titles
say "(synthetic)" or begin with `SYN-`, its persons are called Person and a number.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count as counted
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from loaders.generator.chains import Chain, Parts
from loaders.generator.faults import CANARY, FAULTS, FIRST_FAULTY_NUMBER, broken
from loaders.generator.material import countries
from loaders.generator.registry import Registry
from loaders.generator.terms import TOPICS

__all__ = ["CANARY", "FAULTS", "SAMPLE", "Generated", "records", "sample", "schema", "write_sample"]

Document = dict[str, Any]
SAMPLE = Path(__file__).parent / "sample" / "synthetic"
"""The bundled sample: one JSON array per schema."""
SAMPLE_PAIRS = (
    "in fr", "mx jp", "gt de", "za gb", "ke jp", "br fr", "fr de", "jp fr", "ma fr", "cn jp", "eg gb", "ru de", "fj jp",
)  # fmt: skip
"""Provider and user countries of the chains of the sample."""
FIRST_CHAIN, LAST_CHAIN = date(2014, 11, 1).toordinal(), date(2025, 6, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Generated:
    """One document of the stream. `fault` names what is wrong with it (a key of `FAULTS`), None if nothing is."""

    document: Document
    fault: str | None


def records(count: int, *, seed: int = 1, faults: float = 0.0) -> Iterator[Generated]:
    """`count` documents in dependency order; the same seed gives the same documents.

    `faults` is the share of documents that carry exactly one fault. A faulty document is an extra one with its own
    identity to which nothing refers, so that the others are as without faults.
    """
    if not 0 <= faults < 1:
        raise ValueError(f"faults is a share of the documents, 0 or more and below 1, not {faults}")
    return islice(_generated(seed, faults), count)


def _generated(seed: int, faults: float) -> Iterator[Generated]:
    registry = Registry(Random(seed))  # noqa: S311  # reproducible, not secret
    chances = Random(f"{seed} faults")  # noqa: S311
    number = FIRST_FAULTY_NUMBER
    for document, stranger in _chained(registry):
        yield Generated(document, None)
        while chances.random() < faults:
            name, copy = broken(document, number, stranger, chances)
            number += 1
            yield Generated(copy, name)


def _chained(registry: Registry) -> Iterator[tuple[Document, str]]:
    """Chains without end, country after country; with each document the reference of some focal point."""
    providers = list(countries().values())
    for turn in counted():
        provider = providers[turn % len(providers)]
        user = registry.random.choice([country for country in providers if country is not provider])
        topic = TOPICS[(turn + turn // len(providers)) % len(TOPICS)]
        day = registry.random.randrange(FIRST_CHAIN, LAST_CHAIN)
        parts = Parts(permits=4 + registry.random.randrange(9), interim=turn % 2 == 1)
        for document in Chain(registry, provider, user, topic, day, parts).documents():
            yield document, next(iter(registry.known("focalPoint", provider.code)), "")


def sample(seed: int = 1) -> dict[str, list[Document]]:
    """The bundled set by schema: full chains of thirteen countries of all regions, sorted by number and revision."""
    registry = Registry(Random(seed))  # noqa: S311  # reproducible, not secret
    found: dict[str, list[Document]] = {}
    for turn, pair in enumerate(SAMPLE_PAIRS):
        provider, user = (countries()[code] for code in pair.split())
        parts = Parts(3, library=turn < 10, biosafety=turn % 2 == 0, convention=turn % 2 == 1, interim=turn % 2 == 1)
        day = FIRST_CHAIN + turn * 280
        for document in Chain(registry, provider, user, TOPICS[turn % len(TOPICS)], day, parts).documents():
            found.setdefault(schema(document), []).append(document)
    return {name: sorted(found[name], key=_order) for name in sorted(found)}


def schema(document: Document) -> str:
    """The schema of an information object or of an index item, "" where it is missing."""
    return str(document.get("type") or document.get("schema_s", ""))


def _order(document: Document) -> tuple[str, int]:
    """Number (of index items: their hexadecimal identifier, of one length) and revision."""
    return (f"{document['documentID']:012d}", document["revision"]) if "body" in document else (document["id"], 0)


def write_sample(path: Path = SAMPLE, *, seed: int = 1) -> None:
    """Write the bundled sample as `{schema}.json` into the folder `path`."""
    path.mkdir(parents=True, exist_ok=True)
    for name, documents in sample(seed).items():
        text = json.dumps(documents, ensure_ascii=False, indent=2) + "\n"
        (path / f"{name}.json").write_text(text, encoding="utf-8")
