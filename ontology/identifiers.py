"""The names of things: mints the IRI of whatever a loader writes, and says what any text a reader brings identifies."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Self
from urllib.parse import quote, unquote

import pyoxigraph as ox

from ontology.realms import NUMBER, REVISION, UID, refusal, refuse_other_systems
from ontology.realms import PublicUid as PublicUid
from ontology.realms import addresses as addresses

DEFAULT_BASE = "https://w3id.org/clearinghouse/"
OTHER_TERM = "5B6177DD-5E5E-434E-8CB7-D63D67D5EBED"

_GUID = r"[A-Za-z0-9\-_]{11,128}"  # the clearing-houses' rule for header.identifier: opaque, case-sensitive
_SEGMENT_SAFE = ":@!$&'()*+,;="  # RFC 3986 section 3.3, pchar; letters, digits and -._~ are never quoted
_FRAGMENT_SAFE = _SEGMENT_SAFE + "/?"  # RFC 3986 section 3.5

_is_guid = re.compile(_GUID).fullmatch
_is_reference = re.compile(rf"({_GUID})(?:@({REVISION}))?").fullmatch
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


def _decoded(text: str) -> str:
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
    (re.compile(rf"id/record/({_GUID})").fullmatch, RecordIri),
    (re.compile(rf"id/record/({_GUID})/({REVISION})").fullmatch, lambda guid, n: RevisionIri(guid, int(n))),
    (re.compile(rf"id/record/({_GUID})#(.+)").fullmatch, lambda guid, part: NodeIri(guid, _pointer(_decoded(part)))),
    (re.compile(r"id/term/([^/?#]+)").fullmatch, lambda name: TermIri(canonical_term(_decoded(name)))),
    (re.compile(r"id/scheme/([^/?#]+)").fullmatch, lambda name: SchemeIri(canonical_term(_decoded(name)))),
    (re.compile(r"id/country/([A-Za-z]{2})").fullmatch, lambda code: CountryIri(code.upper())),
    (
        re.compile(r"id/question/([A-Za-z][A-Za-z0-9]{0,63})/([^/?#]+)").fullmatch,
        lambda schema, key: QuestionIri(schema, canonical_term(_decoded(key))),
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


_INDEX_PREFIX = "52000000cbd0"
_INDEX_TYPES = {
    "record": "80",  # the number is the documentID
    "meeting": "05",
    "notification": "12",
    "focalPoint": "22",
    "press": "18",  # press releases, statements and news
    "article": "33",
    "country": "3166",  # the number is the numeric code of ISO 3166-1
}


@dataclass(frozen=True, slots=True)
class IndexId:
    """The key of a document in the search index: 24 hexadecimal digits for a kind and a number."""

    kind: str
    number: int

    def __post_init__(self) -> None:
        if self.kind not in _INDEX_TYPES:
            raise refusal(self.kind, f"a kind of index document: {', '.join(_INDEX_TYPES)}")
        if not 0 <= self.number < 16 ** (12 - len(_INDEX_TYPES[self.kind])):
            raise refusal(self.number, f"the number of a {self.kind} that fits an index id")

    @classmethod
    def parse(cls, text: str) -> Self:
        tail = text.lower().removeprefix(_INDEX_PREFIX)
        if re.fullmatch(r"[0-9a-f]{12}", tail) and len(text) == 24:
            for kind, code in _INDEX_TYPES.items():
                if tail.startswith(code):
                    return cls(kind, int(tail.removeprefix(code), 16))
        raise refusal(
            text, f"an index id: {_INDEX_PREFIX}, one of {', '.join(_INDEX_TYPES.values())}, and a number: 24 digits"
        )

    def __str__(self) -> str:
        code = _INDEX_TYPES[self.kind]
        return f"{_INDEX_PREFIX}{code}{self.number:0{12 - len(code)}x}"


_SLASHED_ZERO = str.maketrans("Øø∅⌀", "0000")


def normal_lmo(text: str) -> str:
    """The key under which spellings of an LMO unique identifier meet: `MON-ØØ6Ø3-6` is `MON006036`.

    Of stacked events each is normalised; they are sorted and joined by ` x `, so that their order does not count.
    """
    events = re.split(r"\s*[×✕⨯]\s*|\s+[xX]\s+", text.strip())
    normal = sorted(re.sub(r"[^A-Z0-9]", "", event.translate(_SLASHED_ZERO).upper()) for event in events)
    if not all(normal):
        raise refusal(text, "an LMO unique identifier such as MON-ØØ6Ø3-6, stacked events joined by ×")
    return " x ".join(normal)


# ------------------------------------------------------------------------------------- any text that names something


@dataclass(frozen=True, slots=True)
class RecordName:
    """A clearing-house record, by whichever of its names the text carried; `revision` is None for the latest."""

    guid: str | None = None
    document_id: int | None = None
    uid: PublicUid | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ItemName:
    """An item of the Secretariat: `kind` as in `IndexId`, or `decision` or `conference`; by number, symbol or both."""

    kind: str
    number: int | None = None
    symbol: str | None = None

    @property
    def index_id(self) -> IndexId | None:
        """The index id, whose text serves as the GUID of the item's IRI; None if the kind or the number is unknown."""
        return IndexId(self.kind, self.number) if self.kind in _INDEX_TYPES and self.number is not None else None


