"""Dumps: a generation as files to download, whole and by clearing-house, with what is needed to trust and find them.

The dumps of a folder are directories named like generations. One appears whole or not at all, never changes, and is
removed when newer ones come, or at once when text is redacted that it may hold.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from endpoint import dump_files
from endpoint.dump_description import Manifest, complete
from endpoint.generations import Generation, Generations, sync
from endpoint.settings import Settings
from loaders.ledger import Ledger
from ontology.errors import StoreBusy, StoreError

FOLDER = "dumps"
"""The folder of the dumps that are served, in the data directory."""
KEPT = 2
_NOTHING = "there is no graph to dump yet; load records first"
_BUILDING, _REMOVING = ".building-", ".removing-"

commands = typer.Typer()


@commands.command()
def dump(
    directory: Annotated[
        Path | None, typer.Argument(help="where the dumps are kept; those in DATA_DIR/dumps are served")
    ] = None,
) -> None:
    """Write the published graph as files to download: whole and by clearing-house, with checksums and a description.

    A generation that has been dumped is not dumped again; of the dumps the newest two are kept. What is redacted later
    is removed from the dumps in DATA_DIR, not from those elsewhere.
    """
    settings = Settings()
    folder = directory or settings.data_dir / FOLDER
    path = settings.data_dir / "ledger.sqlite"
    if not path.is_file():
        raise StoreError(_NOTHING)
    with Ledger(path) as ledger:
        manifest = make(folder, Generations(settings.generations_dir), ledger, settings.base_iri)
    typer.echo(
        f"{manifest.statements} statements of generation {manifest.generation} in {folder / manifest.generation}"
    )


def make(folder: Path, generations: Generations, ledger: Ledger, base_iri: str, *, keep: int = KEPT) -> Manifest:
    """Dump the newest generation into a folder, if that is not done yet, and remove all but the newest `keep` dumps.

    StoreError where there is no generation, or where it holds what is being redacted; StoreBusy while another process
    dumps into the folder.
    """
    newest = generations.newest()
    if newest is None:
        raise StoreError(_NOTHING)
    with _alone(folder), generations.hold(newest) as source:
        target = folder / newest.name
        if not target.is_dir():
            _refuse_redacted(ledger)
            building = folder / f"{_BUILDING}{newest.name}"
            try:
                building.mkdir()
                counts = dump_files.write(source, building, base_iri)
                complete(building, newest.name, ledger.time_of(newest.sequence), base_iri, counts)
                _publish(building, target, ledger)
            except FileNotFoundError as error:
                raise StoreError(f"the dump of generation {newest.name} was taken away while it was made") from error
            finally:
                _remove(building)
        for older in published(folder)[keep:]:
            _remove(folder / older.name)
        return Manifest.read(target)


def _publish(building: Path, target: Path, ledger: Ledger) -> None:
    """Give a finished dump its name, unless it holds what is redacted by now.

    A redaction ends when nobody holds the older generations, so one that began while this dump was made is still to be
    seen in the ledger after the dump has its name; and one that begins later finds the dump.
    """
    _refuse_redacted(ledger)
    building.rename(target)
    sync(target.parent)
    try:
        _refuse_redacted(ledger)
    except StoreError:
        _remove(target)
        raise


def published(folder: Path) -> list[Generation]:
    """The generations of which there is a dump, newest first."""
    if not folder.is_dir():
        return []
    return sorted((one for entry in folder.iterdir() if (one := Generation.named(entry.name))), reverse=True)


def withdraw(ledger: Ledger, *, but: Generation | None = None) -> None:
    """Remove every dump beside a ledger, also one being made, but that of one generation: they may hold what is
    redacted now."""
    folder = ledger.path.with_name(FOLDER) if ledger.path else None
    if folder and folder.is_dir():
        for entry in [entry for entry in folder.iterdir() if entry.is_dir()]:
            if but is None or entry.name != but.name:
                _remove(entry)


def _remove(directory: Path) -> None:
    """Remove a directory, which another process may be doing too; who looks meanwhile sees it whole or not at all."""
    removing = directory.with_name(f"{_REMOVING}{directory.name.removeprefix(_REMOVING)}")
    if directory != removing:
        _empty(removing)
        with contextlib.suppress(FileNotFoundError):
            directory.rename(removing)
    _empty(removing)


def _empty(directory: Path) -> None:
    while directory.exists():
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(directory)


def _refuse_redacted(ledger: Ledger) -> None:
    if ledger.graph_is_stale() or ledger.unredacted():
        raise StoreError("the graph holds what is being redacted, so it is not dumped; load again")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The right to write into a folder of dumps, without what a crash has left there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "writer.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreBusy(f"another process is writing dumps into {folder}") from error
        for prefix in (_BUILDING, _REMOVING):
            for leftover in folder.glob(f"{prefix}*"):
                _remove(leftover)
        yield
