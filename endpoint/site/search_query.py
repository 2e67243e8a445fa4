"""A search as a SPARQL query that a reader may open, change and run.

With a text it calls the search service, which takes the limits too; without one the limits are patterns of the graph.
"""

from collections.abc import Callable, Iterator, Sequence

import pyoxigraph as ox

from endpoint.asking import Question
from endpoint.search.sparql_words import DEFAULT_LIMIT, NAMESPACE, SERVICE
from endpoint.site.search_parameters import Parameters

_PREFIXES = """PREFIX adms: <http://www.w3.org/ns/adms#>
PREFIX ch: <https://w3id.org/clearinghouse/ns#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX sdo: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""
_PLACES = "ch:government|ch:countryOrRegion|ch:country|ch:region|ch:eventCountry|ch:sourceCountry|ch:jurisdictionRegion"
_PATTERNS = {
    "house": "?record ch:clearingHouse ?house .",
    "type": "?record a ?type .",
    "country": f"?record {_PLACES} ?country .",
    "region": f"?record ({_PLACES})/skos:broader* ?region .",
    "subject": "GRAPH ?record { ?part dcterms:subject ?about } ?about skos:broader* ?subject .",
    "language": "?record sdo:inLanguage ?language .",
    "status": "?record adms:status ?status .",
}
_KINDS = {"record": "?record ch:clearingHouse [] .", "concept": "?record a skos:Concept ."}
_DATES = ("issued", "dateSubmitted", "created", "modified")


def question(parameters: Parameters, base: str) -> Question:
    """The query of a search, under the base IRI of the data."""
    if parameters.q:
        lines = [*_service(parameters, base), *_patterns(parameters, ["language"])]
        head = f"{_PREFIXES}PREFIX search: <{NAMESPACE}>\n\nSELECT DISTINCT ?record ?score WHERE {{"
        tail = "}\nORDER BY DESC(?score)\n"
    else:
        lines = [*_patterns(parameters, list(_PATTERNS)), *_years(parameters), *_kind(parameters)]
        head, tail = f"{_PREFIXES}\nSELECT DISTINCT ?record WHERE {{", f"}}\nLIMIT {DEFAULT_LIMIT}\n"
    body = "".join(f"  {line}\n" for line in lines)
    return Question("search", f"# What does a search find?\n\n{head}\n{body}{tail}")


def _service(parameters: Parameters, base: str) -> Iterator[str]:
    """The call of the service: the text, what limits it, and the score."""
    words = ox.Literal("".join(character for character in parameters.q if character.isprintable()))
    limits = [("expand", ["false"])] if not parameters.expand else []
    for name in (*_PATTERNS, "year", "kind"):
        if name != "language" and (values := _terms(name, parameters.filters.get(name, ()))):
            limits.append((name, values))
    yield f"SERVICE <{base}{SERVICE}> {{"
    yield f"  ?record search:query {words} ;"
    yield from (f"    search:{name} {', '.join(values)} ;" for name, values in limits)
    yield "    search:score ?score ."
    yield "}"


def _patterns(parameters: Parameters, names: Sequence[str]) -> Iterator[str]:
    """What the graph says of records that have one of the values of each facet."""
    for name in names:
        if values := _terms(name, parameters.filters.get(name, ())):
            yield f"VALUES ?{name} {{ {' '.join(values)} }}"
            yield _PATTERNS[name]


def _kind(parameters: Parameters) -> Iterator[str]:
    wanted = [_KINDS[kind] for kind in parameters.filters.get("kind", ()) if kind in _KINDS] or [*_KINDS.values()]
    yield " UNION ".join(f"{{ {pattern} }}" for pattern in wanted)


def _years(parameters: Parameters) -> Iterator[str]:
    if wanted := _terms("year", parameters.filters.get("year", ())):
        yield from (f"OPTIONAL {{ ?record dcterms:{name} ?{name} }}" for name in _DATES)
        yield f"BIND(SUBSTR(STR(COALESCE({', '.join(f'?{name}' for name in _DATES)})), 1, 4) AS ?year)"
        yield f"FILTER(?year IN ({', '.join(wanted)}))"


def _terms(name: str, values: Sequence[str]) -> list[str]:
    """The values of a facet as terms, without those that are none."""
    make: Callable[[str], ox.NamedNode | ox.Literal] = (
        ox.Literal if name in ("language", "year", "kind") else ox.NamedNode
    )
    found = []
    for value in values:
        is_year = name != "year" or (value.isascii() and value.isdigit() and len(value) == 4)
        is_kind = name != "kind" or value in _KINDS
        try:
            found += [str(make(value))] if is_year and is_kind else []
        except ValueError:
            continue
    return found
