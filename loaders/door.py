"""The door: reads one JSON text as a document and removes what must not come in, before anything else sees it.

What is removed is listed in `private.toml`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from loaders.documents import Document, Json, JsonObject, document
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
    removed = list(_removals(parsed, publish_contacts=publish_contacts))
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
    """DoorError for too deep a nesting, or, where the text holds a suspect escape, for characters outside XML's
    range."""
    suspect = SUSPECT.search(text) is not None
    stack = [(parsed, "", 0)]
    while stack:
        value, pointer, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise DoorError(f"{pointer[:80]}…: nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            stack += [(member, f"{pointer}/{key}", depth + 1) for key, member in value.items()]
        elif isinstance(value, list):
            stack += [(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value)]
        if suspect and _is_unprintable(value):
            raise DoorError(
                f"{_printable(pointer)}: a control character or half of a surrogate pair, which RDF cannot carry"
            )


def _is_unprintable(value: Json) -> bool:
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
    return any(UNPRINTABLE.search(text) for text in texts)


def _printable(pointer: str) -> str:
    return UNPRINTABLE.sub("\ufffd", pointer)


@cache
def _private() -> dict[str, Any]:
    return tomllib.loads(files("loaders").joinpath("private.toml").read_text(encoding="utf-8"))


Removal = tuple[JsonObject, str, str]
"""The object that holds the member, the member's key and its JSON pointer."""


def _removals(parsed: Json, *, publish_contacts: bool) -> Iterator[Removal]:
    rules = _private()
    stack = [(parsed, "")]
    while stack:
        value, pointer = stack.pop()
        if isinstance(value, list):
            stack += [(item, f"{pointer}/{index}") for index, item in enumerate(value)]
        if not isinstance(value, dict):
            continue
        private = {key for key, member in value.items() if _is_private(key, member, rules)}
        private |= _withheld(value, rules, publish_contacts=publish_contacts)
        yield from ((value, key, f"{pointer}/{key}") for key in sorted(private))
        stack += [(member, f"{pointer}/{key}") for key, member in value.items() if key not in private]


def _is_private(key: str, member: Json, rules: Mapping[str, Any]) -> bool:
    if key in rules["always"]["members"] or key.startswith(tuple(rules["always"]["prefixes"])):
        return True
    persons = rules["persons"]
    return (
        key.endswith(persons["suffix"])
        and isinstance(member, dict)
        and not member.keys().isdisjoint(persons["members"])
    )


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
