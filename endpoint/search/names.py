"""How the names of records are compared: every spelling of an identifier becomes the keys under which it is found."""

import re
from collections.abc import Iterator

from ontology.errors import IdentifierError
from ontology.identifiers import CountryIri, Iris, RecordIri, RevisionIri, SchemeIri, TermIri
from ontology.recognition import ItemName, LmoName, RecordName, normal_lmo, parse_identifier

_LONGEST = 2048  # characters
_LMO = re.compile(r"[A-Z]{2,3}-[A-Z0-9Øø∅⌀]{5,6}-[0-9Øø∅⌀]", re.IGNORECASE)


def plain(identifier: str) -> str:
    """An identifier without case, surrounding space, scheme of an address, and slash at its end."""
    text = "".join(identifier.split()).casefold()
    return re.sub(r"^https?://(www\.)?", "", text).rstrip("/")


def given(identifier: str) -> Iterator[str]:
    """The keys of an identifier that a record has."""
    yield plain(identifier)
    if _LMO.search(identifier):
        yield lmo(identifier)


def lmo(identifier: str) -> str:
    """The key of an identifier of a living modified organism; the plain one of what is none."""
    try:
        return f"lmo:{normal_lmo(identifier)}"
    except IdentifierError:
        return plain(identifier)


def asked(text: str, iris: Iris) -> list[str]:
    """The keys under which what somebody typed may be found, if it is an identifier; never the words of a text."""
    wanted = text.strip()
    if not wanted or len(wanted) > _LONGEST or "\x00" in wanted:
        return []
    found = [plain(wanted)] if any(map(str.isdigit, wanted)) or "-" in wanted or "/" in wanted else []
    try:
        subject = parse_identifier(wanted, iris).subject
    except IdentifierError:
        subject = None
    match subject:
        case RecordName(guid, document_id, uid, _):
            found += [guid.casefold()] if guid else []
            found += [plain(uid.citation)] if uid else []
            found += [str(document_id)] if document_id is not None else []
        case RecordIri(guid) | RevisionIri(guid, _):
            found.append(guid.casefold())
        case ItemName() as item:
            found += [str(item.index_id)] if item.index_id else []
            found += [plain(item.symbol)] if item.symbol else []
        case LmoName(code):
            found.append(f"lmo:{code}")
        case CountryIri() | TermIri() | SchemeIri():
            found.append(plain(_iri(subject, iris)))
    return list(dict.fromkeys(found))


def _iri(subject: CountryIri | TermIri | SchemeIri, iris: Iris) -> str:
    match subject:
        case CountryIri(code):
            return iris.country(code).value
        case TermIri(identifier):
            return iris.term(identifier).value
        case SchemeIri(domain):
            return iris.scheme(domain).value
