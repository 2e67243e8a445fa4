"""A search as a SPARQL query that a reader may open, change and run: the text by a service, the filters by patterns."""

from collections.abc import Callable, Sequence

import pyoxigraph as ox

from endpoint.asking import Question
from endpoint.site.search_parameters import Parameters

_PREFIXES = """PREFIX adms: <http://www.w3.org/ns/adms#>
PREFIX ch: <https://w3id.org/clearinghouse/ns#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX sdo: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX search: <{base}search#>
"""
_PLACES = "ch:government|ch:countryOrRegion|ch:country|ch:region|ch:eventCountry|ch:sourceCountry|ch:jurisdictionRegion"
_PATTERNS: dict[str, tuple[str, ...]] = {
    "house": ("?record ch:clearingHouse ?house .",),
    "type": ("?record a ?type .",),
    "country": (f"?record {_PLACES} ?country .",),
    "region": (f"?record ({_PLACES})/skos:broader* ?region .",),
    "subject": ("GRAPH ?record { ?part dcterms:subject ?about }", "?about skos:broader* ?subject ."),
    "language": ("?record sdo:inLanguage ?language .",),
    "status": ("?record adms:status ?status .",),
}


def question(parameters: Parameters, base: str) -> Question:
    """The query of a search; names of kinds and years, which are no terms, become patterns of their own."""
    lines = list(_text(parameters, base))
    for name, patterns in _PATTERNS.items():
        if values := _terms(name, parameters.filters.get(name, ())):
            lines += [f"VALUES ?{name} {{ {' '.join(values)} }}", *patterns]
    lines += _years(parameters.filters.get("year", ()))
    if parameters.filters.get("kind") == ("record",) or not lines:
        lines.append("?record ch:clearingHouse [] .")
    if parameters.filters.get("kind") == ("concept",):
        lines.append("?record a skos:Concept .")
    score = " ?score" if parameters.q else ""
    order = "ORDER BY DESC(?score)\n" if parameters.q else ""
    body = "\n".join(f"  {line}" for line in lines)
    opening = "# What does a search find?\n\n" + _PREFIXES.format(base=base)
    return Question("search", f"{opening}\nSELECT DISTINCT ?record{score} WHERE {{\n{body}\n}}\n{order}LIMIT 100\n")


def _text(parameters: Parameters, base: str) -> Sequence[str]:
    if not parameters.q:
        return ()
    words = ox.Literal("".join(character for character in parameters.q if character.isprintable()))
    return (f"SERVICE <{base}search> {{ ?record search:query {words} ; search:score ?score }}",)


def _terms(name: str, values: Sequence[str]) -> list[str]:
    """The values of a facet as terms, without those that are none."""
    make: Callable[[str], ox.NamedNode | ox.Literal] = ox.Literal if name == "language" else ox.NamedNode
    found = []
    for value in values:
        try:
            found.append(str(make(value)))
        except ValueError:
            continue
    return found


def _years(years: Sequence[str]) -> list[str]:
    wanted = [year for year in years if year.isascii() and year.isdigit()]
    if not wanted:
        return []
    tests = " || ".join(f'STRSTARTS(STR(?date), "{year}")' for year in wanted)
    dates = ("issued", "dateSubmitted", "created", "modified")
    optional = [f"OPTIONAL {{ ?record dcterms:{name} ?{name} }}" for name in dates]
    return [*optional, f"BIND(COALESCE({', '.join(f'?{name}' for name in dates)}) AS ?date)", f"FILTER({tests})"]
