"""The door: reads one JSON text as a document and removes what must not come in, before anything else sees it.

What is removed is listed in `private.toml`.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from loaders import context
from loaders.documents import BODY_KEYS, Document, Json, JsonObject, document, escaped
from loaders.findings import Finding, finding
from ontology.errors import DoorError

MAX_DEPTH = 64
ESCAPED = re.compile(r"\\u(?:00[01]|[dD][89a-fA-F]|[fF]{3}[eEfF])")
"""What a JSON text may spell an unprintable character with."""
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NOT_SO = (None, False, 0, "", "false", "0", "no")
"""The values of a flag that withhold nothing."""

Redactions = Mapping[str, Mapping[str, int]]
"""Record GUID → field → the revision that withheld the field: earlier revisions lose it too."""


def admitted(text: str, redactions: Redactions, *, publish_contacts: bool = False) -> tuple[Document, list[Finding]]:
    """The document a JSON text holds, without what is private, and a finding for each removal.

    DoorError, naming the place and never a value, for a text that is not well-formed JSON, repeats a key, nests deeper
    than 64, holds characters that RDF or numbers that a double cannot carry, has no usable identity, or is an extract
    that the index makes of a document.
    """
    parsed, names = _read(text)
    removed = [*_private_members(parsed, names), *_withheld_members(parsed, publish_contacts=publish_contacts)]
    whole = document(parsed, text)
    _refuse_extract(whole)
    removed += _withheld_later(whole, redactions.get(whole.guid, {}))
    for holder, key, _ in removed:
        holder.pop(key, None)
    if not removed:
        return whole, []
    kept = json.dumps(parsed, ensure_ascii=False, separators=(",", ":"))
    findings = [finding("Info", "removed", pointer, f"{key:.60}: removed at the door") for _, key, pointer in removed]
    return document(parsed, kept), findings


def read(text: str) -> Json:
    """The value of a JSON text that a graph can carry. DoorError, naming the place, for any other text."""
    return _read(text)[0]


def _read(text: str) -> tuple[Json, set[str]]:
    """The value of a JSON text, and the names of all members of all its objects."""
    odd: list[Json] = []
    names: set[str] = set()

    def members(pairs: list[tuple[str, Any]]) -> JsonObject:
        whole = dict(pairs)
        names.update(whole)
        if len(whole) < len(pairs):
            odd.append(whole)
        return whole

    def number(written: str, exact: Callable[[str], Json] = float) -> Json:
        if not math.isfinite(value := float(written)):
            odd.append(value)
            return value
        return exact(written)

    try:
        parsed = json.loads(
            text,
            object_pairs_hook=members,
            parse_constant=number,
            parse_float=number,
            parse_int=lambda written: number(written, int),
        )
    except RecursionError as error:
        raise DoorError(f"nested deeper than {MAX_DEPTH} levels") from error
    except json.JSONDecodeError as error:
        raise DoorError(f"not well-formed JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    _refuse_unusable(parsed, text)
    if odd:
        raise DoorError(_oddity(parsed, odd[-1]))
    return parsed, names


def _oddity(parsed: Json, odd: Json) -> str:
    """What is wrong with an object that repeats a key, or with a number; the last found cannot be in a lost value."""
    place = next((pointer for value, pointer, _ in _values(parsed) if value is odd), "")
    if isinstance(odd, float):
        return f"{_short(place)}: expected a number that a double can hold (RFC 8259, section 6)"
    return f"{_short(place)}: a key occurs twice in this object"


def _refuse_unusable(parsed: Json, text: str) -> None:
    """DoorError for too deep a nesting, or for characters outside XML's range.

    A text that can have neither is not walked through: JSON itself refuses plain control characters.
    """
    suspect = bool(ESCAPED.search(text) or (not text.isascii() and UNPRINTABLE.search(text)))
    if not suspect and text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    for value, pointer, depth in _values(parsed):
        if depth > MAX_DEPTH:
            raise DoorError(f"{_short(pointer)}: nested deeper than {MAX_DEPTH} levels")
        if suspect and _is_unprintable(value):
            place = UNPRINTABLE.sub("\ufffd", _short(pointer))
            raise DoorError(f"{place}: a control character or half of a surrogate pair, which RDF cannot carry")


def _refuse_extract(whole: Document) -> None:
    """DoorError for what the index makes of a document: personal data under other names, and less than the document."""
    if "schema_s" not in whole.body or "header" in whole.body or whole.schema not in context.schemas():
        return
    if "schema_s" not in context.scope(whole.schema).fields:
        raise DoorError(f"{whole.root}/schema_s: an index extract of {whole.schema}; load the document itself")


def _values(parsed: Json) -> Iterator[tuple[Json, str, int]]:
    """Every value of a document with its JSON pointer and its depth."""
    stack = [(parsed, "", 0)]
    while stack:
        value, pointer, depth = stack.pop()
        yield value, pointer, depth
        stack += [(member, f"{pointer}/{step}", depth + 1) for step, member in _steps(value)]


def _short(pointer: str) -> str:
    return f"{pointer[:80]}…" if len(pointer) > 80 else pointer or "the document"


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


def _private_members(parsed: Json, names: Iterable[str]) -> Iterator[Removal]:
    """What is private in any document, at any depth; `names` are those of all members of all its objects."""
    stack = [(parsed, "")] if any(map(_rule, names)) else []
    while stack:
        value, pointer = stack.pop()
        private = {key for key, member in value.items() if _is_private(key, member)} if isinstance(value, dict) else ()
        yield from ((value, key, f"{pointer}/{escaped(key)}") for key in sorted(private))
        hidden = set(map(escaped, private))
        stack += [(member, f"{pointer}/{step}") for step, member in _steps(value) if step not in hidden]


def _withheld_members(parsed: Json, *, publish_contacts: bool) -> Iterator[Removal]:
    """What the flags and the kind of a document's body withhold."""
    for root, body in (("", parsed), *((f"/{key}", parsed.get(key)) for key in BODY_KEYS if isinstance(parsed, dict))):
        if isinstance(body, dict):
            withheld = sorted(_withheld(body, publish_contacts=publish_contacts))
            yield from ((body, field, f"{root}/{field}") for field in withheld)


