"""What an import has to tell of its source: what is wrong, what was left out, what was understood differently."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import pyoxigraph as ox


class Level(StrEnum):
    """An error keeps the source from being taken over; a note says what became of a part of it."""

    ERROR = "error"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark: the place (file, and term, or row and column), and what was found there and expected."""

    level: Level
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.level}: {self.place}: {self.message}"


@dataclass(frozen=True)
class Imported:
    """The statements of a source and what has to be told of it; `is_official` where it has the official labels."""

    statements: tuple[ox.Triple, ...]
    problems: tuple[Problem, ...]
    is_official: bool = False


def error(place: str, message: str) -> Problem:
    """What must be mended in the source."""
    return Problem(Level.ERROR, place, message)


def note(place: str, message: str) -> Problem:
    """What an editor should know."""
    return Problem(Level.NOTE, place, message)


def listed(names: Iterable[str], most: int = 10) -> str:
    """Names in a row, the first of many."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
