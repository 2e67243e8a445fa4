"""What of a text to show with a hit: the piece with most of what was looked for, and where that stands in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from endpoint.search.analysis import LANGUAGES, Place, language_of_text, places
from endpoint.search.entries import Snippet, Text

_AROUND = 260  # characters of a snippet
_BEFORE = 60  # characters before the first mark
_LOOKED_THROUGH = 4_000  # characters of one text


@dataclass
class Marks:
    """What is marked in the texts of each language: single terms, and sequences of terms."""

    terms: dict[str, set[str]] = field(default_factory=lambda: {language: set() for language in LANGUAGES})
    sequences: dict[str, dict[str, list[tuple[str, ...]]]] = field(
        default_factory=lambda: {language: {} for language in LANGUAGES}
    )

    def add_word(self, found: Iterable[Place], language: str) -> None:
        """Have the word of a query marked."""
        for place in found:
            self.terms[language].update(place.terms)

    def add_pairs(self, found: Sequence[Place], language: str) -> None:
        """Have the pairs of characters marked; a single character where it stands alone in the query."""
        pairs = [place.pair for place in found if place.pair]
        self.terms[language].update(pairs or [term for place in found for term in place.terms])

    def add_sequence(self, found: Sequence[Place], language: str) -> None:
        """Have a phrase marked where all of it stands together."""
        for which in (0, -1):
            terms = tuple(place.terms[which] for place in found)
            known = self.sequences[language].setdefault(terms[0], []) if terms else [terms]
            if terms not in known:
                known.append(terms)

    def of(self, text: str, tag: str) -> list[tuple[int, int]]:
        """The places in a text of what is to be marked, in order, those that touch as one."""
        language = language_of_text(text, tag)
        if not self.terms[language] and not self.sequences[language]:
            return []
        return _joined(text, self._found(places(text, language), language))

    def _found(self, words: Sequence[Place], language: str) -> Iterator[tuple[int, int]]:
        terms, sequences = self.terms[language], self.sequences[language]
        for number, place in enumerate(words):
            if not terms.isdisjoint(place.terms):
                yield place.start, place.end
            elif place.pair in terms:
                yield place.start, words[number + 1].end
            for term in place.terms:
                for sequence in sequences.get(term, ()):
                    candidates = words[number : number + len(sequence)]
                    if len(candidates) == len(sequence) and all(
                        wanted in one.terms for wanted, one in zip(sequence, candidates, strict=True)
                    ):
                        yield place.start, candidates[-1].end


def title(marks: Marks, text: Text) -> Snippet:
    """A title, whole, with what was found in it."""
    return Snippet(text.text, text.language, tuple(marks.of(text.text, text.language)))


def snippet(marks: Marks, titles: Sequence[Text], texts: Sequence[Text], language: str) -> Snippet | None:
    """The piece to show: with a mark, of a text in the reader's language, of a title in another, of any text; else the
    beginning of a text."""
    in_order = sorted(texts, key=lambda one: one.language.partition("-")[0] != language)
    own = [one for one in in_order if one.language.partition("-")[0] == language]
    for one in (*own, *titles, *in_order[len(own) :]):
        if found := marks.of(one.text[:_LOOKED_THROUGH], one.language):
            return _piece(one.text, one.language, found)
    first = next((one for one in in_order if len(one.text) > _BEFORE), next(iter(in_order), None))
    return _piece(first.text, first.language, []) if first else None


def _piece(text: str, language: str, found: Sequence[tuple[int, int]]) -> Snippet:
    """The piece that begins shortly before the mark from which on most marks stand near together."""
    best = max(
        found, key=lambda one: (sum(one[0] <= other[0] < one[0] + _AROUND for other in found), -one[0]), default=(0, 0)
    )
    start = _break(text, best[0] - _BEFORE) if best[0] > _BEFORE else 0
    end = len(text) if len(text) - start <= _AROUND + 20 else _break(text, start + _AROUND)
    if end < best[1]:
        end = min(best[1], start + 2 * _AROUND)
    inside = tuple((first - start, min(last, end) - start) for first, last in found if start <= first < end)
    return Snippet(text[start:end], language, inside, start > 0, end < len(text))


def _break(text: str, place: int) -> int:
    """The next beginning of a word from a place on, if there is one near."""
    for candidate in range(place, min(place + 30, len(text))):
        if text[candidate - 1].isspace():
            return candidate
    return min(place, len(text))


def _joined(text: str, found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if joined and (first <= joined[-1][1] or not text[joined[-1][1] : first].strip()):
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return joined
