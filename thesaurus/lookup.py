"""Lookup: what reconciliation asks of an index beyond its searches, and asks often, so it is kept in memory."""

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from thesaurus.entries import Hit, Label
from thesaurus.folding import folded
from thesaurus.index import Index
from thesaurus.spelling import Spellings

_HIT = (
    "SELECT label.id, node.iri, (SELECT group_concat(other.iri, ' ') FROM member JOIN node other ON other.id = scheme"
    " WHERE member.concept = label.concept), kind, language, text, standing FROM label JOIN node ON node.id = concept"
)
_OWN = "concept NOT IN (SELECT id FROM concept WHERE collection)"


class Lookup:
    """Names, spellings and links of the concepts of an index; made once for each version of the keywords."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._places = lru_cache(maxsize=64)(self._places_in)

    def named(self, name: str) -> list[str]:
        """The concepts with an identifier, notation, IRI or last part of an IRI, in any case; the surest first."""
        query = "SELECT iri FROM name JOIN node ON node.id = concept WHERE key = ? GROUP BY iri ORDER BY min(rank), iri"
        return [iri for (iri,) in self.index.rows(query, name.strip().casefold())]

    def deprecated(self, iris: Iterable[str]) -> set[str]:
        """Those of some concepts that are deprecated."""
        given = list(iris)
        marks = ", ".join("?" * len(given))
        query = f"SELECT iri FROM concept JOIN node USING (id) WHERE deprecated AND iri IN ({marks})"  # noqa: S608
        return {iri for (iri,) in self.index.rows(query, *given)}

    def linked(self, predicate: str, target: str) -> list[str]:
        """The concepts with a statement that leads to an IRI."""
        query = (
            "SELECT source.iri FROM node target JOIN statement ON object = target.id"
            " JOIN node predicate ON predicate.id = predicate JOIN concept ON concept.id = subject"
            " JOIN node source ON source.id = subject WHERE target.iri = ? AND predicate.iri = ? ORDER BY source.iri"
        )
        return [iri for (iri,) in self.index.rows(query, target, predicate)]

    def names(self, iris: Iterable[str], language: str) -> dict[str, Label]:
        """What `Index.labels` gives, quicker where a concept has a preferred label in the language."""
        given = list(iris)
        marks = ", ".join("?" * len(given))
        query = (
            "SELECT iri, kind, language, text, standing FROM node JOIN label ON concept = node.id"  # noqa: S608
            f" WHERE iri IN ({marks}) AND kind = 'prefLabel' AND language = ? ORDER BY text DESC"
        )
        found = {iri: Label(*label) for iri, *label in self.index.rows(query, *given, language)}
        return found | self.index.labels([iri for iri in given if iri not in found], language)

    def nearest(self, text: str, schemes: Sequence[str] | None, limit: int) -> list[tuple[Hit, float]]:
        """The labels spelt most like a text, of schemes given by IRI or of any, with their likeness from 0 to 1."""
        numbers, spellings = self._spellings
        among = None if schemes is None else self._places(tuple(schemes))
        found = spellings.nearest(folded(text), limit, among=among)
        if not found:
            return []
        wanted = {int(numbers[place]): likeness for place, likeness in found}
        query = f"{_HIT} WHERE label.id IN ({', '.join(map(str, wanted))})"
        hits = {
            number: Hit(iri, Label(*label), wanted[number], tuple((schemes or "").split()))
            for number, iri, schemes, *label in self.index.rows(query)
        }
        return [(hits[number], likeness) for number, likeness in wanted.items()]

    @cached_property
    def _spellings(self) -> tuple[npt.NDArray[np.int64], Spellings]:
        rows = self.index.rows(f"SELECT id, folded FROM label WHERE {_OWN} ORDER BY id")  # noqa: S608
        return np.array([number for number, _ in rows], dtype=np.int64), Spellings([text for _, text in rows])

    def _places_in(self, schemes: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Which labels are in one of the schemes."""
        query = "SELECT label.id FROM label JOIN member USING (concept) JOIN node ON node.id = scheme WHERE iri = ?"
        inside = [number for scheme in schemes for (number,) in self.index.rows(query, scheme)]
        return np.isin(self._spellings[0], np.array(inside, dtype=np.int64))


@lru_cache(maxsize=1)
def lookup(index: Index) -> Lookup:
    """The lookup of an index, the same one as long as the index is the same."""
    return Lookup(index)
