"""From what a person typed to a query of the index, piece by piece: no text is ever parsed as a query language.

A word is looked for in the texts of every language, each time as that language is analysed; of the fields that have it
the best one counts. All words have to be there, save function words of any language.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tantivy import Occur, Query

from endpoint.search import names, schema
from endpoint.search.analysis import LANGUAGES, Place, language_of_text, places
from endpoint.search.concepts import Concept
from endpoint.search.entries import Addition, Search, Text
from endpoint.search.expansion import Expander, Named
from endpoint.search.marks import Marks
from endpoint.search.vocabulary import Vocabulary
from endpoint.search.wording import Piece, pieces
from ontology.identifiers import Iris

_BOOSTS = {"title": 3.0, "label": 1.5, "text": 1.0}
_IDENTIFIED = 1_000.0
_TOGETHER = 1.5  # how much more all words together in this order count
_ADDED, _NARROWER, _TAGGED, _NAMED = 0.4, 0.25, 2.0, 60.0
_ENOUGH = 0.66  # of the pairs of characters of a run, when it need not be together
_TIE = 0.1  # how much the fields count that are not the best one


@dataclass(frozen=True)
class Meant:
    """A search as the index is asked for it, with what the thesaurus added or would have, and what is to be marked."""

    query: Query
    added: tuple[Addition, ...]
    ignored: tuple[Addition, ...]
    marks: Marks
    is_ranked: bool


class Interpreter:
    """Makes queries, given what the index knows of concepts and words."""

    def __init__(self, expander: Expander, vocabulary: Vocabulary, iris: Iris) -> None:
        self._expander, self._vocabulary, self._iris = expander, vocabulary, iris

    def meant(self, asked: Search) -> Meant:
        """What a search means; filters are left to whoever asks."""
        return _Making(asked, self._expander, self._vocabulary, self._iris).meant()


class _Making:
    """One query while it is made."""

    def __init__(self, asked: Search, expander: Expander, vocabulary: Vocabulary, iris: Iris) -> None:
        self._asked, self._expander, self._vocabulary, self._iris = asked, expander, vocabulary, iris
        self._languages = [one for one in LANGUAGES if not asked.languages or one in asked.languages]
        self._pieces = pieces(asked.text)
        self._added: list[Addition] = []
        self._ignored: list[Addition] = []
        self.marks = Marks()

    def meant(self) -> Meant:
        wanted = [piece for piece in self._pieces if not piece.is_excluded]
        query = self._text(wanted)
        keys = names.asked(self._asked.text, self._iris)
        if keys:
            identified = Query.const_score_query(
                Query.term_set_query(schema.schema(), schema.IDENTIFIER, keys), _IDENTIFIED
            )
            query = _any([identified, *([query] if query else [])])
        is_ranked = query is not None
        if query is None:
            only_excluded = any(piece.is_excluded for piece in self._pieces)
            query = Query.all_query() if only_excluded or not self._asked.text.strip() else Query.empty_query()
        if excluded := [found for piece in self._pieces if piece.is_excluded and (found := self._piece(piece, False))]:
            query = Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, one) for one in excluded)])
        return Meant(query, tuple(self._added), tuple(self._ignored), self.marks, is_ranked)

    # -------------------------------------------------------------------------------------------------------- pieces

    def _text(self, wanted: Sequence[Piece]) -> Query | None:
        """What all of the pieces mean, None for none."""
        named = {one.first: one for one in self._expander.named(self._asked.text, wanted)}
        required: list[Query] = []
        place = 0
        while place < len(wanted):
            one = named.get(place)
            span = wanted[place : one.end if one else place + 1]
            found = self._pieces_query(span)
            if one and (more := self._expansion(one)):
                found = _any([*([found] if found else []), *more])
            if found:
                required.append(found)
            place += len(span)
        if not required:
            return _all([found for piece in wanted if (found := self._piece(piece))])
        query = _any(required) if self._asked.any_word else _all(required)
        together = self._together(wanted)
        return Query.boolean_query([(Occur.Must, query), (Occur.Should, together)]) if query and together else query

    def _pieces_query(self, span: Sequence[Piece]) -> Query | None:
        """All or any of some pieces, without the function words; those are wanted where there is nothing else."""
        content = [piece for piece in span if not self._is_function_word(piece)]
        found = [one for piece in content if (one := self._piece(piece))]
        return _any(found) if self._asked.any_word else _all(found)

    def _is_function_word(self, piece: Piece) -> bool:
        if piece.is_phrase or piece.is_run or piece.is_begun:
            return False
        return any(not places(piece.text, language) for language in LANGUAGES)

    def _piece(self, piece: Piece, is_marked: bool = True) -> Query | None:
        if piece.is_phrase:
            return self._phrase(piece.text, is_marked)
        if piece.is_run:
            return self._run(piece.text, is_marked)
        if piece.is_begun:
            begun = self._vocabulary.beginning(piece.text)
            return _best([one for word in (piece.text, *begun) if (one := self._word(word, is_marked))])
        return self._word(piece.text, is_marked)

    def _word(self, text: str, is_marked: bool) -> Query | None:
        found: list[Query] = []
        for language in self._languages:
            analysed = places(text, language)
            if is_marked:
                self.marks.add_word(analysed, language)
            for part, boost in _BOOSTS.items():
                name = schema.field(part, language)
                # A word of several places is one that folding has taken apart.
                found += [_boosted(_term(name, term), boost) for place in analysed[:1] for term in place.terms]
        return _best(found)

    def _run(self, text: str, is_marked: bool) -> Query | None:
        """Characters of a script without spaces: most pairs of neighbours have to be there, and count more together."""
        found: list[Query] = []
        for language in self._languages:
            analysed = places(text, language)
            pairs = [place.pair for place in analysed if place.pair] or [place.terms[0] for place in analysed]
            if not pairs:
                continue
            if is_marked:
                self.marks.add_pairs(analysed, language)
            least = math.ceil(len(pairs) * _ENOUGH)
            for part, boost in _BOOSTS.items():
                name = schema.field(part, language)
                clauses = [(Occur.Should, _term(name, pair)) for pair in dict.fromkeys(pairs)]
                loose = Query.boolean_query(clauses, minimum_number_should_match=min(least, len(clauses)))
                found.append(_boosted(loose, boost))
                if len(pairs) > 1:
                    together = Query.phrase_query(schema.schema(), name, list(pairs))
                    found.append(_boosted(together, boost * (1 + _TOGETHER)))
        return _best(found)

    def _phrase(self, text: str, is_marked: bool) -> Query | None:
        found: list[Query] = []
        for language in self._languages:
            analysed = places(text, language)
            if analysed:
                if is_marked:
                    self.marks.add_sequence(analysed, language)
                found += [_boosted(one, _BOOSTS[part]) for part, one in _phrases(analysed, language)]
        return _best(found)

    def _together(self, wanted: Sequence[Piece]) -> Query | None:
        """All pieces together as they were typed, which counts more than the words alone."""
        if len(wanted) < 2 or any(piece.is_phrase or piece.is_begun for piece in wanted):
            return None
        text = " ".join(piece.text for piece in wanted)
        found: list[Query] = []
        for language in self._languages:
            if len(analysed := places(text, language)) > 1:
                found += [
                    _boosted(one, _BOOSTS[part] * _TOGETHER)
                    for part, one in _phrases(analysed, language)
                    if part != "label"
                ]
        return _best(found)

    # ----------------------------------------------------------------------------------------------------- thesaurus

    def _expansion(self, named: Named) -> list[Query]:
        """What the thesaurus adds to some words, unless it is not wanted; notes what it is either way."""
        found = []
        for concept in named.concepts:
            addition = self._expander.addition(concept, named.words)
            if self._asked.expand and concept.iri not in self._asked.without:
                self._added.append(addition)
                found += self._concept(concept)
            else:
                self._ignored.append(addition)
        return found

    def _concept(self, concept: Concept) -> list[Query]:
        """What is tagged with a concept or one below it, and what has one of their labels in its title or texts."""
        tagged = _any([_term(name, concept.iri) for name in ("subject", "country", "region")])
        found = [
            Query.const_score_query(tagged, _TAGGED),
            Query.const_score_query(_term(schema.IRI, concept.iri), _NAMED),
        ]
        found += self._labels(concept.labels, _ADDED)
        for narrower in self._expander.narrower(concept):
            found += self._labels(narrower.labels, _NARROWER)
        return found

    def _labels(self, labels: Iterable[Text], boost: float) -> list[Query]:
        found = []
        for label in labels:
            language = language_of_text(label.text, label.language)
            analysed = places(label.text, language) if language in self._languages else []
            if analysed:
                self.marks.add_sequence(analysed, language)
                found += [
                    _boosted(one, boost * _BOOSTS[part])
                    for part, one in _phrases(analysed, language)
                    if part != "label"
                ]
        return found


def _phrases(analysed: Sequence[Place], language: str) -> Iterable[tuple[str, Query]]:
    """A phrase in each part of the texts: by stems, and by the stems without accents where those differ."""
    sequences = {tuple(place.terms[which] for place in analysed) for which in (0, -1)}
    for part in schema.PARTS:
        name = schema.field(part, language)
        for terms in sorted(sequences):
            is_one = len(terms) == 1
            yield part, _term(name, terms[0]) if is_one else Query.phrase_query(schema.schema(), name, list(terms))


def _term(name: str, value: str) -> Query:
    return Query.term_query(schema.schema(), name, value)


def _boosted(query: Query, boost: float) -> Query:
    return Query.boost_query(query, boost)


def _best(queries: Sequence[Query]) -> Query | None:
    return Query.disjunction_max_query(queries, _TIE) if queries else None


def _any(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, one) for one in queries])


def _all(queries: Sequence[Query]) -> Query | None:
    return Query.boolean_query([(Occur.Must, one) for one in queries]) if queries else None
