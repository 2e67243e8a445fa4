"""A search index, read: the words of a person and filters become hits, counts, and what the thesaurus added.

An index is that of one generation and never changes; it may be used from several threads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import tantivy
from tantivy import Occur, Order, Query

from endpoint.languages import UNITED_NATIONS
from endpoint.search import schema
from endpoint.search.analysis import LANGUAGES, places
from endpoint.search.entries import FACETS, Addition, Found, Hit, Search, Snippet, Sort, Text
from endpoint.search.expansion import Expander
from endpoint.search.marks import Marks, snippet, title
from endpoint.search.queries import Interpreter, Meant
from endpoint.search.vocabulary import Vocabulary
from endpoint.search.wording import pieces
from ontology.errors import StoreError
from ontology.identifiers import Iris

__all__ = ["FACETS", "Addition", "Found", "Hit", "Search", "SearchIndex", "Snippet", "Sort", "Text"]

_DEEPEST = 100_000  # hits that are looked at to get to a page of them


class SearchIndex:
    """The index in a directory. Raises StoreError where it is not whole, or of another version."""

    def __init__(self, path: Path) -> None:
        try:
            manifest = json.loads((path / schema.MANIFEST).read_bytes())
            if manifest["version"] != schema.VERSION:
                raise StoreError(f"{path} is an index of another version")
            self.generation: str = manifest["generation"]
            self.identity: str = manifest["identity"]
            self.modified = datetime.fromtimestamp(int(manifest["modified"]), UTC)
            self._searcher = tantivy.Index.open(str(path)).searcher()
            expander, self.vocabulary = Expander.of(path), Vocabulary.of(path)
            iris = Iris(manifest["base"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path} is no search index: {error}") from error
        self.concepts = expander.concepts
        self._interpreter = Interpreter(expander, self.vocabulary, iris)

    @property
    def documents(self) -> int:
        """How many records and concepts there are."""
        return int(self._searcher.num_docs)

    def search(self, asked: Search) -> Found:
        """What a search finds; never an error, whatever its text is."""
        meant = self._interpreter.meant(asked)
        limits = {name: _limit(name, values) for name, values in asked.filters.items() if values}
        query = _limited(meant.query, limits.values())
        total, hits = self._hits(asked, meant, query)
        return Found(
            total,
            tuple(hits),
            self._facets(asked, meant.query, limits),
            meant.added,
            meant.ignored,
            self.generation,
        )

    def spelling(self, text: str) -> str | None:
        """The text with those words that no document has replaced by words that are like them; None if none is."""
        respelt, place = "", 0
        for piece in pieces(text):
            if not piece.is_run and not piece.is_phrase and not self._is_known(piece.text):
                like = self.vocabulary.like(piece.text)
                if like:
                    respelt += text[place : piece.start] + like
                    place = piece.end
        return respelt + text[place:] if place else None

    def _is_known(self, word: str) -> bool:
        return any(
            self._searcher.doc_freq(schema.field(part, language), term)
            for language in LANGUAGES
            for found in places(word, language)
            for term in found.terms
            for part in schema.PARTS
        )

    # ---------------------------------------------------------------------------------------------------------- hits

    def _hits(self, asked: Search, meant: Meant, query: Query) -> tuple[int, Iterator[Hit]]:
        limit = max(0, min(asked.limit, _DEEPEST - asked.offset))
        is_ranked = asked.sort == "relevance" and meant.is_ranked
        by, order = (None, Order.Desc) if is_ranked else _sorting(asked)
        offset = min(asked.offset, _DEEPEST)
        found = self._searcher.search(query, max(limit, 1), order_by_field=by, offset=offset, order=order)
        total = int(found.count or 0)  # type: ignore[attr-defined]
        made = (self._hit(score if is_ranked else 0.0, address) for score, address in found.hits[:limit])
        return total, (self._quoted(hit, address, asked, meant.marks) for hit, address in made)

    def _hit(self, score: float, address: tantivy.DocAddress) -> tuple[Hit, tantivy.DocAddress]:
        card = json.loads(self._searcher.doc(address).get_first(schema.CARD) or b"{}")
        hit = Hit(
            iri=card["iri"],
            kind=card["kind"],
            score=round(float(score), 4),
            titles=tuple(Text(*one) for one in card["titles"]),
            status=card["status"],
            date=card["date"],
            updated=card["updated"],
            types=tuple(card["types"]),
            houses=tuple(card["houses"]),
            countries=tuple(card["countries"]),
            subjects=tuple(card["subjects"]),
            languages=tuple(card["languages"]),
            identifiers=tuple(card["identifiers"]),
        )
        return hit, address

    def _quoted(self, hit: Hit, address: tantivy.DocAddress, asked: Search, marks: Marks) -> Hit:
        """A hit with what of its title and texts is to be shown, if that is wanted."""
        if not asked.snippets:
            return hit
        called = title(marks, hit.best_title(asked.language))
        texts = json.loads(self._searcher.doc(address).get_first(schema.TEXTS) or b"[]")
        others = [] if called.marks else [one for one in hit.titles if one.text != called.text]
        said = [Text(*one) for one in texts if one[0] != called.text]
        shown = snippet(marks, others, said, asked.language)
        return replace(hit, title=called, snippet=shown)

    # -------------------------------------------------------------------------------------------------------- facets

    def _facets(self, asked: Search, query: Query, limits: Mapping[str, Query]) -> dict[str, dict[str, int]]:
        """The counts of each facet; those of a facet that is limited leave its own limit out."""
        free = [name for name in asked.facets if name not in limits]
        counted = self._counts(_limited(query, limits.values()), free, asked.facet_values)
        for name in asked.facets:
            if name in limits:
                others = _limited(query, [limit for other, limit in limits.items() if other != name])
                counted |= self._counts(others, [name], asked.facet_values)
        return {name: counted[name] for name in asked.facets}

    def _counts(self, query: Query, facets: list[str], size: int) -> dict[str, dict[str, int]]:
        if not facets:
            return {}
        wanted = {name: {"terms": {"field": name, "size": size}} for name in facets}
        counted = self._searcher.aggregate(query, wanted)
        return {
            name: {bucket["key"]: int(bucket["doc_count"]) for bucket in counted[name]["buckets"]} for name in facets
        }


def _limit(name: str, values: Iterable[str]) -> Query:
    """The documents with any of the values of a facet, or with any of some IRIs; ValueError for what is none."""
    if name not in (*FACETS, schema.IRI):
        raise ValueError(f"{name!r} is no facet; there are {', '.join(FACETS)}")
    return Query.const_score_query(Query.term_set_query(schema.schema(), name, list(values)), 0.0)


def _limited(query: Query, limits: Iterable[Query]) -> Query:
    given = list(limits)
    return Query.boolean_query([(Occur.Must, one) for one in (query, *given)]) if given else query


def _sorting(asked: Search) -> tuple[str, Order]:
    """The field that is sorted by, and which way: what has no rank newest first, what has no date last either way."""
    if asked.sort == "title":
        return schema.order(asked.language if asked.language in UNITED_NATIONS else "en"), Order.Asc
    return schema.DATE, Order.Asc if asked.sort == "oldest" else Order.Desc
