"""The checks as they are written: a query and, in its comments, what it is for and how grave a finding is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from string import Formatter

import pyoxigraph as ox

from ontology.errors import ClearingHouseError
from ontology.identifiers import DEFAULT_BASE

_ENTRY = re.compile(r"# (\w+): (.*(?:\n#   .*)*)")
_BASE = f'VALUES ?base {{ "{DEFAULT_BASE}" }}'
_NEEDED = {"title", "level", "expected", "source", "message"}
_KNOWN = {*_NEEDED, "own", "applies", "reads", "scope"}


class CheckError(ClearingHouseError):
    """A check that is not written as it should be; the message names its file."""


class Level(StrEnum):
    """An error is wrong data and keeps a thesaurus from being published; a warning asks an editor to look; an info
    tells how complete or how connected the thesaurus is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Check:
    """One check: what it expects, by which clause, and the query whose rows are findings on `?node`."""

    id: str
    title: str
    level: Level
    own_level: Level
    """The level for concepts and schemes under the base of this thesaurus."""
    is_own: bool
    """Whether it is a rule of this thesaurus, which others need not follow."""
    is_local: bool
    """Whether a finding on a concept depends on that concept and those around it only."""
    reads_labels: bool
    """Whether labels alone make a finding, so that it can be asked of the concepts with suspect ones."""
    expected: str
    source: str
    message: str
    query: str
    variables: tuple[str, ...]
    """What the query selects, in order."""

    def asked(self, base: str) -> str:
        """The query about the concepts under a base."""
        return self.query.replace(_BASE, f'VALUES ?base {{ "{base}" }}')

    def names(self) -> tuple[str, ...]:
        """The variables of the message."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.message) if name)


def _variables(query: str) -> tuple[str, ...]:
    solutions = ox.Store().query(query)
    assert isinstance(solutions, ox.QuerySolutions)  # noqa: S101 - every check is a SELECT
    return tuple(variable.value for variable in solutions.variables)


@cache
def catalogue() -> tuple[Check, ...]:
    """All checks, errors first, then by identifier. CheckError for a file that does not say what it should."""
    found = [path for path in files(__package__).iterdir() if path.name.endswith(".rq")]
    checks = [check(path.name.removesuffix(".rq"), path.read_text(encoding="utf-8")) for path in found]
    return tuple(sorted(checks, key=lambda one: (one.level.rank, one.id)))


def check(name: str, text: str) -> Check:
    """The check of a file's text."""
    head, _, query = text.partition("\n\n")
    said = {key: re.sub(r"\n#   ", " ", value).strip() for key, value in _ENTRY.findall(head)}
    if missing := _NEEDED - said.keys():
        raise CheckError(f"{name}.rq says nothing of {', '.join(sorted(missing))}; expected a comment line for each")
    if unknown := said.keys() - _KNOWN:
        raise CheckError(f"{name}.rq says {', '.join(sorted(unknown))}; expected some of {', '.join(sorted(_KNOWN))}")
    try:
        level = Level(said["level"])
        own_level = Level(said.get("own", level))
    except ValueError as error:
        raise CheckError(f"{name}.rq: {error}; expected one of {', '.join(Level)}") from error
    return Check(
        id=name,
        title=said["title"],
        level=level,
        own_level=own_level,
        is_own=said.get("applies") == "own",
        is_local=said.get("scope") != "thesaurus",
        reads_labels=said.get("reads") == "labels",
        expected=said["expected"],
        source=said["source"],
        message=said["message"],
        query=query,
        variables=_variables(query),
    )