@dataclass(frozen=True, slots=True)
class LmoName:
    """A living modified organism by its unique identifier, normalised by `normal_lmo`."""

    code: str


Subject = RecordName | ItemName | LmoName | CountryIri | TermIri | SchemeIri | QuestionIri | NodeIri


@dataclass(frozen=True, slots=True)
class Identified:
    """What a text names (`subject`) and how it was written (`form`, in words)."""

    form: str
    subject: Subject


def _record_name(token: str, revision: str | None = None) -> RecordName:
    """The record behind a UID, documentID or GUID; a revision given beside the token counts before one inside it."""
    beside = int(revision) if revision else None
    if re.fullmatch(UID, token, re.IGNORECASE | re.ASCII):
        uid = PublicUid.parse(token)
        return RecordName(document_id=uid.document_id, uid=uid, revision=beside or uid.revision)
    if re.fullmatch(NUMBER, token):
        return RecordName(document_id=int(token), revision=beside)
    refuse_other_systems(token)
    return RecordName(guid=token, revision=beside)


_ITEM_KINDS = {  # schemas and short codes of the Secretariat's items, in lower case, as they stand in addresses
    **dict.fromkeys(("pressrelease", "statement", "news", "new", "pr", "st"), "press"),
    **dict.fromkeys(("notification", "nt"), "notification"),
    **dict.fromkeys(("meeting", "mt"), "meeting"),
    **dict.fromkeys(("focalpoint", "nfp"), "focalPoint"),
    "article": "article",
    "decision": "decision",
}


def _page(schema: str, token: str, revision: str | None = None) -> RecordName | ItemName:
    """A page under /database or /kb/record: an item if schema or code is one of the Secretariat's, else a record.

    A focal point keeps its number in the Secretariat's database where it has up to four digits; more are a documentID.
    """
    kind = _ITEM_KINDS.get(schema.lower())
    if not kind or not re.fullmatch(NUMBER, token) or (kind == "focalPoint" and len(token) > 4):
        return _record_name(token, revision)
    return ItemName(kind, number=int(token))


def _indexed(text: str) -> RecordName | ItemName:
    found = IndexId.parse(text)
    return RecordName(document_id=found.number) if found.kind == "record" else ItemName(found.kind, number=found.number)


def _meeting(symbol: str) -> ItemName:
    """A meeting without a symbol is published under its number, with six digits."""
    return ItemName(
        "meeting", number=int(symbol) if re.fullmatch("[0-9]{6}", symbol) else None, symbol=_decoded(symbol)
    )


def _of_ours(iri: Iri) -> Subject:
    match iri:
        case RecordIri(guid):
            return RecordName(guid=guid)
        case RevisionIri(guid, revision):
            return RecordName(guid=guid, revision=revision)
    return iri


_PORTAL = r"https?://(?:new-bch|(?:www\.)?(?:absch|bch|chm|ort))\.cbd\.int(?:/[a-z]{2})?"
_WWW = r"https?://(?:www\.)?cbd\.int"
_API = r"https?://(?:api|absch|bch|chm|ort|lifeweb|www)\.cbd\.int/api/v20[0-9]{2}"
_TOKEN = rf"(?:{UID}|{NUMBER}|{_GUID})"
_END = r"/?(?:[?#].*)?"
_LONGEST = 2048  # characters; no address of a clearing-house is longer
_LMO = r"[A-Z]{2,3}-[A-Z0-9Øø∅⌀]{5,6}-[0-9Øø∅⌀]"

