"""Beside the queries: the question library as people see it, by topic, with what they may change of each question.

A query file opens with its question in words. Its lines `VALUES ?name { … }  # words` hold what may be changed; one
that is commented out narrows the answer when it is filled in.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Literal

import pyoxigraph as ox

from endpoint.asking import QUERIES, source
from ontology.errors import QueryError

_LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<off># )?VALUES \?(?P<name>\w+) \{ (?P<values>[^}\n]*) \}(?P<gap>[ \t]*)# (?P<words>.+)$",
    re.MULTILINE,
)
_VALUE = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*)"(?P<mark>@[A-Za-z0-9-]+|\^\^\S+)?|(?P<iri><[^<>\s]*>|[A-Za-z][\w-]*:[\w.-]*)'
)
_PREFIXED = re.compile(r"([A-Za-z][\w-]*):[\w-]+(?:\.[\w-]+)*")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PARSERS = {"xsd:date": date.fromisoformat, "xsd:dateTime": datetime.fromisoformat}
_LONGEST = 500  # characters of a value

Kind = Literal["text", "date", "dateTime", "iri"]


@dataclass(frozen=True)
class Choice:
    """One line of a query that may be changed: what it is for, its values as people write them, and their form."""

    name: str
    words: str
    values: tuple[str, ...]
    mark: str  # what follows the quotation marks of its values: @language, ^^datatype, nothing; "iri" for IRIs
    is_optional: bool

    @property
    def kind(self) -> Kind:
        """Which field of a form it takes."""
        if self.mark == "iri":
            return "iri"
        return {"^^xsd:date": "date", "^^xsd:dateTime": "dateTime"}.get(self.mark, "text")  # type: ignore[return-value]

    @property
    def language(self) -> str:
        """The language of its values, empty for none."""
        return self.mark.removeprefix("@") if self.mark.startswith("@") else ""


@dataclass(frozen=True)
class Entry:
    """A question of the library: the paragraphs it opens with, its query, and what may be changed of it."""

    name: str
    words: str
    remarks: tuple[str, ...]
    text: str
    choices: tuple[Choice, ...]

    def filled(self, given: Mapping[str, Sequence[str]]) -> str:
        """The query with other values; a line without a value stays as it is. Raises QueryError for a wrong value."""
        known = {choice.name: choice for choice in self.choices}

        def line(found: re.Match[str]) -> str:
            choice = known[found["name"]]
            values = [value.strip() for value in given.get(choice.name, ()) if value.strip()]
            if not values or (tuple(values) == choice.values and not choice.is_optional):
                return found[0]
            terms = " ".join(_term(choice, value, self.text) for value in values)
            return f"{found['indent']}VALUES ?{choice.name} {{ {terms} }}  # {found['words']}"

        return _LINE.sub(line, self.text)


@dataclass(frozen=True)
class Topic:
    """Questions that belong together."""

    name: str
    title: str
    entries: tuple[Entry, ...]


@cache
def topics() -> tuple[Topic, ...]:
    """The whole library, in the order in which it is shown."""
    listed = tomllib.loads((QUERIES / "topics.toml").read_text(encoding="utf-8"))["topics"]
    return tuple(Topic(one["name"], one["title"], tuple(map(entry, one["questions"]))) for one in listed)


def entries() -> Iterator[Entry]:
    """Every question of the library."""
    for topic in topics():
        yield from topic.entries


def named(name: str) -> Entry | None:
    """The question of a name, None where the library has none."""
    return next((one for one in entries() if one.name == name), None)


@cache
def entry(name: str) -> Entry:
    """The question that a query file asks."""
    text = source(name)
    words, *remarks = paragraphs(text)
    return Entry(name, words, tuple(remarks), text, tuple(map(_choice, _LINE.finditer(text))))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of the comment that a query opens with, each in one line."""
    opening = re.match(r"(?:#.*\n)+", text)
    lines = [line.removeprefix("#").strip() for line in opening[0].splitlines()] if opening else []
    return [paragraph.replace("\n", " ") for paragraph in "\n".join(lines).split("\n\n")]


def remarks_on_choices(text: str) -> Iterable[tuple[int, str]]:
    """The words of each line that may be changed, with its number."""
    return ((text.count("\n", 0, found.start()) + 1, found["words"]) for found in _LINE.finditer(text))


def _choice(found: re.Match[str]) -> Choice:
    values = list(_VALUE.finditer(found["values"]))
    mark = "iri" if values[0]["iri"] else values[0]["mark"] or ""
    written = tuple(value["iri"] or re.sub(r"\\(.)", r"\1", value["text"]) for value in values)
    return Choice(found["name"], found["words"], written, mark, bool(found["off"]))


def _term(choice: Choice, value: str, text: str) -> str:
    """A value as SPARQL writes it, of the same kind as those it replaces."""
    if len(value) > _LONGEST:
        raise QueryError(f"?{choice.name}: the value is too long")
    if choice.mark == "iri":
        return _iri(choice, value, text)
    if parser := _PARSERS.get(choice.mark.removeprefix("^^")):
        try:
            parser(value)
        except ValueError:
            raise QueryError(f"?{choice.name}: {value!r} is not of the form {choice.values[0]}") from None
    return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"' + choice.mark


def _iri(choice: Choice, value: str, text: str) -> str:
    """An IRI in angle brackets, or a name with a prefix that the query declares."""
    prefixed = _PREFIXED.fullmatch(value)
    if prefixed and f"PREFIX {prefixed[1]}: " in text:
        return value
    try:
        return str(ox.NamedNode(value.removeprefix("<").removesuffix(">")))
    except ValueError:
        raise QueryError(f"?{choice.name}: {value!r} is not of the form {choice.values[0]}") from None
