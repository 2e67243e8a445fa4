"""The command line: the composition root, where settings, ledger, gate, store and server meet."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import pyoxigraph as ox
import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from endpoint import accounts_cli, dumps, exports, logs, reports, tagging_cli, tagging_records_cli, thesaurus_cli
from endpoint.engine import Query
from endpoint.generations import Generations
from endpoint.house import House, finish, go_on
from endpoint.house import load as load_items
from endpoint.house import rebuild as rebuild_graph
from endpoint.house import revision as revision_of
from endpoint.lexer import outline
from endpoint.negotiation import GRAPH_FORMS, choose, formats_of
from endpoint.pool import WorkerPool
from endpoint.settings import Settings
from endpoint.store import records_and_vocabulary
from endpoint.upkeep import app as upkeep
from endpoint.verification import checked
from loaders import generate as generator
from loaders.gate import Outcome
from loaders.ledger import Ledger
from loaders.process import collecting_by_hand
from loaders.projection import reason
from loaders.sources import read
from ontology.errors import ClearingHouseError, IdentifierError, QueryError, SourceError, StoreError

ABOUT = """The records of the clearing-houses as one validated knowledge graph, to be asked in SPARQL.

To begin: `clearinghouse load --sample`, then `clearinghouse query records-by-kind-and-clearing-house`, then
`clearinghouse serve`. Everything is kept in the folder that DATA_DIR names (`data` without it).

Exit codes: 0 done, 1 some records were refused, 2 the command could not be carried out, 130 interrupted.
"""

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=ABOUT)
quarantine = typer.Typer(no_args_is_help=True, help="See what was refused and why, and judge it again.")
app.add_typer(quarantine, name="quarantine")
app.registered_commands += upkeep.registered_commands
app.add_typer(dumps.commands)
app.add_typer(thesaurus_cli.app, name="thesaurus")
tagging_cli.app.registered_commands += tagging_records_cli.app.registered_commands
app.add_typer(tagging_cli.app, name="tag")
app.add_typer(accounts_cli.app, name="accounts")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

FORMS = "JSON documents, arrays, NDJSON files, folders, zip archives, or - for standard input"
Paths = Annotated[list[str], typer.Argument(help=FORMS)]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="show the findings of accepted records too")]
SomePaths = Annotated[list[str] | None, typer.Argument(help=FORMS)]
Sample = Annotated[bool, typer.Option("--sample", help="load the bundled records")]
Submitted = Annotated[
    bool, typer.Option("--submitted", help="judge as submitted, not as published elsewhere: Warnings refuse too")
]
Strict = Annotated[bool, typer.Option("--strict", help="refuse a record if any part of it would not be in the graph")]
Identifier = Annotated[str, typer.Argument(help="a GUID, UID (ABSCH-IRCC-…), documentID, IRI or web address")]
SAMPLE = files("loaders") / "sample"


class Format(StrEnum):
    """How a validation is reported."""

    human = "human"
    json = "json"
    sarif = "sarif"
    junit = "junit"


class RevisionFormat(StrEnum):
    """How a past revision is written."""

    nq = "nq"
    jsonld = "jsonld"


@app.callback(invoke_without_command=True)
def _options(
    show_version: Annotated[bool, typer.Option("--version", help="say the version and end", is_eager=True)] = False,
) -> None:
    if show_version:
        out.print(f"clearinghouse {version('clearinghouse-graph')}")
        raise typer.Exit


def _existing(paths: Sequence[str]) -> list[str]:
    """The paths. SourceError for one that is not there, before anything is done."""
    for path in paths:
        if path != "-" and not Path(path).exists():
            raise SourceError(f"{path}: no such file or folder")
    return list(paths)


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; tab-separated lines elsewhere, so that nothing is cut and other tools can read it."""
    if not out.is_terminal:
        sys.stdout.writelines("\t".join(row) + "\n" for row in (head, *rows))
        return
    table = Table(*head)
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)


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
    """Load records: judge them, enter them in the ledger, and publish the graph.

    Loading the same records again adds nothing. An interrupted load has lost nothing: load again and it goes on.
    What is refused goes to the quarantine, with the report.
    """
    given = _existing([*(paths or []), *([str(SAMPLE)] if sample else [])])
    if not given:
        raise typer.BadParameter("give files or folders to load, - for standard input, or --sample")
    house = House.of(Settings())
    total: Counter[str] = Counter()
    interrupted = False
    with house.store() as store, house.ledger() as ledger:
        gate = house.gate(ledger, agent="load", submitted=submitted, strict=strict)
        try:
            with _progress("loading") as advance, collecting_by_hand() as collect:
                for outcome in load_items(gate, store, read(given)):
                    total += outcome.counts()
                    advance(sum(outcome.counts().values()))
                    reports.show(err, outcome, only_refused=not verbose)
                    collect()
        except KeyboardInterrupt:
            interrupted = True
            err.print("interrupted; publishing what is loaded")
        with _progress("publishing the graph") as advance:
            finish(gate, store, advance)
    err.print(", ".join(f"{count} {what}" for what, count in sorted(total.items())) or "nothing found to load")
    if interrupted:
        raise typer.Exit(130)
    if total["quarantined"] or total["refused"]:
        raise typer.Exit(1)


