"""`clearinghouse tag`: keywords for a text, a tagger learned from tagged texts, and how good its suggestions are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pyoxigraph as ox
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ontology.errors import TaggingError
from thesaurus.importing import skos
from thesaurus.tagging import Suggestion, Tagger
from thesaurus.tagging.analysis import Lexicons
from thesaurus.tagging.concepts import Concepts
from thesaurus.tagging.corpora import Corpus, corpus, folds, parallel_texts
from thesaurus.tagging.documents import text_document
from thesaurus.tagging.evaluation import Evaluation, Scores, consistency, cross_validation
from thesaurus.vocabulary import Thesaurus

app = typer.Typer(no_args_is_help=True, help="Suggest keywords for texts, and measure the suggestions.")
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


class Form(StrEnum):
    """How suggestions are printed."""

    human = "human"
    json = "json"
    tsv = "tsv"


Files = Annotated[
    list[Path] | None,
    typer.Option("--thesaurus", exists=True, dir_okay=False, help="SKOS files; the bundled keywords without any"),
]
Examples = Annotated[
    Path | None, typer.Option("--corpus", exists=True, help="tagged texts to learn from: .jsonl, .tsv or a folder")
]
Needed = Annotated[Path, typer.Option("--corpus", exists=True, help="tagged texts: .jsonl, .tsv or a folder")]
Saved = Annotated[Path | None, typer.Option("--model", exists=True, dir_okay=False, help="a tagger made by `train`")]
Language = Annotated[str | None, typer.Option(help="a language tag; told from the text without it")]
Schemes = Annotated[list[str] | None, typer.Option("--scheme", help="the IRI of a scheme to suggest from; repeatable")]
Seed = Annotated[int, typer.Option(help="the same seed gives the same result")]


@app.command()
def text(
    file: Annotated[Path, typer.Argument(help="text, HTML, PDF or DOCX; - for standard input")],
    thesaurus: Files = None,
    examples: Examples = None,
    model: Saved = None,
    language: Language = None,
    limit: Annotated[int, typer.Option(min=1)] = 10,
    scheme: Schemes = None,
    form: Annotated[Form, typer.Option("--format")] = Form.human,
) -> None:
    """Suggest keywords for a document, the likeliest first, with the words of it that speak for them."""
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise TaggingError(f"{file} cannot be read: {error.strerror}") from error
    document = text_document(data, "standard input" if str(file) == "-" else file.name)
    spoken = language or document.language
    tagger = _tagger(thesaurus, examples, model, language, 0)
    found = tagger.suggestions(document.text, spoken, limit, scheme)
    if form is Form.json:
        _write(json.dumps(_document(tagger, found, spoken), ensure_ascii=False, indent=1))
    elif form is Form.tsv:
        for one in found:
            _write(f"{one.concept}\t{' '.join(tagger.label(one.concept, spoken).split())}\t{one.score:.4f}")
    else:
        _print(tagger, found, document.text, spoken)


@app.command()
def train(
    needed: Needed,
    to: Annotated[Path, typer.Option("--out", help="the file of the tagger")],
    thesaurus: Files = None,
    language: Language = None,
    seed: Seed = 0,
) -> None:
    """Make a tagger of a thesaurus and tagged texts, and write it to a file."""
    tagger = _tagger(thesaurus, needed, None, language, seed)
    try:
        tagger.save(to)
    except OSError as error:
        raise TaggingError(f"{to} cannot be written: {error.strerror}") from error
    err.print(f"{to}: version {tagger.version}, {tagger.standing}", markup=False, soft_wrap=True)


@app.command()
def evaluate(
    needed: Needed,
    thesaurus: Files = None,
    parts: Annotated[str, typer.Option("--folds", help="a number, or a file of identifier, tab, fold")] = "5",
    language: Language = None,
    scheme: Schemes = None,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measure the suggestions against the concepts of a corpus, each part by a tagger that has seen the others only."""
    concepts = Concepts.of(_statements(thesaurus)).within(scheme)
    read = _corpus(needed, concepts, language)
    by_number = parts.isdecimal() and not Path(parts).is_file()
    found = cross_validation(Lexicons(concepts), read.texts, int(parts) if by_number else folds(Path(parts)), seed)
    if as_json:
        _write(json.dumps(asdict(found), indent=1))
        return
    _print_evaluation(found)


