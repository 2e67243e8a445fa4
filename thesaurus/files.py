"""The thesaurus as a folder of Turtle files, one for each scheme, for git: where a statement stands, it stays."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import pyoxigraph as ox

from ontology.identifiers import decoded
from thesaurus.statements import CONCEPT_SCHEME, IDENTIFIER, IN_SCHEME, Statements
from thesaurus.turtle import TYPE, ThesaurusError, document, header, triples

BUNDLED = files("thesaurus") / "schemes"
REST = "rest.ttl"
"""The file of what belongs to no scheme."""


def read(folder: Traversable) -> dict[str, list[ox.Triple]]:
    """The statements of each Turtle file of a folder, by file name. ThesaurusError for one that does not parse."""
    return {name: triples(text, name) for name, text in _texts(folder).items()}


def written(statements: Iterable[ox.Triple], before: Traversable) -> dict[str, str]:
    """The text of each file, laid out as the files of the folder `before` are.

    A new statement joins those of the same subject and predicate, else those that say what its subject is, else the
    file of the first of its schemes; a new scheme gets a file named after its identifier. ThesaurusError for a blank
    node, which has no stable place.
    """
    known = tuple(statements)
    texts = _texts(before)
    places = _Places({name: triples(text, name) for name, text in texts.items()}, Statements(known))
    contents: dict[str, list[ox.Triple]] = defaultdict(list)
    for triple in known:
        contents[places.of(triple)].append(triple)
    headers = {name: header(text) for name, text in texts.items()}
    return {name: document(content, headers.get(name, "")) for name, content in sorted(contents.items())}


def write(folder: Path, statements: Iterable[ox.Triple]) -> list[str]:
    """Write the files of a folder anew, an empty one laid out like the bundled folder; the names of those changed.

    Only files whose text differs are written; a Turtle file that nothing stands in any more is removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = _texts(folder)
    wanted = written(statements, folder if there else BUNDLED)
    changed = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    for name in changed:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8", newline="\n")
        else:
            (folder / name).unlink()
    return changed


def slug(identifier: str) -> str:
    """An identifier as a name of files and addresses: small letters and digits, with hyphens between them."""
    return re.sub(r"[^a-z0-9]+", "-", identifier.lower()).strip("-") or "scheme"


class _Places:
    """The file of each statement."""

    def __init__(self, before: dict[str, list[ox.Triple]], now: Statements) -> None:
        self._statements = {triple: name for name, content in before.items() for triple in content}
        self._said = {(t.subject, t.predicate): name for t, name in self._statements.items()}
        self._typed = {t.subject: name for t, name in self._statements.items() if t.predicate.value == TYPE}
        self._schemes = now.links(IN_SCHEME)
        taken = set(before)
        identifiers = now.literals(IDENTIFIER)
        for scheme in sorted(now.instances(CONCEPT_SCHEME), key=str):
            if scheme not in self._typed:
                told = [value.value for value in identifiers.get(scheme, [])]
                last = decoded(re.split(r"[/#]", scheme.value.rstrip("/#"))[-1])
                self._typed[scheme] = name = _unused(slug(told[0] if told else last), taken)
                taken.add(name)

    def of(self, triple: ox.Triple) -> str:
        subject = triple.subject
        if not isinstance(subject, ox.NamedNode):
            raise ThesaurusError(f"blank node in {triple}: expected an IRI")
        found = (
            self._statements.get(triple)
            or self._said.get((subject, triple.predicate))
            or (self._typed.get(triple.object) if triple.predicate == IN_SCHEME else None)  # type: ignore[arg-type]
            or self._typed.get(subject)
        )
        if found:
            return found
        schemes = sorted(self._schemes.get(subject, ()), key=str)
        return next((self._typed[scheme] for scheme in schemes if scheme in self._typed), REST)


def _unused(name: str, taken: set[str]) -> str:
    number, found = 1, f"{name}.ttl"
    while found in taken:
        number += 1
        found = f"{name}-{number}.ttl"
    return found


def _texts(folder: Traversable) -> dict[str, str]:
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".ttl")
    }
