"""Where the search indexes lie, and how those go that may hold what is redacted now."""

from pathlib import Path

from endpoint.generations import Generation
from endpoint.keeper import removed
from loaders.ledger import Ledger

FOLDER = "search"
"""The name of their directory, below that of the data."""


def withdraw(ledger: Ledger, *, but: Generation | None = None) -> None:
    """Remove every index beside a ledger, also one being made, but that of one generation."""
    folder = ledger.path.with_name(FOLDER) if ledger.path else None
    for entry in _entries(folder) if folder else ():
        if but is None or not (entry.name == but.name or entry.name.startswith(f".{but.name}.")):
            removed(entry)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
