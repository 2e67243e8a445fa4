"""The command line: the composition root, where settings, ledger, gate, store and server meet."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from endpoint import exports, reports
from endpoint.app import create_app
from endpoint.generations import Generations
from endpoint.house import House, finish, publish
from endpoint.house import load as load_items
from endpoint.house import rebuild as rebuild_graph
from endpoint.lexer import outline
from endpoint.negotiation import GRAPH_FORMS, choose, formats_of
from endpoint.pool import Query, WorkerPool
from endpoint.settings import Settings
from endpoint.store import records_and_vocabulary
from loaders import generate as generator
from loaders.gate import Outcome
from loaders.ledger import Ledger
from loaders.projection import reason
from loaders.sources import read
from ontology.errors import ClearingHouseError, StoreError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Records of the clearing-houses as one knowledge graph."
)
quarantine = typer.Typer(no_args_is_help=True, help="What was refused, and why.")
app.add_typer(quarantine, name="quarantine")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Paths = Annotated[
    list[str],
    typer.Argument(help="JSON documents, arrays, NDJSON files, folders, zip archives, or - for standard input"),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="show the findings of accepted records too")]
SomePaths = Annotated[list[str] | None, typer.Argument(help="as for validate")]
Sample = Annotated[bool, typer.Option("--sample", help="load the bundled records")]
Submitted = Annotated[
    bool, typer.Option("--submitted", help="refuse what submitted records are refused for, Warnings too")
]
Strict = Annotated[bool, typer.Option("--strict", help="refuse a record any part of which is not in the graph")]
SAMPLE = files("loaders") / "sample"


class Format(StrEnum):
    """How a validation is reported."""

    human = "human"
    json = "json"
    sarif = "sarif"
    junit = "junit"


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; yields what to tell it."""
    columns = (SpinnerColumn(), TextColumn(what), TextColumn("{task.completed} records"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda records: progress.advance(task, records)


@app.command()
def load(
    paths: SomePaths = None,
    sample: Sample = False,
    submitted: Submitted = False,
    strict: Strict = False,
    verbose: Verbose = False,
) -> None:
    """Load records: admit, map, judge, enter in the ledger, and publish the graph.

    Loading the same records again adds nothing. An interrupted load has lost nothing: load again and it goes on.
    """
    house = House.of(Settings())
    total: Counter[str] = Counter()
    interrupted = False
    with house.store() as store, house.ledger() as ledger:
        gate = house.gate(ledger, agent="load", submitted=submitted, strict=strict)
        try:
            with _progress("loading") as advance:
                for outcome in load_items(gate, store, read([*(paths or []), *([str(SAMPLE)] if sample else [])])):
                    total += outcome.counts()
                    advance(sum(outcome.counts().values()))
                    reports.show(err, outcome, only_refused=not verbose)
        except KeyboardInterrupt:
            interrupted = True
            err.print("interrupted; finishing what was judged")
        with _progress("publishing the graph") as advance:
            finish(gate, store, advance)
    err.print(", ".join(f"{count} {what}" for what, count in sorted(total.items())) or "nothing found to load")
    if interrupted:
        raise typer.Exit(130)
    if total["quarantined"] or total["refused"]:
        raise typer.Exit(1)


@app.command()
def validate(paths: Paths, submitted: Submitted = False, strict: Strict = False, format: Format = Format.human) -> None:
    """Say what a load would say, without loading. Exit code 1 when a record would be refused."""
    house = House.of(Settings())
    total: Counter[str] = Counter()
    with Ledger(":memory:") as ledger:
        gate = house.gate(ledger, agent="validate", submitted=submitted, strict=strict)
        known = house.ledger() if (house.settings.data_dir / "ledger.sqlite").exists() else None
        if known is not None:
            gate.judge.schema_of = lambda guid: ledger.schema_of(guid) or known.schema_of(guid)
        outcomes = list(gate.outcomes(read(paths)))
        again = {judged.document.digest: judged for judged in gate.settle()}
        for outcome in outcomes:
            outcome.judged = [again.get(judged.document.digest, judged) for judged in outcome.judged]
            total += outcome.counts()
    _report(outcomes, format)
    err.print(", ".join(f"{count} {what}" for what, count in sorted(total.items())) or "nothing found to validate")
    if total["quarantined"] or total["refused"]:
        raise typer.Exit(1)


def _report(outcomes: list[Outcome], format: Format) -> None:
    if format is Format.human:
        for outcome in outcomes:
            reports.show(out, outcome)
    else:
        made = {
            Format.json: lambda: reports.as_json(outcomes),
            Format.sarif: lambda: reports.as_sarif(outcomes, version("clearinghouse-graph")),
            Format.junit: lambda: reports.as_junit(outcomes),
        }
        sys.stdout.write(made[format]() + "\n")


@quarantine.command("list")
def quarantine_list() -> None:
    """List what is quarantined, and what could not be read at all."""
    with House.of(Settings()).ledger() as ledger:
        table = Table("identifier", "revision", "schema", "country", "since", "violations")
        for entry in ledger.quarantine():
            violations = [found["pointer"] or "/" for found in entry.report if found["severity"] == "Violation"]
            row = (
                entry.record,
                str(entry.revision),
                entry.schema,
                entry.government or "",
                entry.at[:19],
                ", ".join(violations),
            )
            table.add_row(*row)
        out.print(table)
        for at, source, place, message in ledger.refusals():
            out.print(f"{at[:19]} not readable: {source} {place}: {message}", markup=False, soft_wrap=True)


@quarantine.command("show")
def quarantine_show(identifier: str) -> None:
    """Show a quarantined record, by its GUID: its document as it was admitted, and the report."""
    with House.of(Settings()).ledger() as ledger:
        entries = [entry for entry in ledger.quarantine() if entry.record == identifier]
        if not entries:
            raise typer.BadParameter(f"no quarantined record has the identifier {identifier}")
        for entry in entries:
            sys.stdout.write(
                json.dumps({"document": json.loads(entry.text), "report": entry.report}, ensure_ascii=False, indent=2)
                + "\n"
            )


@quarantine.command("retry")
def quarantine_retry(submitted: Submitted = False, strict: Strict = False) -> None:
    """Judge everything quarantined again, by the contexts and shapes of today."""
    house = House.of(Settings())
    with house.store() as store, house.ledger() as ledger:
        gate = house.gate(ledger, agent="retry", submitted=submitted, strict=strict)
        total = Counter(judged.verdict for judged in gate.retry(list(ledger.quarantine())))
        finish(gate, store)
    out.print(f"{total['accepted']} accepted, {total['quarantined']} quarantined with another report")


@app.command()
def status() -> None:
    """Count the records by schema, country and verdict, and say how far the graph has come."""
    house = House.of(Settings())
    with house.store() as store, house.ledger() as ledger:
        publish(ledger, store)
        schemas: dict[str, Counter[str]] = {}
        countries: dict[str, Counter[str]] = {}
        for schema, government, verdict, count in ledger.counts():
            schemas.setdefault(schema, Counter())[verdict] += count
            countries.setdefault(government or "–", Counter())[verdict] += count
        for title, counted in (("schema", schemas), ("country", countries)):
            table = Table(title, "accepted", "quarantined", "withdrawn")
            for name, verdicts in sorted(counted.items()):
                table.add_row(name, *(str(verdicts[verdict]) for verdict in ("accepted", "quarantined", "withdrawn")))
            out.print(table)
        newest = house.generations.newest()
        out.print(
            f"ledger at {ledger.head()}, graph at {store.applied()}, generation {newest.name if newest else 'none'}"
        )


@app.command()
def rebuild() -> None:
    """Judge every record of the ledger again and build the graph anew: after a change of a context or a shape."""
    house = House.of(Settings())
    with house.store() as store, house.ledger() as ledger, _progress("rebuilding") as advance:
        rebuild_graph(house.gate(ledger, agent="rebuild"), store, advance)
        newest = house.generations.newest()
    out.print(f"generation {newest.name if newest else 'none'}")


@app.command()
def history(identifier: str) -> None:
    """Tell the revisions of a record, by any identifier of it."""
    house = House.of(Settings())
    with house.ledger() as ledger:
        entries = ledger.history(ledger.guid(identifier, house.mapping.iris))
        if not entries:
            raise typer.BadParameter(f"no record has the identifier {identifier}")
        table = Table("revision", "schema", "verdict", "received", "source", "reason")
        for entry in entries:
            given = reason(entry)
            told = next(iter(given.values()), "") if isinstance(given, dict) else str(given or "")
            table.add_row(str(entry.revision), entry.schema, entry.verdict, entry.at[:19], entry.source, told)
        out.print(table)


@app.command()
def query(
    text: Annotated[
        str, typer.Argument(help="a SPARQL query, the name of a bundled one, a file with one, or - for standard input")
    ],
    format: Annotated[
        str | None, typer.Option(help="json, xml, csv, tsv, or turtle, nt, jsonld, rdfxml for a graph")
    ] = None,
) -> None:
    """Answer a query over the newest generation; a table on a terminal, JSON or Turtle elsewhere."""
    house = House.of(Settings())
    wanted = format or ("tsv" if out.is_terminal else None)
    asyncio.run(_answer(house.settings, _query_text(text), wanted))


async def _answer(settings: Settings, text: str, wanted: str | None) -> None:
    """Write the answer to standard output as it comes."""
    one_worker = settings.model_copy(update={"workers": 1})
    sketch = outline(text)
    media_type = choose(formats_of(sketch.form), "", wanted).format.media_type
    request = Query(text, media_type, sketch.form in GRAPH_FORMS, sketch.has_dataset)
    async with WorkerPool(Generations(settings.generations_dir), one_worker) as pool:
        answer = await pool.answer(request)
        sys.stdout.buffer.write(answer.head)
        async for part in answer.rest():
            sys.stdout.buffer.write(part)


def _query_text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    bundled = files("endpoint") / "queries" / f"{given}.rq"
    if bundled.is_file():
        return bundled.read_text(encoding="utf-8")
    path = Path(given)
    return path.read_text(encoding="utf-8") if "\n" not in given and len(given) < 256 and path.is_file() else given


@app.command()
def serve() -> None:
    """Serve the newest generation at /sparql, and take newer ones over as they appear."""
    settings = Settings()
    err.print(f"http://{settings.host}:{settings.port}/sparql", markup=False)
    uvicorn.run(
        create_app(settings), host=settings.host, port=settings.port, log_level="warning", timeout_graceful_shutdown=10
    )


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="a file: .nq or .trig, with .gz to compress it")],
) -> None:
    """Write the newest generation as sorted N-Quads or TriG: the same graph always gives the same bytes."""
    generations = Generations(Settings().generations_dir)
    newest = generations.newest()
    if newest is None:
        raise StoreError("there is no generation to export yet; load records first")
    with generations.hold(newest) as directory:
        count = exports.write(records_and_vocabulary(directory), path)
    out.print(f"{count} statements of generation {newest.name} in {path}", markup=False)


@app.command()
def generate(
    records: Annotated[int, typer.Option(min=1, help="how many")],
    seed: int = 1,
    faults: Annotated[float, typer.Option(min=0.0, max=0.99, help="share of records with one fault each")] = 0.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="an NDJSON file; standard output without it")
    ] = None,
) -> None:
    """Write synthetic records, one a line: linked as real ones are, and marked as synthetic."""
    stream = output.open("w", encoding="utf-8") if output else sys.stdout
    with stream:
        for generated in generator.records(records, seed=seed, faults=faults):
            stream.write(json.dumps(generated.document, ensure_ascii=True) + "\n")


def main() -> None:
    """Run the command line; errors of the application are one line on standard error and exit code 2."""
    try:
        app()
    except ClearingHouseError as error:
        err.print(f"clearinghouse: {error}", markup=False, soft_wrap=True)
        sys.exit(2)
