"""Statements while a change is put together: what is added and removed so far, and what is then said about a node."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pyoxigraph as ox

from thesaurus.changes import NARROWER, Delta, deprecation
from thesaurus.statements import ALT_LABEL, BROADER, MACHINE_LABEL, PREF_LABEL, RELATED, UNOFFICIAL_LABEL
from thesaurus.turtle import SKOS

HIDDEN_LABEL = ox.NamedNode(SKOS + "hiddenLabel")
STANDINGS = (UNOFFICIAL_LABEL, MACHINE_LABEL)
INVERSE = {BROADER: NARROWER, NARROWER: BROADER, RELATED: RELATED}


class Working:
    """A set of statements and the change of it in the making."""

    def __init__(self, statements: Iterable[ox.Triple]) -> None:
        self.statements = frozenset(statements)
        self._added: set[ox.Triple] = set()
        self._removed: set[ox.Triple] = set()
        self._index: dict[object, set[ox.Triple]] | None = None

    def __contains__(self, triple: ox.Triple) -> bool:
        return triple in self._added or (triple in self.statements and triple not in self._removed)

    def add(self, triple: ox.Triple) -> None:
        """State something."""
        if triple in self.statements:
            self._removed.discard(triple)
        else:
            self._added.add(triple)
        if self._index is not None:
            self._enter(self._index, triple)

    def remove(self, triple: ox.Triple) -> None:
        """State something no longer."""
        self._added.discard(triple)
        if triple in self.statements:
            self._removed.add(triple)

    def unlink(self, triple: ox.Triple) -> None:
        """Remove a link between concepts, and its inverse, which says the same."""
        self.remove(triple)
        if (inverse := INVERSE.get(triple.predicate)) and isinstance(triple.object, ox.NamedNode):
            self.remove(ox.Triple(triple.object, inverse, triple.subject))

    def about(self, node: ox.NamedNode) -> list[ox.Triple]:
        """What is said of a node, or links to it."""
        if self._index is None:
            self._index = defaultdict(set)
            for triple in (*self.statements, *self._added):
                self._enter(self._index, triple)
        return [triple for triple in self._index.get(node, ()) if triple in self]

    def deprecate(self, node: ox.NamedNode, replaced_by: Sequence[ox.NamedNode]) -> None:
        """A concept goes out of use. ThesaurusError of `changes.deprecation`."""
        known = {triple for one in (node, *replaced_by) for triple in self.about(one)}
        change = deprecation(known, node, replaced_by)
        for triple in change.removed:
            self.remove(triple)
        for triple in change.added:
            self.add(triple)

    def forget_standing(self, node: ox.NamedNode, label: ox.Literal) -> None:
        """What repeats a label goes, unless the concept still has the label."""
        if not any(ox.Triple(node, kind, label) in self for kind in (PREF_LABEL, ALT_LABEL, HIDDEN_LABEL)):
            for predicate in STANDINGS:
                self.remove(ox.Triple(node, predicate, label))

    def delta(self) -> Delta:
        """The change so far."""
        return Delta(frozenset(self._added), frozenset(self._removed))

    @staticmethod
    def _enter(index: dict[object, set[ox.Triple]], triple: ox.Triple) -> None:
        index[triple.subject].add(triple)
        if isinstance(triple.object, ox.NamedNode):
            index[triple.object].add(triple)
