"""The parameters of a search, which its page, feeds and links share: read from an address and written into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import get_args
from urllib.parse import quote_plus

from starlette.datastructures import QueryParams
from starlette.requests import Request

from endpoint.search.index import FACETS, Search, Sort
from endpoint.search.sparql_words import LIMITS, term
from ontology import GRAPH
from ontology.identifiers import DEFAULT_BASE

SORTS: tuple[Sort, ...] = get_args(Sort)
PAGE_SIZE = 20
LAST_PAGE = 5_000  # beyond the hits of which none are looked for
_MOST_VALUES = 50  # of one parameter
_LONGEST_TEXT, _LONGEST_VALUES = 2_000, 4_000  # characters of `q`, of all values; every link of a page repeats them
_CONCEPT = "id/term/"
_BELOW_BASE = {"country": "id/country/", "region": _CONCEPT, "subject": _CONCEPT, "without": _CONCEPT}
_OF_ONTOLOGY = frozenset({"house", "type", "status"})
_PROPERTIES = {facet: name for name, facet in LIMITS.items()} | {"without": "without"}
_NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True)
class Parameters:
    """What is searched for, as an address says it: `q`, the facets by name, `sort`, `page`, `expand=0`, `without` for a
    concept that is not to be added, `any=1` for some of the words only, and `more`, a facet shown whole.

    In an address a thing of ours goes by its name alone (`type=Certificate`, `country=KE`), any other by its IRI.
    """

    q: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NONE)
    sort: Sort = "relevance"
    page: int = 1
    expand: bool = True
    without: tuple[str, ...] = ()
    any_word: bool = False
    more: str = ""
    base: str = DEFAULT_BASE

    @classmethod
    def of(cls, request: Request) -> Parameters:
        """The parameters of a request; what has no meaning is left out, so that no address is an error."""
        given, base = request.query_params, request.app.state.settings.base_iri
        sort = given.get("sort", "relevance")
        page = given.get("page", "1")
        more, values = given.get("more", ""), _values(given, base)
        return cls(
            q=given.get("q", "").strip()[:_LONGEST_TEXT],
            filters={name: values[name] for name in FACETS if values[name]},
            sort=next((one for one in SORTS if one == sort), "relevance"),
            page=min(max(int(page), 1), LAST_PAGE) if page.isascii() and page.isdigit() and len(page) < 9 else 1,
            expand=given.get("expand", "1") != "0",
            without=values["without"],
            any_word=given.get("any", "0") == "1",
            more=more if more in FACETS else "",
            base=base,
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.q and not self.filters

    def search(
        self, language: str, *, limit: int = PAGE_SIZE, facets: Sequence[str] = (), snippets: bool = True
    ) -> Search:
        """The search of the page that these parameters name, for readers of a language."""
        return Search(
            self.q,
            self.filters,
            self.sort,
            offset=(self.page - 1) * limit,
            limit=limit,
            expand=self.expand,
            without=self.without,
            any_word=self.any_word,
            language=language,
            facets=tuple(facets),
            facet_values=2_000,
            snippets=snippets,
        )

    def query(self, **more: object) -> str:
        """The parameters as the query part of an address; the same for the same search, so that it can be kept."""
        told: list[tuple[str, object]] = [("q", self.q)] if self.q else []
        told += [(name, self._short(name, value)) for name in FACETS for value in self.filters.get(name, ())]
        told += [("sort", self.sort)] if self.sort != "relevance" else []
        told += [("expand", 0)] if not self.expand else []
        told += [("without", self._short("without", iri)) for iri in self.without]
        told += [("any", 1)] if self.any_word else []
        told += [("more", self.more)] if self.more else []
        told += [("page", self.page)] if self.page > 1 else []
        return "&".join(f"{name}={_quoted(str(value))}" for name, value in (*told, *more.items()))

    def _short(self, name: str, value: str) -> str:
        """What a value is called in an address."""
        space = _space(name, self.base)
        return value.removeprefix(space) if space and ":" not in value.removeprefix(space) else value

    def address(self, path: str = "/search", **more: object) -> str:
        """A path with these parameters."""
        query = self.query(**more)
        return f"{path}?{query}" if query else path

    # Other searches that a page leads to; each begins on its first page.

    def with_value(self, name: str, value: str) -> Parameters:
        """Limited to a value of a facet too."""
        values = dict.fromkeys((*self.filters.get(name, ()), value))
        return self._with(filters={**self.filters, name: tuple(values)})

    def without_value(self, name: str, value: str) -> Parameters:
        """No longer limited to a value of a facet."""
        left = tuple(one for one in self.filters.get(name, ()) if one != value)
        others = {other: values for other, values in self.filters.items() if other != name}
        return self._with(filters={**others, name: left} if left else others)

    def without_filters(self) -> Parameters:
        """The text alone."""
        return self._with(filters=_NONE)

    def without_concept(self, iri: str) -> Parameters:
        """Without what a concept adds."""
        return self._with(without=(*self.without, iri))

    def with_concept(self, iri: str) -> Parameters:
        """With what a concept adds."""
        return self._with(without=tuple(one for one in self.without if one != iri), expand=True)

    def expanded(self, expand: bool) -> Parameters:
        """With or without what the thesaurus adds."""
        return self._with(expand=expand, without=())

    def sorted_by(self, sort: Sort) -> Parameters:
        """In another order."""
        return self._with(sort=sort)

    def saying(self, text: str) -> Parameters:
        """With another text."""
        return self._with(q=text)

    def of_any_word(self) -> Parameters:
        """Of results with some of the words."""
        return self._with(any_word=True)

    def of_all_words(self) -> Parameters:
        """Of results with all of the words."""
        return self._with(any_word=False)

    def showing(self, facet: str) -> Parameters:
        """With all values of a facet."""
        return self._with(more=facet)

    def on_page(self, number: int) -> Parameters:
        """Another page of the same."""
        return replace(self, page=number)

    def _with(self, **changes: object) -> Parameters:
        return replace(self, **{"page": 1, "more": ""} | changes)  # type: ignore[arg-type]


@lru_cache(20_000)
def _quoted(value: str) -> str:
    """A value as it stands in an address; a page says the same ones hundreds of times."""
    return quote_plus(value, errors="replace")


def _space(name: str, base: str) -> str:
    """What the IRIs of things of ours begin with that a parameter may name; empty where its values are no IRIs."""
    if name in _OF_ONTOLOGY:
        return f"{GRAPH.value}#"
    return base + _BELOW_BASE[name] if name in _BELOW_BASE else ""


def _values(given: QueryParams, base: str) -> dict[str, tuple[str, ...]]:
    """The values of each parameter that may have several, those that are names as the IRIs they stand for.

    What a query cannot ask for has no meaning.
    """
    found: dict[str, tuple[str, ...]] = {}
    room = _LONGEST_VALUES
    for name in (*FACETS, "without"):
        space, values = _space(name, base), []
        for value in list(dict.fromkeys(given.getlist(name)))[:_MOST_VALUES]:
            if 0 < len(value) <= room:
                room -= len(value)
                values.append(value if ":" in value else space + value)
        found[name] = tuple(one for one in dict.fromkeys(values) if term(_PROPERTIES[name], one) is not None)
    return found
