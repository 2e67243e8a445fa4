"""What the queries of some checks leave to be decided: their rows are candidates, and what comes out are findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass
from functools import cache, cached_property

import pyoxigraph as ox

from ontology.errors import IdentifierError
from ontology.identifiers import Iris, term_key
from thesaurus.checks.hierarchy import Hierarchy
from thesaurus.checks.labels import Labels

Row = Mapping[str, str]
"""A row of a query with its values as the messages show them."""


@dataclass
class Surroundings:
    """What a closure may look at beside the rows of its query."""

    store: ox.Store
    base: str
    languages: Sequence[str] | None = None
    """The languages that labels are expected in; None for those that a tenth of the concepts have."""

    def read(self, threads: Executor) -> None:
        """Read labels and hierarchy side by side, before several checks want them at once."""
        wait([threads.submit(getattr, self, name) for name in ("labels", "hierarchy")])

    @cached_property
    def labels(self) -> Labels:
        """The labels, read once for all checks."""
        return Labels(self.store)

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The hierarchy, read once for all checks."""
        return Hierarchy.of(self.store)


Closure = Callable[[Iterable[Row], Surroundings], Iterable[Row]]


def related_to_broader(rows: Iterable[Row], around: Surroundings) -> Iterator[Row]:
    """Pairs that the hierarchy, or a stated transitive relation, connects."""
    leads = around.hierarchy.leads
    for row in rows:
        node, target = row["node"], row["target"]
        if row["stated"] == "true" or leads(node, target) or leads(target, node):
            yield row


def cyclic_hierarchy(rows: Iterable[Row], around: Surroundings) -> Iterator[Row]:
    """Concepts on a cycle, with the shortest one; long ones are cut."""
    if not around.hierarchy.has_cycles:
        return
    for row in rows:
        if way := around.hierarchy.cycle(row["node"]):
            shown = way if len(way) <= 6 else (*way[:4], f"{len(way) - 5} more", way[-1])
            yield {**row, "path": " > ".join(shown)}


def redundant_broader(rows: Iterable[Row], around: Surroundings) -> Iterable[Row]:
    """Broader concepts that are above another broader one, and not below it as well, which is a cycle."""
    leads = around.hierarchy.leads
    least: dict[tuple[str, str], Row] = {}
    for row in rows:
        pair, target, other = (row["node"], row["target"]), row["target"], row["other"]
        if leads(other, target) and not leads(target, other):
            least[pair] = min(least.get(pair, row), row, key=lambda one: one["other"])
    return least.values()


def solely_transitive(rows: Iterable[Row], around: Surroundings) -> Iterator[Row]:
    """Pairs that no steps connect."""
    return (row for row in rows if not around.hierarchy.leads(row["node"], row["target"]))


def disconnected_cluster(rows: Iterable[Row], around: Surroundings) -> Iterator[Row]:
    """The first concept of every connected group but the largest, with the number of its concepts."""
    leader: dict[str, str] = {}

    def lead(node: str) -> str:
        while (above := leader.setdefault(node, node)) != node:
            leader[node] = node = leader.setdefault(above, above)
        return node

    for one, other in (*((row["node"], row["target"]) for row in rows), *around.hierarchy.edges()):
        leader[lead(one)] = lead(other)
    groups: dict[str, list[str]] = defaultdict(list)
    for node in list(leader):
        groups[lead(node)].append(node)
    for group in sorted(groups.values(), key=len, reverse=True)[1:]:
        yield {"node": min(group), "number": str(len(group))}


def incomplete_languages(rows: Iterable[Row], around: Surroundings) -> Iterator[Row]:
    """Concepts without a preferred label in an expected language; region and script of a tag are left aside."""
    known = _languages(rows, around)
    counts = Counter(tag for tags in known.values() for tag in tags)
    usual = [tag for tag, number in counts.items() if number >= len(known) / 10]
    expected = {tag.lower() for tag in (usual if around.languages is None else around.languages)}
    for node, tags in known.items():
        if missing := expected - tags:
            yield {"node": node, "missing": ", ".join(sorted(missing))}


def no_common_language(rows: Iterable[Row], around: Surroundings) -> Iterator[Row]:
    """The language of most concepts, if it is not that of all."""
    known = _languages(rows, around)
    counts = Counter(tag for tags in known.values() for tag in tags)
    for language, number in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:1]:
        if number < len(known):
            yield {"language": language, "number": str(number), "all": str(len(known))}


def _languages(rows: Iterable[Row], around: Surroundings) -> dict[str, frozenset[str]]:
    tags, made = around.labels.tags, cache(_primary)
    return {row["node"]: made(tuple(tags.get(row["node"], ()))) for row in rows}


def _primary(tags: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tag.partition("-")[0].lower() for tag in tags if tag)


def identifier(rows: Iterable[Row], around: Surroundings) -> Iterator[Row]:
    """Faults of the identifiers of concepts and schemes, of which each kind has names of its own."""
    given: dict[str, dict[str, dict[bool, list[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for row in rows:
        names = given[row["class"]][row["node"]]
        if row.get("name") is not None:
            names[row["property"] == "dcterms:identifier"].append(row["name"])
    iris = Iris(around.base)
    for kind, nodes in given.items():
        minted = iris.place if kind == "skos:Concept" else iris.scheme
        yield from _identifier_faults(nodes, minted)


def _identifier_faults(
    nodes: Mapping[str, Mapping[bool, list[str]]], minted: Callable[[str], ox.NamedNode]
) -> Iterator[Row]:
    spellings: dict[str, str] = {}
    for node in sorted(nodes):
        names, aliases = nodes[node].get(True, []), nodes[node].get(False, [])
        if len(names) != 1:
            yield {"node": node, "fault": f"{len(names)} values of dcterms:identifier; expected one"}
        for name in (*names, *aliases):
            try:
                other, iri = spellings.setdefault(term_key(name), node), minted(name).value
            except IdentifierError as error:
                yield {"node": node, "fault": str(error)}
                continue
            if other != node:
                yield {"node": node, "fault": f"identifier {name!r} is also that of {other}; compared without case"}
            elif name in names and iri != node:
                yield {"node": node, "fault": f"identifier {name!r}; expected the IRI {iri}"}


CLOSURES: Mapping[str, Closure] = {
    "cyclic-hierarchy": cyclic_hierarchy,
    "disconnected-cluster": disconnected_cluster,
    "identifier": identifier,
    "incomplete-languages": incomplete_languages,
    "no-common-language": no_common_language,
    "redundant-broader": redundant_broader,
    "related-to-broader": related_to_broader,
    "solely-transitive": solely_transitive,
}