@app.command()
def validate(paths: Paths, submitted: Submitted = False, strict: Strict = False, format: Format = Format.human) -> None:
    """Say what a load would say, without loading. The exit code is 1 when a record would be refused."""
    given = _existing(paths)
    house = House.of(Settings())
    total: Counter[str] = Counter()
    with Ledger(":memory:") as ledger:
        gate = house.gate(ledger, agent="validate", submitted=submitted, strict=strict)
        known = house.ledger() if (house.settings.data_dir / "ledger.sqlite").exists() else None
        if known is not None:
            gate.judge.schema_of = lambda guid: ledger.schema_of(guid) or known.schema_of(guid)
            ledger.withhold(known.redactions())
        outcomes = list(gate.outcomes(read(given)))
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
    with House.of(Settings()).existing_ledger() as ledger:
        rows = [
            (
                *(entry.record, str(entry.revision), entry.schema, entry.government or "", entry.at[:19]),
                ", ".join(found["pointer"] or "/" for found in entry.report if found["severity"] != "Info"),
            )
            for entry in ledger.quarantine()
        ]
        _print_table(("identifier", "revision", "schema", "country", "since", "places"), rows)
        for at, source, place, message in ledger.refusals():
            out.print(f"{at[:19]} not readable: {source} {place}: {message}", markup=False, soft_wrap=True)


@quarantine.command("show")
def quarantine_show(identifier: Identifier) -> None:
    """Show a quarantined record: its document as it was admitted, and the report."""
    house = House.of(Settings())
    with house.existing_ledger() as ledger:
        record = ledger.guid(identifier, house.mapping.iris)
        entries = [entry for entry in ledger.history(record) if entry.verdict == "quarantined"]
        if not entries:
            raise IdentifierError(f"no quarantined record has the identifier {identifier}")
        for entry in entries:
            sys.stdout.write(
                json.dumps({"document": json.loads(entry.text), "report": entry.report}, ensure_ascii=False, indent=2)
                + "\n"
            )


@quarantine.command("retry")
def quarantine_retry(submitted: Submitted = False, strict: Strict = False) -> None:
    """Judge everything quarantined again, by the contexts and shapes of today."""
    house = House.of(Settings())
    house.existing_ledger().close()
    with house.store() as store, house.ledger() as ledger:
        gate = house.gate(ledger, agent="retry", submitted=submitted, strict=strict)
        total = Counter(judged.verdict for judged in gate.retry(list(ledger.quarantine())))
        finish(gate, store)
        left = sum(1 for _ in ledger.quarantine())
    out.print(f"{total['accepted']} accepted, {left} still quarantined, {total['quarantined']} with another report")


@app.command()
def status() -> None:
    """Count the revisions by schema, country and verdict, and say how far the published graph has come.

    A load that was cut off is finished first; it may be asked while another is running.
    """
    house = House.of(Settings())
    house.existing_ledger().close()
    finished = go_on(house)
    with house.ledger() as ledger:
        schemas: dict[str, Counter[str]] = {}
        countries: dict[str, Counter[str]] = {}
        for schema, government, verdict, count in ledger.counts():
            schemas.setdefault(schema, Counter())[verdict] += count
            countries.setdefault(government or "–", Counter())[verdict] += count
        kinds = ("accepted", "quarantined", "withdrawn")
        for title, counted in (("schema", schemas), ("country", countries)):
            rows = [(name, *(str(verdicts[kind]) for kind in kinds)) for name, verdicts in sorted(counted.items())]
            _print_table((title, *kinds), rows)
        head, newest = ledger.head(), house.newest()
        out.print(f"ledger at {head}, generation {newest.name if newest else 'none'}")
        if not finished:
            out.print("the graph is behind the ledger: a load is running, or it cannot be written now")


@app.command()
def rebuild() -> None:
    """Judge every record of the ledger again and build the graph anew: after a change of a context or a shape."""
    house = House.of(Settings())
    house.existing_ledger().close()
    with house.store() as store, house.ledger() as ledger, _progress("rebuilding") as advance:
        rebuild_graph(house.gate(ledger, agent="rebuild"), store, advance)
        newest = house.newest()
    out.print(f"generation {newest.name if newest else 'none'}")


