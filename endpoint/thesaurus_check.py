"""`clearinghouse thesaurus check`: asks the quality gate of files or of the present thesaurus, and reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import pyoxigraph as ox
import typer
from rich.console import Console

from endpoint import thesaurus_report
from endpoint.house import LEDGER, House
from endpoint.settings import Settings
from endpoint.thesaurus_report import Report
from loaders.editing import Editing
from ontology.identifiers import Iris
from thesaurus import checks
from thesaurus.checks import Level
from thesaurus.skosification import GIB, Skosified, skosified
from thesaurus.statements import CONCEPT
from thesaurus.turtle import TYPE, ThesaurusError
from thesaurus.vocabulary import Thesaurus

_FORMATS = {
    **{ending: ox.RdfFormat.from_extension(ending) for ending in ("ttl", "nt", "nq", "trig", "n3", "rdf", "jsonld")},
    **dict.fromkeys(("owl", "xml", "skos"), ox.RdfFormat.RDF_XML),
}
_UNASKED = 2_000
"""Concepts up to which skosify runs without being asked for."""
EXAMPLES = 5
"""Findings of a check that people are shown, unless they ask for all."""

app = typer.Typer()
out = Console(highlight=False)

Files = Annotated[
    list[Path] | None,
    typer.Argument(exists=True, help="RDF files of one thesaurus, or folders; by default the thesaurus of this house"),
]


class Format(StrEnum):
    """How the findings are reported."""

    HUMAN = "human"
    JSON = "json"
    SARIF = "sarif"


@app.command()
def check(
    paths: Files = None,
    form: Annotated[Format, typer.Option("--format", help="for people, programs or code hosts")] = Format.HUMAN,
    level: Annotated[Level, typer.Option(help="the least grave level that is told")] = Level.INFO,
    skosify: Annotated[
        bool | None,
        typer.Option(
            "--skosify/--no-skosify",
            help=f"run skosify on a copy, and show what it would change; by default up to {_UNASKED:,} concepts",
        ),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="a language that every concept needs a label in; by default those of a tenth of them"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="every finding, not only the first of each check")] = False,
) -> None:
    """Check a thesaurus: the integrity conditions of SKOS, the quality issues of qSKOS, and our own rules.

    The exit code is 1 when there are errors.
    """
    settings = Settings()
    files = list(_files(paths or []))
    statements = _loaded(files) if paths else checks.store(_present(settings))
    found = checks.checked(statements, settings.base_iri, languages=language)
    concepts = sum(1 for _ in statements.quads_for_pattern(None, ox.NamedNode(TYPE), CONCEPT))
    done = _skosified(statements, concepts, skosify)
    report = Report(statements, concepts, found, done, files, level, settings.base_iri)
    if form is Format.HUMAN:
        for line in thesaurus_report.lines(report, most=None if everything else EXAMPLES):
            out.print(line, soft_wrap=True)
    elif form is Format.JSON:
        typer.echo(thesaurus_report.as_json(report))
    else:
        typer.echo(thesaurus_report.as_sarif(report, version("clearinghouse-graph")))
    if any(finding.level is Level.ERROR for finding in found):
        raise typer.Exit(1)


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and those of an RDF syntax in the folders, in order. ThesaurusError for a folder without any."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(one for one in path.rglob("*") if one.is_file() and _format(one))
        if not inside:
            raise ThesaurusError(f"{path}: no RDF file in it; expected some that end in {', '.join(_FORMATS)}")
        yield from inside


def _format(path: Path) -> ox.RdfFormat | None:
    return _FORMATS.get(path.suffix.lower().removeprefix("."))


def _loaded(files: Sequence[Path]) -> ox.Store:
    """The statements of all files. Language tags are taken as they are, so that the checks can tell of them."""
    store = ox.Store()
    for path in files:
        form = _format(path)
        if form is None:
            raise ThesaurusError(f"{path}: unknown RDF syntax; expected a name that ends in {', '.join(_FORMATS)}")
        try:
            store.bulk_load(path=str(path), format=form, base_iri=path.absolute().as_uri(), lenient=True)
        except (SyntaxError, OSError, UnicodeDecodeError) as error:
            raise ThesaurusError(f"{path}: {error}") from error
    return store


def _present(settings: Settings) -> tuple[ox.Triple, ...]:
    """The approved version of the data directory, the bundled thesaurus where there is none."""
    if not (settings.data_dir / LEDGER).is_file():
        return tuple(Thesaurus.load(settings.base_iri).triples())
    with House.ledger_of(settings) as ledger:
        return Editing(ledger, Iris(settings.base_iri)).statements()


def _skosified(statements: ox.Store, concepts: int, wanted: bool | None) -> Skosified:
    if wanted is False:
        return Skosified(left_out="not asked for")
    if wanted is None and concepts > _UNASKED:
        return Skosified(left_out=f"{concepts:,} concepts, and unasked it runs up to {_UNASKED:,}: try --skosify")
    known = (quad.triple for quad in statements)
    return skosified(known, most=concepts, seconds=900.0, memory=4 * GIB) if wanted else skosified(known)
