"""A search as a SPARQL query that a reader may open, change and run: a call of the search service that asks for it."""

from collections.abc import Iterable

import pyoxigraph as ox

from endpoint.asking import Question
from endpoint.search.sparql_words import DEFAULT_LIMIT, LIMITS, NAMESPACE, SERVICE, term
from endpoint.site.search_parameters import Parameters

_PREFIXES = f"""PREFIX ch: <https://w3id.org/clearinghouse/ns#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX search: <{NAMESPACE}>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""


def question(parameters: Parameters, base: str) -> Question:
    """The query of a search, under the base IRI of the data."""
    words = ox.Literal("".join(character for character in parameters.q if character.isprintable()))
    said = [("query", [str(words)])]
    said += [(name, _terms(name, parameters.filters.get(facet, ()))) for name, facet in LIMITS.items()]
    said += [("expand", ["false"])] if not parameters.expand else []
    said += [("without", _terms("without", parameters.without))]
    said += [("anyWord", ["true"])] if parameters.any_word else []
    said += [("limit", [str(DEFAULT_LIMIT)])]
    lines = "".join(f"    search:{name} {', '.join(terms)} ;\n" for name, terms in said if terms)
    call = f"  SERVICE <{base}{SERVICE}> {{\n    ?record\n{lines}    search:score ?score .\n  }}\n"
    head = f"# What does a search find?\n\n{_PREFIXES}\nSELECT ?record ?score WHERE {{\n"
    return Question("search", f"{head}{call}}}\nORDER BY DESC(?score)\n")


def _terms(name: str, values: Iterable[str]) -> list[str]:
    return [str(term(name, value)) for value in values]
