"""How good and how fast the tagger is, whole and in its parts, on a thesaurus and tagged texts given or made up.

    python benchmarks/tagging.py [--thesaurus FILE --corpus FILE] [--folds 5] [--concepts 32000] [--words 5000]

With a thesaurus and a corpus, prints the scores of exact matching alone, of BM25 alone, of both with the fixed weights,
and of all with learned ones. Always times a generated thesaurus in six languages: reading it, the
first text in a language (which prepares the labels of that language), and a long text after it.
"""

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from typing import TypeVar

import numpy as np
import pyoxigraph as ox

from thesaurus.importing import skos
from thesaurus.tagging import Tagged, Tagger
from thesaurus.tagging.analysis import TEXT_FEATURES, Analysis, Lexicons
from thesaurus.tagging.concepts import Concepts
from thesaurus.tagging.corpora import corpus
from thesaurus.tagging.engine import examples_of
from thesaurus.tagging.evaluation import cross_validation, scores
from thesaurus.turtle import SKOS, TYPE

ALPHABETS = {
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "en": "abcdefghiklmnoprstuvwy",
    "es": "abcdefghijlmnñopqrstuvxyzáéíóú",
    "fr": "abcdefghijlmnopqrstuvxyzéèàçêî",
    "ru": "абвгдежзийклмнопрстуфхцчшщыьэюяё",
    "zh": "".join(map(chr, range(0x4E00, 0x4E00 + 1500))),
}
T = TypeVar("T")
FOUND = ("found", "is_found", "in_opening", "early", "is_preferred", "length", "clarity")
WORDS = ("words",)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--thesaurus", type=Path, nargs="*", default=[])
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--concepts", type=int, default=32_000)
    parser.add_argument("--words", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.corpus:
        quality(given.thesaurus, given.corpus, given.folds, given.seed)
    speed(given.concepts, given.words, random.Random(given.seed))  # noqa: S311


def quality(files: list[Path], path: Path, parts: int, seed: int) -> None:
    """Scores of the parts of the tagger, on texts that have a known concept."""
    concepts = Concepts.of(triple for file in files for triple in skos.read(file).statements)
    lexicons, texts = Lexicons(concepts), corpus(path, concepts).texts
    started = time.perf_counter()
    analyses = [lexicons.analysis(one.text, one.language) for one in texts]
    took = (time.perf_counter() - started) / len(texts) * 1000
    pairs = [(a, e.given) for a, e in zip(analyses, examples_of(concepts, texts, analyses), strict=True) if e.given]
    print(f"{len(concepts.all)} concepts, {len(pairs)} texts, {took:.1f} ms a text")
    print("                     F1@5  nDCG@5  nDCG@10")
    for name, kept in (("exact matching", FOUND), ("BM25", WORDS), ("fixed weights", tuple(TEXT_FEATURES))):
        weights = np.array([weight if one in kept else 0.0 for one, weight in TEXT_FEATURES.items()])
        found = [scores(ranking(analysis, weights), frozenset(given)) for analysis, given in pairs]
        row = [fmean(getattr(one, field) for one in found) for field in ("f1_at_5", "ndcg_at_5", "ndcg_at_10")]
        print(f"{name:<20} {row[0]:.3f}   {row[1]:.3f}    {row[2]:.3f}")
    learned = cross_validation(lexicons, texts, parts, seed).scores
    print(
        f"{f'learned, {parts} folds':<20} {learned.f1_at_5:.3f}   {learned.ndcg_at_5:.3f}    {learned.ndcg_at_10:.3f}"
    )


def ranking(analysis: Analysis, weights: np.ndarray) -> list[object]:
    """The ten concepts with the highest sum of weighted features; none that has nothing of them."""
    values = analysis.features @ weights
    best = np.argsort(-values, kind="stable")[:10]
    return [int(analysis.candidates[row]) for row in best if values[row] > 0]


def speed(concepts: int, words: int, draw: random.Random) -> None:
    """Times of a generated thesaurus, printed in seconds."""
    vocabulary = {language: made_up(letters, concepts // 2, draw) for language, letters in ALPHABETS.items()}
    statements = list(thesaurus(concepts, vocabulary, draw))
    tagger = timed(f"thesaurus of {concepts} concepts in six languages", lambda: Tagger.trained(statements))
    for language in ALPHABETS:
        joint = "" if language == "zh" else " "
        text = joint.join(draw.choices(vocabulary[language], k=words))
        timed(f"{language}: first text", lambda: tagger.suggestions("x", language))  # noqa: B023  # called at once
        timed(f"{language}: a text of {words} words", lambda: tagger.suggestions(text, language))  # noqa: B023
    examples = [
        Tagged(str(n), " ".join(draw.choices(vocabulary["en"], k=200)), "en", frozenset({f"https://example.org/{n}"}))
        for n in range(1000)
    ]
    trained = timed("learning from 1,000 texts", lambda: Tagger.trained(statements, examples))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tagger")
        timed("writing the tagger", lambda: trained.save(path))
        timed(f"reading it, {path.stat().st_size / 1e6:.1f} MB", lambda: Tagger.load(path))
    print(f"{'most memory':<52} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


def timed(name: str, work: Callable[[], T]) -> T:
    """What `work` returns, after its time is printed."""
    started = time.perf_counter()
    result = work()
    print(f"{name:<52} {time.perf_counter() - started:8.2f} s", flush=True)
    return result


def made_up(letters: str, number: int, draw: random.Random) -> list[str]:
    """Words of two to nine letters, of one to two characters in Chinese."""
    longest = (1, 2) if len(letters) > 100 else (2, 9)
    return ["".join(draw.choices(letters, k=draw.randint(*longest))) for _ in range(number)]


def thesaurus(concepts: int, vocabulary: dict[str, list[str]], draw: random.Random) -> Iterator[ox.Triple]:
    """A preferred and an alternative label in each language, and one broader concept."""
    for number in range(concepts):
        node = ox.NamedNode(f"https://example.org/{number}")
        yield ox.Triple(node, ox.NamedNode(TYPE), ox.NamedNode(SKOS + "Concept"))
        for language, words in vocabulary.items():
            for kind in ("prefLabel", "altLabel"):
                label = ("" if language == "zh" else " ").join(draw.choices(words, k=draw.choice((1, 2, 2, 3))))
                yield ox.Triple(node, ox.NamedNode(SKOS + kind), ox.Literal(label, language=language))
        if number:
            broader = ox.NamedNode(f"https://example.org/{draw.randrange(number)}")
            yield ox.Triple(node, ox.NamedNode(SKOS + "broader"), broader)


if __name__ == "__main__":
    main()
