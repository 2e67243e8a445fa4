"""`clearinghouse tag` for the records of a data directory: learns from them and suggests keywords for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from endpoint.house import House, go_on
from endpoint.settings import Settings
from endpoint.tagging_models import Model, Models
from endpoint.tagging_training import trained
from loaders.ledger import Entry, Ledger
from loaders.tagged_texts import subjects, suggested
from loaders.tagging import Candidates, Tagging
from loaders.texts import text_of
from thesaurus.tagging import Tagger

AGENT = "tag records"

app = typer.Typer(no_args_is_help=True)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Limit = Annotated[int, typer.Option(min=1, max=100, help="suggestions for each record")]


@app.command()
def learn() -> None:
    """Learn from the records that have keywords and from what curators decided, whether or not it is time to."""
    house = House.of(Settings())
    with house.existing_ledger() as ledger:
        _say(trained(Models(house.settings.data_dir), ledger, house.mapping.iris))


@app.command("records")
def tag_records(
    schema: Annotated[str | None, typer.Option(help="only records of a schema")] = None,
    since: Annotated[datetime | None, typer.Option(help="only records received since a day")] = None,
    every: Annotated[bool, typer.Option("--all", help="also those that this tagger has tagged as they are")] = False,
    limit: Limit = 10,
) -> None:
    """Suggest keywords for the records and keep them as candidates, beside the records, in the graph."""
    house = House.of(Settings())
    with house.existing_ledger() as ledger:
        tagging, tagger = Tagging(ledger, house.mapping), _tagger(house, ledger)
        entries = list(tagging.entries(schema, since.isoformat() if since else None))
        wanted = [entry for entry in entries if every or not _is_tagged(tagging, entry, tagger.version)]
        stored = tagging.store(_candidates(tagger, wanted, limit), agent=AGENT)
    out.print(f"{len(entries)} records, {len(wanted)} tagged, {stored} with new candidates", markup=False)
    if not go_on(house):
        err.print("a load is running; it publishes the candidates when it ends")


@app.command("record")
def tag_record(
    identifier: Annotated[str, typer.Argument(help="GUID, UID, number or address of a record")],
    field: Annotated[str, typer.Option(help="only this field, as a JSON pointer such as /title")] = "",
    limit: Limit = 10,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, with the places that speak for each")] = False,
) -> None:
    """Show what would be suggested for a record, and keep nothing of it."""
    house = House.of(Settings())
    with house.existing_ledger() as ledger:
        tagging = Tagging(ledger, house.mapping)
        entry, tagger = tagging.entry(identifier), _tagger(house, ledger)
        given, decided = subjects(tagging, entry), tagging.decisions(entry.record)
    texts = [one for one in text_of(entry.document) if f"{one.pointer}/".startswith(f"{field.rstrip('/')}/")]
    found = suggested(tagger, texts, limit)
    if as_json:
        out.print(
            json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1), markup=False, soft_wrap=True
        )
        return
    for one in found:
        notes = ["a keyword already"] if one.concept in given else []
        notes += [decided[one.concept].decision] if one.concept in decided else []
        said = f"  ({', '.join(notes)})" if notes else ""
        out.print(f"{one.score:.3f}  {tagger.label(one.concept)}  {one.concept}{said}", markup=False, soft_wrap=True)


def _tagger(house: House, ledger: Ledger) -> Tagger:
    """The tagger to use, a new one where it is time for it."""
    models, decisions = Models(house.settings.data_dir), house.settings.tagging_decisions
    model = models.newest()
    if model is None or models.is_due(ledger, house.mapping.iris, decisions):
        model = trained(models, ledger, house.mapping.iris)
        _say(model)
    return Tagger.load(model.tagger)


def _say(model: Model) -> None:
    err.print(f"tagger {model.about.version}: {model.about.standing}", markup=False)


def _is_tagged(tagging: Tagging, entry: Entry, model: str) -> bool:
    held = tagging.candidates(entry.record)
    return held is not None and (held.revision, held.model) == (entry.revision, model)


def _candidates(tagger: Tagger, entries: list[Entry], limit: int) -> Iterator[Candidates]:
    for entry in entries:
        texts = text_of(entry.document)
        languages = tuple(dict.fromkeys(text.language for text in texts if text.language))
        found = suggested(tagger, texts, limit)
        yield Candidates(entry.record, entry.revision, tagger.version, languages, tuple(found))
