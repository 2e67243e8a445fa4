"""The facets beside the results of a search: their values with counts and links, subjects with what is below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from endpoint.localisation import N_
from endpoint.search.concepts import Concepts
from endpoint.site.search_parameters import Parameters

TITLES = {
    "kind": N_("Records and keywords"),
    "house": N_("Clearing-house"),
    "type": N_("Type"),
    "country": N_("Country"),
    "region": N_("Region"),
    "subject": N_("Subject"),
    "year": N_("Year"),
    "language": N_("Language"),
    "status": N_("Status"),
}
KINDS = {"record": N_("Records"), "concept": N_("Keywords")}
_OPEN = ("kind", "house", "type", "country", "subject")
_SHORT, _DEEPEST = 8, 4  # values that are shown unasked; levels of subjects


@dataclass(frozen=True)
class Value:
    """A value of a facet: how many results have it, whether they are limited to it, and where its link leads."""

    value: str
    count: int
    is_active: bool
    address: str
    narrower: tuple[Value, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether something below it is chosen."""
        return any(one.is_active or one.is_open for one in self.narrower)


@dataclass(frozen=True)
class Facet:
    """A facet: its name, its values, and how many more it has."""

    name: str
    title: str
    values: tuple[Value, ...]
    left_out: int
    is_open: bool


@dataclass(frozen=True)
class Chip:
    """A limit of a search, which its link takes off."""

    name: str
    title: str
    value: str
    address: str


def facets(parameters: Parameters, counts: Mapping[str, Mapping[str, int]], concepts: Concepts) -> list[Facet]:
    """The facets by which the results differ, or are limited."""
    made = []
    for name, title in TITLES.items():
        counted = counts.get(name, {})
        active = parameters.filters.get(name, ())
        if len(counted) < 2 and not active and name in ("kind", "status"):
            continue
        if counted or active:
            made.append(
                _facet(parameters, name, title, {**counted, **{one: counted.get(one, 0) for one in active}}, concepts)
            )
    return made


def chips(parameters: Parameters) -> list[Chip]:
    """The limits of a search."""
    return [
        Chip(name, TITLES[name], value, parameters.without_value(name, value).address())
        for name, values in parameters.filters.items()
        for value in values
    ]


def named(found: Iterable[Facet], limits: Iterable[Chip]) -> set[str]:
    """The IRIs that facets and limits show by label."""
    waiting = [value for facet in found for value in facet.values]
    iris = {chip.value for chip in limits}
    while waiting:
        value = waiting.pop()
        iris.add(value.value)
        waiting += value.narrower
    return {iri for iri in iris if "://" in iri}


def _facet(parameters: Parameters, name: str, title: str, counted: Mapping[str, int], concepts: Concepts) -> Facet:
    order = _in_order(name, counted)
    if name in ("subject", "region"):
        values = _Tree(parameters, name, counted, concepts, order).values()
    else:
        values = [_value(parameters, name, value, counted) for value in order]
    shown = [
        value
        for place, value in enumerate(values)
        if place < _SHORT or parameters.more == name or value.is_active or value.is_open
    ]
    is_open = (
        bool(parameters.filters.get(name)) or name in ("house", "type", "country", "subject") or parameters.more == name
    )
    return Facet(name, title, tuple(shown), len(values) - len(shown), is_open)


def _in_order(name: str, counted: Mapping[str, int]) -> list[str]:
    """Years from the last on, all else by how many results there are."""
    if name == "year":
        return sorted(counted, reverse=True)
    return sorted(counted, key=lambda value: (-counted[value], value))


def _value(
    parameters: Parameters, name: str, value: str, counted: Mapping[str, int], narrower: Sequence[Value] = ()
) -> Value:
    is_active = value in parameters.filters.get(name, ())
    there = parameters.without_value(name, value) if is_active else parameters.with_value(name, value)
    return Value(value, counted[value], is_active, there.address(), tuple(narrower))


class _Tree:
    """Counted concepts, each below its broader one."""

    def __init__(
        self, parameters: Parameters, name: str, counted: Mapping[str, int], concepts: Concepts, order: Sequence[str]
    ) -> None:
        self._parameters, self._name, self._counted = parameters, name, counted
        self._below: dict[str, list[str]] = {}
        self._tops = []
        for iri in order:
            known = concepts.by_iri.get(iri)
            above = [one for one in known.broader if one in counted and one != iri] if known else []
            for one in above:
                self._below.setdefault(one, []).append(iri)
            if not above:
                self._tops.append(iri)

    def values(self) -> list[Value]:
        """The topmost ones, with those below."""
        return [self._made(iri, 1) for iri in self._tops]

    def _made(self, iri: str, level: int) -> Value:
        below = self._below.get(iri, []) if level < _DEEPEST else []
        narrower = [self._made(one, level + 1) for one in below]
        kept = [
            one
            for place, one in enumerate(narrower)
            if place < _SHORT or self._parameters.more == self._name or one.is_active or one.is_open
        ]
        return _value(self._parameters, self._name, iri, self._counted, kept)
