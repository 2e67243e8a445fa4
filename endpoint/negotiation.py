"""Which format an answer takes: the client's Accept header or `format` parameter against what the engine can write."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ontology.errors import QueryError

GRAPH_FORMS = frozenset({"CONSTRUCT", "DESCRIBE"})


class NotAcceptableError(QueryError):
    """No format of this answer is one that the client accepts."""


@dataclass(frozen=True)
class Format:
    """A serialisation: its short name, its registered media type, other types it goes by, its IRI at the W3C."""

    name: str
    media_type: str
    aliases: tuple[str, ...]
    iri: str

    def answers_to(self, name: str) -> bool:
        """Whether a `format` parameter means this format."""
        return name.lower() in {self.name, self.media_type, *self.aliases}


_W3C = "http://www.w3.org/ns/formats/"

# https://www.w3.org/TR/sparql11-protocol/#query-success; the first is the default.
RESULT_FORMATS = (
    Format("json", "application/sparql-results+json", ("application/json",), _W3C + "SPARQL_Results_JSON"),
    Format("xml", "application/sparql-results+xml", ("application/xml", "text/xml"), _W3C + "SPARQL_Results_XML"),
    Format("csv", "text/csv", (), _W3C + "SPARQL_Results_CSV"),
    Format("tsv", "text/tab-separated-values", ("text/plain",), _W3C + "SPARQL_Results_TSV"),
)
GRAPH_FORMATS = (
    Format("turtle", "text/turtle", ("ttl", "n3", "application/x-turtle"), _W3C + "Turtle"),
    Format("ntriples", "application/n-triples", ("nt", "text/plain"), _W3C + "N-Triples"),
    Format("jsonld", "application/ld+json", ("json-ld", "application/json"), _W3C + "JSON-LD"),
    Format("rdfxml", "application/rdf+xml", ("rdf", "rdf+xml", "application/xml", "text/xml"), _W3C + "RDF_XML"),
    Format("trig", "application/trig", (), _W3C + "TriG"),
    Format("nquads", "application/n-quads", ("nq",), _W3C + "N-Quads"),
)
_PAGE = Format("html", "text/html", ("application/xhtml+xml",), "")


def formats_of(form: str) -> tuple[Format, ...]:
    """The formats that the answer to a query of this form can take."""
    return GRAPH_FORMATS if form in GRAPH_FORMS else RESULT_FORMATS


@dataclass(frozen=True)
class Choice:
    """The format chosen and the media type to send, which is an alias if the client asked by that name."""

    format: Format
    media_type: str

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return f"{self.media_type}; charset=utf-8" if self.media_type.startswith("text/") else self.media_type


@dataclass(frozen=True)
class _Range:
    """One media range of an Accept header with its weight (RFC 9110, 12.5.1)."""

    type: str
    subtype: str
    weight: float

    def matches(self, media_type: str) -> bool:
        type_, _, subtype = media_type.partition("/")
        return self.type in ("*", type_) and self.subtype in ("*", subtype)

    @property
    def precision(self) -> int:
        return (self.type != "*") + (self.subtype != "*")


_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


@lru_cache(maxsize=1000)
def choose(formats: tuple[Format, ...], accept: str, name: str | None = None) -> Choice:
    """The best of `formats` for an Accept header; a `format` parameter, if given, decides alone.

    An empty header accepts everything. Of equally welcome formats the first one wins. Raises NotAcceptableError.
    """
    if name is not None:
        return _named(formats, name)
    ranges = list(_ranges(accept)) if accept.strip() else [_Range("*", "*", 1.0)]
    best = max(_offers(formats), key=lambda offer: _weight(offer.media_type, ranges))
    if _weight(best.media_type, ranges) == 0:
        offered = ", ".join(format_.media_type for format_ in formats)
        raise NotAcceptableError(f"the answer can be had as {offered}; the request accepts {accept!r}")
    return best


def prefers_rdf(accept: str) -> bool:
    """Whether who sends an Accept header likes a graph in RDF better than a page."""
    try:
        return choose((_PAGE, *GRAPH_FORMATS), accept).format is not _PAGE
    except NotAcceptableError:
        return False


def _named(formats: Sequence[Format], name: str) -> Choice:
    for format_ in formats:
        if format_.answers_to(name):
            return Choice(format_, format_.media_type)
    offered = ", ".join(format_.name for format_ in formats)
    raise NotAcceptableError(f"the answer can be had with format={offered}; the request has format={name!r}")


def _offers(formats: Sequence[Format]) -> Iterator[Choice]:
    """All registered types before all aliases, so that a wildcard never picks an alias."""
    yield from (Choice(format_, format_.media_type) for format_ in formats)
    yield from (Choice(format_, alias) for format_ in formats for alias in format_.aliases if "/" in alias)


def _weight(media_type: str, ranges: list[_Range]) -> float:
    """The weight of the most precise range that matches, 0 when none does."""
    matching = [range_ for range_ in ranges if range_.matches(media_type)]
    return max(matching, key=lambda range_: range_.precision).weight if matching else 0.0


def _ranges(accept: str) -> Iterator[_Range]:
    """The media ranges of an Accept header; what is not one is passed over.

    Parameters other than the weight are not compared: a profile or version asked for does not make the answer useless.
    """
    for element in accept.split(","):
        media_range, *parameters = (part.strip() for part in element.lower().split(";"))
        type_, slash, subtype = media_range.partition("/")
        if slash:
            weights = [value.strip() for key, _, value in (p.partition("=") for p in parameters) if key.strip() == "q"]
            valid = not weights or _WEIGHT.fullmatch(weights[0])
            yield _Range(type_, subtype, float(weights[0]) if weights and valid else float(bool(valid)))


CODINGS = ("zstd", "gzip")
"""Content codings that an answer can have, the preferred one first."""


@lru_cache(maxsize=1000)
def coding_of(accept_encoding: str) -> str:
    """The best content coding for an Accept-Encoding header (RFC 9110, 12.5.3), empty for none."""
    if not accept_encoding:
        return ""
    weights: dict[str, float] = {}
    for element in accept_encoding.lower().split(","):
        name, _, weight = (part.strip() for part in element.partition(";"))
        _, _, number = weight.partition("=")
        weights[name] = float(number) if number and _WEIGHT.fullmatch(number.strip()) else float(not weight)
    best = max(CODINGS, key=lambda coding: weights.get(coding, weights.get("*", 0.0)))
    return best if weights.get(best, weights.get("*", 0.0)) > 0 else ""
