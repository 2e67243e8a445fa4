"""How fast queries are answered: by this service and by other engines, over HTTP, on the same graph, in one run.

    python benchmarks/queries.py [--triples 1000000] [--engines oxigraph,ours,rdflib-endpoint,virtuoso,jena]
        [--seconds 3] [--work .bench/work]

Generates records and loads them as anybody would, hands the graph to every engine that can be had, starts one after the
other on the loopback, asks all shapes of `query_shapes.py` and then for single records with 8 clients, and prints
tables in Markdown as ratios to the Oxigraph server. Data and stores are kept in the work folder for the next run. An
engine whose answer differs has no ratio for that query. Machines differ and are noisy: the ratios are what holds.
"""

import argparse
import contextlib
import os
import signal
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import clients
import tables
from answers import Answer, answer
from clients import Connection, Load, Reply, RequestFailedError, load
from dataset import Data, loaded, prepared
from engines import ENGINES, QUERY_LIMIT, SELECT, Engine
from processes import ENVIRONMENT, Memory, Run, UnavailableError
from query_shapes import SHAPES, Shape, target

FRESH = "Cache-Control: no-cache\r\n"
MOST_RUNS = 200
LOOKUPS_A_SECOND = 30_000  # different ones made ready for each second of load


@dataclass(frozen=True)
class Timing:
    """Median seconds to the last and to the first byte of the body, and what was answered; or what went wrong."""

    last: float = 0.0
    first: float = 0.0
    answer: Answer | None = None
    failure: str = ""


@dataclass
class Figures:
    """What one engine did; `timings` and `loads` have the cached answers apart."""

    engine: Engine
    run: Run
    disk: int
    memory: Memory = field(default_factory=Memory)
    timings: dict[str, Timing] = field(default_factory=dict)
    cached: dict[str, Timing] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)


def main() -> None:
    """Measure every engine and print the tables."""
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended too
    data = prepared(given.work.resolve(), given.triples)
    note(f"{data.triples:,} statements in {len(data.records.known):,} records")
    measured: list[Figures] = []
    missing: dict[str, str] = {}
    for name in given.engines.split(","):
        engine = ENGINES[name](data.folder / name, data.dump)
        try:
            measured.append(figures(engine, data, given.seconds))
        except UnavailableError as error:
            missing[name] = str(error)
            note(f"{name} is left out: {error}")
    print(tables.heading(data, os.cpu_count() or 0, clients.tool(), given.seconds))
    for name, reason in missing.items():
        print(f"\nLeft out: {name}: {reason}.")
    for table in (tables.latencies, tables.first_bytes, tables.answers, tables.throughput, tables.loading):
        print("\n" + table(measured))


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triples", type=int, default=1_000_000)
    parser.add_argument(
        "--engines", default=",".join(ENGINES), help="the first one given is what others are divided by"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="for each query, and five times that for each load")
    parser.add_argument("--work", type=Path, default=ENVIRONMENT / "work", help="where data and stores are kept")
    given = parser.parse_args()
    if unknown := set(given.engines.split(",")) - set(ENGINES):
        parser.error(f"no engine is called {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    return given


def figures(engine: Engine, data: Data, seconds: float) -> Figures:
    """Load the engine unless it is loaded, serve, and measure. UnavailableError when it cannot be had."""
    note(f"{engine.name}: loading")
    run = loaded(engine)
    found = Figures(engine, run, engine.disk())
    with found.memory.of(engine.pid), engine.serving():
        for shape in SHAPES:
            query = data.records.query(shape)
            found.timings[shape.name] = timed(engine, shape, query, FRESH, seconds)
            if engine.caches:
                found.cached[shape.name] = timed(engine, shape, query, "", min(seconds, 1.0))
            note(f"{engine.name}: {shape.name}: {tables.told(found.timings[shape.name])}")
        found.loads = loads(engine, data, 5 * seconds)
    return found


def timed(engine: Engine, shape: Shape, query: str, extra: str, seconds: float) -> Timing:
    """Ask once for the answer, and then again and again for so many seconds."""
    path = target(engine.path, query)
    accept = engine.graph_type if shape.is_graph else SELECT
    replies: list[Reply] = []
    try:
        with contextlib.closing(Connection(engine.port, QUERY_LIMIT + 1)) as connection:
            first = connection.get(path, accept, extra)
            if first.status != 200:
                return Timing(failure=f"status {first.status}")
            said = answer(first, shape.is_graph)
            until = time.monotonic() + seconds
            while not replies or (time.monotonic() < until and len(replies) < MOST_RUNS):
                replies.append(connection.get(path, accept, extra))
    except RequestFailedError as error:
        engine.again()
        return Timing(failure=str(error))
    except (OSError, ValueError, KeyError) as error:
        return Timing(failure=f"no answer: {error}")
    return Timing(statistics.median(r.last for r in replies), statistics.median(r.first for r in replies), said)


def loads(engine: Engine, data: Data, seconds: float) -> dict[str, Load]:
    """What eight clients get who look records up: each time another one, and always the same one."""
    different = [target(engine.path, q) for q in data.records.lookups(round(LOOKUPS_A_SECOND * seconds))]
    found = {}
    for name, paths in (("different", different), ("same", different[:1])):
        engine.again()  # Oxigraph's server may not take connections any more when many were closed at once
        found[name] = load(engine.port, paths, SELECT, seconds, engine.home)
        note(f"{engine.name}: lookups, {name}: {found[name].rate:,.0f}/s")
    return found


def note(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
