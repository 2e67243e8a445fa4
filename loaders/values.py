"""Values: the named cleaners, for what a context cannot say.

Each cleaner turns one source value into the JSON that, read with the record's context, is the RDF meant: it splits
`GUID@revision`, spells a concept's identifier as the thesaurus does, takes the text out of HTML, gives a nested object
its identity. The context of a field names its cleaner (`loaders.context`). A cleaner that cannot make sense of a value
reports it and returns None: nothing is dropped in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyoxigraph as ox

from loaders import door, markup
from loaders.context import Field
from loaders.documents import Json, escaped
from loaders.findings import Severity
from ontology.errors import DoorError, IdentifierError
from ontology.identifiers import DEFAULT_BASE, OTHER_TERM, Reference, split_term

if TYPE_CHECKING:
    from loaders.mapping import Walk

API = "https://api.cbd.int"
LINK_SCHEMES = ("http://", "https://", "ftp://", "mailto:", "doi:", "urn:")
OFFICIAL_LANGUAGES = ("ar", "en", "es", "fr", "ru", "zh")
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")  # RFC 3986, section 3.1
GUID_TERM = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
MILLISECONDS = re.compile(r"-?[0-9]{10,13}\Z")
DAY, TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"T[0-9:.]+"
NO_DATE = "-62135596800000"  # the first day of the year 1, which .NET writes where no date was given


@dataclass(slots=True)
class Place:
    """Where a value stands: its field, the JSON pointer of it and the walk it is met on."""

    walk: Walk
    field: Field
    key: str
    pointer: str

    def report(self, severity: Severity, code: str, message: str, value: Json = None) -> None:
        """Report what is wrong with the value here."""
        self.walk.report(severity, code, self.pointer, message, value)

    def wrong_type(self, value: Json, expected: str) -> Json:
        """Report a JSON value of the wrong type, a Violation: the field cannot be used. There is no value then."""
        self.report(
            "Violation", "wrong-type", f"{self.key}: expected {expected}", json.dumps(value, ensure_ascii=False)
        )
        return None

    @property
    def node(self) -> str:
        """The IRI of the node that stands here."""
        return self.walk.node(self.pointer)


Cleaner = Callable[[Json, Place], Json]


def plain(value: Json, at: Place) -> Json:
    """A string, or a number as it would be written."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return at.wrong_type(value, "a string")


def text(value: Json, at: Place) -> Json:
    """A text in several languages (LString), a list of such, or an old plain string; HTML is kept beside its text."""
    parts = value if isinstance(value, list) else [value]
    merged: dict[str, list[str]] = {}
    for index, part in enumerate(parts):
        here = at.pointer if part is value else f"{at.pointer}/{index}"
        for language, written in _by_language(part, here, at).items():
            spoken = _plain_text(written, language, f"{here}/{language}" if isinstance(part, dict) else here, at)
            if spoken:
                merged.setdefault(language, []).append(spoken)
    _drop_repetitions(merged, at.walk.languages)
    return merged or None


def _by_language(part: Json, pointer: str, at: Place) -> dict[str, str]:
    if isinstance(part, str):
        declared = at.walk.languages
        return {declared[0] if len(declared) == 1 and _is_language(declared[0]) else "@none": part}
    if not isinstance(part, dict):
        replace(at, pointer=pointer).wrong_type(part, "an object of language codes and texts")
        return {}
    texts = {}
    for language, written in part.items():
        if written is None:
            continue
        if isinstance(written, str) and _is_language(language):
            texts[language] = written
            continue
        here = replace(at, pointer=f"{pointer}/{escaped(language)}")
        if isinstance(written, str):
            said = f"{at.key}: {language!r:.40} is not a language tag"
            here.report("Warning", "ill-formed-language-tag", said, written)
        else:
            here.wrong_type(written, f"a string under {language!r:.40}")
    return texts


def _plain_text(written: str, language: str, pointer: str, at: Place) -> str:
    spoken = markup.plain(written)
    if spoken and (kept := markup.formatted(written)):
        node = {"@id": at.walk.node(pointer), "@type": "RichText", "html": kept}
        at.walk.lift("richTexts", node if language == "@none" else {**node, "language": language})
    return spoken