@app.command("consistency")
def compare(
    needed: Annotated[Path, typer.Option("--corpus", exists=True, dir_okay=False, help="parallel texts: .jsonl")],
    thesaurus: Files = None,
    train_on: Annotated[Path | None, typer.Option("--train", exists=True, help="tagged texts to learn from")] = None,
    model: Saved = None,
    every_pair: Annotated[bool, typer.Option("--all", help="every two languages, not only with the first")] = False,
) -> None:
    """Measure how many of five suggestions are the same for a text in two languages."""
    tagger = _tagger(thesaurus, train_on, model, None, 0)
    found = consistency(tagger, parallel_texts(needed))
    first = min(found, default=("", ""), key=lambda pair: (pair[0] != "en", pair))[0]
    table = Table("languages", "texts", "same of five", box=None)
    for (one, other), (number, share) in found.items():
        if every_pair or first == one:
            table.add_row(f"{one}, {other}", str(number), f"{share:.3f}")
    out.print(table)
    err.print(tagger.standing, markup=False)


def _statements(files: Sequence[Path] | None) -> Iterable[ox.Triple]:
    if not files:
        return Thesaurus.load().triples()
    return [triple for path in files for triple in skos.read(path).statements]


def _tagger(
    files: Sequence[Path] | None, examples: Path | None, model: Path | None, language: str | None, seed: int
) -> Tagger:
    if model is not None:
        if files or examples:
            raise TaggingError("--model has its own thesaurus and examples: expected neither --thesaurus nor a corpus")
        return Tagger.load(model)
    statements = list(_statements(files))
    texts = _corpus(examples, Concepts.of(statements), language).texts if examples else ()
    return Tagger.trained(statements, texts, seed)


def _corpus(path: Path, concepts: Concepts, language: str | None) -> Corpus:
    read = corpus(path, concepts, language)
    if read.unknown:
        err.print(f"{path}: {read.unknown} concepts named there are not in the thesaurus", markup=False, soft_wrap=True)
    return read


def _write(line: str) -> None:
    typer.echo(line.encode("utf-8", "replace"))


def _document(tagger: Tagger, found: Sequence[Suggestion], language: str) -> dict[str, object]:
    suggestions = [{**asdict(one), "label": tagger.label(one.concept, language)} for one in found]
    return {
        "language": language,
        "version": tagger.version,
        "trained": tagger.is_trained,
        "standing": tagger.standing,
        "suggestions": suggestions,
    }


def _print(tagger: Tagger, found: Sequence[Suggestion], source: str, language: str) -> None:
    table = Table("score", "keyword", "found as", Column("concept", overflow="fold"), box=None)
    for one in found:
        words = dict.fromkeys(" ".join(source[span.start : span.end].split())[:60] for span in one.evidence)
        label = tagger.label(one.concept, language)
        table.add_row(f"{one.score:.2f}", escape(label), escape(", ".join([*words][:3])), escape(one.concept))
    out.print(table)
    err.print(f"{language}; {tagger.standing}", markup=False)


def _print_evaluation(found: Evaluation) -> None:
    names = [field.name.replace("_at_", "@").replace("ndcg", "nDCG").replace("f1", "F1") for field in fields(Scores)]
    table = Table("", "texts", *names, box=None)
    rows = [("all", (found.texts, found.scores)), *found.by_language.items()]
    for name, (number, own) in rows:
        table.add_row(name, str(number), *(f"{value:.3f}" for value in asdict(own).values()))
    out.print(table)
    err.print(
        f"{found.folds} folds, {found.untrained_folds} of them not trained; {found.skipped} texts without concept"
    )
