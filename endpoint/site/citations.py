"""How a thing is cited: as a sentence to copy, and for reference managers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from endpoint.labels import Label
from endpoint.site.facts import CH, Graph
from endpoint.site.namespaces import DCTERMS, RDF
from endpoint.site.things import Thing

# What LaTeX takes for markup (https://www.latex-project.org/help/documentation/usrguide.pdf).
_LATEX = {"\\": r"\textbackslash{}", **{sign: f"\\{sign}" for sign in "{}$&#_%"}, "^": r"\^{}", "~": r"\~{}"}


@dataclass(frozen=True)
class Citation:
    """What is cited: its persistent IRI, title and kind; where it has them, its identifier, its day (ISO 8601), the
    clearing-house, scheme or data set it is in and the edition of that, whose it is, and which of its revisions."""

    iri: str
    title: str
    kind: str
    identifier: str = ""
    date: str = ""
    collection: str = ""
    edition: str = ""
    author: str = ""
    revision: int | None = None

    @classmethod
    def of_record(
        cls, thing: Thing, graph: Graph, revision: int | None, title: Label, names: Mapping[str, Label]
    ) -> Self:
        """The citation of a record or revision, with names in the language of the page."""

        def called(property_: str) -> str:
            iri = graph.first(graph.record, property_)
            return names[iri].text if iri in names else ""

        house = called(f"{CH}clearingHouse")
        modified = graph.first(graph.record, f"{DCTERMS}modified", f"{DCTERMS}created", f"{DCTERMS}issued")
        return cls(
            iri=thing.iri,
            title=title.text,
            kind=called(f"{RDF}type"),
            identifier=graph.first(graph.record, f"{DCTERMS}identifier"),
            date=modified[:10],
            collection=house,
            author=called(f"{CH}government") or house,
            revision=revision,
        )

    @property
    def parts(self) -> list[str]:
        """What the sentence is made of, without the IRI at its end."""
        named = f"{self.identifier}-{self.revision}" if self.identifier and self.revision else self.identifier
        opening = f"{self.author} ({self.date[:4]})" if self.author and self.date else self.author
        kind = f"{self.title} [{self.kind}]" if self.kind else self.title
        collection = self.collection if self.collection != self.author else ""
        found = (opening, kind, named, collection, self.edition, self.date)
        return [_line(part) for part in found if part]

    @property
    def bibtex(self) -> str:
        """The citation as a BibTeX entry."""
        key = re.sub(r"[^A-Za-z0-9]+", "", self.identifier or re.split("[/#]", self.iri)[-1])
        fields = {
            "author": f"{{{_escaped(self.author)}}}" if self.author else "",
            "title": f"{{{_escaped(self.title)}}}",
            "year": self.date[:4],
            "howpublished": _escaped(self.collection),
            "edition": _escaped(self.edition),
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
            ("TY", "GOVDOC" if self.author else "DATA"),
            ("AU", self.author),
            ("TI", self.title),
            ("PY", self.date[:4]),
            ("DA", self.date.replace("-", "/")),
            ("PB", self.collection),
            ("ET", self.edition),
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
