"""Things: what an address below `/id/`, `/data/` or a page names, whether the graph has it, and where its documents
are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Self
from urllib.parse import quote

import pyoxigraph as ox
from starlette.requests import Request

import ontology
from endpoint import addresses, asking
from endpoint.asking import question, value
from endpoint.negotiation import Choice, Format, choose
from ontology.errors import IdentifierError
from ontology.identifiers import DEFAULT_BASE, Iris
from ontology.realms import REVISION

FORMATS = (
    Format("html", "text/html", ("application/xhtml+xml",), ""),
    Format("ttl", "text/turtle", ("application/x-turtle",), ""),
    Format("jsonld", "application/ld+json", (), ""),
    Format("nt", "application/n-triples", ("text/plain",), ""),
    Format("rdf", "application/rdf+xml", ("application/xml", "text/xml"), ""),
    Format("trig", "application/trig", (), ""),
    Format("nq", "application/n-quads", (), ""),
    Format("json", "application/json", (), ""),
)
"""The documents about a thing by their endings, the one for people first; `json` is the source of a record."""
RDF_ENDINGS = ("ttl", "jsonld", "nt", "rdf", "trig", "nq")
_CH = "https://w3id.org/clearinghouse/ns#"
_ONTOLOGY = "ns"
_PAGES = {"dataset": "/dataset", "thesaurus": "/thesaurus/"}
_is_revision = re.compile(REVISION).fullmatch


@dataclass(frozen=True)
class Thing:
    """Something that has an IRI of ours: its kind is the first step of its path, `revision` for one of a record."""

    iri: str
    kind: str
    path: str

    @classmethod
    def at(cls, base: str, path: str) -> Self | None:
        """The thing at a path, not percent-encoded, below `id/`; None where no thing can have it."""
        kind, _, rest = path.partition("/")
        if path in _PAGES:
            return cls(f"{base}id/{path}", path, path)
        try:
            node = _node(Iris(base), kind, rest)
        except IdentifierError:
            return None
        if node is None:
            return None
        is_revision = kind == "record" and "/" in rest
        return cls(node.value, "revision" if is_revision else kind, node.value.removeprefix(f"{base}id/"))

    @classmethod
    def of_ontology(cls, iri: str = ontology.GRAPH.value) -> Self:
        """The ontology or a term of it, which is in the same documents as all of it."""
        return cls(iri, _ONTOLOGY, _ONTOLOGY)

    @property
    def node(self) -> ox.NamedNode:
        """Its IRI as a term."""
        return ox.NamedNode(self.iri)

    @property
    def record(self) -> str:
        """The GUID of the record, of a record or a revision."""
        return self.path.split("/")[1]

    @property
    def page(self) -> str:
        """The path of its page, below the language."""
        if self.kind == _ONTOLOGY:
            return addresses.page_path(DEFAULT_BASE, self.iri) or "/ontology"
        return _PAGES.get(self.kind, f"/{self.path}")

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of its data documents."""
        return (*RDF_ENDINGS, "json") if self.kind in ("record", "revision") else RDF_ENDINGS

    def data(self, ending: str) -> str:
        """The path of a data document."""
        return f"/data/{self.path}.{ending}"


@dataclass(frozen=True)
class Standing:
    """What the graph says of a thing at a glance."""

    types: tuple[str, ...]
    status: str
    modified: datetime | None
    version: str

    @property
    def is_gone(self) -> bool:
        """Whether its publisher has withdrawn it."""
        return self.status == f"{_CH}Withdrawn"


def _node(iris: Iris, kind: str, rest: str) -> ox.NamedNode | None:
    match kind:
        case "record":
            guid, slash, number = rest.partition("/")
            if slash and not _is_revision(number):
                return None
            return iris.revision(guid, int(number)) if slash else iris.record(guid)
        case "term":
            return iris.term(rest)
        case "scheme":
            return iris.scheme(rest)
        case "country":
            return iris.country(rest)
        case "question":
            schema, _, key = rest.partition("/")
            return iris.question(schema, key)
    return None


async def standing(request: Request, thing: Thing) -> Standing | None:
    """What the graph says of a thing, None where it says nothing of it."""
    asked = question("pages/standing-of-a-thing", thing=thing.node)
    rows = await asking.rows(request, asked)
    if not rows:
        return None
    moments = [found for row in rows if (found := moment(value(row, "modified")))]
    statuses = sorted({value(row, "status") for row in rows} - {""})
    return Standing(
        tuple(dict.fromkeys(value(row, "type") for row in rows)),
        statuses[0] if statuses else "",
        max(moments, default=None),
        value(rows[0], "version"),
    )


def moment(text: str) -> datetime | None:
    """A date or a date with a time (XML Schema) as a moment, None for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # a time zone may lead out of the years that there are
        return None


def http_date(when: datetime) -> str:
    """A moment as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(when.astimezone(UTC).replace(microsecond=0), usegmt=True)


def is_unchanged_since(request: Request, when: datetime | None) -> bool:
    """Whether a client has what was changed last at a moment, by its date.

    An entity tag counts before that (RFC 9110, 13.2.2).
    """
    given = request.headers.get("if-modified-since", "")
    if when is None or not given or "if-none-match" in request.headers:
        return False
    try:
        return when.replace(microsecond=0) <= parsedate_to_datetime(given)
    except (ValueError, TypeError, OverflowError):
        return False


def wanted(request: Request, thing: Thing) -> Choice:
    """The document about a thing that a client likes best. Raises NotAcceptableError."""
    has_source = "json" in thing.endings
    formats = tuple(format_ for format_ in FORMATS if has_source or format_.name != "json")
    if not has_source:  # any JSON is good for whoever takes no JSON-LD
        formats = tuple(
            Format(one.name, one.media_type, ("application/json",), one.iri) if one.name == "jsonld" else one
            for one in formats
        )
    return choose(formats, request.headers.get("accept", ""))


def media_type(ending: str) -> str:
    """The media type of the documents with an ending."""
    return next(format_.media_type for format_ in FORMATS if format_.name == ending)


def alternates(request: Request, thing: Thing, *, but: str = "") -> list[tuple[str, str, str]]:
    """Name, media type and path, as the browser has to ask for it, of each data document of a thing."""
    return [
        (ending, media_type(ending), addresses.bare(request, thing.data(ending)))
        for ending in thing.endings
        if ending != but
    ]


def link_header(request: Request, thing: Thing, ending: str) -> str:
    """The `Link` header (RFC 8288) of a document about a thing; `ending` is `html` for its page."""
    page = f"{request.scope.get('root_path', '')}{thing.page}"
    links = [f'<{quote(thing.iri, safe="%/:@!$&()*+,;=#?~-._")}>; rel="describes"']
    if ending != "html":
        links += [
            f'<{addresses.bare(request, thing.data(ending))}>; rel="canonical"',
            f'<{page}>; rel="alternate"; type="text/html"',
        ]
    links += [f'<{path}>; rel="alternate"; type="{type_}"' for _, type_, path in alternates(request, thing, but=ending)]
    return ", ".join(links)
