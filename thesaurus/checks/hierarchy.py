"""What is above what: the hierarchy of a thesaurus as the checks walk it, without recursion and at any depth."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyoxigraph as ox

from thesaurus.checks.rows import written

_EDGES = """PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?below ?above {
  { ?below skos:broader ?above } UNION { ?above skos:narrower ?below FILTER NOT EXISTS { ?below skos:broader ?above } }
  FILTER(isIRI(?below) && isIRI(?above) && ?below != ?above)
}"""


class Hierarchy:
    """The concepts right above each concept, by IRI, whether `skos:broader` says so or `skos:narrower`."""

    def __init__(self, edges: Iterable[tuple[str, str]]) -> None:
        self.above: Mapping[str, list[str]] = defaultdict(list)
        for below, above in edges:
            self.above[below].append(above)
        for others in self.above.values():
            others.sort()
        self._order = _order(self.above)
        self.has_cycles = len({*self._order.values()}) < len(self._order)

    @classmethod
    def of(cls, store: ox.Store) -> Hierarchy:
        """The hierarchy of the statements in a store."""
        return cls((below[1:-1], above[1:-1]) for below, above in written(store, _EDGES))

    def edges(self) -> Iterator[tuple[str, str]]:
        """Every pair of a concept and one right above it."""
        return ((below, above) for below, others in self.above.items() for above in others)

    def leads(self, start: str, target: str) -> bool:
        """Whether steps upwards, at least one, lead from one concept to another."""
        least = self._order.get(target)
        if least is None or self._order.get(start, -1) < least:
            return False
        seen, waiting = {start}, [start]
        while waiting:
            for above in self.above.get(waiting.pop(), ()):
                if above == target:
                    return True
                if above not in seen and self._order[above] >= least:
                    seen.add(above)
                    waiting.append(above)
        return False

    def cycle(self, node: str) -> Sequence[str]:
        """The shortest way from a concept up to itself, with the concept at both ends; empty if there is none."""
        came, waiting = {node: ""}, deque([node])
        while waiting:
            step = waiting.popleft()
            for above in self.above.get(step, ()):
                if above == node:
                    return (*_way(came, step), node)
                if above not in came and self._order[above] == self._order[node]:
                    came[above] = step
                    waiting.append(above)
        return ()


def _way(came: Mapping[str, str], last: str) -> list[str]:
    way = [last]
    while came[way[-1]]:
        way.append(came[way[-1]])
    return way[::-1]


def _order(above: Mapping[str, list[str]]) -> dict[str, int]:
    """A number for each concept, greater than those of the concepts above it; concepts on cycles, or between two of
    them, have one number in common."""
    below: dict[str, list[str]] = defaultdict(list)
    for node, others in above.items():
        for other in others:
            below[other].append(node)
    nodes = dict.fromkeys([*above, *below])
    upper = _peeled(nodes, above, below)
    rest = {node: None for node in nodes if node not in upper}
    lower = _peeled(rest, below, above)
    order = {node: number for number, node in enumerate(upper)}
    order |= {node: len(nodes) - number for number, node in enumerate(lower)}
    return {node: order.get(node, len(upper)) for node in nodes}


def _peeled(
    nodes: Mapping[str, None], there: Mapping[str, list[str]], back: Mapping[str, list[str]]
) -> dict[str, None]:
    """The nodes in an order in which each comes after all that it leads to; none of those that lead to a cycle."""
    left = {node: sum(other in nodes for other in there.get(node, ())) for node in nodes}
    free = deque(node for node, number in left.items() if not number)
    found: dict[str, None] = {}
    while free:
        node = free.popleft()
        found[node] = None
        for other in back.get(node, ()):
            if other in left:
                left[other] -= 1
                if not left[other]:
                    free.append(other)
    return found