def _drop_repetitions(merged: dict[str, list[str]], declared: tuple[str, ...]) -> None:
    """Drop a text that only repeats, in a language the author did not choose, what another language says."""
    if len(merged) < 2 or not declared:
        return
    chosen = [merged[language] for language in declared if language in merged]
    for language in [language for language in merged if language not in declared]:
        if merged[language] in chosen:
            del merged[language]


@cache
def _is_language(tag: str) -> bool:
    try:
        ox.Literal("", language=tag)
    except ValueError:
        return False
    return True


def tagged(value: Json, at: Place) -> Json:
    """A text in the one language its field is named for; the index repeats another language where there is no
    translation."""
    if not isinstance(value, str):
        return at.wrong_type(value, "a string")
    return None if at.walk.repeats(at.key, at.field, value) else value.strip() or None


def term(value: Json, at: Place) -> Json:
    """A concept: `{identifier, customValue}` or its bare identifier, in the thesaurus's spelling; what has replaced it,
    which may be several."""
    members = _identified(value, at, {"identifier", "customValue", "name"})
    if members is None:
        return None
    try:
        concepts = at.walk.concepts(split_term(members["identifier"])[0])
    except IdentifierError as error:
        at.report("Warning", "ill-formed-identifier", f"{at.key}: {error}", members["identifier"])
        return None
    if members.get("customValue"):
        said = text(members["customValue"], replace(at, pointer=f"{at.pointer}/customValue"))
        if said:
            at.walk.lift(
                "customTerms",
                {"@id": at.node, "@type": "CustomTerm", "term": {"identifier": concepts[0]}, "customValue": said},
            )
    nodes = [{"identifier": concept} for concept in concepts]
    return nodes if len(nodes) > 1 else nodes[0]


def concept(value: Json, at: Place) -> Json:
    """A concept of any thesaurus: `{identifier}` or its bare identifier, an IRI, or what follows `id/` in one of
    ours."""
    members = _identified(value, at, {"identifier"})
    if members is None:
        return None
    named = members["identifier"]
    full = named if ABSOLUTE.match(named) else f"{at.walk.iris.base}id/{named}"
    if _is_iri(full):
        return {"identifier": full}
    at.report("Warning", "ill-formed-iri", f"{at.key}: expected the IRI of a concept", named)
    return None


def statement(value: Json, at: Place) -> Json:
    """A line of N-Triples, written for the default base."""
    if not isinstance(value, str):
        return at.wrong_type(value, "a line of N-Triples")
    return value.replace(f"<{DEFAULT_BASE}id/", f"<{at.walk.iris.base}id/")


def country(value: Json, at: Place) -> Json:
    """A country: `{identifier}` or its bare code, ISO 3166-1 alpha-2 in any case, `eu` for the European Union."""
    members = _identified(value, at, {"identifier", "name"})
    if members is None:
        return None
    try:
        return {"identifier": at.walk.iris.country(members["identifier"]).value}
    except IdentifierError as error:
        at.report("Warning", "ill-formed-identifier", f"{at.key}: {error}", members["identifier"])
        return None


def place(value: Json, at: Place) -> Json:
    """A country or a region, from a list that mixes both."""
    identifier = value.get("identifier") if isinstance(value, dict) else value
    return country(value, at) if isinstance(identifier, str) and len(identifier) == 2 else term(value, at)


def reference(value: Json, at: Place) -> Json:
    """A link to another record, `GUID@revision`; the revision is kept as a link of its own."""
    members = _identified(value, at, {"identifier"})
    if members is None:
        return None
    try:
        target = Reference.parse(members["identifier"])
    except IdentifierError as error:
        at.report("Warning", "ill-formed-identifier", f"{at.key}: {error}", members["identifier"])
        return None
    if target.revision is not None:
        at.walk.lift("citedRevisions", at.walk.iris.revision(target.guid, target.revision).value)
    return {"identifier": at.walk.iris.record(target.guid).value}


