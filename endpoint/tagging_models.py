"""The taggers of a data directory: which there are, when a new one is to be made, and when they must go."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from loaders.editing import Editing
from loaders.ledger import Ledger
from loaders.tagging import DECISION
from ontology.identifiers import Iris

FOLDER, TAGGER, ABOUT = "tagging", "tagger.json.gz", "about.json"
GROWTH = 1.5
"""How many times as many documents the ledger must have for a new tagger, whatever they are."""


@dataclass(frozen=True)
class About:
    """What a tagger was made from: a version of the thesaurus, the ledger up to a sequence number, with so many
    documents of records; and in words what its scores rest on."""

    version: str
    thesaurus: int
    sequence: int
    documents: int
    standing: str
    made: str


@dataclass(frozen=True)
class Model:
    """A tagger in its directory."""

    path: Path
    about: About

    @property
    def tagger(self) -> Path:
        """The file of the tagger itself."""
        return self.path / TAGGER


class Models:
    """The taggers of a data directory, each in a directory named by its version; the newest is the one to use."""

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir / FOLDER

    def all(self) -> list[Model]:
        """Every tagger, the newest last."""
        found = []
        for path in self.directory.glob(f"[!.]*/{ABOUT}"):
            try:
                told = About(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):  # it is being removed, or from another release
                continue
            found.append(Model(path.parent, told))
        return sorted(found, key=lambda model: (model.about.made, model.about.version))

    def newest(self) -> Model | None:
        """The tagger to use, None before the first one is made."""
        return next(reversed(self.all()), None)

    def is_due(self, ledger: Ledger, iris: Iris, decisions: int) -> bool:
        """Whether a new tagger is to be made: the thesaurus has changed, the ledger has grown, or there are so many
        decisions that the newest does not know of. One that knows what is redacted since is removed."""
        newest = self.newest()
        if newest and newest.about.sequence < ledger.last_redaction():
            withdraw(ledger)
            return True
        if newest is None or ledger.size() > GROWTH * newest.about.documents + decisions:
            return True
        if Editing(ledger, iris).version() != newest.about.thesaurus:
            return True
        return len(ledger.received(DECISION, newest.about.sequence)) >= decisions


def withdraw(ledger: Ledger) -> None:
    """Remove every tagger beside a ledger: words of a text that must not be read any longer may be in them."""
    if ledger.path:
        shutil.rmtree(ledger.path.with_name(FOLDER), ignore_errors=True)


def ledger_of(data_dir: Path) -> Ledger:
    """The ledger of a data directory; an empty one in memory where there is none yet."""
    path = data_dir / "ledger.sqlite"
    return Ledger(path if path.is_file() else ":memory:")
