"""The candidates for mappings on the disk: for each target vocabulary an SSSOM file, and the concepts it speaks of.

They are derived data, made anew whenever somebody likes: `DATA_DIR/mappings/{name}.sssom.tsv` has the candidates and
`{name}.ttl` what a curator wants to see of the target's concepts, which may be a few of thousands.
"""

import gzip
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import pyoxigraph as ox

from ontology.errors import ClearingHouseError
from thesaurus.mappings import Vocabulary
from thesaurus.sssom import MappingSet, document, read
from thesaurus.statements import BROADER
from thesaurus.turtle import SKOS, ThesaurusError
from thesaurus.turtle import document as turtle

FOLDER = "mappings"
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOTES = {ox.NamedNode(SKOS + name) for name in ("definition", "scopeNote", "notation")}


class NoTarget(ClearingHouseError):
    """A name that no target vocabulary has."""


@dataclass(frozen=True)
class Target:
    """A target vocabulary: its candidates, and the statements about the concepts that they name."""

    candidates: MappingSet
    statements: tuple[ox.Triple, ...]


class Targets:
    """The targets of a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def names(self) -> list[str]:
        """The names of the targets there are candidates for."""
        return sorted(path.name.removesuffix(".sssom.tsv") for path in self._folder.glob("*.sssom.tsv"))

    def target(self, name: str) -> Target:
        """A target by its name. NoTarget where there are no candidates of that name."""
        if name not in self.names():
            raise NoTarget(f"there are no candidates named {name!r:.60}; `thesaurus mappings propose` makes some")
        path = self._folder / f"{name}.sssom.tsv"
        return _target(path, path.stat().st_mtime_ns)

    def write(self, name: str, candidates: MappingSet, statements: Iterable[ox.Triple]) -> Path:
        """Put the candidates of a target in the place of those before. ThesaurusError for a name that is no file's."""
        if not _NAME.fullmatch(name) or len(name) > 64:
            raise ThesaurusError(
                f"{name!r} is no name of a target; expected up to 64 small letters, digits and hyphens"
            )
        self._folder.mkdir(parents=True, exist_ok=True)
        _put(self._folder / f"{name}.ttl", turtle(statements))
        path = self._folder / f"{name}.sssom.tsv"
        _put(path, document(candidates))
        return path


def statements(path: Path) -> Iterator[ox.Triple]:
    """The statements of a file in any RDF format that its extension names, `.gz` after it or not, one at a time.

    ThesaurusError for a file that is not there, whose extension names no format, or that does not parse.
    """
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    format_ = ox.RdfFormat.from_extension(suffixes[-1].removeprefix(".")) if suffixes else None
    if format_ is None:
        raise ThesaurusError(
            f"{path}: expected a file of RDF, such as .ttl, .nt, .rdf, .xml or .jsonld, or one with .gz"
        )
    try:
        with path.open("rb") as file:
            source = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if path.suffix == ".gz" else file
            for quad in ox.parse(source, format=format_):
                yield quad.triple
    except (OSError, EOFError, SyntaxError) as error:
        raise ThesaurusError(f"{path}: expected {format_.name}: {error}") from error


def shown(
    given: Iterable[ox.Triple], vocabulary: Vocabulary, concepts: Collection[ox.NamedNode]
) -> Iterator[ox.Triple]:
    """What a curator sees of some concepts: labels, notes and what is broader, with the labels of that."""
    above: set[ox.NamedNode] = set()
    for triple in given:
        if triple.subject in concepts:
            if triple.predicate == BROADER and isinstance(triple.object, ox.NamedNode):
                above.add(triple.object)
                yield triple
            elif triple.predicate in _NOTES and isinstance(triple.object, ox.Literal):
                yield triple
    for concept in above.union(concepts):
        for label in vocabulary.labels.get(concept, ()):
            text = ox.Literal(label.text, language=label.language) if label.language else ox.Literal(label.text)
            yield ox.Triple(concept, label.kind, text)


@lru_cache(maxsize=8)
def _target(path: Path, _changed: int) -> Target:
    told = path.with_name(f"{path.name.removesuffix('.sssom.tsv')}.ttl")
    known = tuple(statements(told)) if told.is_file() else ()
    return Target(read(path.read_text(encoding="utf-8"), str(path)), known)


def _put(path: Path, text: str) -> None:
    building = path.with_name(f".{path.name}.{os.getpid()}")
    building.write_text(text, encoding="utf-8", newline="")
    building.replace(path)
