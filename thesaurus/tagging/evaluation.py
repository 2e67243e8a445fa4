"""How good the suggestions are: against concepts that people gave, and against themselves in another language.

Each part of a corpus is suggested for by a tagger that has learned from the other parts only. Texts that are the
same, or have the same identifier, are always in one part or, with parts given, are not learned from while their like
is asked for.
"""

import math
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from statistics import fmean

from ontology.errors import TaggingError
from thesaurus.tagging.analysis import Lexicons
from thesaurus.tagging.engine import Tagged, Tagger, examples_of
from thesaurus.tagging.ranker import Experience

_TOP = 5
_DEEPER = 10


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over texts: each counts the same."""

    f1_at_5: float
    precision_at_5: float
    recall_at_5: float
    ndcg_at_5: float
    ndcg_at_10: float


@dataclass(frozen=True)
class Evaluation:
    """Scores over all texts with a concept, by language too; which parts had too few texts to learn weights from."""

    texts: int
    skipped: int  # without a known concept
    scores: Scores
    by_language: Mapping[str, tuple[int, Scores]]
    folds: int
    untrained_folds: int


def scores(ranking: Sequence[object], given: frozenset[object]) -> Scores:
    """The scores of one ranking against the concepts given, of which there is at least one.

    nDCG has gains of 1 and 0, and the best ranking possible as its measure (Järvelin and Kekäläinen 2002).
    """
    top = ranking[:_TOP]
    right = sum(concept in given for concept in top)
    precision, recall = right / len(top) if top else 0.0, right / len(given)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Scores(f1, precision, recall, _ndcg(ranking, given, _TOP), _ndcg(ranking, given, _DEEPER))


def _ndcg(ranking: Sequence[object], given: frozenset[object], depth: int) -> float:
    gain = sum(1 / math.log2(rank + 2) for rank, concept in enumerate(ranking[:depth]) if concept in given)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(depth, len(given))))


def cross_validation(
    lexicons: Lexicons, corpus: Sequence[Tagged], parts: int | Mapping[str, str] = 5, seed: int = 0
) -> Evaluation:
    """Evaluate on parts drawn with a seed, or given by the identifiers of the texts.

    Raises TaggingError where a text has no part, where there is but one, or no text has a known concept.
    """
    analyses = [lexicons.analysis(one.text, one.language) for one in corpus]
    examples = examples_of(lexicons.concepts, corpus, analyses)
    asked = [place for place, example in enumerate(examples) if example.given and example.is_complete]
    if not asked:
        raise TaggingError("no text of the corpus has a concept of the thesaurus")
    part = _given(corpus, parts) if isinstance(parts, Mapping) else _drawn(corpus, parts, seed)
    if len(set(part)) < 2:
        raise TaggingError("the corpus has one part only; expected at least two")
    found: dict[int, Scores] = {}
    untrained = 0
    for one in sorted(set(part)):
        tested = [place for place in asked if part[place] == one]
        barred = {source for place in tested for source in examples[place].sources}
        learned = [
            place
            for place, example in enumerate(examples)
            if part[place] != one and not barred.intersection(example.sources)
        ]
        experience = Experience.of([analyses[p] for p in learned], [examples[p] for p in learned], seed)
        untrained += not experience.ranker.is_trained
        for place in tested:
            ranking = [concept for concept, _ in experience.ranking(analyses[place], _DEEPER)]
            found[place] = scores(ranking, frozenset(examples[place].given))
    languages: dict[str, list[Scores]] = defaultdict(list)
    for place in asked:
        languages[analyses[place].language].append(found[place])
    by_language = {language: (len(own), _mean(own)) for language, own in sorted(languages.items())}
    skipped = len(corpus) - len(asked)
    return Evaluation(len(asked), skipped, _mean(list(found.values())), by_language, len(set(part)), untrained)


def _mean(found: Sequence[Scores]) -> Scores:
    return Scores(*(fmean(getattr(one, field.name) for one in found) for field in fields(Scores)))


def _given(corpus: Sequence[Tagged], parts: Mapping[str, str]) -> list[str]:
    if missing := [one.id for one in corpus if one.id not in parts]:
        raise TaggingError(
            f"no fold for {len(missing)} texts, such as {missing[0]!r}; expected one for each identifier"
        )
    return [parts[one.id] for one in corpus]


def _drawn(corpus: Sequence[Tagged], parts: int, seed: int) -> list[str]:
    """A part for each text; those that are one text come into one part."""
    first: dict[str, int] = {}
    head: list[int] = []
    for place, one in enumerate(corpus):
        heads = {head[first[source]] for source in one.sources() if source in first}
        own = min(heads, default=place)
        head = [own if other in heads else other for other in head] if len(heads) > 1 else head
        head.append(own)
        for source in one.sources():
            first.setdefault(source, place)
    groups = sorted(set(head))
    random.Random(seed).shuffle(groups)  # noqa: S311  # nothing is secret
    number = {group: str(place % max(1, parts)) for place, group in enumerate(groups)}
    return [number[group] for group in head]


def consistency(tagger: Tagger, texts: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], tuple[int, float]]:
    """For each two languages: how many texts both have, and the mean share of five suggestions that are the same.

    Of fewer than five, it is the share of the longer list; a text without any in both languages is not counted.
    """
    shares: dict[tuple[str, str], list[float]] = defaultdict(list)
    for text in texts:
        found = {
            language: frozenset(one.concept for one in tagger.suggestions(own, language, _TOP))
            for language, own in text.items()
        }
        for pair in combinations(sorted(found, key=lambda language: (language != "en", language)), 2):
            one, other = (found[language] for language in pair)
            if one or other:
                shares[pair].append(len(one & other) / max(len(one), len(other)))
    return {pair: (len(own), fmean(own)) for pair, own in sorted(shares.items())}
