"""Regular expressions that `re` may take exponential time for: told apart before a value meets them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from re import _constants, _parser  # type: ignore[attr-defined]  # the parse tree has no public name
from typing import Any, TypeAlias

Item: TypeAlias = tuple[Any, Any]  # operator of the parse tree and its argument

_EVERY = frozenset(range(0x250))  # code points that stand for all: Latin letters, digits, signs
_MANY = 10
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
_SINGLE = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY)
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    _constants.CATEGORY_DIGIT: str.isdigit,
    _constants.CATEGORY_SPACE: str.isspace,
    _constants.CATEGORY_WORD: lambda character: character.isalnum() or character == "_",
    _constants.CATEGORY_NOT_DIGIT: lambda character: not character.isdigit(),
    _constants.CATEGORY_NOT_SPACE: lambda character: not character.isspace(),
    _constants.CATEGORY_NOT_WORD: lambda character: not (character.isalnum() or character == "_"),
}


def hazard(pattern: str) -> str | None:
    """Why a pattern may run away, None when it cannot.

    Refused are look-around and back-references; a repeated group that some text can pass through in more than one way;
    and two open-ended repetitions in a row that share characters. `^[A-Z]+(-[A-Z]+)*$` passes, `^([A-Z]+ ?)+$` does
    not. Raises re.error for no pattern at all.
    """
    return next(_hazards(list(_parser.parse(pattern))), None)


def _hazards(items: list[Item]) -> Iterator[str]:
    items = list(_flat(items))
    for operator, argument in items:
        if operator in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield "it looks around"
        elif operator in (_constants.GROUPREF, _constants.GROUPREF_EXISTS):
            yield "it refers back to a group"
        elif operator == _constants.BRANCH:
            for branch in argument[1]:
                yield from _hazards(branch)
        elif operator in _REPEATS:
            body = list(_flat(argument[2]))
            yield from _hazards(body)
            if argument[1] >= _MANY and not _decided(body, _first(body)[0]):
                yield "it repeats a group that a text can pass through in several ways"
    for one, other in pairwise(items):
        if _open(one) and _open(other) and _characters([one]) & _characters([other]):
            yield "two open-ended repetitions of the same characters follow each other"


def _flat(items: Iterable[Item]) -> Iterator[Item]:
    for operator, argument in items:
        if operator == _constants.SUBPATTERN:
            yield from _flat(argument[3])
        elif operator == _constants.ATOMIC_GROUP:
            yield from _flat(argument)
        else:
            yield operator, argument


def _first(items: list[Item]) -> tuple[frozenset[int], bool]:
    """Characters that the items can begin with, and whether they can be empty."""
    found: frozenset[int] = frozenset()
    for operator, argument in items:
        if operator == _constants.AT:
            continue
        if operator == _constants.BRANCH:
            parts = [_first(list(_flat(branch))) for branch in argument[1]]
            found, empty = found.union(*(part for part, _ in parts)), any(empty for _, empty in parts)
        elif operator in _REPEATS:
            part, empty = _first(list(_flat(argument[2])))
            found, empty = found | part, empty or argument[0] == 0
        else:
            found, empty = found | _characters([(operator, argument)]), False
        if not empty:
            return found, False
    return found, True


def _decided(items: list[Item], follow: frozenset[int]) -> bool:
    """Whether the next character always tells how to go on; `follow` may come after the items."""
    for position, (operator, argument) in enumerate(items):
        rest, empty = _first(items[position + 1 :])
        after = rest | follow if empty else rest
        if operator == _constants.BRANCH:
            branches = [list(_flat(branch)) for branch in argument[1]]
            starts = [_first(branch)[0] | (after if _first(branch)[1] else frozenset()) for branch in branches]
            if sum(map(len, starts)) > len(frozenset().union(*starts)):
                return False
            if not all(_decided(branch, after) for branch in branches):
                return False
        elif operator in _REPEATS:
            body = list(_flat(argument[2]))
            start = _first(body)[0]
            if (argument[0] != argument[1] and start & after) or not _decided(body, after | start):
                return False
    return True


def _open(item: Item) -> bool:
    """Whether one character is repeated without end."""
    operator, argument = item
    if operator not in _REPEATS or argument[1] is not _constants.MAXREPEAT:
        return False
    body = list(_flat(argument[2]))
    return len(body) == 1 and body[0][0] in _SINGLE


def _characters(items: Iterable[Item]) -> frozenset[int]:
    """Code points that some part of the items can match."""
    found: frozenset[int] = frozenset()
    for operator, argument in items:
        match operator:
            case _constants.LITERAL:
                found |= {argument}
            case _constants.NOT_LITERAL:
                found |= _EVERY - {argument}
            case _constants.RANGE:
                found |= frozenset(range(argument[0], argument[1] + 1))
            case _constants.CATEGORY:
                found |= {point for point in _EVERY if _CATEGORIES[argument](chr(point))}
            case _constants.IN:
                negated = argument[0][0] == _constants.NEGATE
                within = _characters(argument[negated:])
                found |= _EVERY - within if negated else within
            case _constants.ANY:
                found |= _EVERY
            case _constants.BRANCH:
                found = found.union(*(_characters(_flat(branch)) for branch in argument[1]))
            case _ if operator in _REPEATS:
                found |= _characters(_flat(argument[2]))
    return found
