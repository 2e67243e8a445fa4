"""Beside a running house: copies of its data directory, taken and put back, and the thorough check of what is in it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from endpoint import seals
from endpoint.generations import Generation, Generations, bring_to_disk, sync
from endpoint.house import House
from endpoint.settings import Settings
from endpoint.verification import graph_faults, ledger_faults
from loaders.ledger import Ledger
from ontology.errors import ClearingHouseError, LedgerError, StoreError

MANIFEST = "manifest.json"
_LEDGER, _GENERATIONS = "ledger.sqlite", "generations"
_BUILDING = ".building"

app = typer.Typer()
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Directory = Annotated[Path, typer.Argument(help="the folder of the backup")]


@app.command()
def backup(directory: Directory) -> None:
    """Copy the ledger and the newest generation to a new folder, while loads and the server go on.

    The folder appears whole or not at all; its manifest has the SHA-256 of every file.
    """
    _refuse_filled(directory)
    settings = Settings()
    ledger = settings.data_dir / _LEDGER
    if not ledger.is_file():
        raise LedgerError(f"there are no records in {settings.data_dir} yet, so there is nothing to copy")
    building = directory.with_name(f"{directory.name}{_BUILDING}")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    # The generation first: what is in it is in the ledger already, and stays in it.
    generation = (
        None if settings.store else _copy_newest(Generations(settings.generations_dir), building / _GENERATIONS)
    )
    head, is_stale = _copy_ledger(ledger, building / _LEDGER)
    if generation and is_stale:  # its files may hold what was redacted
        shutil.rmtree(building / _GENERATIONS)
        generation = None
    _write_manifest(building, settings.base_iri, head, generation)
    building.rename(directory)
    graph = f"generation {generation.name}" if generation else "no generation, it is made from the ledger"
    out.print(f"ledger at {head}, {graph}, in {directory}", markup=False, soft_wrap=True)


def _refuse_filled(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StoreError(f"{directory} is not an empty folder")


def _copy_newest(generations: Generations, target: Path) -> Generation | None:
    """Copy the newest generation; StoreError if it is damaged, since a copy of it would be as well."""
    newest = generations.newest()
    if newest is None:
        return None
    with generations.hold(newest) as path:
        shutil.copytree(path, target / newest.name, copy_function=_link_or_copy)
    if not seals.is_whole(target / newest.name):
        raise StoreError(f"generation {newest.name} is damaged; `clearinghouse serve` or `rebuild` makes it anew")
    return newest


def _link_or_copy(source: str, target: str) -> None:
    """A generation never changes, so on one file system a second name for a file will do."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _copy_ledger(source: Path, target: Path) -> tuple[int, bool]:
    """Copy the ledger as it is at one moment; its newest sequence number, and whether the graph has to be renewed."""
    address = f"{source.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
    with Ledger(target) as ledger:
        found = ledger.head(), ledger.graph_is_stale()
        ledger.connection.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
    return found


def _write_manifest(directory: Path, base_iri: str, head: int, generation: Generation | None) -> None:
    seal = seals.sealed(directory)
    manifest = {
        "application": f"clearinghouse-graph {version('clearinghouse-graph')}",
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "baseIri": base_iri,
        "sequence": head,
        "generation": generation.name if generation else None,
        "files": {name: {"bytes": size, "sha256": digest} for name, (size, digest) in seal.files.items()},
    }
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    bring_to_disk(directory)


@app.command()
def restore(directory: Directory) -> None:
    """Put a backup into an empty data directory, if every file of it is what it was.

    The next `serve` or `load` brings the graph up to the ledger.
    """
    settings = Settings()
    _refuse_filled(settings.data_dir)
    manifest = _manifest(directory)
    if manifest["baseIri"] != settings.base_iri:
        raise StoreError(f"the backup is of {manifest['baseIri']}, but the base IRI set is {settings.base_iri}")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if (directory / _GENERATIONS).is_dir():
        shutil.copytree(directory / _GENERATIONS, settings.generations_dir)
    # The ledger last, and never over another: it is what makes a folder a data directory.
    arriving = settings.data_dir / f"{_LEDGER}{_BUILDING}"
    shutil.copy2(directory / _LEDGER, arriving)
    for path in (*settings.data_dir.rglob("*"), settings.data_dir):
        sync(path)
    os.link(arriving, settings.data_dir / _LEDGER)
    arriving.unlink()
    sync(settings.data_dir)
    told = f"ledger at {manifest['sequence']}, generation {manifest['generation'] or 'none'}, in {settings.data_dir}"
    out.print(told, markup=False, soft_wrap=True)


def _manifest(directory: Path) -> dict[str, str | int | None]:
    """The manifest of a backup. StoreError where it is none or is damaged."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        files = {name: (int(told["bytes"]), str(told["sha256"])) for name, told in manifest["files"].items()}
        whole = {name: manifest[name] for name in ("baseIri", "sequence", "generation")}
    except FileNotFoundError as error:
        raise StoreError(f"{directory} is no backup: it has no {MANIFEST}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"{directory / MANIFEST} cannot be read") from error
    if faults := seals.Seal(files).faults(directory):
        raise StoreError(f"the backup {directory} is damaged: {', '.join(faults)}")
    return whole


@app.command()
def verify() -> None:
    """Check the ledger, each document against its digest, and each record's graph against what the ledger says.

    The exit code is 1 when something is wrong, a line each on standard output.
    """
    house = House.of(Settings())
    with house.existing_ledger() as ledger:
        newest = house.newest()
        found = 0
        for fault in _faults(house, ledger, newest):
            out.print(fault, markup=False, soft_wrap=True)
            found += 1
        told = f"ledger at {ledger.head()}, generation {newest.name if newest else 'none'}"
    err.print(f"{told}: {f'{found} faults' if found else 'no faults'}", markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)


def _faults(house: House, ledger: Ledger, newest: Generation | None) -> Iterator[str]:
    """What is wrong, the ledger first; nothing is compared with a ledger that SQLite cannot read."""
    try:
        yield from ledger_faults(ledger)
    except sqlite3.DatabaseError as error:
        yield f"the ledger's file is damaged: {error}"
        return
    if house.remote:
        return  # the graph is in another server's files
    if newest is None:
        if ledger.head():
            yield "there is no generation; `clearinghouse rebuild` makes one"
        return
    try:
        with house.generations.hold(newest):
            yield from graph_faults(house, ledger, newest)
    except ClearingHouseError as error:  # a document that nothing can be made of
        yield f"the graph cannot be compared with the ledger: {error}"
