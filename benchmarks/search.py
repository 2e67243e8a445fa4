"""How long search takes, and its index to make: beside CONTAINS in SPARQL and SQLite FTS5 over the same titles.

    python benchmarks/search.py [--data DIR | --records 100000] [--rounds 5] [--cpu] [--again]

Without a data directory it generates and loads records into `.bench/search-N`. Prints what making the index took; by
kind of search the milliseconds at percentiles; and the ratios of three ways to find the same titles. On a machine that
does other work as well, `--cpu` counts the time of the processor instead of the clock's.
"""

import argparse
import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
from autocomplete import percentile
from processes import ENVIRONMENT, disk, own, run

from endpoint.generations import OXIGRAPH, Generations
from endpoint.search.entries import FACETS
from endpoint.search.index import Search, SearchIndex
from ontology.identifiers import DEFAULT_BASE

LIMIT = 4 * 3600.0  # seconds
TEXTS = {
    "en": ["genetic resources", "island biodiversity", "risk assessment", "certificate", "training programme Kenya"],
    "es": ["recursos genéticos", "conocimientos tradicionales", "evaluación de riesgos", "diversidad biologica"],
    "fr": ["ressources génétiques", "diversité biologique", "protection des forêts", "reglement acces"],
    "ru": ["генетических ресурсов", "биоразнообразие островов", "учебная программа"],
    "ar": ["الموارد الجينية", "التنوع البيولوجي", "المعارف التقليدية"],
    "zh": ["遗传资源", "岛屿", "生物多样性", "传统知识"],
}
OTHERS = ["1000318", "ABSCH-IRCC-EG-1000318", '"access to genetic resources"', "genet*", "certificate -kenya", "qwertz"]
PLAIN = Search(limit=20, expand=False)
KINDS = {
    "words alone": PLAIN,
    "with snippets": replace(PLAIN, snippets=True),
    "with facets": replace(PLAIN, facets=FACETS, facet_values=2_000),
    "with the thesaurus": replace(PLAIN, expand=True),
    "a whole page": replace(PLAIN, expand=True, snippets=True, facets=FACETS, facet_values=2_000),
}
Clock = Callable[[], float]


