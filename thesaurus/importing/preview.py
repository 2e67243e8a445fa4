"""A change as text for the person who decides on it: concept by concept, language by language, before and after."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from thesaurus.changes import TRUE, Conflict, Delta, Node
from thesaurus.statements import CONCEPT, DEPRECATED, IDENTIFIER, PREF_LABEL
from thesaurus.turtle import PREFIXES, SKOS, TYPE

LONGEST = 160
"""Characters of a value that are shown."""
# Control characters, which a terminal obeys, and those that turn the direction of what follows (Unicode UAX 9).
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_TYPE = ox.NamedNode(TYPE)

_Place = tuple[ox.NamedNode, str]


def preview(change: Delta, statements: Iterable[ox.Triple], most: int | None = None) -> str:
    """The text of a change of some statements: its counts, then concepts with what is said of them before and after.

    Of many concepts `most` are shown, by default all; new ones come first.
    """
    touched = {triple.subject for triple in change.added | change.removed}
    links = {triple.object for triple in change.added | change.removed if isinstance(triple.object, ox.NamedNode)}
    there = [triple for triple in statements if triple.subject in touched or triple.subject in links]
    names = _Names([*there, *change.added])
    places: dict[object, dict[_Place, tuple[list[Node], list[Node]]]] = defaultdict(
        lambda: defaultdict(lambda: ([], []))
    )
    for side, triples in enumerate((change.removed, change.added)):
        for triple in triples:
            places[triple.subject][_place(triple)][side].append(triple.object)
    known: set[object] = {triple.subject for triple in there}
    lines = [*_counts(change, known, places)]
    subjects = sorted(places, key=lambda node: (node in known, names.name(node)))
    for subject in subjects[:most]:
        lines += ["", f"{names.title(subject)}{'' if subject in known else '  [new]'}"]
        for (predicate, language), sides in sorted(
            places[subject].items(), key=lambda one: (one[0][0].value, one[0][1])
        ):
            label = f"{short(predicate)} {language}".rstrip()
            lines += [f"  {label:<20} {shown}" for shown in _differences(sides[0], sides[1], names)]
    if len(subjects[:most]) < len(subjects):
        lines += ["", f"and {len(subjects) - len(subjects[:most])} more"]
    return "\n".join(lines) + "\n"


def conflict(met: Conflict) -> str:
    """The text of a conflict: what the change was made on, what is there now, what the change wants."""
    sides = [", ".join(safe(str(value)) for value in one) or "nothing" for one in (met.expected, met.found, met.wanted)]
    place = f"{short(met.predicate)} {met.language or ''}".rstrip()
    return f"{met.subject.value} {place}: was {sides[0]}, is now {sides[1]}, the change wants {sides[2]}"


def short(node: ox.NamedNode) -> str:
    """An IRI as it is read: SKOS words bare, others with their usual prefix."""
    if node == _TYPE:
        return "a"
    if node.value.startswith(SKOS):
        return node.value.removeprefix(SKOS)
    for prefix, namespace in PREFIXES.items():
        if node.value.startswith(namespace):
            return f"{prefix}:{node.value.removeprefix(namespace)}"
    return node.value


def safe(text: str) -> str:
    """A text of which a terminal shows every character and obeys none."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found.group()):04X}", text)


def _place(triple: ox.Triple) -> _Place:
    value = triple.object
    return triple.predicate, (value.language or "") if isinstance(value, ox.Literal) else ""


def _counts(
    change: Delta, known: set[object], places: dict[object, dict[_Place, tuple[list[Node], list[Node]]]]
) -> Iterator[str]:
    new = sum(1 for triple in change.added if triple.predicate == _TYPE and triple.object == CONCEPT)
    out = sum(1 for triple in change.added if triple.predicate == DEPRECATED and triple.object == TRUE)
    told = f"{len(places)} concepts and schemes: {new} new concepts, {len(known & places.keys())} changed"
    yield f"{told}, {out} taken out of use; {len(change.added)} statements added, {len(change.removed)} removed"
    kinds: dict[str, Counter[_Place]] = {"added": Counter(), "removed": Counter(), "changed": Counter()}
    for slots in places.values():
        for place, (gone, new_ones) in slots.items():
            pairs = min(len(gone), len(new_ones))
            kinds["changed"][place] += pairs
            kinds["removed"][place] += len(gone) - pairs
            kinds["added"][place] += len(new_ones) - pairs
    for place in sorted({place for found in kinds.values() for place in found}, key=lambda one: (one[0].value, one[1])):
        told = ", ".join(f"{found[place]} {kind}" for kind, found in kinds.items() if found[place])
        yield f"  {f'{short(place[0])} {place[1]}'.rstrip():<20} {told}"


def _differences(before: list[Node], after: list[Node], names: "_Names") -> Iterator[str]:
    if len(before) == len(after) == 1:
        yield " → ".join(_pair(names.text(before[0]), names.text(after[0])))
        return
    yield from (f"− {_cut(names.text(value))}" for value in sorted(before, key=str))
    yield from (f"+ {_cut(names.text(value))}" for value in sorted(after, key=str))


def _pair(before: str, after: str) -> tuple[str, str]:
    """Two texts as they are shown, long ones from shortly before where they differ."""
    same = next((place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = max(0, same - 40) if max(len(before), len(after)) > LONGEST else 0
    lead = "…" if start else ""
    return lead + _cut(before[start:]), lead + _cut(after[start:])


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


class _Names:
    """What concepts are called: their identifier and English label, as far as there are any."""

    def __init__(self, statements: Iterable[ox.Triple]) -> None:
        self._identifiers: dict[object, str] = {}
        self._labels: dict[object, tuple[bool, str]] = {}
        for triple in statements:
            if not isinstance(triple.object, ox.Literal):
                continue
            if triple.predicate == IDENTIFIER:
                self._identifiers.setdefault(triple.subject, triple.object.value)
            elif triple.predicate == PREF_LABEL:
                found = triple.object.language != "en", triple.object.value
                self._labels[triple.subject] = min(found, self._labels.get(triple.subject, found))

    def name(self, node: object) -> str:
        return safe(self._identifiers.get(node) or (node.value if isinstance(node, ox.NamedNode) else str(node)))

    def title(self, node: object) -> str:
        return f"{self.name(node)}  {_cut(safe(self._labels.get(node, (False, ''))[1]))}".rstrip()

    def text(self, value: Node) -> str:
        if isinstance(value, ox.Literal):
            return f'"{safe(value.value)}"'
        return self.title(value)
