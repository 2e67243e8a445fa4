"""Searching in the vocabulary browser's API: by a pattern of labels, and by a label."""

import sys
from collections.abc import Iterator
from http import HTTPStatus

import pyoxigraph as ox

from endpoint.skosmos_question import (
    ALL,
    CONTEXT,
    NAMESPACES,
    Answer,
    Question,
    RestError,
    Vocabulary,
    compact,
    expanded,
    matches,
    vocabulary,
)
from thesaurus import browsing
from thesaurus.entries import KINDS, Hit
from thesaurus.facts import local_name
from thesaurus.folding import folded
from thesaurus.turtle import SKOS

_LABELS = {kind: f"skos:{kind}" for kind in KINDS}
_ONKI = "http://schema.onki.fi/onki#"


def search(question: Question) -> Answer:
    """The concepts and collections that have a label like the query, in alphabetical order."""
    hits = _found(question)
    fields = (question.get("fields") or "").split()
    results = list(_results(question, hits, fields))
    context: Answer = {
        "skos": NAMESPACES["skos"],
        "isothes": NAMESPACES["isothes"],
        "onki": _ONKI,
        "uri": "@id",
        "type": "@type",
        "results": {"@id": "onki:results", "@container": "@list"},
        **_LABELS,
        **{field: f"skos:{field}" for field in fields},
    }
    if any("prefLabels" in result for result in results):
        context["prefLabels"] = {"@id": "skos:prefLabel", "@container": "@language"}
    if language := question.get("labellang") or question.get("lang"):
        context["@language"] = language
    return {"@context": context, "uri": "", "results": results}


def lookup(question: Question) -> Answer:
    """The concepts whose label fits best: a preferred label, then another, then one that differs in accents only."""
    label = question.required("label")
    language = question.get("lang")
    hits = question.index.search(
        label,
        languages=[language] if language else None,
        schemes=_schemes(question),
        mode="exact",
        limit=sys.maxsize,
        unique=False,
        deprecated=False,
    )
    ranks = sorted({_rank(hit, label) for hit in hits})
    best = list({hit.iri: hit for hit in reversed(hits) if _rank(hit, label) == ranks[0]}.values())[::-1]
    if not best:
        raise RestError(HTTPStatus.NOT_FOUND, f"Could not find label '{label}'")
    results = list(_results(question, best, ()))
    for result in results:
        result["prefLabel"] = result.pop("matchedPrefLabel", result["prefLabel"])
    context: Answer = {**CONTEXT, "onki": _ONKI, "results": {"@id": "onki:results"}, **_LABELS}
    if language:
        context["@language"] = language
    return {"@context": context, "result": results}


def _rank(hit: Hit, label: str) -> tuple[bool, int, bool]:
    same, alike = hit.label.text == label, hit.label.text.casefold() == label.casefold()
    return not alike, KINDS.index(hit.label.kind), not same


def _found(question: Question) -> list[Hit]:
    pattern = question.get("query") or question.get("label")
    limited = question.get("group") or question.get("parent")
    if not pattern and not limited:
        raise RestError(HTTPStatus.BAD_REQUEST, "query parameter missing")
    maxhits, offset = question.number("maxhits", sys.maxsize, 1), question.number("offset", 0, 0)
    everything = not (pattern or "").strip("*")
    language = question.get("lang")
    if everything and not limited:
        return []
    hits = question.index.search(
        "*" if everything else folded(pattern or ""),
        languages=[_label_language(question) or "en"] if everything else [language] if language else None,
        schemes=_schemes(question),
        mode="wildcard",
        limit=sys.maxsize if everything else maxhits,
        offset=0 if everything else offset,
        unique=question.flag("unique", False) or everything,
        among=_among(question),
        collections=True,
        deprecated=False,
    )
    return hits[offset : offset + maxhits] if everything else hits


def _among(question: Question) -> set[str] | None:
    """The IRIs of what may be found: below a parent, in a group, and of the types asked for; None for all concepts."""
    limits = []
    if parent := question.get("parent"):
        limits.append(set(browsing.branch(question.index, parent, "narrower")) - {parent})
    if group := question.get("group"):
        limits.append(set(browsing.members(question.index, [group])[group]))
    kinds = [expanded(kind) for kind in (question.get("type") or "").replace("+", " ").split()]
    if kinds or not (question.vocabulary or limits):
        limits.append(browsing.instances(question.index, kinds or [SKOS + "Concept"]))
    return set.intersection(*limits) if limits else None


