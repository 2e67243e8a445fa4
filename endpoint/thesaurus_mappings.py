"""Commands for mappings to other vocabularies: candidates are proposed, decisions go in and out as SSSOM."""

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import pyoxigraph as ox
import typer
from rich.console import Console
from rich.table import Table

from endpoint.house import House
from endpoint.mapping_files import Targets, shown, statements
from endpoint.settings import Settings
from loaders.editing import Editing
from thesaurus import mapping_decisions, sssom
from thesaurus.importing.preview import safe
from thesaurus.mapping_evaluation import measures
from thesaurus.mappings import Vocabulary, candidates
from thesaurus.sssom import MappingSet, Row
from thesaurus.statements import CONCEPT_SCHEME, IN_SCHEME, PREF_LABEL, Statements
from thesaurus.turtle import ThesaurusError

UNSPECIFIED_LICENCE = "https://w3id.org/sssom/license/unspecified"

app = typer.Typer(no_args_is_help=True, help="Mappings to other vocabularies.")
out = Console(highlight=False)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
Minimum = Annotated[float, typer.Option(min=0, max=1, help="the least confidence")]
Best = Annotated[int, typer.Option(min=1, help="candidates of one concept at most")]


@app.command()
def propose(
    target: File,
    name: Annotated[str, typer.Option(help="the name of the target: small letters, digits and hyphens")],
    scheme: Annotated[
        list[str] | None, typer.Option(help="only concepts of this scheme: its identifier or IRI")
    ] = None,
    minimum: Minimum = 0.3,
    best: Best = 5,
) -> None:
    """Find candidates for mappings of our concepts to those of a file of SKOS, for curators to decide on.

    They take the place of the candidates that had the same name. What was decided on is not proposed again.
    """
    house = House.of(Settings())
    known = tuple(house.mapping.thesaurus.triples())
    ours = Vocabulary(known)
    if scheme:
        kept = _members(known, scheme)
        ours.labels = {concept: labels for concept, labels in ours.labels.items() if concept in kept}
    theirs = Vocabulary(statements(target))
    decided = mapping_decisions.pairs(mapping_decisions.decided(known))
    found = candidates(ours, theirs, decided=decided, minimum=minimum, best=best)
    common = _told_of_all().slots
    rows = [Row({**mapping_decisions.proposal(candidate, ours, theirs).slots, **common}) for candidate in found]
    made = _set(house, f"mappings/{name}", f"Candidates for mappings to {name}", rows)
    told = shown(statements(target), theirs, {candidate.object for candidate in found})
    path = Targets(house.settings.data_dir).write(name, made, told)
    concepts = len({candidate.subject for candidate in found})
    _say(f"{len(found):,} candidates for {concepts:,} of {len(ours.labels):,} concepts, in {path}")


@app.command("list")
def listed(
    name: Annotated[str | None, typer.Argument(help="of this target; without it, the targets")] = None,
    limit: Annotated[int, typer.Option(min=1, help="rows at most")] = 50,
) -> None:
    """The targets with the number of their candidates, or the candidates of one, the surest first."""
    targets = Targets(Settings().data_dir)
    if name is None:
        for known in targets.names():
            typer.echo(f"{known}\t{len(targets.target(known).candidates.rows)}")
        return
    rows = sorted(targets.target(name).candidates.rows, key=lambda row: -float(row.value("confidence")))
    for row in rows[:limit]:
        predicate = row.value("predicate_id").rpartition("#")[2]
        told = (row.value(slot) for slot in ("object_label", "object_id", "comment"))
        cells = (row.value("confidence"), row.value("subject_label"), predicate, *told)
        typer.echo("\t".join(safe(" ".join(cell.split())) for cell in cells))


@app.command()
def export(
    output: Annotated[Path | None, typer.Option(help="the file to write; without it, standard output")] = None,
) -> None:
    """Write every mapping there is, and every one decided against, as SSSOM."""
    house = House.of(Settings())
    known = tuple(house.mapping.thesaurus.triples())
    labels_of = Statements(known).literals(PREF_LABEL)
    rows = []
    for row in mapping_decisions.decided(known):
        named = {
            f"{side}_label": labels_of.get(ox.NamedNode(row.value(f"{side}_id"))) for side in ("subject", "object")
        }
        rows.append(Row({**{slot: (_shown(labels),) for slot, labels in named.items() if labels}, **row.slots}))
    text = sssom.document(_set(house, "mappings", "Mappings of the thesaurus", rows))
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="")
        _say(f"{len(rows):,} mappings in {output}")


