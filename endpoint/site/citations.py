"""How a record is cited: as a sentence to copy, and for reference managers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from starlette.requests import Request

from endpoint.labels import Label
from endpoint.site.facts import CH, Graph
from endpoint.site.namespaces import DCTERMS, RDF
from endpoint.site.things import Thing

# What LaTeX takes for markup (https://www.latex-project.org/help/documentation/usrguide.pdf).
_LATEX = {"\\": r"\textbackslash{}", **{sign: f"\\{sign}" for sign in "{}$&#_%"}, "^": r"\^{}", "~": r"\~{}"}


@dataclass(frozen=True)
class Citation:
    """Whose record it is, its title, kind, public identifier, revision, year, clearing-house and persistent IRI."""

    author: str
    title: str
    kind: str
    identifier: str
    revision: int | None
    date: str
    house: str
    iri: str

    @classmethod
    def of(
        cls,
        request: Request,
        thing: Thing,
        graph: Graph,
        revision: int | None,
        title: Label,
        names: Mapping[str, Label],
    ) -> Self:
        """The citation of a record or revision, with names in the language of the page."""

        def called(property_: str) -> str:
            iri = graph.first(graph.record, property_)
            return names[iri].text if iri in names else ""

        house = called(f"{CH}clearingHouse")
        modified = graph.first(graph.record, f"{DCTERMS}modified", f"{DCTERMS}created", f"{DCTERMS}issued")
        identifier = graph.first(graph.record, f"{DCTERMS}identifier")
        author = called(f"{CH}government") or house
        return cls(author, title.text, called(f"{RDF}type"), identifier, revision, modified[:10], house, thing.iri)

    @property
    def sentence(self) -> str:
        """The citation as text."""
        named = f"{self.identifier}-{self.revision}" if self.identifier and self.revision else self.identifier
        opening = f"{self.author} ({self.date[:4]})" if self.date else self.author
        kind = f"{self.title} [{self.kind}]" if self.kind else self.title
        house = self.house if self.house != self.author else ""
        parts = [opening, kind, named, house, self.date]
        return f"{'. '.join(_line(part) for part in parts if part)}. {self.iri}"

    @property
    def bibtex(self) -> str:
        """The citation as a BibTeX entry."""
        key = re.sub(r"[^A-Za-z0-9]+", "", self.identifier or self.iri.rpartition("/")[2])
        fields = {
            "author": f"{{{_escaped(self.author)}}}",
            "title": f"{{{_escaped(self.title)}}}",
            "year": self.date[:4],
            "howpublished": _escaped(self.house),
            "number": _escaped(self.identifier),
            "note": _escaped(self.kind),
            "url": self.iri,
        }
        lines = [f"  {name} = {{{text}}}" for name, text in fields.items() if text]
        return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}\n"

    @property
    def ris(self) -> str:
        """The citation in RIS (https://refdb.sourceforge.net/manual-0.9.6/sect1-ris-format.html)."""
        fields = (
            ("TY", "GOVDOC"),
            ("AU", self.author),
            ("TI", self.title),
            ("PY", self.date[:4]),
            ("DA", self.date.replace("-", "/")),
            ("PB", self.house),
            ("M3", self.kind),
            ("AN", self.identifier),
            ("UR", self.iri),
        )
        return "".join(f"{tag}  - {_line(text)}\r\n" for tag, text in fields if text) + "ER  - \r\n"


def _line(text: str) -> str:
    """Text in one line, without what would end it."""
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in _line(text))
