"""Drawing a monitoring chain: where its boxes stand and how its arrows run, side by side or one below the other.

Only places and wrapped text are worked out here; `chain.html` writes the SVG, where all text is escaped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from endpoint import languages, markup
from endpoint.site.chain_nodes import Link, Node

_FONT, _SMALL, _LEADING = 13.0, 11.0, 17.0
_WIDE, _GAP, _BETWEEN, _PAD, _HEAD = 172.0, 42.0, 14.0, 9.0, 28.0
_PHONE, _RAIL, _STEP = 352.0, 46.0, 7.0
_LABEL_LINES, _NOTE_LINES = 3, 2


@dataclass(frozen=True)
class Line:
    """A line of text by its middle and baseline; `role` is "kind", "label" or "note"."""

    x: float
    y: float
    text: str
    role: str
    language: str = ""

    @property
    def direction(self) -> str:
        """Which way the text runs; empty for that of the page."""
        return languages.direction(self.language) if self.language else ""


@dataclass(frozen=True)
class Box:
    """A node where it stands."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    lines: Sequence[Line]


@dataclass(frozen=True)
class Drawing:
    """All boxes, the titles of the stages, and the paths of the arrows, in a field of a width and height."""

    name: str
    width: float
    height: float
    titles: Sequence[Line]
    boxes: Sequence[Box]
    arrows: Sequence[str]


Stages = Sequence[tuple[str, Sequence[Node]]]


def drawn(stages: Stages, links: Iterable[Link], is_rtl: bool) -> tuple[Drawing, Drawing]:
    """The stages side by side, for wide windows, and one below the other; mirrored where a page runs right to left."""
    return _across(stages, list(links), is_rtl), _down(stages, list(links), is_rtl)


def _across(stages: Stages, links: list[Link], is_rtl: bool) -> Drawing:
    width = len(stages) * _WIDE + (len(stages) - 1) * _GAP
    heights = [sum(_height(node, _WIDE) + _BETWEEN for node in nodes) - _BETWEEN for _, nodes in stages]
    tallest = max(heights)
    boxes: dict[str, Box] = {}
    titles = []
    for place, (title, nodes) in enumerate(stages):
        left = place * (_WIDE + _GAP)
        x = width - left - _WIDE if is_rtl else left
        titles.append(Line(x + _WIDE / 2, 16, title, "title"))
        y = _HEAD + (tallest - heights[place]) / 2
        for node in nodes:
            boxes[node.key] = _box(node, x, y, _WIDE)
            y += boxes[node.key].height + _BETWEEN
    pairs = [(boxes[link.start], boxes[link.end]) for link in links if link.start in boxes and link.end in boxes]
    arrows = [_curve(start, end, is_rtl) for start, end in pairs]
    return Drawing("across", width, _HEAD + tallest + 2, titles, list(boxes.values()), arrows)


def _curve(start: Box, end: Box, is_rtl: bool) -> str:
    """From the far side of one box to the near side of a later one."""
    x1, x2 = (start.x, end.x + end.width + 6) if is_rtl else (start.x + start.width, end.x - 6)
    y1, y2 = start.y + start.height / 2, end.y + end.height / 2
    bend = (x2 - x1) / 2 if abs(x2 - x1) < _WIDE else (_GAP if x2 > x1 else -_GAP)
    return f"M{x1:.1f} {y1:.1f}C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"


def _down(stages: Stages, links: list[Link], is_rtl: bool) -> Drawing:
    inner = _PHONE - _RAIL - 2
    x = 2 if is_rtl else _RAIL
    boxes: dict[str, Box] = {}
    titles, y = [], 0.0
    for title, nodes in stages:
        titles.append(Line(x + inner / 2, y + 18, title, "title"))
        y += _HEAD
        for node in nodes:
            boxes[node.key] = _box(node, x, y, inner)
            y += boxes[node.key].height + _BETWEEN
        y += 6
    pairs = [(boxes[link.start], boxes[link.end]) for link in links if link.start in boxes and link.end in boxes]
    arrows = [_rail(start, end, place, is_rtl) for place, (start, end) in enumerate(pairs)]
    return Drawing("down", _PHONE, y, titles, list(boxes.values()), arrows)


def _rail(start: Box, end: Box, place: int, is_rtl: bool) -> str:
    """Along the edge of the field, each arrow on a line of its own as far as there is room."""
    out = 4 + place % 5 * _STEP
    rail = _PHONE - out if is_rtl else out
    x1 = start.x + start.width if is_rtl else start.x
    x2 = x1 + 6 if is_rtl else x1 - 6
    y1, y2 = start.y + start.height * 0.6, end.y + end.height * 0.4
    turn = -4 if is_rtl else 4
    return (
        f"M{x1:.1f} {y1:.1f}H{rail + turn:.1f}Q{rail:.1f} {y1:.1f} {rail:.1f} {y1 + 4:.1f}"
        f"V{y2 - 4:.1f}Q{rail:.1f} {y2:.1f} {rail + turn:.1f} {y2:.1f}H{x2:.1f}"
    )


def _texts(node: Node, width: float) -> list[tuple[str, str, str]]:
    """Text, role and language of each line in a box."""
    label = shortened(wrapped(plain(node.label.text), (width - 2 * _PAD) / _FONT), _LABEL_LINES)
    note = shortened(wrapped(plain(node.note), (width - 2 * _PAD) / _SMALL), _NOTE_LINES)
    kind = [(plain(node.kind), "kind", "")] if node.kind else []
    return kind + [(text, "label", node.label.language) for text in label] + [(text, "note", "") for text in note]


def _height(node: Node, width: float) -> float:
    return len(_texts(node, width)) * _LEADING + 2 * _PAD


def _box(node: Node, x: float, y: float, width: float) -> Box:
    lines = [
        Line(x + width / 2, y + _PAD + 13 + place * _LEADING, text, role, language)
        for place, (text, role, language) in enumerate(_texts(node, width))
    ]
    return Box(node, x, y, width, _height(node, width), lines)


def plain(text: str) -> str:
    """Text in one line, in which characters that would turn or hide other text are told by their numbers."""
    return " ".join(markup.visible(text).striptags().split())


def wrapped(text: str, ems: float) -> list[str]:
    """Text in lines of about so many ems; a word that is longer than a line is broken."""
    lines = [""]
    for piece, space in _pieces(text, ems):
        joined = f"{lines[-1]}{space}{piece}" if lines[-1] else piece
        if lines[-1] and _ems(joined) > ems:
            lines.append(piece)
        else:
            lines[-1] = joined
    return [line for line in lines if line]


def shortened(lines: list[str], most: int) -> list[str]:
    """The first lines, with an ellipsis where there are more."""
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-1].rstrip()}…"]


def _pieces(text: str, ems: float) -> Iterable[tuple[str, str]]:
    """The words of a text, long ones in parts that end with a hyphen or fill a line, each with the space before it."""
    for word in text.split():
        space, piece = " ", ""
        for character in word:
            is_full = _ems(piece + character) > ems or (piece.endswith("-") and _ems(word) > ems)
            if piece and is_full:
                yield piece, space
                space, piece = "", ""
            piece += character
        yield piece, space


def _ems(text: str) -> float:
    """About how wide a text is, in units of its size."""
    return sum(_em(character) for character in text)


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.category(character)[0] == "M":
        return 0.0
    return 0.7 if character.isupper() or character in "MWmw—" else 0.54
