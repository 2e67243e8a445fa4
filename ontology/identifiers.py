"""The names of things: mints the IRI of whatever a loader writes, and reads it back."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import quote, unquote

import pyoxigraph as ox

from ontology.realms import REVISION, refusal
from ontology.realms import PublicUid as PublicUid
from ontology.realms import addresses as addresses

DEFAULT_BASE = "https://w3id.org/clearinghouse/"
OTHER_TERM = "5B6177DD-5E5E-434E-8CB7-D63D67D5EBED"

GUID = r"[A-Za-z0-9\-_]{11,128}"  # the clearing-houses' rule for header.identifier: opaque, case-sensitive
_SEGMENT_SAFE = ":@!$&'()*+,;="  # RFC 3986 section 3.3, pchar; letters, digits and -._~ are never quoted
_FRAGMENT_SAFE = _SEGMENT_SAFE + "/?"  # RFC 3986 section 3.5

_is_guid = re.compile(GUID).fullmatch
_is_reference = re.compile(rf"({GUID})(?:@({REVISION}))?").fullmatch
_is_country = re.compile(r"[A-Za-z]{2}").fullmatch
_is_schema = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}").fullmatch
_is_pointer = re.compile(r"(?:/(?:[^~/]|~[01])*)+").fullmatch  # RFC 6901 section 3, without the empty pointer
_is_plain_name = re.compile(r"(?!\.{1,2}$)[^\x00-\x1f\x7f]{1,1024}").fullmatch  # `.` and `..` vanish from a path
_is_hexadecimal = re.compile(r"[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|[0-9A-F]{32}", re.IGNORECASE).fullmatch

_GUID_EXPECTED = "a GUID: 11 to 128 letters, digits, hyphens or underscores"


# ------------------------------------------------------------------------------------------------------------- terms


def canonical_term(identifier: str) -> str:
    """The spelling of a term or domain identifier used in its IRI.

    Hexadecimal identifiers, with or without hyphens, go to upper case, since sources mix cases; readable keys, names
    and URLs stay as the thesaurus spells them. IdentifierError if blank, with control characters, or `.` or `..`.
    """
    text = identifier.strip()
    if not _is_plain_name(text):
        raise refusal(identifier, "a term identifier: 1 to 1024 characters without control characters")
    return text.upper() if _is_hexadecimal(text) else text


def term_key(identifier: str) -> str:
    """What two spellings of one term identifier have in common: the key for look-ups, as terms compare without case."""
    return canonical_term(identifier).casefold()


def split_term(identifier: str) -> tuple[str, str | None]:
    """A term identifier and what follows its `#`, or None.

    "Other" below a parent term is written either way round, `{parent}#{OTHER_TERM}` or `{OTHER_TERM}#{parent}`. The
    fragment of a URL is part of the URL. IdentifierError if a half is empty.
    """
    if identifier[:37].upper() == f"{OTHER_TERM}#":
        head, tail = identifier[:36], identifier[37:]
    else:
        head, mark, tail = identifier.rpartition("#")
        if not mark or ("://" in head and tail.upper() != OTHER_TERM):
            return identifier, None
    if not head or not tail:
        raise refusal(identifier, "a term identifier on both sides of #")
    return head, tail


# -------------------------------------------------------------------------------------------------------------- IRIs


@dataclass(frozen=True, slots=True)
class RecordIri:
    guid: str


@dataclass(frozen=True, slots=True)
class RevisionIri:
    guid: str
    revision: int


@dataclass(frozen=True, slots=True)
class TermIri:
    identifier: str


@dataclass(frozen=True, slots=True)
class SchemeIri:
    domain: str


@dataclass(frozen=True, slots=True)
class CountryIri:
    code: str


@dataclass(frozen=True, slots=True)
class QuestionIri:
    schema: str
    key: str


@dataclass(frozen=True, slots=True)
class NodeIri:
    guid: str
    pointer: str


Iri = RecordIri | RevisionIri | TermIri | SchemeIri | CountryIri | QuestionIri | NodeIri


def _encoded(text: str, safe: str) -> str:
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise refusal(text, "text that UTF-8 can encode") from None


def decoded(text: str) -> str:
    """Text from its percent-encoding. IdentifierError where that is not UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise refusal(text, "percent-encoded UTF-8") from None


@lru_cache(maxsize=1 << 16)
def _record(base: str, guid: str) -> ox.NamedNode:
    if not _is_guid(guid):
        raise refusal(guid, _GUID_EXPECTED)
    return ox.NamedNode(f"{base}id/record/{guid}")


@lru_cache(maxsize=1 << 16)
def _term(base: str, kind: str, identifier: str) -> ox.NamedNode:
    return ox.NamedNode(f"{base}id/{kind}/{_encoded(canonical_term(identifier), _SEGMENT_SAFE)}")


