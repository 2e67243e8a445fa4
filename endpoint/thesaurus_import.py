"""Commands that bring vocabularies into the thesaurus, and the sheets that editors work in out of it and back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pyoxigraph as ox
import typer
from rich.console import Console

from endpoint.house import House
from endpoint.settings import Settings
from loaders.editing import Editing
from ontology.identifiers import Iris
from thesaurus import changes
from thesaurus.changes import Delta
from thesaurus.importing import merging, skos, spreadsheet, tables, terms
from thesaurus.importing.preview import conflict, preview, safe
from thesaurus.importing.problems import Imported, Level, Problem
from thesaurus.skosification import Skosified, skosified
from thesaurus.statements import CONCEPT_SCHEME, Statements
from thesaurus.vocabulary import Thesaurus

SHEET, TERMS = "sheet", "terms"
_SHEETS = (".csv", ".xlsx")

app = typer.Typer()
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Scheme = Annotated[str | None, typer.Option(help="the scheme, by identifier or IRI, of concepts that name none")]


@dataclass(frozen=True)
class Wanted:
    """A change that files ask for, with the version it was made on, and what has to be told of them."""

    files: str
    base: int
    delta: Delta
    problems: Sequence[Problem]
    sources: Sequence[ox.Triple] = ()


@app.command("import")
def bring_in(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="SKOS, terms of the API, sheets")],
    form: Annotated[
        str | None, typer.Option("--format", help="terms, sheet or an RDF syntax; told from the file without it")
    ] = None,
    scheme: Scheme = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="the files are all of their schemes: what is not in them goes out of use")
    ] = False,
    skosify: Annotated[
        bool, typer.Option("--skosify/--no-skosify", help="run skosify on a copy of vocabularies and show what it says")
    ] = True,
    propose: Annotated[bool, typer.Option("--propose", help="propose the change; without it, only show it")] = False,
    author: Annotated[str, typer.Option(help="who wants the change")] = "",
    reason: Annotated[str, typer.Option(help="why")] = "",
    show: Annotated[int, typer.Option(min=0, help="how many concepts to show")] = 200,
) -> None:
    """Show what files would change in the thesaurus, and propose it for review.

    The exit code is 1 when something in the files has to be mended first; then nothing is proposed.
    """
    if propose and not (author.strip() and reason.strip()):
        raise typer.BadParameter("a proposal needs --author and --reason")
    forms = {path: _form(path, form) for path in files}
    if replace and SHEET in forms.values():
        raise typer.BadParameter("--replace is for whole vocabularies; a sheet says what to change by itself")
    house = House.of(Settings())
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        found = [*_wanted(forms, editing, scheme, replace=replace)]
        for one in found:
            _show(one, editing, show)
            if skosify and one.sources:
                tell_skosified(skosified(one.sources), show)
        if any(problem.level == Level.ERROR for one in found for problem in one.problems):
            raise typer.Exit(1)
        for one in found if propose else ():
            if not one.delta.is_empty():
                change = editing.propose(one.delta, author=author, reason=reason, base=one.base)
                _say(f"{one.files}: proposed as change {change.id}")


@app.command()
def sheet(
    path: Annotated[Path, typer.Argument(dir_okay=False, help="a file to write: .csv or .xlsx")],
    scheme: Annotated[list[str] | None, typer.Option(help="only a scheme, by identifier or IRI; repeat it")] = None,
    language: Annotated[list[str] | None, typer.Option(help="only columns for a language; repeat it")] = None,
) -> None:
    """Write the thesaurus as a sheet to work in; `thesaurus import` takes it back."""
    house = House.of(Settings())
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        version = editing.version()
        known = editing.statements(version)
    table = spreadsheet.sheet(known, version, schemes=scheme or (), languages=language or ())
    rows = tables.write(table, path, spreadsheet.choices(table), spreadsheet.INSTRUCTIONS)
    _say(f"{rows} concepts of version {version} in {path}")


def _form(path: Path, given: str | None) -> str:
    """What a file is: a sheet, terms, or the name of an RDF syntax, empty for what the ending says."""
    if given:
        return given.lower()
    if path.suffix.lower() in _SHEETS:
        return SHEET
    return TERMS if path.suffix.lower() == ".json" and terms.is_terms(path.read_bytes()) else ""


def _wanted(forms: dict[Path, str], editing: Editing, scheme: str | None, *, replace: bool) -> Iterator[Wanted]:
    """One change for all vocabularies, since they may name each other, and one for each sheet, with its own version."""
    vocabularies = [path for path, form in forms.items() if form != SHEET]
    if vocabularies:
        version = editing.version()
        known = editing.statements(version)
        sources = [*_sources({path: forms[path] for path in vocabularies}, known, editing.iris, scheme)]
        delta, problems = merging.changes(known, sources, replace=replace)
        told = [*(problem for source in sources for problem in source.problems), *problems]
        said = [triple for source in sources for triple in source.statements]
        yield Wanted(", ".join(map(str, vocabularies)), version, delta, told, said)
    for path in (path for path, form in forms.items() if form == SHEET):
        back = spreadsheet.changes(tables.read(path), editing.statements, editing.iris, scheme)
        yield Wanted(str(path), back.version, back.delta, back.problems)


def _sources(forms: dict[Path, str], known: Sequence[ox.Triple], iris: Iris, scheme: str | None) -> Iterator[Imported]:
    domains = Statements(known).identifiers(CONCEPT_SCHEME)
    names = {name.casefold(): name for name in domains.values()}
    answers = {path: scheme or names.get(path.stem.casefold()) for path, form in forms.items() if form == TERMS}
    if answers:
        yield terms.read(answers, Thesaurus(known), iris)
    nodes = {name: node for node, own in domains.items() for name in (own, node.value)}
    for path, form in forms.items():
        if form != TERMS:
            node = (nodes.get(scheme) or ox.NamedNode(scheme)) if scheme else None
            yield skos.read(path, form or None, node, iris.base)


def _show(wanted: Wanted, editing: Editing, most: int) -> None:
    """Print what is wrong, what would change, and where that meets what others have changed."""
    for problem in wanted.problems:
        err.print(safe(str(problem)), markup=False, soft_wrap=True)
    known = editing.statements(wanted.base)
    if wanted.delta.is_empty():
        _say(f"{wanted.files}: nothing changes")
        return
    _say(f"{wanted.files}, on version {wanted.base}:")
    _say(preview(wanted.delta, known, most))
    if wanted.base != editing.version():
        met = changes.conflicts(known, editing.statements(), wanted.delta)
        _tell_conflicts(met, editing.version())


def _tell_conflicts(met: Iterable[changes.Conflict], version: int) -> None:
    lines = [conflict(one) for one in met]
    _say(f"{len(lines)} conflicts with version {version}; they are resolved in review, nothing is overwritten")
    for line in lines:
        _say(f"  {line}")


def tell_skosified(result: Skosified, most: int) -> None:
    """Tell what skosify says of a copy, and the first of what it would change there: nothing of it is done."""
    if result.left_out:
        _say(f"skosify was left out: {result.left_out}")
        return
    for line in result.log:
        _say(safe(f"skosify: {line.level.lower()}: {line.message}"))
    added, removed = result.delta.lines()
    _say(f"skosify would add {len(added)} and remove {len(removed)} statements; nothing of it is done")
    for mark, lines in (("-", removed), ("+", added)):
        for statement in lines[:most]:
            _say(safe(f"  {mark} {statement}"))
        if len(lines) > most:
            _say(f"  and {len(lines) - most} more")


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=True)
