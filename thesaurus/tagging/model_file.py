"""A tagger in a file: compressed JSON, so that reading one from elsewhere runs nothing that is in it."""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ontology.errors import TaggingError
from thesaurus.tagging.concepts import Concept, Concepts, Label
from thesaurus.tagging.neighbours import Example
from thesaurus.tagging.ranker import FEATURES, Ranker

_FORMAT = "clearinghouse tagger 1"
_MOST_BYTES = 2 << 30  # of the JSON text


@dataclass(frozen=True)
class Model:
    """What a tagger is made of."""

    concepts: Concepts
    examples: Sequence[Example]
    ranker: Ranker


def version_of(model: Model) -> str:
    """Twelve hexadecimal digits that differ when anything in the model does."""
    return hashlib.sha256(_text(model)).hexdigest()[:12]


def write(path: Path, model: Model) -> None:
    """Write a model; the file appears whole or not at all."""
    building = path.with_name(f"{path.name}.building")
    with building.open("wb") as file:
        file.write(gzip.compress(_text(model), compresslevel=6, mtime=0))
        file.flush()
        os.fsync(file.fileno())
    building.replace(path)


def read(path: Path) -> tuple[Model, str]:
    """A model and its version. Raises TaggingError for a file that cannot be read or is no model."""
    try:
        with gzip.open(path) as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise TaggingError(f"{path}: more than {_MOST_BYTES} bytes; expected a saved tagger")
        document = json.loads(text)
        if document["format"] != _FORMAT:
            raise TaggingError(f"{path}: format {document['format']!r}; expected {_FORMAT!r}")
        return _model(document), hashlib.sha256(text).hexdigest()[:12]
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise TaggingError(f"{path}: expected a saved tagger: {error}") from error


def _text(model: Model) -> bytes:
    document = {
        "format": _FORMAT,
        "concepts": [
            [
                concept.iri,
                sorted(concept.schemes),
                [[label.text, label.language, label.is_preferred] for label in concept.labels],
                concept.notes,
                concept.broader,
                concept.narrower,
                concept.related,
                concept.names,
            ]
            for concept in model.concepts.all
        ],
        "replacements": dict(sorted(model.concepts.replacements.items())),
        "examples": [
            [
                example.language,
                example.bag,
                sorted(example.found),
                list(example.meaning.items()),
                sorted(example.given),
                sorted(example.rejected),
                example.is_complete,
                example.sources,
            ]
            for example in model.examples
        ],
        "ranker": {
            "weights": dict(zip(FEATURES, model.ranker.weights.tolist(), strict=True)),
            "bias": model.ranker.bias,
            "trained": model.ranker.is_trained,
        },
    }
    # Lone surrogates, which a text from outside may have, are written as escapes.
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def _model(document: dict[str, Any]) -> Model:
    number = len(document["concepts"])
    concepts = [
        Concept(
            str(iri),
            frozenset(map(str, schemes)),
            tuple(Label(str(text), str(language), bool(is_preferred)) for text, language, is_preferred in labels),
            tuple((str(language), str(text)) for language, text in notes),
            _places(broader, number),
            _places(narrower, number),
            _places(related, number),
            tuple(map(str, names)),
        )
        for iri, schemes, labels, notes, broader, narrower, related, names in document["concepts"]
    ]
    examples = [
        Example(
            str(language),
            {str(unit): max(1, int(count)) for unit, count in bag.items()},
            frozenset(_places(found, number)),
            {_place(other, number): float(weight) for other, weight in meaning},
            frozenset(_places(given, number)),
            frozenset(_places(rejected, number)),
            bool(is_complete),
            tuple(map(str, sources)),
        )
        for language, bag, found, meaning, given, rejected, is_complete, sources in document["examples"]
    ]
    told = document["ranker"]
    weights = np.array([float(told["weights"][name]) for name in FEATURES])
    if not np.isfinite(weights).all():
        raise ValueError("a weight is no number")
    ranker = Ranker(weights, float(told["bias"]), bool(told["trained"]))
    replacements = {str(old): str(new) for old, new in document["replacements"].items()}
    return Model(Concepts(concepts, replacements), examples, ranker)


def _places(values: Iterable[object], number: int) -> tuple[int, ...]:
    return tuple(_place(value, number) for value in values)


def _place(value: object, number: int) -> int:
    if not isinstance(value, int) or not 0 <= value < number:
        raise ValueError(f"concept {value!r}; expected a number below {number}")
    return value