@lru_cache(maxsize=1 << 11)
def _country(base: str, code: str) -> ox.NamedNode:
    if not _is_country(code):
        raise refusal(code, "a country: two letters of ISO 3166-1, or eu")
    return ox.NamedNode(f"{base}id/country/{code.upper()}")


def _pointer(text: str) -> str:
    if not _is_pointer(text):
        raise refusal(text, "a JSON pointer into the record, such as /permitFiles/0 (RFC 6901)")
    return text


@dataclass(frozen=True, slots=True)
class Iris:
    """Mints and parses the IRIs under one base, which ends in a slash; IdentifierError for a bad name."""

    base: str = DEFAULT_BASE

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https?://[^\s<>\"{}|\\^`?#]+/", self.base):
            raise refusal(self.base, "a base IRI: http or https, ending in /")

    def record(self, guid: str) -> ox.NamedNode:
        """A record, or an item of the Secretariat by its index id; also the name of its graph."""
        return _record(self.base, guid)

    def revision(self, guid: str, n: int) -> ox.NamedNode:
        """One published revision of a record; the first is 1."""
        if not 1 <= n < 10**18:
            raise refusal(n, f"a revision of {guid}, counted from 1")
        return ox.NamedNode(f"{_record(self.base, guid).value}/{n}")

    def term(self, identifier: str) -> ox.NamedNode:
        """A concept. Cut a `#` suffix off first with `split_term`; a country has its own IRI, see `place`."""
        return _term(self.base, "term", identifier)

    def scheme(self, domain: str) -> ox.NamedNode:
        """The concept scheme of a thesaurus domain, given by GUID or by name."""
        return _term(self.base, "scheme", domain)

    def country(self, code: str) -> ox.NamedNode:
        """A country, or the European Union as `eu`, in any case."""
        return _country(self.base, code)

    def place(self, identifier: str) -> ox.NamedNode:
        """Whatever stands in a field that mixes countries and regions: two letters are a country, all else a term."""
        return self.country(identifier) if _is_country(identifier) else self.term(identifier)

    def question(self, schema: str, key: str) -> ox.NamedNode:
        """A question of a national report, as the concept its answers refer to."""
        if not _is_schema(schema):
            raise refusal(schema, "a schema: letters and digits")
        return _term(self.base, f"question/{schema}", key)

    def node(self, guid: str, pointer: str) -> ox.NamedNode:
        """A node inside a record, at a JSON pointer that is not empty, as a URI fragment (RFC 6901 section 6)."""
        return ox.NamedNode(f"{_record(self.base, guid).value}#{_encoded(_pointer(pointer), _FRAGMENT_SAFE)}")

    def parse(self, iri: str | ox.NamedNode) -> Iri:
        """What an IRI of this base names; needless percent-encoding, and lower case in a country, are read too."""
        text = iri.value if isinstance(iri, ox.NamedNode) else iri
        if text.startswith(self.base):
            path = text[len(self.base) :]
            for match, make in _IRI_FORMS:
                if found := match(path):
                    return make(*found.groups())
        raise refusal(text, f"an IRI such as {self.base}id/record/… or {self.base}id/term/…")


_IRI_FORMS: tuple[tuple[Callable[[str], re.Match[str] | None], Callable[..., Iri]], ...] = (
    (re.compile(rf"id/record/({GUID})").fullmatch, RecordIri),
    (re.compile(rf"id/record/({GUID})/({REVISION})").fullmatch, lambda guid, n: RevisionIri(guid, int(n))),
    (re.compile(rf"id/record/({GUID})#(.+)").fullmatch, lambda guid, part: NodeIri(guid, _pointer(decoded(part)))),
    (re.compile(r"id/term/([^/?#]+)").fullmatch, lambda name: TermIri(canonical_term(decoded(name)))),
    (re.compile(r"id/scheme/([^/?#]+)").fullmatch, lambda name: SchemeIri(canonical_term(decoded(name)))),
    (re.compile(r"id/country/([A-Za-z]{2})").fullmatch, lambda code: CountryIri(code.upper())),
    (
        re.compile(r"id/question/([A-Za-z][A-Za-z0-9]{0,63})/([^/?#]+)").fullmatch,
        lambda schema, key: QuestionIri(schema, canonical_term(decoded(key))),
    ),
)
PUBLISHED = Iris()


# -------------------------------------------------------------------------------- identifiers of the clearing-houses


@dataclass(frozen=True, slots=True)
class Reference:
    """A link from one record to another, `GUID@revision`; the revision pins a version and may be absent."""

    guid: str
    revision: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        found = _is_reference(text) if isinstance(text, str) else None
        if not found:
            raise refusal(text, f"a reference, GUID or GUID@revision; {_GUID_EXPECTED}, revisions count from 1")
        return cls(found[1], int(found[2]) if found[2] else None)

    def __str__(self) -> str:
        return self.guid if self.revision is None else f"{self.guid}@{self.revision}"
