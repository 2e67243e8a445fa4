"""The written form of the keywords: sorted Turtle, one statement per line, so that editing a label changes one line.

A file is its comment header, the prefixes, then one block per subject: concept schemes first, then by IRI. In a block
the predicates come in the order of `PREDICATES`, others after them by IRI, and the values by language and text. Every
statement ends in `;` and the block in a line with a full stop, which Turtle allows
(https://www.w3.org/TR/turtle/#predicate-lists), so the first and the last statement are lines like all others.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

import pyoxigraph as ox

from ontology.errors import ClearingHouseError
from ontology.identifiers import DEFAULT_BASE

SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
CH = DEFAULT_BASE + "ns#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

PREFIXES = {
    "ch": CH,
    "country": DEFAULT_BASE + "id/country/",
    "dcterms": DCTERMS,
    "owl": OWL,
    "scheme": DEFAULT_BASE + "id/scheme/",
    "skos": SKOS,
    "term": DEFAULT_BASE + "id/term/",
    "xsd": XSD,
}
PREDICATES = (
    TYPE,
    DCTERMS + "identifier",
    CH + "alternateIdentifier",
    SKOS + "notation",
    DCTERMS + "title",
    CH + "completeness",
    SKOS + "prefLabel",
    CH + "unofficialLabel",
    CH + "machineLabel",
    SKOS + "altLabel",
    SKOS + "hiddenLabel",
    SKOS + "definition",
    SKOS + "scopeNote",
    SKOS + "broader",
    SKOS + "narrower",
    SKOS + "related",
    SKOS + "exactMatch",
    SKOS + "closeMatch",
    SKOS + "relatedMatch",
    SKOS + "inScheme",
    OWL + "deprecated",
    DCTERMS + "isReplacedBy",
)

_RANK = {predicate: rank for rank, predicate in enumerate(PREDICATES)}
# A part of PN_LOCAL (https://www.w3.org/TR/turtle/#grammar-production-PN_LOCAL); other names are written as full IRIs.
_LOCAL_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.:\-]|%[0-9A-Fa-f]{2})*(?<!\.)")


class ThesaurusError(ClearingHouseError):
    """A file of the thesaurus that cannot be used; the message names the file."""


def document(triples: Iterable[ox.Triple], header: str = "") -> str:
    """The Turtle text of the statements under a header of `#` lines; repeated statements are written once.

    Raises ThesaurusError for a blank node: it has no stable name, so no stable place in the file.
    """
    prefixes = "".join(f"@prefix {name}: <{namespace}> .\n" for name, namespace in PREFIXES.items())
    parts = [header, "\n"] if header else []
    return "".join([*parts, prefixes, *_blocks(sorted({_key(triple): triple for triple in triples}.items()))])


def header(text: str) -> str:
    """The comment lines at the top of a Turtle text, with their line ends."""
    match = re.match(r"(?:#[^\n]*\n)*", text)
    return match.group() if match else ""


def triples(text: str, name: str) -> list[ox.Triple]:
    """The statements of a Turtle text; a text that does not parse raises ThesaurusError with the `name` of its file."""
    try:
        return [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]
    except SyntaxError as error:
        raise ThesaurusError(f"{name}: expected Turtle with absolute IRIs: {error}") from error


def rewritten(text: str, name: str) -> str:
    """The same header and statements in the written form; the text itself when it already has that form."""
    return document(triples(text, name), header(text))


_Key = tuple[bool, str, int, str, str, str, str]


def _key(triple: ox.Triple) -> _Key:
    subject, predicate, value = triple.subject, triple.predicate, triple.object
    if not isinstance(subject, ox.NamedNode) or not isinstance(value, ox.NamedNode | ox.Literal):
        raise ThesaurusError(f"blank node in {triple}: expected an IRI, or a literal as value")
    language = (value.language or "") if isinstance(value, ox.Literal) else ""
    rank = _RANK.get(predicate.value, len(_RANK))
    is_term = not subject.value.startswith(PREFIXES["scheme"])
    return is_term, subject.value, rank, predicate.value, language, value.value, str(value)


def _blocks(rows: list[tuple[_Key, ox.Triple]]) -> Iterator[str]:
    for subject, block in groupby((triple for _, triple in rows), key=lambda triple: triple.subject):
        yield f"\n{_written(subject)}\n"
        for triple in block:
            predicate = "a" if triple.predicate.value == TYPE else _written(triple.predicate)
            yield f"    {predicate} {_written(triple.object)} ;\n"
        yield "    .\n"


def _written(node: object) -> str:
    if isinstance(node, ox.Literal) and not node.language and node.datatype.value != XSD + "string":
        return f"{ox.Literal(node.value)}^^{_written(node.datatype)}"
    if isinstance(node, ox.NamedNode):
        for name, namespace in PREFIXES.items():
            local = node.value.removeprefix(namespace)
            if local != node.value and _LOCAL_NAME.fullmatch(local):
                return f"{name}:{local}"
    return str(node)
