"""Reconciliation candidates: the concepts that a query may mean, each with a score, its reasons and a decision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from endpoint.reconciliation_properties import NAMING, has_value, is_in, property_of, scheme_named
from endpoint.reconciliation_queries import Condition, Query, Value
from thesaurus.entries import Concept, Label
from thesaurus.folding import folded
from thesaurus.lookup import Lookup
from thesaurus.turtle import SKOS

CONCEPT = SKOS + "Concept"
_CONCEPT_NAMES = frozenset({CONCEPT, "skos:Concept", "Concept"})
_KINDS = {"prefLabel": 100.0, "altLabel": 98.0, "hiddenLabel": 96.0}
_DIFFERENT = 0.95  # of that at most, for a label that is not the same when folded
_PROPERTIES = 0.25  # of the score, where a name is asked for too
_OTHER_TYPE = 0.8
_DEPRECATED = 0.9
_SAME = 96.0
_SHORT = 12  # characters of a text of which one wrong letter leaves few trigrams
_NAMESAKES = 200  # concepts with the same label that are looked at
_DESCRIBED = 1000  # concepts that conditions without a name may bring into question


@dataclass(slots=True)
class Name:
    """How a text names a concept: a score from 0 to 100, the label it is like, and the languages in which it is one.

    `schemes` and `label` are not known where the text is an identifier.
    """

    score: float
    label: Label | None = None
    schemes: tuple[str, ...] = ()
    languages: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Candidate:
    """A concept that a query may mean: its score from 0 to 100, and the reasons.

    `properties` is the share of the conditions on properties that it meets, `types` that of the types asked for; None
    where there were none.
    """

    iri: str
    schemes: tuple[str, ...]
    name: Name
    score: float
    properties: float | None
    types: float | None
    deprecated: bool
    match: bool = False


def candidates(lookup: Lookup, query: Query, offered: Sequence[str] | None) -> list[Candidate]:
    """The best candidates for a query, the best first. `offered`: the schemes of the service, None for all."""
    within = _within(lookup, query, offered)
    naming = [one for one in query.conditions if one.subject != "property"]
    others = [one for one in query.conditions if one.subject == "property"]
    names = [[_names(lookup, one, value, within, query.limit) for value in one.values] for one in naming]
    iris = {iri for own in names for by_iri in own for iri in by_iri} if naming else _described(lookup, others)
    deprecated = lookup.deprecated(iris)
    found = []
    for iri in iris:
        best = max((one[iri] for own in names for one in own if iri in one), key=lambda one: one.score, default=Name(0))
        scores = [_name_score(one, iri, own) for one, own in zip(naming, names, strict=True)]
        candidate = _judged(lookup, query, iri, best, scores, others, iri in deprecated)
        if candidate and (within is None or not set(within).isdisjoint(candidate.schemes)):
            found.append(candidate)
    found.sort(key=lambda one: (-one.score, one.iri))
    _decide(found, query)
    return found[: query.limit]


def _within(lookup: Lookup, query: Query, offered: Sequence[str] | None) -> list[str] | None:
    """The schemes of which a candidate must be in one; None for no limit. A type that nobody has is no candidate's."""
    is_any = query.type_rule == "any" and not _CONCEPT_NAMES.isdisjoint(query.types)
    wanted = [one for one in query.types if one not in _CONCEPT_NAMES]
    if not wanted or is_any or query.type_rule == "should":
        return None if offered is None else list(offered)
    found = [scheme for one in wanted if (scheme := scheme_named(lookup.index, one))]
    return [scheme for scheme in found if offered is None or scheme in offered]


def _names(lookup: Lookup, condition: Condition, value: Value, within: list[str] | None, limit: int) -> dict[str, Name]:
    """The concepts that a text names, by IRI."""
    found = {iri: Name(100.0) for iri in lookup.named(value.text)}
    if condition.subject == "id" or value.is_identifier:
        return found
    exact = lookup.index.search(value.text, schemes=within, mode="exact", limit=_NAMESAKES, unique=False)
    hits = [(hit, 1.0) for hit in exact]
    if len({hit.iri for hit in exact}) < limit:
        hits += lookup.nearest(value.text, within, 2 * limit)
    if not exact:
        hits += [(hit, hit.score) for hit in lookup.index.search(value.text, schemes=within, limit=limit)]
    same = folded(value.text)
    for hit, likeness in hits:
        other = folded(hit.label.text)
        is_same = other == same
        if len(same) <= _SHORT and not is_same:
            likeness = max(likeness, SequenceMatcher(None, same, other).ratio() ** 2)
        score = _KINDS[hit.label.kind] * (1.0 if is_same else _DIFFERENT * min(likeness, 0.99))
        name = found.setdefault(hit.iri, Name(score, hit.label, hit.schemes))
        if name.label is None or (score, is_in(hit.label.language, value.language)) > (
            name.score,
            is_in(name.label.language, value.language),
        ):
            name.label, name.score, name.schemes = hit.label, max(score, name.score), hit.schemes
        if is_same:
            name.languages.add(hit.label.language)
    return found


