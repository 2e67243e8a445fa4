"""From a generation to its search index: made once, by a niced process of its own.

Started as `python -m endpoint.search.build GENERATIONS_DIR NAME OUTPUT BASE_IRI`. The index is a directory that appears
whole or not at all.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

import pyoxigraph as ox
import tantivy

from endpoint.generations import OXIGRAPH, Generation, Generations, bring_to_disk
from endpoint.languages import UNITED_NATIONS
from endpoint.search import schema
from endpoint.search.analysis import Place, language_of_text, places
from endpoint.search.concepts import Concepts
from endpoint.search.documents import Entry, Reader, keys
from endpoint.search.entries import Text
from endpoint.statistics import identity
from ontology.errors import StoreError
from thesaurus.folding import folded, is_unspaced

_NICENESS = 10
_PR_SET_PDEATHSIG = 1
_HEAP = 128 << 20  # bytes that tantivy collects before it writes a segment
_QUOTED = 6_000  # characters of the texts of one language that are kept to be quoted
_ORDERED = 80  # characters of a title that put it in order
_MOST_WORDS, _SHORTEST_WORD = 300_000, 3
_PREFERRED_FIRST = ("en", "es", "fr", "ar", "ru", "zh")


def build(generation: Path, output: Path, base: str) -> None:
    """Make the index of the generation in a directory, in the place of one that may be there."""
    making = output.with_name(f".{output.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    try:
        reader = Reader(ox.Store.read_only(str(generation / OXIGRAPH)), base)
        maker = _Maker(making)
        maker.add_all(chain(reader.records(), reader.thesaurus()))
        maker.finish(reader.concepts)
        manifest = {"version": schema.VERSION, "generation": generation.name, "identity": identity(generation)}
        manifest |= {"base": base, "modified": generation.stat().st_mtime}
        (making / schema.MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        bring_to_disk(making)
        shutil.rmtree(output, ignore_errors=True)
        making.rename(output)
    finally:
        shutil.rmtree(making, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Analysed:
    """A text as the index takes it: as which language, its tokens, and its words."""

    language: str
    tokens: tantivy.PreTokenizedString
    words: frozenset[str]

    @classmethod
    def of(cls, one: Text) -> _Analysed:
        language = language_of_text(one.text, one.language)
        found = places(one.text, language)
        return cls(language, _tokenized(found), frozenset(place.surface for place in found))


class _Maker:
    """Writes the documents, and counts in how many of them each word is."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writer = tantivy.Index(schema.schema(), str(directory)).writer(_HEAP, 1)
        self._words: Counter[str] = Counter()
        self._used: set[str] = set()
        self._labels: dict[Text, _Analysed] = {}

    def add_all(self, entries: Iterable[Entry]) -> None:
        """Write entries."""
        for entry in entries:
            self._writer.add_document(self._document(entry))
            if entry.kind == "record":
                self._used.update(entry.all_subjects, entry.countries, entry.regions)

    def finish(self, concepts: Concepts) -> None:
        """Bring it all to files."""
        self._writer.commit()
        self._writer.wait_merging_threads()
        for concept in concepts:
            concept.used = concept.iri in self._used
        described = json.dumps([asdict(concept) | {"notes": []} for concept in concepts], ensure_ascii=False)
        (self._directory / schema.CONCEPTS).write_text(described, encoding="utf-8")
        common = sorted(self._words.most_common(_MOST_WORDS))
        lines = "".join(f"{word} {count}\n" for word, count in common)
        (self._directory / schema.WORDS).write_text(lines, encoding="utf-8")

    def _label(self, label: Text) -> _Analysed:
        """A label, which very many records have, is analysed once."""
        known = self._labels.get(label)
        if known is None:
            known = self._labels[label] = _Analysed.of(label)
        return known

    def _document(self, entry: Entry) -> tantivy.Document:
        made = tantivy.Document()
        words: set[str] = set()
        # A concept is not to come before the records that are called by its words, so its labels count as keywords.
        title = "title" if entry.kind == "record" else "label"
        for part, texts in ((title, entry.titles), ("label", entry.labels), ("text", entry.texts)):
            for one in dict.fromkeys(texts):
                analysed = self._label(one) if part == "label" else _Analysed.of(one)
                words |= analysed.words
                if analysed.words:
                    made.add_pre_tokenized_text(schema.field(part, analysed.language), analysed.tokens)
        self._words.update(filter(_is_word, words))
        for name, values in _facets(entry).items():
            for value in values:
                made.add_text(name, value)
        made.add_text(schema.IRI, entry.iri)
        for key in keys(entry):
            made.add_text(schema.IDENTIFIER, key)
        if (seconds := entry.seconds) is not None:
            made.add_integer(schema.DATE, seconds)
        for language, title in _in_order(entry.titles).items():
            made.add_text(schema.order(language), title)
        made.add_bytes(schema.CARD, _json(_card(entry)))
        made.add_bytes(schema.TEXTS, _json([[one.text, one.language] for one in _quoted(entry.texts)]))
        return made


def _tokenized(found: list[Place]) -> tantivy.PreTokenizedString:
    made = []
    for position, place in enumerate(found):
        made += [tantivy.Token(term, position, 0, 0) for term in place.terms]
        if place.pair:
            made.append(tantivy.Token(place.pair, position, 0, 0))
    return tantivy.PreTokenizedString("", made)


def _facets(entry: Entry) -> dict[str, list[str]]:
    return {
        "kind": [entry.kind],
        "house": entry.houses,
        "type": entry.types,
        "country": entry.countries,
        "region": entry.regions,
        "subject": entry.all_subjects,
        "year": [entry.year] if entry.year else [],
        "language": entry.languages,
        "status": [entry.status] if entry.kind == "record" else [],
    }


def _card(entry: Entry) -> dict[str, object]:
    """What lists and feeds tell of an entry."""
    return {
        "iri": entry.iri,
        "kind": entry.kind,
        "types": entry.types,
        "titles": [[one.text, one.language] for one in entry.titles],
        "houses": entry.houses,
        "countries": entry.countries,
        "subjects": entry.subjects,
        "status": entry.status if entry.kind == "record" else "",
        "date": entry.date,
        "updated": entry.updated,
        "languages": entry.languages,
        "identifiers": entry.identifiers,
    }


def _in_order(titles: list[Text]) -> dict[str, str]:
    """What the title for readers of each language is put in order by, where there is any title."""
    known = {one.language.partition("-")[0]: folded(one.text)[:_ORDERED] for one in reversed(titles)}
    fallback = next((known[one] for one in (*_PREFERRED_FIRST, *known) if one in known), "")
    return {language: known.get(language, fallback) for language in UNITED_NATIONS} if fallback else {}


def _quoted(texts: list[Text]) -> Iterator[Text]:
    """The texts from the first on, as many of each language as are quoted from."""
    left: dict[str, int] = {}
    for one in dict.fromkeys(texts):
        room = left.get(one.language, _QUOTED)
        if room > 0:
            left[one.language] = room - len(one.text)
            yield Text(one.text[:room], one.language)


def _is_word(word: str) -> bool:
    return len(word) >= _SHORTEST_WORD and not is_unspaced(word) and not any(map(str.isdigit, word))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def main(arguments: list[str]) -> None:
    """Make the index of one generation; see the head of this module for the arguments."""
    directory, name, output, base = arguments
    generation = Generation.named(name)
    if generation is None:
        raise StoreError(f"{name!r} does not name a generation")
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(_NICENESS)
    with Generations(Path(directory)).hold(generation) as path:
        build(path, Path(output), base)


if __name__ == "__main__":
    main(sys.argv[1:])
