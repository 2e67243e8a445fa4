"""What a revision of a record changed: its statements against those of the revision before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from endpoint.site.facts import CH, Fact, Graph, Term, fact_of
from endpoint.site.namespaces import ADMS, DCTERMS, PAV, RDF

OF_THE_HISTORY = frozenset(
    {
        *(f"{CH}{name}" for name in ("revision", "amendmentReason", "updateReason", "richText")),
        *(f"{DCTERMS}{name}" for name in ("created", "modified", "dateSubmitted", "subject")),
        f"{ADMS}status",
        f"{PAV}hasCurrentVersion",
        f"{RDF}type",
    }
)
"""What every revision changes, and what follows from other statements."""


@dataclass(frozen=True)
class Difference:
    """What a revision took out of and put into one property of the record, or of a node inside it, at a pointer."""

    property: str
    pointer: str
    removed: Fact
    added: Fact


def differences(before: Graph, after: Graph) -> list[Difference]:
    """The properties with other values than before, in the order of their nodes and names."""
    known, present = _statements(before), _statements(after)
    found = []
    for subject, name in sorted(known.keys() | present.keys()):
        old, new = known.get((subject, name), []), present.get((subject, name), [])
        removed, added = [term for term in old if term not in new], [term for term in new if term not in old]
        if removed or added:
            pointer = unquote(subject.partition("#")[2])
            facts = (fact_of(graph, name, terms, pointer) for graph, terms in ((before, removed), (after, added)))
            found.append(Difference(name, pointer, *facts))
    return found


def _statements(graph: Graph) -> dict[tuple[str, str], list[Term]]:
    """The values of each property of the record and of the nodes inside it; links to these nodes left out."""
    found: dict[tuple[str, str], list[Term]] = defaultdict(list)
    for subject, name, term in _all(graph):
        is_inside = str(getattr(term, "value", term)).startswith(f"{graph.record}#")
        if name not in OF_THE_HISTORY and not is_inside:
            found[subject, name].append(term)
    return found


def _all(graph: Graph) -> Iterator[tuple[str, str, Term]]:
    for subject, said in graph.by_subject.items():
        if subject == graph.record or subject.startswith(f"{graph.record}#"):
            yield from ((subject, name, term) for name, term in said)