_ROWS: tuple[tuple[str, str, Callable[..., Subject]], ...] = (
    # The UID of the portals, upper case in citations, lower case in the index field uniqueIdentifier_s
    ("public UID", rf"({UID})", _record_name),
    # _documentId_i of the index, documentID of the information object
    ("documentID", rf"({NUMBER})(?:@({REVISION}))?", _record_name),
    # The field id of the index, of records and of the Secretariat's items alike
    ("index id", rf"({_INDEX_PREFIX}(?={'|'.join(_INDEX_TYPES.values())})[0-9a-f]{{12}})", _indexed),
    # OECD guidance ENV/JM/MONO(2002)7: applicant, event, check digit
    ("LMO unique identifier", rf"({_LMO}(?:(?:\s*[×✕⨯]\s*|\s+x\s+){_LMO})*)", lambda text: LmoName(normal_lmo(text))),
    # header.identifier, and the references between records, GUID@revision
    ("GUID", rf"({_GUID})(?:@({REVISION}))?", _record_name),
    # The portals: /database/record/{id}/{rev} redirects to /{lang}/database/{CODE}/{UID}/{rev}
    ("record page", rf"{_PORTAL}/database/record/({_TOKEN})(?:[@/]({REVISION}))?{_END}", _record_name),
    ("record page", rf"{_PORTAL}/database/(?!share/)([a-z0-9]{{2,7}})/({_TOKEN})(?:[@/]({REVISION}))?{_END}", _page),
    ("record page", rf"{_PORTAL}/database/({UID})(?:[@/]({REVISION}))?{_END}", _record_name),
    # url_ss of the index; record.shtml is the first BCH
    (
        "record page",
        rf"{_PORTAL}/database/record(?:\.shtml)?/?\?(?:[^#]*&)?documentid=({_TOKEN})(?:[&#].*)?",
        _record_name,
    ),
    # The printable certificate of the ABSCH
    ("certificate", rf"{_PORTAL}/certificate/({_TOKEN})(?:[@/]({REVISION}))?{_END}", _record_name),
    # The first knowledge base of the Secretariat
    ("knowledge-base page", rf"{_WWW}/kb/record/([a-z0-9]+)/({_TOKEN}){_END}", _page),
    # The Secretariat's site
    (
        "notification page",
        rf"{_WWW}/notifications?/([0-9]{{4}}-[0-9]{{3}}){_END}",
        lambda text: ItemName("notification", symbol=text),
    ),
    ("meeting page", rf"{_WWW}/meetings?/([^/?#]+){_END}", _meeting),
    (
        "meeting page",
        rf"{_WWW}/doc/\?(?:[^#]*&)?meeting=({NUMBER})(?:[&#].*)?",
        lambda n: ItemName("meeting", number=int(n)),
    ),
    (
        "conference page",
        rf"{_WWW}/conferences/([^/?#]+){_END}",
        lambda text: ItemName("conference", symbol=_decoded(text)),
    ),
    (
        "decision page",
        rf"{_WWW}/decisions?/(?:cop|mop|np-mop)(?:/default\.shtml)?/?\?(?:[^#]*&)?id=({NUMBER})(?:[&#].*)?",
        lambda n: ItemName("decision", number=int(n)),
    ),
    ("country page", rf"{_PORTAL}/countries/([a-z]{{2}})(?:/[a-z0-9]+)?{_END}", lambda code: CountryIri(code.upper())),
    # The API, https://api.cbd.int/api/v2013; the portals answer the same paths
    (
        "API address",
        rf"{_API}/documents/({_TOKEN})(?:@({REVISION}))?(?:/versions/({REVISION}))?(?:/info)?{_END}",
        lambda token, pinned, version: _record_name(token, version or pinned),
    ),
    ("API address", rf"{_API}/countries/([a-z]{{2}}){_END}", lambda code: CountryIri(code.upper())),
    ("API address", rf"{_API}/thesaurus/terms/([^/?#]+){_END}", lambda text: TermIri(canonical_term(_decoded(text)))),
    (
        "API address",
        rf"{_API}/thesaurus/domains/([^/?#]+)(?:/terms)?{_END}",
        lambda text: SchemeIri(canonical_term(_decoded(text))),
    ),
)


@cache
def _forms() -> tuple[tuple[str, Callable[[str], re.Match[str] | None], Callable[..., Subject]], ...]:
    """The rows, compiled when the first text is to be identified: most processes only mint."""
    return tuple((form, re.compile(row, re.IGNORECASE | re.ASCII).fullmatch, make) for form, row, make in _ROWS)


def parse_identifier(text: str, iris: Iris = PUBLISHED) -> Identified:
    """What a text names: UID, GUID, `GUID@n`, documentID, index id, LMO code, IRI under `iris.base`, web address.

    IdentifierError for what is none of these, and for what belongs to the training or the development system.
    """
    given = text.strip()
    if given.startswith(iris.base):
        return Identified("IRI", _of_ours(iris.parse(given)))
    if len(given) <= _LONGEST:
        refuse_other_systems(given)
        for form, match, make in _forms():
            if found := match(given):
                return Identified(form, make(*found.groups()))
    raise refusal(text, "a UID, GUID, documentID, index id, LMO code, or the web address of a record, item or country")
