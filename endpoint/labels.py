"""Labels: what things are called in the language of a page, whatever kind of thing an IRI names."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyoxigraph as ox
from starlette.requests import Request

from endpoint import localisation
from endpoint.asking import Row, asking, question, value
from endpoint.generations import Generation

_ASKED_TOGETHER = 400
_RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_KEPT, _LONGEST = 100_000, 300  # IRIs, and characters of one that is kept: anybody may ask for others


@dataclass(frozen=True, slots=True)
class Label:
    """A text and its language tag, empty for none."""

    text: str
    language: str


class Labels:
    """All labels of things that were asked for, by language, as long as the generation is the present one."""

    def __init__(self) -> None:
        self._generation: Generation | None = None
        self._known: OrderedDict[str, dict[str, Label]] = OrderedDict()

    async def of(self, request: Request, iris: Iterable[str]) -> Mapping[str, Mapping[str, Label]]:
        """The best label of each IRI in each language; an IRI without one has an empty mapping."""
        generation = request.app.state.engine.generation
        if self._generation != generation:
            self._generation = generation
            self._known.clear()
        wanted = list(dict.fromkeys(iris))
        missing = [iri for iri in wanted if iri not in self._known]
        found: dict[str, dict[str, Label]] = {iri: self._known[iri] for iri in wanted if iri in self._known}
        for start in range(0, len(missing), _ASKED_TOGETHER):
            some = missing[start : start + _ASKED_TOGETHER]
            asked = question("pages/labels", thing=_nodes(some))
            named = _by_language(await asking(request).rows(asked))
            found |= {iri: named.get(iri, {}) for iri in some}
        if self._generation == generation:
            self._known |= {iri: found[iri] for iri in missing if len(iri) <= _LONGEST}
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return found


async def labels(request: Request, iris: Iterable[str]) -> dict[str, Label]:
    """The label of each IRI in the page's language, else in English, else in any; IRIs without a label are left out."""
    known: Labels = request.app.state.labels
    tongue = localisation.language(request)
    found = await known.of(request, iris)
    return {iri: best(by_language, tongue) for iri, by_language in found.items() if by_language}


async def in_language_of_page(request: Request, english: Iterable[str]) -> dict[str, Label]:
    """English names of things, each with the name of the same things in the page's language.

    Where several things share an English name but not the other one, it is left out, unless one is a term of the
    ontology, whose name then counts.
    """
    tongue = localisation.language(request)
    words = [ox.Literal(one, language="en") for one in dict.fromkeys(english) if len(one) <= _LONGEST]
    of_ontology: defaultdict[str, set[str]] = defaultdict(set)
    of_any: defaultdict[str, set[str]] = defaultdict(set)
    for start in range(0, len(words) if tongue != "en" else 0, _ASKED_TOGETHER):
        some = words[start : start + _ASKED_TOGETHER]
        asked = question("pages/names-in-another-language", words=some, language=ox.Literal(tongue))
        for row in await asking(request).rows(asked):
            of_any[value(row, "words")].add(value(row, "name"))
            if value(row, "property") == _RDFS_LABEL:
                of_ontology[value(row, "words")].add(value(row, "name"))
    chosen = {**of_any, **of_ontology}
    return {word: Label(min(names), tongue) for word, names in chosen.items() if len(names) == 1}


def best(by_language: Mapping[str, Label], tongue: str) -> Label:
    """The label to show to a reader of a language."""
    for tag in (tongue, localisation.DEFAULT, ""):
        if tag in by_language:
            return by_language[tag]
    return min(by_language.values(), key=lambda label: label.language)


def _nodes(iris: Iterable[str]) -> Iterator[ox.NamedNode]:
    """IRIs as terms; what is none is left out."""
    for iri in iris:
        try:
            yield ox.NamedNode(iri)
        except ValueError:
            continue


def _by_language(rows: Iterable[Row]) -> dict[str, dict[str, Label]]:
    """The labels by thing and primary language; of several the one of the property that counts most."""
    ranked: dict[tuple[str, str], tuple[int, str, Label]] = {}
    for row in rows:
        text, thing = row["label"], row["thing"]
        if not isinstance(text, ox.Literal) or not isinstance(thing, ox.NamedNode):
            continue
        tag = text.language or ""
        rank = int(str(getattr(row["rank"], "value", 0)))
        key = (thing.value, tag.partition("-")[0])
        one = (rank, text.value, Label(text.value, tag))
        if key not in ranked or one[:2] < ranked[key][:2]:
            ranked[key] = one
    found: dict[str, dict[str, Label]] = {}
    for (iri, primary), (_, _, label) in ranked.items():
        found.setdefault(iri, {})[primary] = label
    return found
