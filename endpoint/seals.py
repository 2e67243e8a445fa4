"""Between a store at rest and its next reader: every file with its size and digest, so that damage is found at once.

The engine notices a damaged block when it comes to read it, but opens without a word what a cut-off manifest still
lists. So a directory is sealed when it is left, and opened as it is only if it is still what was sealed.
"""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path

NAME = "checksum.json"
_CHANGING = re.compile(r"LOCK|LOG(\.old.*)?")
"""What RocksDB writes about itself, and rewrites whenever a store is opened."""
_THREADS = 2

_State = tuple[int, int, int, int]
Digests = dict[_State, str]
"""Digests of files by what tells whether a file is the same and unchanged, so that a hard link is not read twice."""


@dataclass(frozen=True)
class Seal:
    """What a directory held: its files by relative path, each (bytes, SHA-256), and counts of what is in them."""

    files: Mapping[str, tuple[int, str]]
    counts: Mapping[str, int] = field(default_factory=dict)

    def faults(self, directory: Path, known: Digests | None = None) -> list[str]:
        """What is missing from a directory or changed in it, a sentence each. A file that came along is no fault."""
        there = [name for name in self.files if (directory / name).is_file()]
        found = [f"{name} is missing" for name in sorted(self.files.keys() - set(there))]
        whole = [name for name in there if (directory / name).stat().st_size == self.files[name][0]]
        found += [f"{name} has another size" for name in sorted(set(there) - set(whole))]
        known = {} if known is None else known
        with ThreadPoolExecutor(_THREADS) as threads:
            same = threads.map(lambda name: self._is_same(name, directory, known), whole)
            return found + [
                f"{name} has another content" for name, is_same in zip(whole, same, strict=True) if not is_same
            ]

    def _is_same(self, name: str, directory: Path, known: Digests) -> bool:
        try:
            return _digest(directory / name, known) == self.files[name][1]
        except OSError:  # what the disk no longer gives is as good as changed
            return False


def sealed(directory: Path, known: Digests | None = None, **counts: int) -> Seal:
    """The seal of a directory as it is now."""
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and _is_told(path))
    known = {} if known is None else known
    with ThreadPoolExecutor(_THREADS) as threads:
        told = zip(paths, threads.map(lambda path: _digest(path, known), paths), strict=True)
        return Seal({str(path.relative_to(directory)): (path.stat().st_size, digest) for path, digest in told}, counts)


def write(seal: Seal, directory: Path) -> None:
    """Leave a seal in the directory that it is of."""
    text = json.dumps({"counts": dict(seal.counts), "files": dict(seal.files)}, indent=1)
    (directory / NAME).write_text(text + "\n", encoding="utf-8")


def read(directory: Path) -> Seal | None:
    """The seal that was left in a directory, None where there is none that can be read."""
    try:
        given = json.loads((directory / NAME).read_text(encoding="utf-8"))
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in given["files"].items()}
        return Seal(files, {str(name): int(count) for name, count in given["counts"].items()})
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError, AttributeError):
        return None


def is_whole(directory: Path, known: Digests | None = None) -> bool:
    """Whether a directory has a seal and is what was sealed."""
    seal = read(directory)
    return seal is not None and not seal.faults(directory, known)


def _is_told(path: Path) -> bool:
    return path.name != NAME and not _CHANGING.fullmatch(path.name)


def _digest(path: Path, known: Digests) -> str:
    status = path.stat()
    state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    if state not in known:
        with path.open("rb") as file:
            known[state] = file_digest(file, "sha256").hexdigest()
    return known[state]
