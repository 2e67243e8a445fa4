"""Tagged texts from files: JSON lines of our own, and the two forms of Annif's corpora.

JSON lines: one object a line with `id`, `text` (or `title` and `abstract`), `language` and `concepts`. An Annif
full-text corpus is a folder of `.txt` files, each with a `.tsv` (IRI, tab, label) or a `.key` file (labels) of the
same name; its short-text form is a `.tsv` file, perhaps compressed, of text, tab, IRIs
(https://github.com/NatLibFi/Annif/wiki). Concepts are named by IRI, notation, identifier or label. Parallel texts are
JSON lines with a text under each language's tag.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ontology.errors import TaggingError
from thesaurus.folding import folded
from thesaurus.tagging.concepts import Concepts
from thesaurus.tagging.engine import Tagged

_LANGUAGE_TAG_LENGTHS = (2, 3)


@dataclass(frozen=True)
class Corpus:
    """Tagged texts, and how many concepts named in their files are not in the thesaurus."""

    texts: list[Tagged]
    unknown: int


class _Naming:
    """Which concept a name means: IRIs first, then notations and identifiers, then preferred labels, then others."""

    def __init__(self, concepts: Concepts) -> None:
        self._iris = {concept.iri for concept in concepts.all} | set(concepts.replacements)
        self._names: dict[str, str] = {}
        for concept in concepts.all:
            for name in (*concept.names, concept.iri.rstrip("/").replace("#", "/").rpartition("/")[2]):
                self._names.setdefault(folded(name), concept.iri)
        for is_preferred in (True, False):
            for concept in concepts.all:
                for label in concept.labels:
                    if label.is_preferred == is_preferred:
                        self._names.setdefault(folded(label.text), concept.iri)
        self.unknown = 0

    def iris(self, names: Iterable[str]) -> frozenset[str]:
        found = set()
        for name in filter(None, (name.strip().removeprefix("<").removesuffix(">") for name in names)):
            iri = name if name in self._iris else self._names.get(folded(name))
            if iri is None:
                self.unknown += 1
            else:
                found.add(iri)
        return frozenset(found)


def corpus(path: Path, concepts: Concepts, language: str | None = None) -> Corpus:
    """The tagged texts of a file or folder; `language` is that of texts which do not say it.

    Raises TaggingError, naming file and line, for what is no corpus or has no texts.
    """
    naming = _Naming(concepts)
    if path.is_dir():
        texts = list(_folder(path, naming, language))
    elif path.name.removesuffix(".gz").endswith(".tsv"):
        texts = list(_short_texts(path, naming, language))
    else:
        texts = list(_json_lines(path, naming, language))
    if not texts:
        raise TaggingError(f"{path}: no tagged texts; expected JSON lines, a .tsv file or a folder of .txt files")
    return Corpus(texts, naming.unknown)


def parallel_texts(path: Path) -> list[dict[str, str]]:
    """Texts by language for each line of a file. Raises TaggingError for a file that has no text in two languages."""
    found = []
    for _, row in _rows(path):
        texts = row["text"] if isinstance(row.get("text"), dict) else row
        found.append({tag: text for tag, text in texts.items() if _is_language(tag) and isinstance(text, str) and text})
    if not any(len(texts) > 1 for texts in found):
        raise TaggingError(f'{path}: no texts in two languages; expected lines like {{"id": …, "en": …, "fr": …}}')
    return found


def folds(path: Path) -> dict[str, str]:
    """The fold of each text by its identifier, from lines of identifier, tab, fold."""
    found = {}
    for number, line in enumerate(_text(path).splitlines(), 1):
        if line.strip():
            identifier, tab, fold = line.partition("\t")
            if not tab:
                raise TaggingError(f"{path}:{number}: expected an identifier, a tab and a fold")
            found[identifier.strip()] = fold.strip()
    return found


def _is_language(tag: str) -> bool:
    return tag != "id" and tag.partition("-")[0].isalpha() and len(tag.partition("-")[0]) in _LANGUAGE_TAG_LENGTHS


def _json_lines(path: Path, naming: _Naming, language: str | None) -> Iterator[Tagged]:
    for number, row in _rows(path):
        parts = [row.get(name) for name in (("text",) if row.get("text") else ("title", "abstract", "description"))]
        text = "\n".join(part for part in parts if isinstance(part, str) and part)
        names = next((row[name] for name in ("concepts", "subjects", "keywords") if name in row), None)
        if not text or not isinstance(names, list):
            raise TaggingError(f"{path}:{number}: expected `text` and a list `concepts`")
        told = row.get("language") or row.get("lang") or language
        rejected = naming.iris(map(str, row.get("rejected") or ()))
        identifier = str(row.get("id") or number)
        is_complete = bool(row.get("complete", True))
        yield Tagged(identifier, text, told and str(told), naming.iris(map(str, names)), rejected, is_complete)


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TaggingError(f"{path}:{number}: expected one JSON object a line: {error}") from error
        if not isinstance(row, dict):
            raise TaggingError(f"{path}:{number}: expected a JSON object, found {type(row).__name__}")
        yield number, row


def _short_texts(path: Path, naming: _Naming, language: str | None) -> Iterator[Tagged]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if line.strip():
            text, tab, iris = line.rpartition("\t")
            if not tab:
                raise TaggingError(f"{path}:{number}: expected a text, a tab and IRIs")
            yield Tagged(str(number), text, language, naming.iris(iris.split()))


def _folder(path: Path, naming: _Naming, language: str | None) -> Iterator[Tagged]:
    for file in sorted(path.glob("*.txt")):
        table, keys = file.with_suffix(".tsv"), file.with_suffix(".key")
        if table.is_file():
            names = [line.partition("\t")[0] for line in _text(table).splitlines()]
        elif keys.is_file():
            names = _text(keys).splitlines()
        else:
            continue
        yield Tagged(file.stem, _text(file), language, naming.iris(names))


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError) as error:
        raise TaggingError(f"{path} cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise TaggingError(
            f"{path}: expected UTF-8, found byte {error.object[error.start]:#x} at {error.start}"
        ) from error
