"""What the index of the keywords answers with: schemes, concepts, their labels and notes, and hits of a search."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

KINDS = ("prefLabel", "altLabel", "hiddenLabel")
"""The kinds of labels (local names in SKOS), the one to show first."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label: its kind, its language tag (empty for none), its text, and its standing.

    The standing is "official", "unofficial" (`ch:unofficialLabel` repeats it) or "machine" (`ch:machineLabel` does).
    """

    kind: str
    language: str
    text: str
    standing: str = "official"

    @property
    def official(self) -> bool:
        """Whether it is the published wording."""
        return self.standing == "official"


@dataclass(frozen=True, slots=True)
class Note:
    """A definition or note: its kind (local name in SKOS), its language tag and its text."""

    kind: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """A concept scheme: titles by language tag, `ch:completeness` if stated, how many concepts and in which languages.

    `slug` is its name in paths and files: unique, of lower-case letters, digits and hyphens.
    """

    iri: str
    slug: str
    identifier: str
    titles: dict[str, str]
    completeness: str | None
    concepts: int
    languages: tuple[str, ...]

    def title(self, language: str) -> str:
        """The title in a language, else in English, else in any, else the identifier."""
        return self.titles.get(self.title_language(language), self.identifier)

    def title_language(self, language: str) -> str:
        """The language of `title`, empty for that of an identifier."""
        return next((tag for tag in (language, "en", *sorted(self.titles)) if tag in self.titles), "")


@dataclass(frozen=True, slots=True)
class Concept:
    """All that is known of a concept or a collection; IRIs are texts, `properties` the statements no other field tells.

    `broader`, `narrower` and `related` hold both what is stated and its inverse.
    """

    iri: str
    identifier: str
    types: list[str]
    schemes: list[str]
    labels: list[Label]
    notes: list[Note]
    broader: list[str]
    narrower: list[str]
    related: list[str]
    matches: list[tuple[str, str]]
    notations: list[str]
    deprecated: bool
    replaced_by: list[str]
    properties: list[tuple[str, ox.NamedNode | ox.BlankNode | ox.Literal]]

    def label(self, language: str) -> Label | None:
        """The preferred label in a language, else in English, else in any; without any, another label."""
        return best_label(self.labels, language)


@dataclass(frozen=True, slots=True)
class Hit:
    """A concept that a search found by one of its labels; the score is from 0 to 1, the schemes are IRIs."""

    iri: str
    label: Label
    score: float
    schemes: tuple[str, ...]


def best_label(labels: Sequence[Label], language: str) -> Label | None:
    """The label to show to a reader of a language; None if there is none."""

    def rank(label: Label) -> tuple[int, int, str, str]:
        wanted = language.lower()
        order = [
            label.language.lower() == wanted,
            bool(wanted) and label.language.lower().startswith(wanted + "-"),
            label.language == "en",
            label.language.startswith("en-"),
            not label.language,
            True,
        ]
        return KINDS.index(label.kind), order.index(True), label.language, label.text

    return min(labels, key=rank, default=None)
