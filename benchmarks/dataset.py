"""The graph that every engine of the benchmark gets: generated, loaded by this project, and written as N-Quads."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pyoxigraph as ox
from engines import LOAD_LIMIT, Engine, Ours
from processes import Run, UnavailableError, own, run
from query_shapes import Records

from endpoint.generations import OXIGRAPH, Generations

VOCABULARY, PER_RECORD = 16_000, 55  # statements that are always there, and about those of one record


@dataclass(frozen=True)
class Data:
    """A folder with the file of statements, how many they are, and the records in it."""

    folder: Path
    dump: Path
    triples: int
    records: Records


def prepared(work: Path, triples: int) -> Data:
    """The graph of about so many statements, made unless it is in the work folder already."""
    folder = work / str(triples)
    folder.mkdir(parents=True, exist_ok=True)
    dump, source = folder / "graph.nq", folder / "records.ndjson"
    if not dump.exists():
        count = max(500, (triples - VOCABULARY) // PER_RECORD)
        generate = [own("clearinghouse"), "generate", "--records", str(count), "--output", str(source)]
        run(generate, folder / "log", LOAD_LIMIT)
        ours = Ours(folder / Ours.name, dump)
        loaded(ours)
        generations = Generations(ours.store / "generations")
        newest = generations.newest()
        if newest is None:
            raise UnavailableError(f"the load published nothing; see {ours.log}")
        part = dump.with_suffix(".part")
        ox.Store.read_only(str(generations.path(newest) / OXIGRAPH)).dump(str(part), format=ox.RdfFormat.N_QUADS)
        part.rename(dump)
    with dump.open(encoding="utf-8") as lines:
        count = sum(1 for _ in lines)
    with dump.open(encoding="utf-8") as lines:
        return Data(folder, dump, count, Records.of(lines))


def loaded(engine: Engine) -> Run:
    """What loading the engine takes, or took when it was loaded first; what a failed load left is removed."""
    noted = engine.home / "loaded.json"
    engine.prepare()
    if noted.exists():
        return Run(**json.loads(noted.read_text(encoding="utf-8")))
    shutil.rmtree(engine.store, ignore_errors=True)
    found = engine.load()
    noted.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return found
