"""Terms of the thesaurus service as its API gives them, as statements about concepts of one domain.

A file is the answer of `/thesaurus/domains/{domain}/terms` or of `/thesaurus/terms/{term}`: `title` and `shortTitle` by
language become preferred and alternative labels, `description` and `longDescription` definitions, `broaderTerms`,
`narrowerTerms` and `relatedTerms` links. The answer of `/thesaurus/domains` describes the domains.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from ontology.errors import IdentifierError
from ontology.identifiers import Iris, canonical_term, term_key
from thesaurus.changes import NARROWER
from thesaurus.importing.problems import Imported, Problem, error, listed, note
from thesaurus.statements import (
    ALT_LABEL,
    BROADER,
    CONCEPT,
    CONCEPT_SCHEME,
    IDENTIFIER,
    IN_SCHEME,
    PREF_LABEL,
    RELATED,
    Statements,
)
from thesaurus.turtle import DCTERMS, SKOS, TYPE, ThesaurusError
from thesaurus.vocabulary import Thesaurus

Term = Mapping[str, Any]

DEFINITION = ox.NamedNode(SKOS + "definition")
_TYPE = ox.NamedNode(TYPE)
_TITLE = ox.NamedNode(DCTERMS + "title")
_SOURCE = ox.NamedNode(DCTERMS + "source")
_LINKS = {"broaderTerms": BROADER, "narrowerTerms": NARROWER, "relatedTerms": RELATED}
_READ = {"identifier", "name", "title", "shortTitle", "description", "longDescription", "source", *_LINKS}


def read(files: Mapping[Path, str | None], known: Thesaurus, iris: Iris) -> Imported:
    """The statements of some files, each with the domain of its terms (identifier or IRI), None for one without terms.

    Terms may link to terms of the other files and to what is known. ThesaurusError for a file that is no such JSON.
    """
    documents = {path: _terms(path) for path in files}
    reader = _Reader(known, iris, [term for terms in documents.values() for term in terms])
    for path, domain in files.items():
        scheme = reader.scheme(str(path), domain) if domain else None
        for place, term in enumerate(documents[path], 1):
            reader.read(f"{path}, term {place}", term, scheme)
        reader.tell_left_out(str(path))
    return Imported(tuple(dict.fromkeys(reader.statements)), tuple(reader.problems), is_official=True)


def is_terms(data: bytes) -> bool:
    """Whether a JSON text is one of the API rather than JSON-LD."""
    return b'"@' not in data and b'"identifier"' in data


def _terms(path: Path) -> list[Term]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as fault:
        raise ThesaurusError(f"{path}: expected JSON: {fault}") from fault
    listed_terms = found if isinstance(found, list) else [found]
    for place, term in enumerate(listed_terms, 1):
        if not isinstance(term, dict):
            raise ThesaurusError(f"{path}, term {place}: {str(term)!r:.60}; expected an object with an identifier")
    return listed_terms


class _Reader:
    def __init__(self, known: Thesaurus, iris: Iris, terms: Iterable[Term]) -> None:
        self.statements: list[ox.Triple] = []
        self.problems: list[Problem] = []
        self._known, self._iris = known, iris
        self._left_out: Counter[str] = Counter()
        self._places: dict[str, str] = {}
        names = Statements(known.triples()).identifiers(CONCEPT_SCHEME)
        self._schemes = {key: node for node, name in names.items() for key in (term_key(name), node.value)}
        named = [term["identifier"] for term in terms if isinstance(term.get("identifier"), str)]
        self._named = {key for name in named if (key := _key(name))}

    def scheme(self, file: str, domain: str) -> ox.NamedNode:
        """The scheme of a domain, stated where the thesaurus has none."""
        node = self._schemes.get(term_key(domain)) or self._schemes.get(domain)
        if node is None:
            node = self._iris.scheme(domain)
            self._state(node, _TYPE, CONCEPT_SCHEME)
            self._state(node, IDENTIFIER, ox.Literal(canonical_term(domain)))
            self._schemes[term_key(domain)] = node
            self.problems.append(
                note(file, f"{domain} is a new scheme; the answer of /thesaurus/domains has its title")
            )
        return node

    def read(self, place: str, term: Term, scheme: ox.NamedNode | None) -> None:
        """Read one term, or a domain where the file describes domains."""
        identifier = term.get("identifier")
        key = _key(identifier) if isinstance(identifier, str) else None
        if not isinstance(identifier, str) or key is None:
            self.problems.append(error(place, f"identifier {identifier!r:.60}; expected that of a term"))
            return
        place = f"{place} ({identifier})"
        if key in self._places:
            self.problems.append(error(place, f"again the identifier of {self._places[key]}; expected each once"))
            return
        self._places[key] = place
        if "domainId" in term:
            self._domain(place, term, identifier)
        elif scheme is None:
            self.problems.append(error(place, "in no scheme; expected the domain of the terms of this file"))
        else:
            self._term(place, term, identifier, scheme)

    def tell_left_out(self, file: str) -> None:
        """At the end of a file: tell what of it was not taken over."""
        self._places.clear()
        for what, times in sorted(self._left_out.items()):
            self.problems.append(note(file, f"{what}: {times} values are not taken over"))
        self._left_out.clear()

    def _domain(self, place: str, term: Term, identifier: str) -> None:
        node = self._schemes.get(term_key(identifier)) or self._iris.scheme(identifier)
        self._state(node, _TYPE, CONCEPT_SCHEME)
        self._state(node, IDENTIFIER, ox.Literal(canonical_term(identifier)))
        titles = {**_english(term.get("name")), **self._texts(place, term, "title")}
        for language, text in titles.items():
            self._state(node, _TITLE, ox.Literal(text, language=language))
        self._count_unread(term, {"identifier", "name", "title"})

    def _term(self, place: str, term: Term, identifier: str, scheme: ox.NamedNode) -> None:
        node = self._node(identifier)
        self._state(node, _TYPE, CONCEPT)
        self._state(node, IN_SCHEME, scheme)
        if not self._known.concept(identifier):
            self._state(node, IDENTIFIER, ox.Literal(canonical_term(identifier)))
        titles = {**_english(term.get("name")), **self._texts(place, term, "title")}
        if not titles:
            self.problems.append(note(place, "no name and no title; expected one"))
        others = [*_english(term.get("name")).items(), *self._texts(place, term, "shortTitle").items()]
        definitions = {**_english(term.get("description")), **self._texts(place, term, "longDescription")}
        described = [*_english(term.get("description")).items(), *definitions.items()]
        self._state_texts(node, PREF_LABEL, titles.items())
        self._state_texts(node, ALT_LABEL, (pair for pair in others if titles.get(pair[0]) != pair[1]))
        self._state_texts(node, DEFINITION, described)
        if isinstance(source := term.get("source"), str) and source.strip():
            self._state(node, _SOURCE, ox.Literal(source.strip()))
        for field, predicate in _LINKS.items():
            for other in self._linked(place, term, field):
                subject, value = (other, node) if predicate == NARROWER else (node, other)
                self._state(subject, BROADER if predicate == NARROWER else predicate, value)
        self._count_unread(term, _READ)

    def _state(self, node: ox.NamedNode, predicate: ox.NamedNode, value: ox.NamedNode | ox.Literal) -> None:
        self.statements.append(ox.Triple(node, predicate, value))

    def _state_texts(self, node: ox.NamedNode, predicate: ox.NamedNode, texts: Iterable[tuple[str, str]]) -> None:
        for language, text in texts:
            self._state(node, predicate, ox.Literal(text, language=language))

    def _texts(self, place: str, term: Term, field: str) -> dict[str, str]:
        """The texts of a field by language, without space around them; empty ones say nothing."""
        found = term.get(field) or {}
        if not isinstance(found, dict):
            self.problems.append(error(f"{place}, {field}", f"{found!r:.60}; expected texts by language"))
            return {}
        texts = {}
        for language, text in found.items():
            if text is not None and not isinstance(text, str):
                self.problems.append(error(f"{place}, {field}", f"{text!r:.60} in {language}; expected a text"))
            elif text and text.strip():
                try:
                    ox.Literal(text, language=language)
                except ValueError:
                    message = f"language {language!r:.60}; expected a tag such as en"
                    self.problems.append(error(f"{place}, {field}", message))
                    continue
                texts[language.lower()] = text.strip()
        return texts

    def _linked(self, place: str, term: Term, field: str) -> Iterator[ox.NamedNode]:
        """The concepts that a field names, as identifiers or, in answers with relations, as objects."""
        missing = []
        for one in term.get(field) or ():
            name = one.get("identifier") if isinstance(one, dict) else one
            if isinstance(name, str) and (_key(name) in self._named or self._known.concept(name)):
                yield self._node(name)
            else:
                missing.append(repr(name))
        if missing:
            message = f"{listed(missing)}: no such term in the files or the thesaurus; the link is left out"
            self.problems.append(note(f"{place}, {field}", message))

    def _node(self, identifier: str) -> ox.NamedNode:
        return self._known.concept(identifier) or self._iris.place(identifier)

    def _count_unread(self, term: Term, read_fields: set[str]) -> None:
        for field, value in term.items():
            if field not in read_fields and value not in (None, "", [], {}):
                self._left_out[field] += 1


def _english(text: object) -> dict[str, str]:
    return {"en": text.strip()} if isinstance(text, str) and text.strip() else {}


def _key(identifier: str) -> str | None:
    try:
        return term_key(identifier)
    except IdentifierError:
        return None
