"""Recognition: says what any text a reader brings identifies, whichever form of the clearing-houses it has."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Self

from ontology.identifiers import (
    GUID,
    PUBLISHED,
    CountryIri,
    Iri,
    Iris,
    NodeIri,
    QuestionIri,
    RecordIri,
    RevisionIri,
    SchemeIri,
    TermIri,
    canonical_term,
    decoded,
)
from ontology.realms import NUMBER, REVISION, UID, PublicUid, refusal, refuse_other_systems

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
    return ItemName("meeting", number=int(symbol) if re.fullmatch("[0-9]{6}", symbol) else None, symbol=decoded(symbol))


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
_TOKEN = rf"(?:{UID}|{NUMBER}|{GUID})"
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
    ("GUID", rf"({GUID})(?:@({REVISION}))?", _record_name),
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
        lambda text: ItemName("conference", symbol=decoded(text)),
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
    ("API address", rf"{_API}/thesaurus/terms/([^/?#]+){_END}", lambda text: TermIri(canonical_term(decoded(text)))),
    (
        "API address",
        rf"{_API}/thesaurus/domains/([^/?#]+)(?:/terms)?{_END}",
        lambda text: SchemeIri(canonical_term(decoded(text))),
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