@lru_cache(maxsize=2**14)
def _rule(key: str) -> str | None:
    """The rule that members of this name are private by, if there is one."""
    name = key.lower()
    if name in _lower("always", "members") or name.startswith(_lower("always", "prefixes")):
        return "always"
    return "persons" if name.endswith(_private()["persons"]["suffix"].lower()) else None


def _is_private(key: str, member: Json) -> bool:
    rule = _rule(key)
    if rule == "persons":
        return any(_is_person(one) for one in (member if isinstance(member, list) else [member]))
    return rule is not None and member is not None


def _is_person(member: Json) -> bool:
    return isinstance(member, dict) and any(name.lower() in _lower("persons", "members") for name in member)


@cache
def _lower(rule: str, name: str) -> tuple[str, ...]:
    return tuple(value.lower() for value in _private()[rule][name])


def _withheld(body: JsonObject, *, publish_contacts: bool) -> list[str]:
    """The members of a record's body that a flag or a person's privacy withholds; nothing for any other object."""
    header = body.get("header")
    schema = header.get("schema") if isinstance(header, dict) else None
    if not isinstance(schema, str):
        return []
    withheld = _flagged(schema, body)
    personal = _of(_private()["personal"], schema)
    if personal and not publish_contacts:
        exempt = personal.get("unless", {})
        if not exempt or any(body.get(key) != value for key, value in exempt.items()):
            withheld += personal["members"]
    return _spelled(body, withheld)


def _flagged(schema: str, body: JsonObject) -> list[str]:
    """The fields that a body's flags withhold, whether or not a value came along."""
    rules = _private()["confidential"]
    other = {flag: field for flag in body if (field := _flagged_field(flag))}
    flags = {**other, **_of(rules["schemas"], schema)}
    return [field for flag, field in flags.items() if any(_is_so(body[key]) for key in _spelled(body, [flag]))]


@lru_cache(maxsize=2**14)
def _flagged_field(key: str) -> str | None:
    """The field that a member of this name is the flag of, None for any other member."""
    suffix = _private()["confidential"]["suffix"]
    return key[: -len(suffix)] if key.lower().endswith(suffix.lower()) else None


def _of(rules: Mapping[str, Any], schema: str) -> Mapping[str, Any]:
    """The rules for a schema, in whatever case it is written."""
    return next((rule for name, rule in rules.items() if name.lower() == schema.lower()), {})


def _spelled(body: JsonObject, names: Iterable[str]) -> list[str]:
    """The members of a body that have one of the names, in any case."""
    wanted = {name.lower() for name in names}
    return [key for key in body if key.lower() in wanted] if wanted else []


def _is_so(flag: Json) -> bool:
    return (flag.strip().lower() if isinstance(flag, str) else flag) not in NOT_SO


def withheld_fields(whole: Document) -> list[str]:
    """The fields that a document's flags withhold, whether or not a value came along."""
    return _flagged(whole.schema, whole.body)


def _withheld_later(whole: Document, redactions: Mapping[str, int]) -> Iterator[Removal]:
    """The fields of this revision that a later revision of the record withheld."""
    for field, revision in sorted(redactions.items()):
        if (whole.revision or 0) < revision:
            yield from ((whole.body, key, f"{whole.root}/{key}") for key in _spelled(whole.body, [field]))