def _identified(value: Json, at: Place, known: set[str]) -> dict[str, Json] | None:
    """The members of an object with a non-empty `identifier`, or of a bare identifier; None, reported, for anything
    else."""
    members = {"identifier": value} if isinstance(value, str) else value
    if not isinstance(members, dict):
        at.wrong_type(value, "an object with an identifier")
        return None
    for key in members.keys() - known:
        at.walk.unmapped(f"{at.pointer}/{key}", key, members[key])
    identifier = members.get("identifier")
    if identifier in (None, "") and any(members.values()):
        at.report("Warning", "ill-formed-identifier", f"{at.key}: what is said of it has no identifier", str(members))
    if identifier in (None, ""):
        return None
    if not isinstance(identifier, str):
        at.wrong_type(value, "a string as identifier")
        return None
    return {**members, "identifier": identifier.strip()}


def iri(value: Json, at: Place) -> Json:
    """A web address: blanks and other scripts encoded, the API's relative addresses made absolute.

    Angle brackets and quotes stand around addresses, not in them: with one inside it is reported, as is a blank in the
    host.
    """
    if not isinstance(value, str):
        return at.wrong_type(value, "a web address as a string")
    address = quote(value.strip(), safe="!#$%&'()*+,/:;=?@[]~<>\"\\")
    if address.startswith("//"):
        address = "https:" + address
    elif address.startswith("/api/"):
        address = API + address
    elif address.startswith("/"):
        address = "https://www.cbd.int" + address
    elif address.lower().startswith("www."):
        address = "http://" + address
    host = address.partition("://")[2].partition("/")[0]
    if address.lower().startswith(LINK_SCHEMES) and "%20" not in host and _is_iri(address):
        return address
    at.report("Warning", "ill-formed-iri", f"{at.key}: expected a web address", value)
    return None


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


def link(value: Json, at: Place) -> Json:
    """A link or attachment (ELink), its bare address, or one or several as the index has them: JSON in a string."""
    embedded = _embedded(value) if isinstance(value, str) else value
    if isinstance(value, str) and isinstance(embedded, list):
        for index, item in enumerate(embedded):
            if node := _node(item, "Link", replace(at, pointer=f"{at.pointer}/{index}")):
                at.walk.lift(at.key, node)
        return None
    return _node({"url": embedded} if isinstance(embedded, str) else embedded, "Link", at)


def _embedded(value: str) -> Json:
    if not value.startswith(("{", "[")):
        return value
    try:
        return door.read(value)
    except DoorError:
        return value


def location(value: Json, at: Place) -> Json:
    """The centre of a map (MapLocation), a geo:Point."""
    return _node(value, "Point", at)


def part(value: Json, at: Place) -> Json:
    """A nested object without identity of its own: it gets one from its JSON pointer. A bare string is its name."""
    own_name = at.field.scope.fields.get("name")
    named = isinstance(value, str) and own_name not in (None, at.walk.scope.fields.get("name"))
    return _node({"name": value} if named else value, "Part", at)


def alignment(value: Json, at: Place) -> Json:
    """A global target that a national one is aligned with, and how closely; it is a subject of the record as well."""
    node = _node({"identifier": value} if isinstance(value, str) else value, "Part", at)
    if isinstance(node, dict) and "identifier" in node:
        at.walk.lift("gbfTargets", node["identifier"])
    return node


def identification(value: Json, at: Place) -> Json:
    """An identifier from another registry, a node of its own (https://www.w3.org/TR/vocab-adms/#adms-identifier)."""
    notation = plain(value, at)
    return {"@id": at.node, "@type": "Identifier", "notation": notation} if notation else None


def element(value: Json, at: Place) -> Json:
    """An element of a measure, a nested object; `#` joins Other to the parent it is below, in either member."""
    if not isinstance(value, dict):
        return part(value, at)
    named = [text for text in (value.get("parent"), value.get("identifier")) if isinstance(text, str)]
    halves = (split_term(text) for text in named if "#" in text.strip("#") and text == text.strip("#"))
    below = next((tail if head.upper() == OTHER_TERM else head for head, tail in halves if tail), None)
    return part({**value, "identifier": OTHER_TERM, "parent": below} if below else value, at)


