"""How long completing a label takes, by what it is limited to and by how much of the label has been typed.

    python benchmarks/autocomplete.py [--labels 100000] [--queries 3000] [--seed 1] [--cpu]

Generates a thesaurus in six languages (words drawn by Zipf's law, so that a few are in very many labels), writes its
index, and asks for the beginnings of labels in the order somebody types them. Prints milliseconds by percentile, the
p95 of each mode against that of the first, and of how many labels typed whole the concept was found. On a machine that
does other work as well, `--cpu` counts the time of the processor instead of the clock's.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import pyoxigraph as ox

from thesaurus.index import Index, build
from thesaurus.turtle import SKOS, TYPE

ALPHABETS = {
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "en": "abcdefghiklmnoprstuvwy",
    "es": "abcdefghijlmnñopqrstuvxyzáéíóú",
    "fr": "abcdefghijlmnopqrstuvxyzéèàçêî",
    "ru": "абвгдежзийклмнопрстуфхцчшщыьэюяё",
    "zh": "".join(map(chr, range(0x4E00, 0x4E00 + 1500))),
}
SCHEMES = 20
TYPED = (1, 2, 3, 5, 8, 100)  # characters; the last stands for the whole label


def main() -> None:
    """Build, ask, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cpu", action="store_true")
    arguments = parser.parse_args()
    clock = time.thread_time if arguments.cpu else time.perf_counter
    statements = list(thesaurus(arguments.labels, random.Random(arguments.seed)))  # noqa: S311  # reproducible
    labels = [triple for triple in statements if isinstance(triple.object, ox.Literal)]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "thesaurus.sqlite"
        start = clock()
        build(path, statements, "1")
        seconds = clock() - start
        print(f"{len(labels)} labels, {len(statements)} statements: {seconds:.1f} s, {path.stat().st_size >> 20} MiB")
        index = Index(path)
        asked(index, labels, random.Random(arguments.seed + 1), arguments.queries, clock)  # noqa: S311
        index.close()


def thesaurus(labels: int, rng: random.Random) -> Iterator[ox.Triple]:
    """The statements of a thesaurus of about so many labels: each concept has one in each language and some others."""
    words = {language: list(lexicon(language, rng)) for language in ALPHABETS}
    frequency = list(accumulate(1 / rank for rank in range(1, 20_001)))
    schemes = [ox.NamedNode(f"http://example.org/scheme/{number}") for number in range(SCHEMES)]
    kind, concept = ox.NamedNode(TYPE), ox.NamedNode(SKOS + "Concept")
    given = number = 0
    while given < labels:
        number += 1
        node = ox.NamedNode(f"http://example.org/concept/{number}")
        yield ox.Triple(node, kind, concept)
        yield ox.Triple(node, ox.NamedNode(SKOS + "inScheme"), schemes[min(SCHEMES - 1, int(rng.expovariate(0.3)))])
        for language in ALPHABETS:
            for name in ["prefLabel", *["altLabel"] * (rng.random() < 0.4)]:
                chosen = rng.choices(words[language], cum_weights=frequency, k=rng.choice((1, 1, 2, 2, 3, 4)))
                text = ("" if language == "zh" else " ").join(chosen)
                yield ox.Triple(node, ox.NamedNode(SKOS + name), ox.Literal(text, language=language))
                given += 1


def lexicon(language: str, rng: random.Random) -> Iterator[str]:
    """Words of a language, the frequent ones short."""
    for rank in range(20_000):
        length = 1 + rng.randrange(2) if language == "zh" else 2 + min(9, rank.bit_length() // 2 + rng.randrange(4))
        yield "".join(rng.choices(ALPHABETS[language], k=length))


def asked(index: Index, labels: list[ox.Triple], rng: random.Random, queries: int, clock: Callable[[], float]) -> None:
    """Ask for beginnings of labels in every mode, and print how long it took."""
    print(f"{'mode':<24} {'typed':>6} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'p95 ratio':>10} {'found':>7}")
    sample = [(label, rng.choice(TYPED)) for label in rng.choices(labels, k=queries)]
    schemes = [scheme.slug for scheme in index.schemes()]
    first = None
    for mode in ("any language", "its language", "one of twenty schemes", "language and scheme"):
        times: dict[int, list[float]] = {typed: [] for typed in TYPED}
        found = whole = 0
        for label, typed in sample:
            language = [label.object.language] if "language" in mode and mode != "any language" else None
            start = clock()
            hits = index.complete(
                label.object.value[:typed],
                languages=language,
                schemes=[rng.choice(schemes)] if "scheme" in mode else None,
            )
            times[typed].append((clock() - start) * 1000)
            whole += typed == TYPED[-1]
            found += typed == TYPED[-1] and any(hit.label.text == label.object.value for hit in hits)
        share = f"{found / whole:.3f}" if whole and "scheme" not in mode else ""
        for typed, some in [(0, [value for values in times.values() for value in values]), *times.items()]:
            p50, p95, p99 = (percentile(some, share) for share in (0.5, 0.95, 0.99))
            first = first or p95
            amount = {0: "any", TYPED[-1]: "whole"}.get(typed, str(typed))
            ending = f"{p95 / first:>10.2f} {share:>7}" if not typed else f"{p95 / first:>10.2f}"
            print(f"{mode if not typed else '':<24} {amount:>6} {p50:>8.2f} {p95:>8.2f} {p99:>8.2f} {ending}")


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


if __name__ == "__main__":
    main()
