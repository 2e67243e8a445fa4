"""`clearinghouse thesaurus`: decides on changes, compares versions, writes them for git, and publishes them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pyoxigraph as ox
import typer
from rich.console import Console

from endpoint import thesaurus_check, thesaurus_import, thesaurus_mappings
from endpoint.house import House, go_on
from endpoint.settings import Settings
from loaders.editing import Editing, Review
from ontology.errors import StoreBusy
from thesaurus import files
from thesaurus.changes import ChangeSet, delta
from thesaurus.importing import skos
from thesaurus.importing.preview import conflict, preview, safe, short
from thesaurus.skosification import skosified

_REMARKS = 5
PATIENCE = 600.0
"""Seconds that a publication waits for a load to end."""

app = typer.Typer(no_args_is_help=True, help="Check, edit, import, map and export the thesaurus.")
for part in (thesaurus_check, thesaurus_import):
    app.registered_commands += part.app.registered_commands
app.add_typer(thesaurus_mappings.app, name="mappings")

out = Console(highlight=False)

Identifier = Annotated[str, typer.Argument(help="the identifier of a change set")]
Who = Annotated[str, typer.Option("--reviewer", help="who decides")]


class ChangeStatus(StrEnum):
    """Which change sets are listed."""

    proposed = "proposed"
    approved = "approved"
    rejected = "rejected"


@contextmanager
def _editing() -> Iterator[Editing]:
    house = House.of(Settings())
    with house.ledger() as ledger:
        yield Editing(ledger, house.mapping.iris)


@app.command("changes")
def list_changes(
    status: Annotated[ChangeStatus | None, typer.Option(help="only those of a status")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as a JSON array, with every statement")] = False,
) -> None:
    """List the change sets, the newest first."""
    with _editing() as editing:
        found = editing.changes(status.value if status else None)
    if as_json:
        typer.echo(json.dumps([_told(change) for change in found], ensure_ascii=False, indent=1))
        return
    for change in found:
        size = f"+{len(change.delta.added)} -{len(change.delta.removed)}"
        version = f" version {change.version}" if change.version else ""
        _say(f"{change.id}  {change.status}{version}  {size}  {change.author}: {change.reason}")


@app.command("review")
def show_review(identifier: Identifier) -> None:
    """Show a change set, what it collides with, what it would bring, and how many records would be tagged anew."""
    with _editing() as editing:
        change = editing.change(identifier)
        _say(f"{change.id}  {change.status}, by {change.author} on version {change.base}: {change.reason}\n")
        _say(preview(change.delta, editing.statements(change.base)))
        if change.status == "proposed":
            _print_review(editing.review(change.id))


def _print_review(review: Review) -> None:
    for met in review.conflicts:
        _say(f"CONFLICT  {conflict(met)}")
    for heading, found in (("NEW", review.new), ("old", review.old)):
        for finding in found:
            _say(f"{heading} {finding.level}  {finding.concept}: {finding.message}")
    for concept, records in review.records.items():
        _say(f"{records} records tagged with {short(concept)} will be tagged anew")


@app.command()
def approve(identifier: Identifier, reviewer: Who, remark: str = "") -> None:
    """Make a proposed change the next version, and bring the records and the graph up to it."""
    with _editing() as editing:
        change = editing.approve(identifier, reviewer=reviewer, remark=remark)
    _say(f"{change.id} made version {change.version}")
    publish()


@app.command()
def reject(identifier: Identifier, reviewer: Who, remark: Annotated[str, typer.Option(help="why")]) -> None:
    """Decide against a proposed change."""
    with _editing() as editing:
        _say(f"{editing.reject(identifier, reviewer=reviewer, remark=remark).id} is rejected")


@app.command()
def publish() -> None:
    """Tag records anew where their concepts were replaced, and publish the graph; after a load that is running."""
    until = time.monotonic() + PATIENCE
    while not go_on(House.of(Settings())):
        if time.monotonic() > until:
            raise StoreBusy(f"a load has been running for {PATIENCE:g} seconds; it publishes the change when it ends")
        time.sleep(1.0)


@app.command()
def versions() -> None:
    """List the versions, the newest first."""
    with _editing() as editing:
        for change in editing.changes("approved"):
            _say(f"{change.version}  {change.reviewed}  {change.reviewer}  {change.id}  {change.reason}")
        if editing.version() == 1:
            _say("1  the bundled thesaurus")


@app.command("delta")
def show_delta(
    older: Annotated[str, typer.Argument(help="the number of a version, or a SKOS file")],
    newer: Annotated[str | None, typer.Argument(help="another of either, by default the present version")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as two lists of N-Triples")] = False,
) -> None:
    """Show what leads from one version, or file, to another."""
    with _editing() as editing:
        before, after = (_statements(editing, given) for given in (older, newer))
    change = delta(before, after)
    if as_json:
        added, removed = change.lines()
        typer.echo(json.dumps({"added": added, "removed": removed}, ensure_ascii=False, indent=1))
    else:
        _say(preview(change, before))


def _statements(editing: Editing, given: str | None) -> tuple[ox.Triple, ...]:
    if given is None or given.isdecimal():
        return editing.statements(int(given) if given else None)
    return tuple(skos.read(Path(given)).statements)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="a folder of Turtle files, such as a git work tree, or an empty one")],
    version: Annotated[int | None, typer.Option(help="the number of a version, by default the present one")] = None,
    skosify: Annotated[bool, typer.Option("--skosify/--no-skosify", help="show what skosify says of a copy")] = True,
) -> None:
    """Write a version as sorted Turtle, a file for each scheme; files that stay the same are not touched."""
    with _editing() as editing:
        number = version or editing.version()
        statements = editing.statements(number)
    if skosify:
        thesaurus_import.tell_skosified(skosified(statements), most=_REMARKS)
    changed = files.write(folder, statements)
    _say(f"version {number} in {folder}: {len(changed)} files changed")
    for name in changed:
        _say(f"  {name}")


def _told(change: ChangeSet) -> dict[str, object]:
    added, removed = change.delta.lines()
    return {key: value for key, value in asdict(change).items() if key != "delta"} | {
        "added": added,
        "removed": removed,
    }


def _say(text: str) -> None:
    out.print("\n".join(safe(line) for line in text.split("\n")), markup=False, soft_wrap=True)
