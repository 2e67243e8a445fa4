"""Words in a SPARQL query by three ways, side by side: what the server writes in the place of a search, the same search
as a call over the loopback interface, and CONTAINS over all titles.

    python benchmarks/search_in_sparql.py [--records 20000 | --data DIR] [--rounds 15]

Serves generated records, or those of a data directory, which stays as it is, waits for its
index, and asks in turns, so that what else the machine does falls on all ways alike. The same server is a partner of
itself for the call. Kept answers are not asked for. Prints the medians to the last byte, what each takes against the
first way, and how many solutions it gives: CONTAINS finds parts of words in one language, so it is not the same search.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx

from endpoint.settings import Settings
from ontology.identifiers import DEFAULT_BASE

PREFIXES = (
    "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX ch: <https://w3id.org/clearinghouse/ns#> "
    "PREFIX search: <https://w3id.org/clearinghouse/search#> "
)
NAME = f"{DEFAULT_BASE}search"
WORDS = ("Aloe ferox", "genetic resources", "biosafety")
LIMITS = (100, 1_000)
_INDEX_SECONDS, _ANSWER_SECONDS = 1800.0, 60.0
COMMAND = str(Path(sys.executable).with_name("clearinghouse"))


def main() -> None:
    """Serve, ask, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--data", type=Path, help="a data directory with records")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        if arguments.data:
            linked(arguments.data, data)
        else:
            load(data, arguments.records)
        with served(data) as address, httpx.Client(timeout=_ANSWER_SECONDS) as client:
            report(client, address, arguments.rounds)


def linked(source: Path, data: Path) -> None:
    """The published generations of a data directory, which a server only reads, and a copy of their indexes."""
    data.mkdir()
    (data / "generations").symlink_to(source.resolve() / "generations")
    if (source / "search").is_dir():
        shutil.copytree(source / "search", data / "search")


def load(data: Path, count: int) -> None:
    """Load so many generated records."""
    source = data.with_name("records.ndjson")
    subprocess.run([COMMAND, "generate", "--records", str(count), "--output", str(source)], check=True)
    environment = {**os.environ, "DATA_DIR": str(data)}
    subprocess.run([COMMAND, "load", str(source)], check=True, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def served(data: Path) -> Iterator[str]:
    """The address of a server that is its own partner, with its index."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    partners = {"itself": {"url": f"{address}/search", "timeout": 30, "max_calls": 1000}}
    told = {"PORT": str(port), "WORKERS": "2", "QUERY_TIMEOUT": "60", "PARTNERS": json.dumps(partners)}
    environment = Settings(data_dir=data).environment(
        **{f"CLEARINGHOUSE_{name}": value for name, value in told.items()}
    )
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen([COMMAND, "serve"], env=environment, stdout=log, stderr=log)
        try:
            until_indexed(address)
            yield address
        finally:
            process.terminate()
            process.wait()


def until_indexed(address: str) -> None:
    """Return when the server finds something."""
    end = time.monotonic() + _INDEX_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(f"{address}/search", params={"query": asked("forest", 1)}).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(1)
    sys.exit("there is no index yet")


def asked(words: str, limit: int) -> str:
    """A search as a query to the service."""
    return f"{PREFIXES} SELECT * {{ {pattern(words, limit)} }}"


def pattern(words: str, limit: int) -> str:
    """The triples of a search for records."""
    return f'?record search:query "{words}" ; search:score ?score ; search:kind "record" ; search:limit {limit} .'


def ways(address: str, words: str, limit: int) -> dict[str, str]:
    """The queries by way: each gives the records with their English titles."""
    title = '?record dcterms:title ?title FILTER(LANG(?title) = "en")'
    group = f"{{ {pattern(words, limit)} }} {title}"
    contains = f'FILTER(CONTAINS(LCASE(?title), "{words.lower()}"))'
    return {
        "search in its place": f"{PREFIXES} SELECT ?record ?title ?score {{ SERVICE <{NAME}> {group} }}",
        "call over loopback": f"{PREFIXES} SELECT ?record ?title ?score {{ SERVICE <{address}/search> {group} }}",
        "CONTAINS": f"{PREFIXES} SELECT ?record ?title {{ ?record ch:clearingHouse [] . {title} {contains} }}",
    }


def report(client: httpx.Client, address: str, rounds: int) -> None:
    """Ask all ways in turns, and print the medians with their ratios to the first."""
    count = client.get(
        f"{address}/sparql",
        params={"query": f"{PREFIXES} SELECT (COUNT(DISTINCT ?r) AS ?n) {{ ?r ch:clearingHouse ?h }}", "format": "csv"},
    )
    print(f"{count.text.split()[1]} records, median of {rounds} rounds, ms to the last byte\n")
    print(f"{'words':<20} {'limit':>6} {'way':<20} {'ms':>9} {'ratio':>7} {'solutions':>10}")
    for words in WORDS:
        for limit in LIMITS:
            queries = ways(address, words, limit)
            times: dict[str, list[float]] = {way: [] for way in queries}
            found: dict[str, int] = {}
            for _ in range(rounds + 1):
                for way, query in queries.items():
                    seconds, found[way] = answered(client, address, query)
                    times[way].append(seconds * 1000)
            medians = {way: statistics.median(some[1:]) for way, some in times.items()}
            first = next(iter(medians.values()))
            for way, median in medians.items():
                print(
                    f"{words:<20} {limit:>6} {way:<20} {median:>9.1f} {median / first:>7.1f} {found[way]:>10}",
                    flush=True,
                )


def answered(client: httpx.Client, address: str, query: str) -> tuple[float, int]:
    """Seconds to the last byte of an answer that is made anew, and its number of solutions."""
    begun = time.perf_counter()
    headers = {"Accept": "text/csv", "Cache-Control": "no-cache"}
    response = client.get(f"{address}/sparql", params={"query": query}, headers=headers)
    seconds = time.perf_counter() - begun
    response.raise_for_status()
    return seconds, response.text.count("\n") - 1


if __name__ == "__main__":
    main()