def _name_score(condition: Condition, iri: str, names: Sequence[dict[str, Name]]) -> float:
    """From 0 to 100, how far a concept has the names that a condition asks for."""
    scores = [by_iri[iri].score if iri in by_iri else 0.0 for by_iri in names]
    match condition.quantifier:
        case "all":
            return min(scores, default=0.0)
        case "none":
            return 0.0 if max(scores, default=0.0) >= _SAME else 100.0
        case _:
            return max(scores, default=0.0)


def _described(lookup: Lookup, conditions: Iterable[Condition]) -> set[str]:
    """The concepts that conditions on properties alone bring into question."""
    found: dict[str, None] = {}
    for condition in conditions:
        asked = property_of(condition.property)
        if asked and condition.quantifier != "none":
            for value in condition.values:
                found |= dict.fromkeys(asked.concepts(lookup, value.text))
    return set(list(found)[:_DESCRIBED])


def _judged(
    lookup: Lookup,
    query: Query,
    iri: str,
    name: Name,
    scores: Sequence[float],
    others: Sequence[Condition],
    deprecated: bool,
) -> Candidate | None:
    """The candidate that a concept is; None if it does not meet what is required, or nothing at all."""
    concept = lookup.index.concept(iri) if others or not name.schemes else None
    met = [concept is not None and _is_met(lookup, one, concept) for one in others]
    named = [one for one in query.conditions if one.subject != "property"]
    lacking = [one.required for one, score in zip([*named, *others], [*scores, *met], strict=True) if not score]
    if any(lacking) or len(lacking) == len(query.conditions):
        return None
    schemes = name.schemes or tuple(concept.schemes if concept else ())
    share = sum(met) / len(met) if met else None
    score = sum(scores) / len(scores) if scores else 100 * (share or 0.0)
    if scores and share is not None:
        score = (1 - _PROPERTIES) * score + _PROPERTIES * 100 * share
    types = _type_share(lookup, query.types, schemes)
    if query.type_rule == "all" and types not in (None, 1.0):
        return None
    score *= (_DEPRECATED if deprecated else 1) * (_OTHER_TYPE if types == 0 else 1)
    return Candidate(iri, schemes, name, round(score, 2), share, types, deprecated)


def _is_met(lookup: Lookup, condition: Condition, concept: Concept) -> bool:
    asked = property_of(condition.property)
    if asked is None:
        return False
    wild = condition.qualifier.casefold() in ("", "wildcardmatch")
    met = (has_value(lookup, concept, asked, value.text, wild=wild) for value in condition.values)
    match condition.quantifier:
        case "all":
            return all(met)
        case "none":
            return not any(met)
        case _:
            return any(met)


def _type_share(lookup: Lookup, types: Sequence[str], schemes: Sequence[str]) -> float | None:
    """Which share of the types asked for a concept has; None if none was."""
    if not types:
        return None
    has = [one in _CONCEPT_NAMES or scheme_named(lookup.index, one) in schemes for one in types]
    return sum(has) / len(has)


def _decide(found: Sequence[Candidate], query: Query) -> None:
    """Mark the candidate that is meant for certain: it alone is called or identified so and meets all conditions.

    A label in the language of the query, and a type that it should have, decide between namesakes.
    """
    named = [one for one in query.conditions if one.subject != "property"]
    asked = [property_of(one.property) for one in query.conditions if one.subject == "property"]
    if not named and not any(one and one.local in NAMING for one in asked):
        return
    whole = [
        one
        for one in found
        if not one.deprecated and one.properties in (None, 1.0) and (one.name.score >= _SAME or not named)
    ]
    languages = {value.language for condition in named for value in condition.values} - {""}
    in_language = [
        one for one in whole if any(is_in(tag, wanted) for tag in one.name.languages for wanted in languages)
    ]
    whole = in_language or whole
    whole = [one for one in whole if one.types in (None, 1.0)] or whole
    if len(whole) == 1:
        whole[0].match = True
