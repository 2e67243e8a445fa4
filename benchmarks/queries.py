"""How fast queries are answered: by this service and by other engines, over HTTP, on the same graph, side by side.

    python benchmarks/queries.py [--triples 1000000] [--engines oxigraph,ours,rdflib-endpoint,virtuoso,jena]
        [--seconds 3] [--work .bench/work]

Generates records and loads them as anybody would, hands the graph to every engine that can be had, starts all of them
on the loopback, asks all shapes of `query_shapes.py` in turn and then for single records with 8 clients, and prints
tables in Markdown as ratios to the Oxigraph server. Data and stores are kept in the work folder for the next run. An
engine whose answer differs has no ratio for that query. Machines differ, and one machine from minute to minute: every
ratio is the median of those of answers that followed on each other.
"""

import argparse
import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import clients
import tables
from answers import Answer, answer
from clients import Load, Reply, RequestFailedError, load
from dataset import Data, loaded, prepared
from engines import ENGINES, SELECT, Engine
from processes import ENVIRONMENT, Memory, Run, UnavailableError
from query_shapes import SHAPES, Shape, target

FRESH = "Cache-Control: no-cache\r\n"
FEWEST_ROUNDS, MOST_ROUNDS = 3, 200
LOAD_ROUNDS = 3
LOOKUPS_A_SECOND = 30_000  # different ones made ready for each second of load


@dataclass
class Timing:
    """Seconds to the last and to the first byte of the body, round by round, and the answer; or what went wrong."""

    last: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    answer: Answer | None = None
    failure: str = ""


@dataclass
class Figures:
    """What one engine did; `cached` has the answers that may come from a cache. Loads have one entry for each round."""

    engine: Engine
    run: Run
    disk: int
    memory: Memory = field(default_factory=Memory)
    timings: dict[str, Timing] = field(default_factory=dict)
    cached: dict[str, Timing] = field(default_factory=dict)
    loads: dict[str, list[Load]] = field(default_factory=dict)


def main() -> None:
    """Measure every engine and print the tables."""
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are ended too
    data = prepared(given.work.resolve(), given.triples)
    note(f"{data.triples:,} statements in {len(data.records.known):,} records")
    missing: dict[str, str] = {}
    with contextlib.ExitStack() as serving:
        measured = []
        for name in given.engines.split(","):
            engine = ENGINES[name](data.folder / name, data.dump)
            try:
                note(f"{name}: loading")
                found = Figures(engine, loaded(engine), engine.disk())
                serving.enter_context(engine.serving())
                measured.append(found)
            except UnavailableError as error:
                missing[name] = str(error)
                note(f"{name} is left out: {error}")
        for shape in SHAPES:
            compare(measured, shape, data.records.query(shape), given.seconds)
        for _ in range(LOAD_ROUNDS):
            loads(measured, data, given.seconds)
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
    parser.add_argument("--seconds", type=float, default=3.0, help="for each query and engine, and for each load")
    parser.add_argument("--work", type=Path, default=ENVIRONMENT / "work", help="where data and stores are kept")
    given = parser.parse_args()
    if unknown := set(given.engines.split(",")) - set(ENGINES):
        parser.error(f"no engine is called {', '.join(sorted(unknown))}; there are {', '.join(ENGINES)}")
    return given


def compare(measured: list[Figures], shape: Shape, query: str, seconds: float) -> None:
    """Ask every engine for the answer, and then all of them in turn for so many seconds each."""
    asked = [(found.engine, found.timings, FRESH) for found in measured]
    asked += [(found.engine, found.cached, "") for found in measured if found.engine.caches]
    for engine, timings, extra in asked:
        timings[shape.name] = first_answer(engine, shape, query, extra)
    until = time.monotonic() + seconds * len(asked)
    for number in range(MOST_ROUNDS):
        if number >= FEWEST_ROUNDS and time.monotonic() > until:
            break
        for engine, timings, extra in asked:
            timing = timings[shape.name]
            if timing.answer and (reply := ask(engine, timing, shape, query, extra)):
                timing.last.append(reply.last)
                timing.first.append(reply.first)
    for found in measured:
        found.memory.look(found.engine.pid())
        note(f"{found.engine.name}: {shape.name}: {tables.told(found.timings[shape.name])}")


def first_answer(engine: Engine, shape: Shape, query: str, extra: str) -> Timing:
    """What an engine answers, before any round."""
    timing = Timing()
    if reply := ask(engine, timing, shape, query, extra):
        try:
            timing.answer = answer(reply, shape.is_graph)
        except (ValueError, KeyError) as error:
            timing.failure = f"no answer: {error}"
    return timing


def ask(engine: Engine, timing: Timing, shape: Shape, query: str, extra: str) -> Reply | None:
    """One answer. A query that fails is not asked again, and the server is started anew."""
    accept = engine.graph_type if shape.is_graph else SELECT
    try:
        if (reply := engine.connection().get(target(engine.path, query), accept, extra)).status == 200:
            return reply
        timing.failure = f"status {reply.status}"
    except (OSError, RequestFailedError) as error:
        timing.failure = str(error)
        engine.again()
    timing.answer = None
    return None


def loads(measured: list[Figures], data: Data, seconds: float) -> None:
    """What eight clients get who look records up: each time another one, and always the same one."""
    lookups = data.records.lookups(round(LOOKUPS_A_SECOND * seconds))
    for name, queries in (("different", lookups), ("same", lookups[:1])):
        for found in measured:
            engine = found.engine
            engine.again()  # Oxigraph's server may not take connections any more when many were closed at once
            measure = load(engine.port, [target(engine.path, query) for query in queries], SELECT, seconds, engine.home)
            found.loads.setdefault(name, []).append(measure)
            found.memory.look(engine.pid())
            note(f"{engine.name}: lookups, {name}: {measure.rate:,.0f}/s")


def note(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
