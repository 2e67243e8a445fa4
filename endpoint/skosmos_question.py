"""What a request to the vocabulary browser's API asks, and the refusals it may get."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

from ontology.errors import QueryError
from thesaurus.entries import Concept, Label, Scheme
from thesaurus.index import Index

ALL = "all"
"""The vocabulary of all schemes."""
CONTEXT = {"skos": "http://www.w3.org/2004/02/skos/core#", "uri": "@id", "type": "@type"}
NAMESPACES = {
    "skos": CONTEXT["skos"],
    "isothes": "http://purl.org/iso25964/skos-thes#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "dct": "http://purl.org/dc/terms/",
    "dc11": "http://purl.org/dc/elements/1.1/",
}
Answer = dict[str, Any]
_INTEGER = re.compile(r"\+?[0-9]{1,9}")


class RestError(QueryError):
    """A request that has no answer: the status to send and what was expected."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Vocabulary:
    """A scheme, or all of them, as a vocabulary: `slug` is None for all."""

    id: str
    slug: str | None
    schemes: Sequence[Scheme]

    def title(self, language: str) -> str:
        """Its title in a language, or else in another."""
        return self.schemes[0].title(language) if self.slug else "All vocabularies"

    @property
    def languages(self) -> list[str]:
        """The tags of the languages its labels have."""
        return sorted({tag for scheme in self.schemes for tag in scheme.languages})

    @property
    def language(self) -> str:
        """The language of answers when the request names none: English where there is any."""
        return "en" if "en" in self.languages else next(iter(self.languages), "en")


@dataclass(frozen=True)
class Question:
    """The parameters of a request, over an index; `vocabulary` is None for a method of the whole server."""

    index: Index
    base: str
    parameters: Mapping[str, str]
    vocabulary: Vocabulary | None
    accept: str = ""

    def get(self, name: str) -> str | None:
        """A parameter; None also for a blank one."""
        return self.parameters.get(name, "").strip() or None

    def required(self, name: str) -> str:
        """A parameter. RestError if it is missing."""
        value = self.get(name)
        if value is None:
            raise RestError(HTTPStatus.BAD_REQUEST, f"{name} parameter missing")
        return value

    def number(self, name: str, default: int, least: int) -> int:
        """A whole number of at most nine digits. RestError if it is none, or is too small."""
        value = self.get(name)
        if value is None:
            return default
        if not _INTEGER.fullmatch(value) or int(value) < least:
            raise RestError(HTTPStatus.BAD_REQUEST, f"{name} parameter is invalid: expected a number from {least} on")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """A yes or no."""
        value = self.get(name)
        return default if value is None else value.lower() in ("true", "1", "yes", "on")

    @cached_property
    def language(self) -> str:
        """The language of the labels in the answer."""
        return (self.get("lang") or (self.scope.language)).lower()

    @cached_property
    def scope(self) -> Vocabulary:
        """The vocabulary asked about, that of the `vocab` parameter for a method of the server, or all."""
        return self.vocabulary or vocabulary(self.index, (self.get("vocab") or ALL).split()[0])

    @cached_property
    def uri(self) -> str:
        """The IRI asked about."""
        return self.required("uri")

    def concept(self, collection: bool = False) -> Concept:
        """The concept or collection of the IRI asked about. RestError unless the vocabulary has it."""
        found = self.index.concept(self.uri)
        inside = found and (not self.scope.slug or self.scope.schemes[0].iri in found.schemes)
        if found is None or not inside or (collection and not is_collection(found)):
            what = "group" if collection else "concept"
            raise RestError(HTTPStatus.NOT_FOUND, f"Could not find {what} <{self.uri}>")
        return found


def vocabulary(index: Index, name: str) -> Vocabulary:
    """The vocabulary of an identifier. RestError for another."""
    if name == ALL:
        return Vocabulary(ALL, None, index.schemes())
    scheme = index.scheme(name)
    if scheme is None or scheme.slug != name:
        raise RestError(HTTPStatus.NOT_FOUND, f"Vocabulary id '{name}' not found.")
    return Vocabulary(scheme.slug, scheme.slug, [scheme])


def is_collection(concept: Concept) -> bool:
    """Whether it is a collection and no concept."""
    return NAMESPACES["skos"] + "Concept" not in concept.types and bool(
        {"Collection", "OrderedCollection", "ConceptGroup", "ThesaurusArray"}
        & {kind.rpartition("#")[2] for kind in concept.types}
    )


def compact(iri: str) -> str:
    """An IRI with a prefix of `NAMESPACES` where one fits."""
    for prefix, namespace in NAMESPACES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


def expanded(name: str) -> str:
    """The IRI of a prefixed name; an IRI stays."""
    prefix, colon, local = name.partition(":")
    return NAMESPACES[prefix] + local if colon and prefix in NAMESPACES else name


def matches(language: str, wanted: str) -> bool:
    """Whether a language tag is in the range of another (RFC 4647, 3.3.1)."""
    return language == wanted or language.startswith(wanted + "-")


def shown(label: Label | None, language: str) -> str | None:
    """The text of a label, with its language where that is another than the one asked for."""
    if label is None:
        return None
    foreign = label.language and not matches(label.language, language)
    return f"{label.text} ({label.language})" if foreign else label.text
