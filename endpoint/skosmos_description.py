"""The description of `/rest/v1` for programs, in the form of Swagger 2.0 (https://swagger.io/specification/v2/)."""

from typing import Any

_PARAMETERS = {
    "lang": 'language of the labels, such as "fr"',
    "uri": "IRI of the concept",
    "group": "IRI of a collection: only what it holds",
    "query": "what a label has to be; * stands for anything",
    "labellang": "language of the preferred labels shown, if another than that of the labels searched",
    "vocab": "identifiers of vocabularies, separated by spaces: only what they have",
    "type": "classes, separated by spaces, such as skos:Concept: only instances of one of them",
    "parent": "IRI of a concept: only what is below it",
    "scheme": "IRI of a concept scheme",
    "maxhits": "how many results at most; all when missing",
    "offset": "how many to leave out at the start",
    "fields": "further properties of SKOS to show, separated by spaces, such as broader prefLabel",
    "unique": "true: each concept once, even if several of its labels fit",
    "label": "the label",
    "letter": "a letter, 0-9 for digits, !* for other signs, or * for all",
    "limit": "how many at most",
    "format": "media type of the answer; content negotiation decides when missing",
    "external": "false: only mappings to concepts of this server",
    "clang": "language of the content",
}
_NUMBERS = ("maxhits", "offset", "limit")
_SEARCH = "query! lang type parent group scheme maxhits offset fields unique"
_ABOUT = "uri! lang"
# Summary, parameters (those with ! are required), and the properties of the answer.
_METHODS = {
    "/vocabularies": ("The vocabularies", "lang!", "uri vocabularies"),
    "/search": ("Concepts and collections by a pattern of their labels", f"{_SEARCH} labellang vocab", "uri results"),
    "/label": ("The labels of a concept", _ABOUT, "uri prefLabel altLabel hiddenLabel"),
    "/data": ("The statements of a concept", "uri! format", ""),
    "/types": ("The classes of concepts and collections", "lang!", "uri types"),
    "/{vocid}/": (
        "What a vocabulary is",
        "lang",
        "uri id title defaultLanguage languages conceptschemes",
    ),
    "/{vocid}/types": ("The classes of concepts and collections", "lang", "uri types"),
    "/{vocid}/topConcepts": ("The top concepts", "lang scheme", "uri topconcepts"),
    "/{vocid}/data": ("The statements of a concept, or of the whole vocabulary", "uri format lang", ""),
    "/{vocid}/search": ("Concepts and collections by a pattern of their labels", f"{_SEARCH} labellang", "uri results"),
    "/{vocid}/lookup": ("The concepts of a label", "label! lang", "result"),
    "/{vocid}/vocabularyStatistics": (
        "How many concepts and collections",
        "lang",
        "uri id title concepts subTypes conceptGroups",
    ),
    "/{vocid}/labelStatistics": ("How many labels, by language", "lang", "uri id title languages"),
    "/{vocid}/index/": ("The letters that labels begin with", "lang", "uri indexLetters"),
    "/{vocid}/index/{letter}": ("The labels that begin with a letter", "lang limit offset", "uri indexConcepts"),
    "/{vocid}/label": ("The labels of a concept", _ABOUT, "uri prefLabel altLabel hiddenLabel"),
    "/{vocid}/broader": ("The concepts directly above", _ABOUT, "uri broader"),
    "/{vocid}/broaderTransitive": ("The concept and all above, by IRI", f"{_ABOUT} limit", "uri broaderTransitive"),
    "/{vocid}/narrower": ("The concepts directly below", _ABOUT, "uri narrower"),
    "/{vocid}/narrowerTransitive": ("The concept and all below, by IRI", f"{_ABOUT} limit", "uri narrowerTransitive"),
    "/{vocid}/related": ("The related concepts", _ABOUT, "uri related"),
    "/{vocid}/children": ("The concepts directly below, as nodes of a tree", _ABOUT, "uri narrower"),
    "/{vocid}/groups": ("The collections", "lang", "uri groups"),
    "/{vocid}/new": ("The concepts made last", "lang limit offset", "changeList"),
    "/{vocid}/modified": ("The concepts changed last", "lang limit offset", "changeList"),
    "/{vocid}/groupMembers": ("What a collection holds", _ABOUT, "uri members"),
    "/{vocid}/hierarchy": ("The tree above a concept", _ABOUT, "uri broaderTransitive"),
    "/{vocid}/mappings": ("The mappings of a concept, as JSKOS", f"{_ABOUT} external clang", "mappings graph"),
}
_LISTS = {
    "altLabel",
    "broader",
    "changeList",
    "conceptschemes",
    "groups",
    "hiddenLabel",
    "indexConcepts",
    "indexLetters",
    "languages",
    "mappings",
    "members",
    "narrower",
    "related",
    "result",
    "results",
    "subTypes",
    "topconcepts",
    "types",
    "vocabularies",
}
_OBJECTS = {"concepts", "conceptGroups", "broaderTransitive", "narrowerTransitive", "graph"}
_OPTIONAL = {"prefLabel", "altLabel", "hiddenLabel", "conceptGroups"}
_RDF = ["application/rdf+xml", "text/turtle", "application/ld+json", "application/json", "application/n-triples"]


def description(path: str) -> dict[str, Any]:
    """The description of the API at a path of the server."""
    return {
        "swagger": "2.0",
        "info": {
            "title": "Vocabularies",
            "version": "v1",
            "description": "Read-only access to the concepts of the thesaurus: JSON-LD, or JSONP with a"
            " `callback` parameter. The vocabulary `all` stands for all vocabularies.",
        },
        "basePath": path,
        "paths": {name: {"get": _method(name, *given)} for name, given in _METHODS.items()},
    }


def _method(path: str, summary: str, parameters: str, properties: str) -> dict[str, Any]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    required = [name for name in properties.split() if name not in _OPTIONAL]
    schema: dict[str, Any] = {"type": "object", "properties": {name: _property(name) for name in properties.split()}}
    answer: dict[str, Any] = {"description": summary}
    if properties:
        answer["schema"] = schema | {"required": required}
    return {
        "summary": summary,
        "parameters": [
            *(_parameter(name, "path", required=True) for name in names),
            *(_parameter(name.rstrip("!"), "query", required=name.endswith("!")) for name in parameters.split()),
        ],
        "produces": ["application/json", "application/ld+json"] if properties else _RDF,
        "responses": {
            "200": answer,
            "304": {"description": "nothing has changed since the version of the entity tag"},
            "400": {"description": "a parameter is missing or not what it should be"},
            "404": {"description": "no such vocabulary, concept, collection or label"},
        },
    }


def _parameter(name: str, place: str, required: bool) -> dict[str, Any]:
    text = "identifier of a vocabulary, or all" if name == "vocid" else _PARAMETERS[name]
    kind = "integer" if name in _NUMBERS else "string"
    return {"name": name, "in": place, "description": text, "required": required, "type": kind}


def _property(name: str) -> dict[str, Any]:
    if name in _LISTS:
        return {"type": "array", "items": {}}
    return {} if name == "uri" else {"type": "object" if name in _OBJECTS else "string"}