def main() -> None:
    """Make the index, ask, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--again", action="store_true", help="make the index even if it is there")
    arguments = parser.parse_args()
    clock: Clock = time.process_time if arguments.cpu else time.perf_counter
    data = arguments.data or loaded(ENVIRONMENT / f"search-{arguments.records}", arguments.records)
    generations = Generations(data / "generations")
    newest = generations.newest()
    if newest is None:
        sys.exit(f"{data} has no generation")
    path = data / "search" / newest.name
    if arguments.again or not path.exists():
        made(generations.directory, newest.name, path, data / "search.log")
    index = SearchIndex(path)
    print(f"{index.documents:,} records and concepts; the index has {disk(path) >> 20} MiB")
    latencies(index, arguments.rounds, clock)
    compared(index, generations.path(newest), clock)


def loaded(folder: Path, records: int) -> Path:
    """A data directory with so many synthetic records."""
    data = folder / "data"
    if not (data / "generations").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / "records.ndjson"
        run(
            [own("clearinghouse"), "generate", "--records", str(records), "--output", str(source)],
            folder / "log",
            LIMIT,
        )
        run([own("clearinghouse"), "load", str(source)], folder / "log", LIMIT, {"DATA_DIR": str(data)})
    return data


def made(generations: Path, name: str, path: Path, log: Path) -> None:
    """Have the process make the index that makes it beside a server, and print what it took."""
    before = os.times()
    arguments = [str(generations), name, str(path), DEFAULT_BASE]
    taken = run([sys.executable, "-m", "endpoint.search.build", *arguments], log, LIMIT)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"made in {taken.seconds:.0f} s, {spent:.0f} s of the processor, {taken.memory >> 20} MiB at most")


def latencies(index: SearchIndex, rounds: int, clock: Clock) -> None:
    """Ask every text in every way, in a random order, and print how long it took."""
    print("\n| search | asked | p50 ms | p95 ms | p99 ms | longest |\n|---|--:|--:|--:|--:|--:|")
    texts = [*(text for texts in TEXTS.values() for text in texts), *OTHERS]
    rng = random.Random(1)  # noqa: S311  # reproducible
    for name, asked in KINDS.items():
        times = []
        index.search(replace(asked, text="warm"))
        for _ in range(rounds):
            for text in rng.sample(texts, len(texts)):
                start = clock()
                index.search(replace(asked, text=text))
                times.append((clock() - start) * 1000)
        figures = " | ".join(
            f"{value:.1f}" for value in (*(percentile(times, p) for p in (0.5, 0.95, 0.99)), max(times))
        )
        print(f"| {name} | {len(times)} | {figures} |")


# ------------------------------------------------------------------------------------------------------------ compared


def compared(index: SearchIndex, generation: Path, clock: Clock) -> None:
    """Find the same words of titles in three ways, one after the other for each text, and print the ratios."""
    store = ox.Store.read_only(str(generation / OXIGRAPH))
    full_text = fts5(store)
    ways: dict[str, Callable[[str], int]] = {
        "this index": lambda text: index.search(replace(PLAIN, text=text)).total,
        "FTS5": lambda text: with_fts5(full_text, text),
        "CONTAINS": lambda text: with_contains(store, text),
    }
    print("\n| text | found: " + " / ".join(ways) + " | ms: this index | FTS5, ratio | CONTAINS, ratio |")
    print("|---|---|--:|--:|--:|")
    ratios: list[tuple[float, float]] = []
    for text in [texts[place] for texts in TEXTS.values() for place in (0, 1)]:
        medians, found = [], []
        for name, way in ways.items():
            times = []
            for _ in range(3 if name == "CONTAINS" else 9):
                start = clock()
                total = way(text)
                times.append((clock() - start) * 1000)
            medians.append(percentile(times, 0.5))
            found.append(total)
        first, second, third = medians
        ratios.append((second / first, third / first))
        numbers = " / ".join(f"{total:,}" for total in found)
        print(f"| {text} | {numbers} | {first:.2f} | {second / first:.1f} | {third / first:.0f} |")
    middle = [percentile([pair[place] for pair in ratios], 0.5) for place in (0, 1)]
    print(f"| median | | | {middle[0]:.1f} | {middle[1]:.0f} |")


def titles(store: ox.Store) -> Iterator[tuple[str, str]]:
    """The titles of the records, with the record."""
    for quad in store.quads_for_pattern(None, ox.NamedNode("http://purl.org/dc/terms/title"), None, None):
        if isinstance(quad.object, ox.Literal) and quad.subject == quad.graph_name:
            yield str(quad.subject), quad.object.value


def fts5(store: ox.Store) -> sqlite3.Connection:
    """The titles in SQLite's full-text search, by words without accents."""
    made = sqlite3.connect(":memory:")
    made.execute(
        "CREATE VIRTUAL TABLE titles USING fts5(record UNINDEXED, title, tokenize='unicode61 remove_diacritics 2')"
    )
    made.executemany("INSERT INTO titles VALUES (?, ?)", titles(store))
    made.commit()
    return made


def with_fts5(database: sqlite3.Connection, text: str) -> int:
    """The best twenty titles with all words, and how many there are."""
    words = " AND ".join(f'"{word}"' for word in text.split())
    database.execute("SELECT record FROM titles WHERE titles MATCH ? ORDER BY rank LIMIT 20", (words,)).fetchall()
    [(total,)] = database.execute("SELECT COUNT(*) FROM titles WHERE titles MATCH ?", (words,)).fetchall()
    return int(total)


def with_contains(store: ox.Store, text: str) -> int:
    """The titles that contain all words as they are written, counted."""
    tests = " && ".join(f"CONTAINS(LCASE(?title), {ox.Literal(word.lower())})" for word in text.split())
    query = f"SELECT (COUNT(*) AS ?n) {{ ?record <http://purl.org/dc/terms/title> ?title FILTER({tests}) }}"
    solutions = store.query(query, use_default_graph_as_union=True)
    assert isinstance(solutions, ox.QuerySolutions)
    [[number]] = solutions
    assert isinstance(number, ox.Literal)
    return int(number.value)


if __name__ == "__main__":
    main()
