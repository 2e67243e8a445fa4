"""Between the one writer and the many readers: immutable copies of the graph, one directory for each.

A generation is named by the last ledger sequence it contains and holds one store per engine; Oxigraph's is a RocksDB
checkpoint made by `Store.backup`. It appears whole or not at all, never changes, and is removed only when no reader
holds it. A reader's hold is a shared `flock(2)`
on the directory, so the kernel ends it with the process, however that process ends.
"""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ontology.errors import StoreError

OXIGRAPH = "oxigraph"
"""The part of a generation that the engine of this name reads."""
_NAME = re.compile(r"(?P<sequence>0|[1-9][0-9]*)(?:-(?P<build>[1-9][0-9]*))?")
_BUILDING, _REMOVING = ".building-", ".removing-"


class _Backup(Protocol):
    def backup(self, target_directory: str) -> None: ...


@dataclass(frozen=True, order=True)
class Generation:
    """One state of the graph; a later one compares greater.

    `build` is 0, or counts up when the graph is built again from the same ledger entries with other contexts.
    """

    sequence: int
    build: int = 0

    @property
    def name(self) -> str:
        """The directory name, and the token by which an answer names its generation: `12` or `12-1`."""
        return f"{self.sequence}-{self.build}" if self.build else str(self.sequence)

    @classmethod
    def named(cls, name: str) -> "Generation | None":
        """The generation that a name stands for, or None if it is no such name."""
        match = _NAME.fullmatch(name)
        return cls(int(match["sequence"]), int(match["build"] or 0)) if match else None


class Generations:
    """The generations below one directory, which is made when the first one is created."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, generation: Generation) -> Path:
        """Where a generation lies."""
        return self.directory / generation.name

    def all(self) -> list[Generation]:
        """Every finished generation, oldest first."""
        if not self.directory.is_dir():
            return []
        return sorted(found for entry in self.directory.iterdir() if (found := Generation.named(entry.name)))

    def newest(self) -> Generation | None:
        """The generation that a new reader should open, or None before the first one."""
        return max(self.all(), default=None)

    def create(self, store: _Backup, sequence: int, complete: Callable[[Path], None] | None = None) -> Generation:
        """Publish the present state of an on-disk store; only the one writer may call this.

        The copy is made under another name, brought to the disk and renamed, so a crash leaves no half generation.
        `complete` may add to the directory before that. Raises StoreError when the copy cannot be made.
        """
        generation = self._next(sequence)
        building = self.directory / f"{_BUILDING}{generation.name}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._sweep(_BUILDING)
            building.mkdir()
            store.backup(str(building / OXIGRAPH))
            if complete:
                complete(building)
            bring_to_disk(building)
            building.rename(self.path(generation))
            sync(self.directory)
        except OSError as error:
            raise StoreError(f"generation {generation.name} in {self.directory} cannot be made: {error}") from error
        return generation

    def _next(self, sequence: int) -> Generation:
        newest = self.newest()
        if newest is None or sequence > newest.sequence:
            return Generation(sequence)
        if sequence < newest.sequence:
            raise StoreError(
                f"generation {sequence} would be older than the newest one, {newest.name}; "
                f"if an older ledger was put back, remove {self.directory} and rebuild"
            )
        return Generation(sequence, newest.build + 1)

    @contextlib.contextmanager
    def hold(self, generation: Generation) -> Iterator[Path]:
        """Keep a generation from being removed; yields its directory. Raises StoreError if it is gone."""
        path = self.path(generation)
        with _locked(path, fcntl.LOCK_SH) as held:
            if not held:
                raise StoreError(f"generation {generation.name} in {self.directory} is not there")
            yield path

    def prune(self, keep: int = 2) -> list[Generation]:
        """Remove all but the newest `keep` generations, save those that a reader holds; returns the removed ones."""
        if keep < 1:
            raise ValueError(f"keep is {keep}, but at least one generation must stay")
        self._sweep(_REMOVING)
        return [generation for generation in self.all()[:-keep] if self.remove(generation)]

    def remove(self, generation: Generation) -> bool:
        """Remove a generation; False if a reader holds it or it is gone."""
        path = self.path(generation)
        removing = self.directory / f"{_REMOVING}{generation.name}"
        with _locked(path, fcntl.LOCK_EX) as held:
            if held:
                path.rename(removing)
                shutil.rmtree(removing)
            return held

    def _sweep(self, prefix: str) -> None:
        for leftover in self.directory.glob(f"{prefix}*"):
            shutil.rmtree(leftover)


@contextlib.contextmanager
def _locked(path: Path, kind: int) -> Iterator[bool]:
    """Lock a directory without waiting; yields whether that worked and the path still leads to what was locked."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _lock(descriptor, kind) and _is_still_at(path, descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still_at(path: Path, descriptor: int) -> bool:
    """Whether nobody renamed the directory between its opening and its locking."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def bring_to_disk(directory: Path) -> None:
    """Return when a directory and all that is in it would survive a power cut."""
    for entry in directory.rglob("*"):
        sync(entry)
    sync(directory)


def sync(path: Path) -> None:
    """Return when a file, or the names in a directory, are on the disk (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
