"""Where pages are: the path of what an IRI names, and paths as a browser has to ask for them."""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request

from endpoint import localisation
from ontology.errors import IdentifierError
from ontology.identifiers import (
    DEFAULT_BASE,
    CountryIri,
    Iris,
    NodeIri,
    QuestionIri,
    RecordIri,
    RevisionIri,
    SchemeIri,
    TermIri,
)

CONCEPTS = "/thesaurus/concepts"
"""Where concepts are read and edited that have no address of their own, or another page, such as countries."""
# The ontology and the shapes are the same under every base.
_PAGES_OF_WORDS = {
    f"{DEFAULT_BASE}ns#": "/ontology/",
    f"{DEFAULT_BASE}search#": "/ontology/search:",
    f"{DEFAULT_BASE}shapes#": "/shapes/",
}


def address(path: str, **parameters: object) -> str:
    """A path with those query parameters that have a value."""
    given: Mapping[str, object] = {name: value for name, value in parameters.items() if value not in (None, "")}
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in given.items())
    return f"{path}?{query}" if query else path


def prefixed(request: Request, path: str) -> str:
    """A path of a page as the browser has to ask for it: below the language, behind what a proxy puts before it."""
    root: str = request.scope.get("root_path", "")
    return root + path


def bare(request: Request, path: str) -> str:
    """A path that has no language, such as those for programs, as the browser has to ask for it."""
    return localisation.root(request) + path


def page_path(base_iri: str, iri: str) -> str | None:
    """The path of the page about a thing of ours, None where an IRI names something else."""
    if iri == f"{DEFAULT_BASE}ns":
        return "/ontology"
    for words, path in _PAGES_OF_WORDS.items():
        if iri.startswith(words):
            return path + quote(iri.removeprefix(words), safe="")
    try:
        named = Iris(base_iri).parse(iri)
    except IdentifierError:
        return None
    match named:
        case NodeIri(guid, pointer):
            return f"/record/{guid}#{quote(pointer, safe='/')}"
        case RecordIri() | RevisionIri() | TermIri() | SchemeIri() | CountryIri() | QuestionIri():
            return iri.removeprefix(f"{base_iri}id")


def concept_path(base_iri: str, iri: str, **parameters: object) -> str:
    """The path of the page about a concept of the thesaurus, also of one that has its proper page elsewhere."""
    path = page_path(base_iri, iri) or ""
    return address(path, **parameters) if path.startswith("/term/") else address(CONCEPTS, iri=iri, **parameters)


def local_path(text: str) -> str:
    """A path of this site to go on to, without language; else that of the thesaurus: no link leads elsewhere."""
    path = localisation.parted(text)[1]
    is_local = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_local else "/thesaurus/"