def _node(value: Json, kind: str, at: Place) -> Json:
    if not isinstance(value, dict):
        return at.wrong_type(value, "an object")
    members = at.walk.cleaned(value, at.field.scope, at.pointer)
    return {"@id": at.node, "@type": kind, **members} if members else None


def answer(value: Json, at: Place) -> Json:
    """An answer to a question of a national report, key `field`, or to a part of one, key `field.part`."""
    is_text = isinstance(value, dict) and value.keys() <= {*at.walk.languages, *OFFICIAL_LANGUAGES}
    members = value if isinstance(value, dict) and not is_text else {"value": value}
    chosen = members.get("value")
    said = {}
    if isinstance(chosen, dict):
        spoken = text(chosen, at if chosen is value else replace(at, pointer=f"{at.pointer}/value"))
        said = {"text": spoken} if spoken else {}
        members = {key: member for key, member in members.items() if key != "value"}
    elif isinstance(chosen, str) and GUID_TERM.match(chosen):
        members = {**members, "term": chosen}
    said |= at.walk.cleaned(members, at.field.scope, at.pointer)
    question = ".".join(step for step in at.pointer.split("/")[1:] if not step.isdecimal())
    return {"@id": at.node, "@type": "Answer", "question": at.walk.question(question), **said} if said else None


def boolean(value: Json, at: Place) -> Json:
    """`true` or `false`, also as a string; anything else is kept as written, for the shapes to find."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False, "": None}.get(value.strip().lower(), value)
    return at.wrong_type(value, "true or false")


def number(value: Json, at: Place) -> Json:
    """A number, as its decimal notation; a string is kept as written."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return at.wrong_type(value, "a number")
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def date(value: Json, at: Place) -> Json:
    """A date: `YYYY-MM-DD`, a date with a time (the time is cut off), `YYYY-MM`, `YYYY`, or milliseconds since 1970."""
    if not isinstance(value, str):
        return at.wrong_type(value, "a date as a string")
    written = value.strip()
    if written in ("", NO_DATE):
        return None
    if re.fullmatch(rf"{DAY}{TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?", written):
        return written[:10]
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}", written):
        return {"@value": written, "@type": "xsd:gYearMonth"}
    if re.fullmatch(r"[0-9]{4}", written):
        return {"@value": written, "@type": "xsd:gYear"}
    if MILLISECONDS.match(written):
        return datetime.fromtimestamp(int(written) / 1000, UTC).date().isoformat()
    return written


def date_time(value: Json, at: Place) -> Json:
    """A date with a time; one without a zone is UTC, as the API means it; a bare date is midnight."""
    if not isinstance(value, str):
        return at.wrong_type(value, "a date and time as a string")
    written = value.strip()
    if re.fullmatch(DAY, written):
        return f"{written}T00:00:00Z"
    return f"{written}Z" if re.fullmatch(rf"{DAY}{TIME}", written) else written or None


def year(value: Json, at: Place) -> Json:
    """A year, as a number or a string."""
    return number(value, at)


def name(value: Json, at: Place) -> Json:
    """A name from an enumeration that the context defines; for a flag (`…Confidential: true`) the field it
    withholds."""
    value = value.strip() if isinstance(value, str) else value
    if value is False or value == "" or (isinstance(value, str) and value.lower() == "false"):
        return None
    if value is True or (isinstance(value, str) and value.lower() == "true"):
        value = at.key.removesuffix("Confidential")
    if not isinstance(value, str):
        return at.wrong_type(value, "a name or a flag")
    defined = at.field.scope.fields.get(value)
    if defined is None or defined.iri is None:
        at.report("Warning", "unknown-value", f"{at.key}: not a value this field is known to take", value)
        return None
    return value


CLEANERS: dict[str, Cleaner] = {
    "alignment": alignment,
    "answer": answer,
    "boolean": boolean,
    "concept": concept,
    "country": country,
    "date": date,
    "date_time": date_time,
    "element": element,
    "identification": identification,
    "iri": iri,
    "link": link,
    "location": location,
    "name": name,
    "number": number,
    "part": part,
    "partialAnswer": answer,
    "place": place,
    "plain": plain,
    "reference": reference,
    "statement": statement,
    "tagged": tagged,
    "term": term,
    "text": text,
    "year": year,
}
