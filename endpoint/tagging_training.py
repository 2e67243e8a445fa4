"""Makes a tagger of a data directory: from its thesaurus, the records with keywords and what curators decided.

Run as `python -m endpoint.tagging_training DATA_DIR BASE_IRI` it takes a processor for a while.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from endpoint.tagging_models import ABOUT, TAGGER, About, Model, Models, ledger_of
from loaders.editing import Editing
from loaders.ledger import Ledger
from loaders.mapping import Mapping
from loaders.tagged_texts import corpus
from loaders.tagging import Tagging
from ontology.identifiers import Iris
from thesaurus.tagging import Tagger

_BUILDING = ".building-"


def trained(models: Models, ledger: Ledger, iris: Iris) -> Model:
    """A new tagger, of what the ledger tells now; older ones are removed."""
    editing, sequence, documents = Editing(ledger, iris), ledger.head(), ledger.size()
    learned = corpus(Tagging(ledger, Mapping(iris, editing.thesaurus())))
    tagger = Tagger.trained(editing.statements(), learned)
    made = datetime.now(UTC).isoformat(timespec="microseconds")
    about = About(tagger.version, editing.version(), sequence, documents, tagger.standing, made)
    for left in models.directory.glob(f"{_BUILDING}*"):
        if not Path("/proc", left.name.removeprefix(_BUILDING)).exists():  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
    building, path = models.directory / f"{_BUILDING}{os.getpid()}", models.directory / about.version
    building.mkdir(parents=True, exist_ok=True)
    try:
        tagger.save(building / TAGGER)
        (building / ABOUT).write_text(json.dumps(asdict(about), indent=1), encoding="utf-8")
        shutil.rmtree(path, ignore_errors=True)  # the same one, made before
        building.rename(path)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    for older in models.all()[:-1]:
        shutil.rmtree(older.path, ignore_errors=True)
    return Model(path, about)


def main(arguments: list[str]) -> None:
    """Make a tagger; see the head of this module for the arguments."""
    data_dir, base = arguments
    with ledger_of(Path(data_dir)) as ledger:
        trained(Models(Path(data_dir)), ledger, Iris(base))


if __name__ == "__main__":
    main(sys.argv[1:])