@app.command()
def history(
    identifier: Identifier,
    revision: Annotated[int | None, typer.Option(min=1, help="write this revision's graph as it was")] = None,
    format: Annotated[RevisionFormat, typer.Option(help="of the revision: N-Quads or JSON-LD")] = RevisionFormat.nq,
) -> None:
    """Tell the revisions of a record, by any identifier of it, or write the graph of one as it was."""
    house = House.of(Settings())
    with house.existing_ledger() as ledger:
        if revision is not None:
            _write_graph(revision_of(house, ledger, identifier, revision), format)
            return
        entries = ledger.history(ledger.guid(identifier, house.mapping.iris))
        if not entries:
            raise IdentifierError(f"no record has the identifier {identifier}")
        rows = [
            (str(entry.revision), entry.schema, entry.verdict, entry.at[:19], entry.source, _told(reason(entry)))
            for entry in entries
        ]
        _print_table(("revision", "schema", "verdict", "judged", "source", "reason"), rows)


def _told(given: object) -> str:
    """A reason in one line, in its first language."""
    text = next(iter(given.values()), "") if isinstance(given, dict) else given or ""
    return " ".join(str(text).split())


def _write_graph(quads: Sequence[ox.Quad], format: RevisionFormat) -> None:
    ordered = sorted(quads, key=str)
    rdf = ox.RdfFormat.JSON_LD if format is RevisionFormat.jsonld else ox.RdfFormat.N_QUADS
    sys.stdout.buffer.write((ox.serialize(ordered, format=rdf) or b"").rstrip() + b"\n")


@app.command()
def query(
    text: Annotated[
        str, typer.Argument(help="a SPARQL query, the name of a bundled one, a file, or - for standard input")
    ],
    format: Annotated[
        str | None, typer.Option(help="json, xml, csv, tsv, or turtle, nt, jsonld, rdfxml for a graph")
    ] = None,
) -> None:
    """Answer a SPARQL query over the published graph: tab-separated on a terminal, JSON or Turtle elsewhere."""
    house = House.of(Settings())
    wanted = format or ("tsv" if out.is_terminal else None)
    asyncio.run(_answer(house.settings, _query_text(text), wanted))


async def _answer(settings: Settings, text: str, wanted: str | None) -> None:
    """Write the answer to standard output as it comes."""
    # Here, since the other commands start faster without the search index.
    from endpoint.search.newest import index_of
    from endpoint.search.sparql import SearchesInQueries

    one_worker = settings.model_copy(update={"workers": 1})
    searches = SearchesInQueries(settings.base_iri, lambda: index_of(settings), lambda _: False)
    sketch = outline((await searches.answered(text)).text)
    media_type = choose(formats_of(sketch.form), "", wanted).format.media_type
    request = Query(sketch.text, media_type, sketch.form in GRAPH_FORMS, sketch.has_dataset)
    async with WorkerPool(Generations(settings.generations_dir), one_worker) as pool:
        answer = await pool.answer(request)
        sys.stdout.buffer.write(answer.head)
        async for part in answer.rest():
            sys.stdout.buffer.write(part)


def _query_text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    bundled_queries = files("endpoint") / "queries"
    if given in {entry.name.removesuffix(".rq") for entry in bundled_queries.iterdir()}:
        return (bundled_queries / f"{given}.rq").read_text(encoding="utf-8")
    if any(sign.isspace() or sign in "{<" for sign in given):
        return given
    if not Path(given).is_file():
        names = sorted(entry.name.removesuffix(".rq") for entry in bundled_queries.iterdir())
        raise QueryError(f"{given}: neither a file nor a bundled query; bundled are:\n  " + "\n  ".join(names))
    try:
        return Path(given).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise QueryError(f"{given}: not a text in UTF-8") from error


@app.command()
def serve() -> None:
    """Serve the published graph at /sparql, and take newer generations over as they appear.

    A load that was cut off is finished first, and a graph that is damaged is built anew.
    """
    from endpoint import server  # here, since the other commands start in half the time without a web server

    settings = Settings()
    logs.configure(settings.log_level)
    if (settings.data_dir / "ledger.sqlite").exists():
        house = House.of(settings)
        checked(house)
        go_on(house)
    err.print(f"http://{settings.host}:{settings.port}/sparql", markup=False)
    server.serve(settings)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="a file: .nq or .trig, with .gz to compress it")],
) -> None:
    """Write the published graph as sorted N-Quads or TriG: the same graph always gives the same bytes."""
    generations = Generations(Settings().generations_dir)
    newest = generations.newest()
    if newest is None:
        raise StoreError("there is no graph to export yet; load records first")
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
    with output.open("w", encoding="utf-8") if output else nullcontext(sys.stdout) as stream:
        for generated in generator.records(records, seed=seed, faults=faults):
            stream.write(json.dumps(generated.document, ensure_ascii=True) + "\n")


def main() -> None:
    """Run the command line; an error of the application or its surroundings is one line on standard error and exit
    code 2."""
    try:
        app()
    except ValidationError as error:
        for found in error.errors():
            _complain(f"{'.'.join(map(str, found['loc']))}: {found['msg']}")
    except (ClearingHouseError, SettingsError, sqlite3.Error, OSError) as error:
        _complain(str(error))
    sys.exit(2)


def _complain(message: str) -> None:
    err.print(f"clearinghouse: {message}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