@app.command("import")
def import_(
    file: File,
    author: Annotated[str, typer.Option(help="who proposes the change")],
    reason: Annotated[str, typer.Option(help="why")] = "",
) -> None:
    """Propose the mappings of an SSSOM file, and those it says do not hold, as one change set for review."""
    given = sssom.read(_text(file), file.name)
    house = House.of(Settings())
    with house.ledger() as ledger:
        editing = Editing(ledger, house.mapping.iris)
        delta = mapping_decisions.change(editing.statements(), given.rows, house.mapping.iris.base)
        if delta.is_empty():
            _say(f"all {len(given.rows):,} mappings of {file} are known already")
            return
        change = editing.propose(delta, author=author, reason=reason or f"Mappings of {file.name}")
    _say(f"{len(given.rows):,} mappings proposed as change set {change.id}")


@app.command()
def evaluate(
    source: File,
    target: File,
    gold: Annotated[Path, typer.Option(exists=True, help="a table with the columns subject_id and object_id")],
    best: Best = 5,
) -> None:
    """Measure the candidates between two vocabularies by a table of right mappings, such as an SSSOM file."""
    right = sssom.pairs(_text(gold), gold.name)
    if not right:
        raise ThesaurusError(f"{gold}: no row; expected at least one right mapping")
    found = candidates(Vocabulary(statements(source)), Vocabulary(statements(target)), best=best)
    table = Table("confidence", "candidates", "right", "precision", "recall", "F1", box=None)
    for one in measures(found, right):
        shares = (f"{share:.3f}" for share in (one.precision, one.recall, one.f1))
        table.add_row(f"≥ {one.threshold}", f"{one.proposed:,}", f"{one.right:,}", *shares)
    out.print(table)
    _say(f"{len(right):,} right mappings of {len({subject for subject, _ in right}):,} concepts")


def _set(house: House, path: str, title: str, rows: Iterable[Row]) -> MappingSet:
    slots = {
        "mapping_set_id": f"{house.mapping.iris.base}id/{path}",
        "mapping_set_title": title,
        "license": house.settings.dataset_license or UNSPECIFIED_LICENCE,
    }
    return MappingSet({slot: (value,) for slot, value in slots.items()}, tuple(rows))


def _told_of_all() -> Row:
    """What is so of every candidate: what found it, and when."""
    tool, day = "clearinghouse", datetime.now(UTC).date().isoformat()
    slots = {"mapping_tool": tool, "mapping_tool_version": version("clearinghouse-graph"), "mapping_date": day}
    return Row({slot: (value,) for slot, value in slots.items()})


def _members(known: Iterable[ox.Triple], wanted: Iterable[str]) -> set[ox.NamedNode]:
    """The concepts of the schemes that are wanted. ThesaurusError for one that is not there."""
    statements_of = Statements(known)
    schemes = statements_of.instances(CONCEPT_SCHEME)
    names = {scheme.value.casefold(): scheme for scheme in schemes}
    names |= {name.casefold(): scheme for scheme, name in statements_of.identifiers(CONCEPT_SCHEME).items()}
    missing = [name for name in wanted if name.casefold() not in names]
    if missing:
        raise ThesaurusError(f"there is no scheme {missing[0]!r}; expected an identifier or an IRI of a scheme")
    kept = {names[name.casefold()] for name in wanted}
    return {concept for concept, given in statements_of.links(IN_SCHEME).items() if kept.intersection(given)}


def _shown(labels: list[ox.Literal]) -> str:
    return min(labels, key=lambda label: (label.language != "en", label.language or "", label.value)).value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ThesaurusError(f"{path}: expected UTF-8: {error}") from error


def _say(text: str) -> None:
    out.print(text, markup=False, soft_wrap=True)
