"""The door: reads one JSON text as a document and removes what must not come in, before anything else sees it.

What is removed is listed in `private.toml`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from loaders.documents import BODY_KEYS, Document, Json, JsonObject, document, escaped
from loaders.findings import Finding, finding
from ontology.errors import DoorError

MAX_DEPTH = 64
SUSPECT = re.compile(r"\\u(?:00[01][0-9a-f]|d[89a-f]|fff[ef])|[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", re.IGNORECASE)
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

Redactions = Mapping[tuple[str, str], int]
"""(record GUID, field) → the revision that withheld the field: earlier revisions lose it too."""


def admitted(text: str, redactions: Redactions, *, publish_contacts: bool = False) -> tuple[Document, list[Finding]]:
    """The document a JSON text holds, without what is private, and a finding for each removal.

    DoorError, naming the place and never a value, for a text that is not well-formed JSON, repeats a key, nests deeper
    than 64, holds characters that RDF cannot carry, or has no usable identity.
    """
    parsed = _parsed(text)
    _refuse_unusable(parsed, text)
    removed = list(_removals(parsed, text, publish_contacts=publish_contacts))
    whole = document(parsed, text)
    removed += _withheld_later(whole, redactions)
    for holder, key, _ in removed:
        holder.pop(key, None)
    if not removed:
        return whole, []
    kept = json.dumps(parsed, ensure_ascii=False, separators=(",", ":"))
    findings = [finding("Info", "removed", pointer, f"{key}: removed at the door") for _, key, pointer in removed]
    return document(parsed, kept), findings


def _parsed(text: str) -> Json:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise DoorError(f"nested deeper than {MAX_DEPTH} levels") from error
    except json.JSONDecodeError as error:
        raise DoorError(f"not well-formed JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise DoorError(f"the key {repeated!r:.60} occurs twice in one object")
    return members


def _refuse_constant(constant: str) -> Json:
    raise DoorError(f"{constant} is not JSON")


def _refuse_unusable(parsed: Json, text: str) -> None:
    """DoorError for too deep a nesting, or for characters outside XML's range.

    A text with few brackets and no suspect escape cannot have either and is not walked through.
    """
    suspect = SUSPECT.search(text) is not None
    if not suspect and text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    stack = [(parsed, "", 0)]
    while stack:
        value, pointer, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise DoorError(f"{pointer[:80]}…: nested deeper than {MAX_DEPTH} levels")
        stack += [(member, f"{pointer}/{step}", depth + 1) for step, member in _steps(value)]
        if suspect and _is_unprintable(value):
            place = UNPRINTABLE.sub("\ufffd", pointer)
            raise DoorError(f"{place}: a control character or half of a surrogate pair, which RDF cannot carry")


def _steps(value: Json) -> Iterable[tuple[str | int, Json]]:
    """The members of an object by their escaped keys, the items of an array by their indexes, nothing of a scalar."""
    if isinstance(value, dict):
        return [(escaped(key), member) for key, member in value.items()]
    return enumerate(value) if isinstance(value, list) else ()


def _is_unprintable(value: Json) -> bool:
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    return any(UNPRINTABLE.search(text) for text in texts)


@cache
def _private() -> dict[str, Any]:
    return tomllib.loads(files("loaders").joinpath("private.toml").read_text(encoding="utf-8"))


Removal = tuple[JsonObject, str, str]
"""The object that holds the member, the member's key and its JSON pointer."""


@cache
def _private_names() -> re.Pattern[str]:
    """What a text with a private member contains: its name as a key, or an escape that may spell one."""
    rules = _private()
    names = [
        *map(re.escape, rules["always"]["members"]),
        *(f'{re.escape(p)}[^"]*' for p in rules["always"]["prefixes"]),
    ]
    return re.compile(rf'"(?:{"|".join(names)}|[^"]*{re.escape(rules["persons"]["suffix"])})"\s*:|\\u00[2-7]')


def _removals(parsed: Json, text: str, *, publish_contacts: bool) -> Iterator[Removal]:
    """Everything private in a document, at any depth, and what its body's flags and kind withhold."""
    rules = _private()
    stack = [(parsed, "")] if _private_names().search(text) else []
    while stack:
        value, pointer = stack.pop()
        private = (
            [key for key, member in value.items() if _is_private(key, member, rules)] if isinstance(value, dict) else []
        )
        yield from ((value, key, f"{pointer}/{escaped(key)}") for key in private)
        stack += [(member, f"{pointer}/{step}") for step, member in _steps(value) if step not in private]
    for root, body in (("", parsed), *((f"/{key}", parsed.get(key)) for key in BODY_KEYS if isinstance(parsed, dict))):
        if isinstance(body, dict):
            withheld = sorted(_withheld(body, rules, publish_contacts=publish_contacts))
            yield from ((body, field, f"{root}/{field}") for field in withheld)


def _is_private(key: str, member: Json, rules: Mapping[str, Any]) -> bool:
    if key in rules["always"]["members"] or key.startswith(tuple(rules["always"]["prefixes"])):
        return True
    persons = rules["persons"]
    is_person = isinstance(member, dict) and not member.keys().isdisjoint(persons["members"])
    return is_person and key.endswith(persons["suffix"])


def _withheld(body: JsonObject, rules: Mapping[str, Any], *, publish_contacts: bool) -> set[str]:
    """The members of a record's body that a flag or a person's privacy withholds; nothing for any other object."""
    header = body.get("header")
    schema = header.get("schema") if isinstance(header, dict) else None
    if not isinstance(schema, str):
        return set()
    flags = rules["confidential"].get(schema, {})
    withheld = {field for flag, field in flags.items() if _is_true(body.get(flag))}
    personal = rules["personal"].get(schema)
    if (
        personal
        and not publish_contacts
        and all(body.get(key) == value for key, value in personal.get("when", {}).items())
    ):
        withheld |= set(personal["members"])
    return {key for key in withheld if key in body}


def _is_true(flag: Json) -> bool:
    return flag is True or (isinstance(flag, str) and flag.strip().lower() == "true")


def withheld_fields(whole: Document) -> list[str]:
    """The fields that a document's flags withhold, whether or not a value came along."""
    flags = _private()["confidential"].get(whole.schema, {})
    return [field for flag, field in flags.items() if _is_true(whole.body.get(flag))]


def _withheld_later(whole: Document, redactions: Redactions) -> Iterator[Removal]:
    """The fields of this revision that a later revision of the record withheld."""
    for field in _private()["confidential"].get(whole.schema, {}).values():
        revision = redactions.get((whole.guid, field))
        if field in whole.body and revision is not None and (whole.revision or 0) < revision:
            yield whole.body, field, f"{whole.root}/{field}"