def _vocabularies(question: Question) -> list[Vocabulary]:
    """The vocabularies that a search is limited to."""
    if question.vocabulary:
        return [question.vocabulary]
    return [vocabulary(question.index, name) for name in (question.get("vocab") or "").split()]


def _schemes(question: Question) -> list[str] | None:
    """The schemes of those vocabularies and of the `scheme` parameter; None for all."""
    named = (question.get("scheme") or "").split()
    asked = _vocabularies(question)
    inside = {scheme.iri for found in asked for scheme in found.schemes}
    if any(found.slug is None for found in asked) or not asked:
        return named or None
    return [iri for iri in inside if not named or iri in named]


def _label_language(question: Question) -> str | None:
    """The language of the preferred labels shown; None for that of the label found."""
    given = question.get("labellang") or question.get("lang")
    return (given or (question.language if question.vocabulary else "")).lower() or None


def _results(question: Question, hits: list[Hit], fields: tuple[str, ...] | list[str]) -> Iterator[Answer]:
    iris = list(dict.fromkeys(hit.iri for hit in hits))
    kinds, preferred = browsing.types(question.index, iris), browsing.preferred(question.index, iris)
    notations = {entry.iri: entry.notation for entry in browsing.entries(question.index, iris, "en")}
    asked = _vocabularies(question)
    for hit in hits:
        result: Answer = {"uri": hit.iri, "type": sorted(map(compact, kinds[hit.iri]), key=_concept_first)}
        if fields:
            result |= _fields(question, hit.iri, fields)
        if "prefLabel" in fields:
            result["prefLabels"] = preferred[hit.iri]
        if asked:
            result["localname"] = local_name(hit.iri)
        result |= _label(hit, preferred[hit.iri], _label_language(question))
        if notations[hit.iri]:
            result["notation"] = notations[hit.iri]
        result["vocab"] = asked[0].id if len(asked) == 1 else _vocabulary_of(question, hit, asked)
        yield result


def _label(hit: Hit, preferred: dict[str, str], language: str | None) -> Answer:
    """The preferred label in the language asked for, or else in that of the label found, which is told as well."""
    found = hit.label
    wanted = [tag for tag in preferred if language and matches(tag, language)]
    same = [tag for tag in preferred if tag == found.language]
    tag = next(iter([*wanted, *same, *sorted(preferred)]), None)
    answer: Answer = {"prefLabel": preferred[tag], "lang": tag} if tag is not None else {}
    if found.kind == "prefLabel" and answer.get("prefLabel") == found.text and tag == found.language:
        return answer
    key = "matchedPrefLabel" if found.kind == "prefLabel" else found.kind
    return answer | {"lang": found.language, key: found.text}


def _fields(question: Question, iri: str, fields: tuple[str, ...] | list[str]) -> Answer:
    """The values of other properties of SKOS: IRIs with their labels, and texts in the language of the labels."""
    language = _label_language(question)
    concept = question.index.concept(iri)
    found: dict[str, list[object]] = {}
    for field in fields:
        if field in ("broader", "narrower", "related"):
            linked: list[str] = getattr(concept, field)
        else:
            stated = [t.object for t in question.index.statements(iri) if t.predicate.value == SKOS + field]
            linked = [value.value for value in stated if isinstance(value, ox.NamedNode)]
            texts = [value for value in stated if isinstance(value, ox.Literal)]
            fitting = [t.value for t in texts if not language or not t.language or matches(t.language, language)]
            if fitting and field != "prefLabel":
                found[field] = list(fitting)
        labels = browsing.preferred(question.index, linked)
        for other in linked:
            names = [text for tag, text in labels[other].items() if language and matches(tag, language)]
            found.setdefault(field, []).append({"uri": other, **({"prefLabel": names[0]} if names else {})})
    return dict(found)


def _concept_first(kind: str) -> tuple[bool, str]:
    return kind != "skos:Concept", kind


def _vocabulary_of(question: Question, hit: Hit, asked: list[Vocabulary]) -> str:
    """The vocabulary to name with a hit: of those asked for one that has it, else the one of all."""
    allowed = {scheme.iri for found in asked for scheme in found.schemes}
    own = (question.index.scheme(iri) for iri in hit.schemes if not allowed or iri in allowed)
    return next((scheme.slug for scheme in own if scheme), ALL)
