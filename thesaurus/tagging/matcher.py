"""Labels found in a text: an Aho-Corasick automaton over stems, so that a label is found as a sequence of whole tokens.

Every stem that occurs in a label has a character of its own, and texts and labels become strings of these. A place in
such a string is the place of a token, which knows where it stands in the original text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import ahocorasick

from thesaurus.folding import is_unspaced
from thesaurus.tagging.concepts import Label
from thesaurus.tagging.text import Tokens, tokens

_UNKNOWN = "\x00"
_FIRST, _SURROGATES, _AFTER_SURROGATES = 0x100, 0xD800, 0xE000
_LONGEST = 15  # tokens of a label
_PARENTHESIS = re.compile(r"\s*[(（\[].*?[)）\]]")
_ALTERNATIVES = re.compile(r"\s*[/；;]\s*")


@dataclass(frozen=True, slots=True)
class Name:
    """A label of a concept, or a part of one, as it can be found; `concept` is its place in the thesaurus."""

    concept: int
    text: str
    is_preferred: bool
    surface: tuple[str, ...]
    is_capitals: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """Names found from token `first` up to but not including `end`; `is_nested` in a longer one found."""

    first: int
    end: int
    names: Sequence[Name]
    is_nested: bool
    is_scattered: bool = False


class Matcher:
    """The labels of one language."""

    def __init__(self, labels: Iterable[tuple[int, Label, Tokens]], language: str) -> None:
        """Labels with the place of their concept and their tokens."""
        self._symbols: dict[str, str] = {}
        names: dict[str, list[Name]] = defaultdict(list)
        for concept, label, whole in labels:
            for text in _variants(label.text):
                found = whole if text == label.text else tokens(text, language)
                if not 0 < len(found) <= _LONGEST or all(stem.isdigit() for stem in found.stems):
                    continue
                key = "".join(map(self._symbol, found.stems))
                if all(name.concept != concept for name in names[key]):
                    is_capitals = len(found) == 1 and text.isupper() and text.isascii() and len(text) <= 6
                    surface = tuple(found.surfaces)
                    names[key].append(Name(concept, label.text, label.is_preferred, surface, is_capitals))
        self._names = dict(names)
        self._automaton = ahocorasick.Automaton()
        for key in self._names:
            self._automaton.add_word(key, key)
        if self._names:
            self._automaton.make_automaton()
        self._by_rarest = self._scattering()

    def _symbol(self, stem: str) -> str:
        if stem not in self._symbols:
            place = _FIRST + len(self._symbols)
            self._symbols[stem] = chr(place if place < _SURROGATES else place - _SURROGATES + _AFTER_SURROGATES)
        return self._symbols[stem]

    def _scattering(self) -> dict[str, list[tuple[frozenset[str], str]]]:
        """Keys of several different stems by the stem that occurs in the fewest of them."""
        spaceless = {symbol for stem, symbol in self._symbols.items() if is_unspaced(stem)}
        many = [(symbols, key) for key in self._names if len(symbols := frozenset(key)) > 1 and not symbols & spaceless]
        frequency: dict[str, int] = defaultdict(int)
        for symbols, _ in many:
            for symbol in symbols:
                frequency[symbol] += 1
        found: dict[str, list[tuple[frozenset[str], str]]] = defaultdict(list)
        for symbols, key in many:
            found[min(symbols, key=lambda symbol: (frequency[symbol], symbol))].append((symbols, key))
        return dict(found)

    def hits(self, text: Tokens, source: str) -> list[Hit]:
        """What of the labels is in a text, in the order of their places, longer ones first."""
        if not self._names:
            return []
        encoded = "".join(self._symbols.get(stem, _UNKNOWN) for stem in text.stems)
        found = sorted((end + 1 - len(key), -end - 1, key) for end, key in self._automaton.iter(encoded))
        hits: list[Hit] = []
        reach = 0
        for first, minus_end, key in found:
            end = -minus_end
            if text.sentences[first] != text.sentences[end - 1]:
                continue
            word = source[text.starts[first] : text.ends[first]]
            names = [name for name in self._names[key] if not name.is_capitals or word.isupper()]
            if names:
                hits.append(Hit(first, end, names, end <= reach))
                reach = max(reach, end)
        return [*hits, *self._scattered(text, encoded)]

    def _scattered(self, text: Tokens, encoded: str) -> Iterator[Hit]:
        """Labels all of whose words are in one sentence, in another order or with words between."""
        for first, end in _runs(text.sentences):
            sentence = encoded[first:end]
            symbols = frozenset(sentence) - {_UNKNOWN}
            for symbol in sorted(symbols):
                for needed, key in self._by_rarest.get(symbol, ()):
                    if needed <= symbols and key not in sentence:
                        places = [sentence.index(one) for one in needed]
                        yield Hit(first + min(places), first + max(places) + 1, self._names[key], True, True)


def _runs(sentences: Sequence[int]) -> Iterator[tuple[int, int]]:
    first = 0
    for place in range(1, len(sentences) + 1):
        if place == len(sentences) or sentences[place] != sentences[first]:
            yield first, place
            first = place


def _variants(label: str) -> list[str]:
    """A label, itself without what it has in parentheses, and the alternatives it gives with a slash."""
    variants = [label]
    bare = _PARENTHESIS.sub("", label).strip()
    if bare and bare != label:
        variants.append(bare)
    parts = _ALTERNATIVES.split(bare)
    if len(parts) > 1:
        variants += [part for part in parts if part]
    return variants
