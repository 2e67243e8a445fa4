"""Findings: what the way in has to say about a record, from the door, the mapping and the shapes alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["Violation", "Warning", "Info"]
SEVERITIES: tuple[Severity, ...] = ("Violation", "Warning", "Info")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a record.

    `code` is the SHACL constraint component or, before the shapes, one of the codes in `CODES`; `pointer` the RFC 6901
    JSON pointer of the source field within the document as it was read; `messages` language → text, "" where a text
    has no language.
    """

    severity: Severity
    code: str
    pointer: str
    messages: Mapping[str, str] = field(default_factory=dict)
    focus: str | None = None
    path: str | None = None
    value: str | None = None
    shape: str | None = None

    @property
    def message(self) -> str:
        """The English message, or the first there is."""
        return self.messages.get("en") or next(iter(self.messages.values()), self.code)

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object, without empty members."""
        members = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in members.items() if value not in (None, {})}


CODES = {
    "removed": "a private or confidential value was removed at the door",
    "unmapped": "a field that the context neither maps nor ignores by name",
    "ill-formed-iri": "a text that should be an IRI and is not",
    "ill-formed-language-tag": "a key that should be a language tag and is not",
    "ill-formed-identifier": "a text that is not the identifier it should be",
    "unknown-value": "a value outside the field's enumeration",
    "wrong-type": "a JSON value of the wrong type",
    "no-context": "a schema that has no context",
    "lost-statement": "the parser gave fewer or more statements than the record and its context call for",
}


def finding(severity: Severity, code: str, pointer: str, message: str, value: object = None) -> Finding:
    """A finding of the door or the mapping; its value is shortened to 200 characters."""
    text = None if value is None else str(value)[:200]
    return Finding(severity, code, pointer, {"en": message}, value=text)
