"""How long pages take and what they weigh, each kind against the simplest thing the server does: looking up a record.

    python benchmarks/pages.py DATA_DIR [--rounds 60] [--seed 1]

DATA_DIR holds loaded records, such as `clearinghouse generate --records 100000 | clearinghouse load -` puts there. A
server is started on it, and waited for until its search index is made. Different pages of each kind are asked for in
turn with a SPARQL look-up of a record in between, so that the machine's ups and downs meet both; then each page again,
when its figures are kept. Prints milliseconds by percentile, the median of the ratios to the neighbouring look-up, and
the bytes transferred (compressed, the page alone).
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx2 as httpx

PORT = 8790
START = 900.0  # seconds for the server and its index
LOOKUP = "SELECT ?p ?o {{ <{record}> ?p ?o }}"
WORDS = {
    "en": ("genetic resources", "training", "traditional knowledge", "authority", "consent", "biosafety", "marine"),
    "fr": ("ressources génétiques", "formation", "autorité"),
    "es": ("recursos genéticos", "capacitación", "medida"),
    "ru": ("генетические ресурсы", "обучение", "доступ"),
    "ar": ("الموارد الجينية", "التدريب", "الوصول"),
    "zh": ("遗传资源", "培训", "获取"),
}
_EVERY_RECORD = """PREFIX ch: <https://w3id.org/clearinghouse/ns#>
SELECT ?record ?type {{ ?record a {kind} ; ch:guid [] }} LIMIT 5000"""


def main() -> None:
    """Start the server, ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)  # noqa: S311  # reproducible
    with served(arguments.data_dir) as client:
        kinds = pages(client, rng)
        records = known(client, "?type")
        lookup = lambda: client.get(  # noqa: E731
            "/sparql", params={"query": LOOKUP.format(record=rng.choice(records))}, headers={"Accept": "text/csv"}
        )
        print("| page | first p50 ms | p99 ms | ratio to a look-up | again p50 ms | p99 ms | kB |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for name, page in kinds.items():
            print(row(name, page, lookup, client, arguments.rounds), flush=True)


@contextmanager
def served(data_dir: Path) -> Iterator[httpx.Client]:
    """A client of a server on a data directory, whose search index is there."""
    environment = {**os.environ, "DATA_DIR": str(data_dir), "PORT": str(PORT), "CLEARINGHOUSE_LOG_REQUESTS": "false"}
    command = [sys.executable, "-c", "from endpoint.cli import main; main()", "serve"]
    process = subprocess.Popen(command, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60) as client:
            until = time.monotonic() + START
            while not is_ready(client):
                assert process.poll() is None, "the server has ended"
                assert time.monotonic() < until, "the search index was not made in time"
                time.sleep(1)
            yield client
    finally:
        process.terminate()
        process.wait()


def is_ready(client: httpx.Client) -> bool:
    """Whether the search page answers."""
    try:
        return bool(client.get("/en/search?q=a").status_code == 200)
    except httpx.TransportError:
        return False


def known(client: httpx.Client, kind: str) -> list[str]:
    """IRIs of records of a class."""
    answer = client.get("/sparql", params={"query": _EVERY_RECORD.format(kind=kind)}, headers={"Accept": "text/csv"})
    return [line.split(",")[0] for line in answer.raise_for_status().text.splitlines()[1:]]


def pages(client: httpx.Client, rng: random.Random) -> dict[str, Callable[[], str]]:
    """For each kind of page what gives the address of another one."""
    certificates, every = known(client, "ch:Certificate"), known(client, "?type")
    countries = client.get("/sparql", params={"query": _COUNTRIES}, headers={"Accept": "text/csv"}).text.split()[1:]
    concepts = client.get("/sparql", params={"query": _CONCEPTS}, headers={"Accept": "text/csv"}).text.split()[1:]

    def language() -> str:
        return rng.choice(sorted(WORDS))

    def search(**more: str) -> str:
        tongue = language()
        rest = "".join(f"&{name}={value}" for name, value in more.items())
        return f"/{tongue}/search?q={quote(rng.choice(WORDS[tongue]))}{rest}"

    def of(iris: list[str]) -> str:
        return f"/{language()}{rng.choice(iris).partition('/id')[2]}"

    return {
        "home": lambda: f"/{language()}/",
        "search": search,
        "search, narrowed to certificates": lambda: search(type="Certificate"),
        "search, newest first": lambda: search(sort="newest"),
        "search, page 20": lambda: search(page="20"),
        "record, any type": lambda: of(every),
        "certificate": lambda: of(certificates),
        "concept": lambda: of(concepts),
        "country": lambda: of(countries),
        "explore": lambda: f"/{language()}/explore",
        "questions": lambda: f"/{language()}/questions",
        "workbench": lambda: f"/{language()}/workbench",
    }


_COUNTRIES = """PREFIX ch: <https://w3id.org/clearinghouse/ns#>
SELECT DISTINCT ?country { ?record ch:government ?country }"""
_CONCEPTS = """PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT DISTINCT ?concept { ?record dcterms:subject ?concept FILTER(CONTAINS(STR(?concept), "/id/term/")) }"""


def row(
    name: str, page: Callable[[], str], lookup: Callable[[], httpx.Response], client: httpx.Client, rounds: int
) -> str:
    """One line of the table."""
    first, again, ratios, weights = [], [], [], []
    for _ in range(rounds):
        address = page()
        base, _ = timed(lookup)
        seconds, answer = timed(lambda address=address: client.get(address, headers={"Accept": "text/html"}))
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        kept, _ = timed(lambda address=address: client.get(address, headers={"Accept": "text/html"}))
        first.append(seconds * 1000)
        again.append(kept * 1000)
        ratios.append(seconds / base)
        weights.append(int(answer.headers["content-length"]))
    figures = (
        *(f"{percentile(first, share):.0f}" for share in (0.5, 0.99)),
        f"{statistics.median(ratios):.1f}",
        *(f"{percentile(again, share):.0f}" for share in (0.5, 0.99)),
        f"{statistics.median(weights) / 1000:.0f}",
    )
    return f"| {name} | {' | '.join(figures)} |"


def timed(ask: Callable[[], httpx.Response]) -> tuple[float, httpx.Response]:
    """Seconds that an answer takes, whole, and the answer."""
    start = time.perf_counter()
    answer = ask()
    return time.perf_counter() - start, answer


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


if __name__ == "__main__":
    main()
