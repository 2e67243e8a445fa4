"""The taggers of a data directory: made from its thesaurus and what its ledger tells, and kept until it tells more.

Run as `python -m endpoint.tagging_models DATA_DIR BASE_IRI` this makes one: it takes a processor for a while.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from loaders.editing import Editing
from loaders.ledger import Ledger
from loaders.mapping import Mapping
from loaders.tagged_texts import corpus
from loaders.tagging import DECISION, Tagging
from ontology.identifiers import Iris
from thesaurus.tagging import Tagger

FOLDER, TAGGER, ABOUT = "tagging", "tagger.json.gz", "about.json"
GROWTH = 1.5
"""How many times as many events the ledger must have for a new tagger, whatever they are."""


@dataclass(frozen=True)
class About:
    """What a tagger was made from: a version of the thesaurus, the ledger up to a sequence number, so many texts."""

    version: str
    thesaurus: int
    sequence: int
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
        for path in self.directory.glob(f"*/{ABOUT}"):
            try:
                told = About(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):  # it is being removed, or from another release
                continue
            found.append(Model(path.parent, told))
        return sorted(found, key=lambda model: (model.about.made, model.about.version))

    def newest(self) -> Model | None:
        """The tagger to use, None before the first one is made."""
        return next(reversed(self.all()), None)

    def withdraw(self) -> None:
        """Remove every tagger: the words of a text that must not be read any longer may be in them."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def is_due(self, ledger: Ledger, iris: Iris, decisions: int) -> bool:
        """Whether a new tagger is to be made: the thesaurus has changed, the ledger has grown, or there are so many
        decisions that the newest does not know of."""
        newest = self.newest()
        if newest is None or ledger.head() > GROWTH * newest.about.sequence + decisions:
            return True
        if Editing(ledger, iris).version() != newest.about.thesaurus:
            return True
        return len(ledger.received(DECISION, newest.about.sequence)) >= decisions

    def made(self, ledger: Ledger, mapping: Mapping) -> Model:
        """A new tagger, trained on what the ledger tells now; older ones are removed."""
        editing, sequence = Editing(ledger, mapping.iris), ledger.head()
        tagger = Tagger.trained(editing.statements(), corpus(Tagging(ledger, mapping)))
        made = datetime.now(UTC).isoformat(timespec="microseconds")
        about = About(tagger.version, editing.version(), sequence, tagger.standing, made)
        building = self.directory / f".building-{os.getpid()}"
        building.mkdir(parents=True, exist_ok=True)
        try:
            tagger.save(building / TAGGER)
            (building / ABOUT).write_text(json.dumps(asdict(about), indent=1), encoding="utf-8")
            path = self.directory / about.version
            shutil.rmtree(path, ignore_errors=True)  # the same one, made before
            building.rename(path)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        for older in self.all()[:-1]:
            shutil.rmtree(older.path, ignore_errors=True)
        return Model(path, about)


def ledger_of(data_dir: Path) -> Ledger:
    """The ledger of a data directory; an empty one in memory where there is none yet."""
    path = data_dir / "ledger.sqlite"
    return Ledger(path if path.is_file() else ":memory:")


def main(arguments: list[str]) -> None:
    """Make a tagger; see the head of this module for the arguments."""
    data_dir, base = arguments
    with ledger_of(Path(data_dir)) as ledger:
        iris = Iris(base)
        Models(Path(data_dir)).made(ledger, Mapping(iris, Editing(ledger, iris).thesaurus()))


if __name__ == "__main__":
    main(sys.argv[1:])
