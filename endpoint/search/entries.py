"""What is asked of a search index and what it finds: the plain values that pages, feeds and SPARQL share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Sort = Literal["relevance", "newest", "oldest", "title"]
FACETS = ("kind", "house", "type", "country", "region", "subject", "year", "language", "status")
"""The names under which results are counted and can be filtered; the values are IRIs, years, tags, and kinds."""
_NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class Search:
    """A search: the text of a person, which is never a syntax error, and what it is limited to.

    `filters` has names of `FACETS`, or `iri` for results of some IRIs; of several values of one name any will do.
    `languages` are those whose texts are searched, all if empty. `expand` adds what the thesaurus knows, save of the
    concepts `without`. `any_word` takes results with some of the words only. `language` is the reader's, by whose
    titles is sorted. A `limit` of 0 counts.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    sort: Sort = "relevance"
    offset: int = 0
    limit: int = 20
    expand: bool = True
    without: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    any_word: bool = False
    language: str = "en"
    facets: tuple[str, ...] = ()
    """Names of `FACETS` to count."""
    facet_values: int = 200
    """Values of each facet at most, the most frequent ones."""
    snippets: bool = False
    """Whether hits come with what of their texts to show."""


@dataclass(frozen=True)
class Text:
    """A text and its language tag, empty where none is stated."""

    text: str
    language: str


@dataclass(frozen=True)
class Snippet:
    """A piece of a text with the places, in characters, of what was found in it; whether the text goes on around."""

    text: str
    language: str
    marks: tuple[tuple[int, int], ...] = ()
    is_begun: bool = False
    is_cut: bool = False


@dataclass(frozen=True)
class Hit:
    """A record or concept as the index knows it; `score` is 0 unless sorted by relevance.

    `titles` and `texts` by language as stated; `date` is of publication and `updated` of the last change, as written,
    both may be empty. `status` and `houses` are IRIs.
    """

    iri: str
    kind: str
    score: float
    types: tuple[str, ...]
    titles: tuple[Text, ...]
    houses: tuple[str, ...]
    countries: tuple[str, ...]
    subjects: tuple[str, ...]
    status: str
    date: str
    updated: str
    languages: tuple[str, ...]
    identifiers: tuple[str, ...]
    title: Snippet | None = None
    snippet: Snippet | None = None

    def best_title(self, language: str) -> Text:
        """The title in a language, else in English, else any; its identifier where it has none."""
        by_language = {one.language.partition("-")[0]: one for one in reversed(self.titles)}
        found = by_language.get(language) or by_language.get("en") or next(iter(self.titles), None)
        return found or Text(next(iter(self.identifiers), self.iri), "")


@dataclass(frozen=True)
class Addition:
    """What the thesaurus added for some words of a search: a concept, its labels, and narrower concepts."""

    concept: str
    words: str
    labels: tuple[Text, ...]
    narrower: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """The result of a search: how many there are in all, the hits asked for, counts of each facet by value.

    `expansion` is what was added; `ignored` the concepts that would have been, but for `without` or `expand`.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, Mapping[str, int]]
    expansion: tuple[Addition, ...]
    ignored: tuple[Addition, ...]
    generation: str
