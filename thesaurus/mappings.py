"""Candidates for mappings between two vocabularies, by labels that agree in one language or several.

Two labels agree when nothing but case, accents, punctuation, spaces and a plural ending differs. Agreement of a part
counts too, but less: a label without its qualifier, "Mercury (element)", or one of the names that share a label,
"afforestation/reforestation". A candidate is a suggestion to a curator with its reasons; it decides nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import pyoxigraph as ox

from thesaurus.label_forms import Part, forms
from thesaurus.statements import ALT_LABEL, BROADER, CONCEPT_SCHEME, DEPRECATED, PREF_LABEL, RELATED
from thesaurus.turtle import SKOS, TYPE

EXACT, CLOSE, BROAD, NARROW, RELATED_MATCH = (
    ox.NamedNode(SKOS + name) for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
)
PREDICATES = (EXACT, CLOSE, BROAD, NARROW, RELATED_MATCH)
"""The mapping properties of SKOS (https://www.w3.org/TR/skos-reference/#mapping), the strongest first."""

_XL = "http://www.w3.org/2008/05/skos-xl#"
_LITERAL_FORM = ox.NamedNode(_XL + "literalForm")
_TYPE = ox.NamedNode(TYPE)
_NO_CONCEPTS = (CONCEPT_SCHEME, ox.NamedNode(SKOS + "Collection"), ox.NamedNode(SKOS + "OrderedCollection"))
_KINDS = {PREF_LABEL: 1.0, ALT_LABEL: 0.85, ox.NamedNode(SKOS + "hiddenLabel"): 0.75}
"""How much each kind of label counts."""
_XL_KINDS = {ox.NamedNode(_XL + kind.value.removeprefix(SKOS)): kind for kind in _KINDS}
_LINKS = (BROADER, RELATED, ox.NamedNode(SKOS + "narrower"))
_NO_LANGUAGE = 0.8  # a label without a language agrees with one of any language, for less
_CONTEXT = 0.3  # how much of the doubt is gone when neighbours of both concepts agree too
_SURE = 0.8  # the confidence from which an exact match is proposed
_COMMON = 400  # pairs of concepts that one form of a label may bring together; more, and it tells them not apart
_PARTS = {Part.WHOLE: 1.0, Part.TRIMMED: 0.95, Part.UNQUALIFIED: 0.7, Part.NAME: 0.65}


class Label(NamedTuple):
    """A label with its kind, a property of SKOS, and the first part of its language tag, empty without one."""

    kind: ox.NamedNode
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two labels that agree in a language: both, the form they have in common, and how much that counts, 0 to 1."""

    subject: Label
    object: Label
    form: str
    parts: tuple[Part, Part]
    weight: float

    @property
    def language(self) -> str:
        """The language they agree in."""
        return self.subject.language or self.object.language


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mapping that could be made, its confidence from 0 to 1, and an agreement for each language that has one."""

    subject: ox.NamedNode
    predicate: ox.NamedNode
    object: ox.NamedNode
    confidence: float
    agreements: tuple[Agreement, ...]


Pair = tuple[ox.NamedNode, ox.NamedNode]


class Vocabulary:
    """The labels of the concepts of a vocabulary and what each is next to; concepts out of use are left out.

    Whatever has a SKOS or SKOS-XL label and is no scheme and no collection counts as a concept.
    """

    def __init__(self, statements: Iterable[ox.Triple]) -> None:
        labels: dict[ox.NamedNode, list[Label]] = defaultdict(list)
        self.neighbours: dict[ox.NamedNode, set[ox.NamedNode]] = defaultdict(set)
        excluded: set[ox.NamedNode] = set()
        xl_labels: list[tuple[ox.NamedNode, ox.NamedNode, object]] = []
        xl_texts: dict[object, ox.Literal] = {}
        for triple in statements:
            subject, predicate, value = triple.subject, triple.predicate, triple.object
            if predicate == _LITERAL_FORM and isinstance(value, ox.Literal):
                xl_texts[subject] = value
            elif not isinstance(subject, ox.NamedNode):
                continue
            elif predicate in _KINDS and isinstance(value, ox.Literal):
                labels[subject].append(_label(predicate, value))
            elif predicate in _XL_KINDS:
                xl_labels.append((subject, _XL_KINDS[predicate], value))
            elif predicate in _LINKS and isinstance(value, ox.NamedNode):
                self.neighbours[subject].add(value)
                self.neighbours[value].add(subject)
            elif (predicate == _TYPE and value in _NO_CONCEPTS) or (
                predicate == DEPRECATED and isinstance(value, ox.Literal) and value.value in ("true", "1")
            ):
                excluded.add(subject)
        for subject, kind, node in xl_labels:
            if node in xl_texts:
                labels[subject].append(_label(kind, xl_texts[node]))
        self.labels: dict[ox.NamedNode, list[Label]] = {
            concept: [*dict.fromkeys(given)] for concept, given in labels.items() if concept not in excluded
        }

    def languages(self, concept: ox.NamedNode) -> frozenset[str]:
        """The languages that a concept has labels in."""
        return frozenset(label.language for label in self.labels.get(concept, ()))


def candidates(
    source: Vocabulary,
    target: Vocabulary,
    *,
    decided: Collection[Pair] = frozenset(),
    minimum: float = 0.3,
    best: int = 5,
) -> list[Candidate]:
    """The mappings of concepts of `source` that a curator should see, the surest first.

    At most `best` for each concept, none below the confidence `minimum`, none of a pair that is `decided` already.
    The time grows with the number of labels, not with the number of pairs.
    """
    agreements = _agreements(source, target)
    rivals = _Rivals(agreements)
    scored = {pair: _confidence(pair, given, rivals, source, target) for pair, given in agreements.items()}
    scored = _in_context(scored, source, target)
    found: dict[ox.NamedNode, list[Candidate]] = defaultdict(list)
    for pair, confidence in scored.items():
        if confidence >= minimum and pair not in decided:
            reasons = tuple(agreements[pair][language] for language in sorted(agreements[pair]))
            predicate = _predicate(reasons, confidence)
            found[pair[0]].append(Candidate(pair[0], predicate, pair[1], round(confidence, 3), reasons))
    return sorted((one for given in found.values() for one in sorted(given, key=_rank)[:best]), key=_rank)


def _rank(candidate: Candidate) -> tuple[float, str, str]:
    return -candidate.confidence, candidate.subject.value, candidate.object.value


def _label(kind: ox.NamedNode, literal: ox.Literal) -> Label:
    return Label(kind, _primary(literal.language or ""), literal.value)


@lru_cache
def _primary(tag: str) -> str:
    return tag.partition("-")[0].casefold()


_Entry = tuple[ox.NamedNode, Label, Part]
_ByLanguage = dict[str, Agreement]


def _entries(vocabulary: Vocabulary, spoken: Collection[str] | None = None) -> Iterator[tuple[str, _Entry]]:
    """The forms of the labels of a vocabulary, only of languages that are `spoken` where these are given."""
    for concept, labels in vocabulary.labels.items():
        for label in labels:
            if spoken is not None and label.language not in spoken:
                continue
            for form, part in forms(label.text, label.language):
                yield form, (concept, label, part)


def _agreements(source: Vocabulary, target: Vocabulary) -> dict[Pair, _ByLanguage]:
    """The best agreement of each pair of concepts in each language."""
    ours: dict[str, list[_Entry]] = defaultdict(list)
    theirs: dict[str, list[_Entry]] = defaultdict(list)
    for form, entry in _entries(source):
        ours[form].append(entry)
    spoken = {label.language for labels in source.labels.values() for label in labels}
    for form, entry in _entries(target, None if "" in spoken else spoken | {""}):
        if form in ours:
            theirs[form].append(entry)
    found: dict[Pair, _ByLanguage] = defaultdict(dict)
    for form, hits in theirs.items():
        if len({entry[0] for entry in hits}) * len({entry[0] for entry in ours[form]}) > _COMMON:
            continue
        for subject, label, part in ours[form]:
            for concept, other, other_part in hits:
                if subject == concept or (label.language and other.language and label.language != other.language):
                    continue
                weight = _KINDS[label.kind] * _KINDS[other.kind] * min(_PARTS[part], _PARTS[other_part])
                weight *= 1 if label.language == other.language else _NO_LANGUAGE
                agreement = Agreement(label, other, form, (part, other_part), weight)
                known = found[subject, concept].get(agreement.language)
                if known is None or known.weight < weight:
                    found[subject, concept][agreement.language] = agreement
    return found


class _Rivals:
    """How many concepts agree with one concept by one form: what makes the agreement with each of them doubtful."""

    def __init__(self, agreements: Mapping[Pair, _ByLanguage]) -> None:
        self._weights: dict[tuple[int, ox.NamedNode, str, str], list[float]] = defaultdict(list)
        for pair, given in agreements.items():
            for one in given.values():
                for side in (0, 1):
                    self._weights[side, pair[side], one.language, one.form].append(one.weight)

    def number(self, pair: Pair, one: Agreement) -> float:
        """How many targets agree as well as this one, itself included; more sources than that count by their root.

        A vocabulary of several schemes often has a concept twice, and both map to the one target.
        """
        sources, targets = (
            sum(weight >= one.weight for weight in self._weights[side, pair[side], one.language, one.form])
            for side in (1, 0)
        )
        return float(max(targets, sources**0.5))


def _confidence(pair: Pair, given: _ByLanguage, rivals: _Rivals, source: Vocabulary, target: Vocabulary) -> float:
    """The best agreement, less the more rivals it has and the more languages there are in which nothing agrees."""
    weights = [one.weight / rivals.number(pair, one) for one in given.values()]
    strength = max(weights)
    shared = len((source.languages(pair[0]) & target.languages(pair[1])) | given.keys())
    agreeing = sum(weights) / strength
    return float(strength * ((agreeing + 0.6) / (shared + 1)) ** 0.5)


def _in_context(scored: dict[Pair, float], source: Vocabulary, target: Vocabulary) -> dict[Pair, float]:
    """The confidences, higher for pairs whose neighbours agree too: broader, narrower or related concepts."""
    partners: dict[ox.NamedNode, set[ox.NamedNode]] = defaultdict(set)
    for (subject, concept), confidence in scored.items():
        if confidence >= 0.5:
            partners[subject].add(concept)
    return {
        pair: confidence + (1 - confidence) * _CONTEXT
        if any(
            partners[near] & target.neighbours.get(pair[1], set())
            for near in source.neighbours.get(pair[0], ())
            if near in partners
        )
        else confidence
        for pair, confidence in scored.items()
    }


def _predicate(reasons: Sequence[Agreement], confidence: float) -> ox.NamedNode:
    best = max(reasons, key=lambda reason: reason.weight)
    ours, theirs = best.parts
    if (ours is Part.NAME) != (theirs is Part.NAME):
        return NARROW if ours is Part.NAME else BROAD
    is_whole = max(ours, theirs) == Part.WHOLE and best.subject.kind == best.object.kind == PREF_LABEL
    return EXACT if is_whole and confidence >= _SURE else CLOSE
