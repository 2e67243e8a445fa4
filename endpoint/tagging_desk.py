"""Tagging for requests: what the API and the pages share, between the ledger, the tagger and the index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

from endpoint import web
from endpoint.editor import thesauri
from endpoint.tagging_service import TaggingService
from loaders.mapping import Mapping
from loaders.tagged_texts import subjects
from loaders.tagging import Candidate, Candidates, Decision, Tagging, Verdict
from loaders.texts import FieldText, text_of
from ontology.errors import IdentifierError
from thesaurus.index import Index

T = TypeVar("T")

MOST = 100
"""Suggestions of one answer."""


@dataclass(frozen=True)
class Desk:
    """A record on the desk: its texts, the keywords it has of its own, what is suggested and what was decided."""

    record: str
    schema: str
    revision: int
    texts: list[FieldText]
    keywords: frozenset[str]
    stored: Candidates | None
    decisions: dict[str, Decision]

    @property
    def title(self) -> FieldText:
        """The text to call it by: its title, in English where there is one, else its first text, else its GUID."""
        titles = [text for text in self.texts if text.pointer.startswith(("/title", "/name"))] or self.texts
        return next((text for text in titles if text.language == "en"), (titles or [FieldText("", "", self.record)])[0])

    def of_field(self, pointer: str) -> list[FieldText]:
        """The texts at a JSON pointer and below it. HTTPException where there are none."""
        found = [text for text in self.texts if f"{text.pointer}/".startswith(f"{pointer.rstrip('/')}/")]
        if not found:
            fields = sorted({text.pointer.split("/")[1] for text in self.texts})
            raise HTTPException(422, f"field: no text at {pointer!r:.80}; there are texts in {', '.join(fields)}")
        return found


def service(request: Request) -> TaggingService:
    """What tags texts and documents."""
    found: TaggingService = request.app.state.tagging
    return found


@contextmanager
def tagging(request: Request) -> Iterator[Tagging]:
    """The tags of the ledger, with the present thesaurus."""
    with thesauri(request).editing() as editing:
        version, state = editing.version(), request.app.state
        known: tuple[int, Mapping] | None = getattr(state, "tagging_mapping", None)
        if known is None or known[0] != version:
            known = state.tagging_mapping = version, Mapping(editing.iris, editing.thesaurus())
        yield Tagging(editing.ledger, known[1])


async def with_tagging(request: Request, work: Callable[[Tagging], T]) -> T:
    """What is done, in a thread, with the tags of the ledger."""

    def working() -> T:
        with tagging(request) as opened:
            return work(opened)

    return await run_in_threadpool(working)


async def desk(request: Request) -> Desk:
    """The record that a request is about. HTTPException where there is none."""
    identifier = request.path_params["identifier"]

    def work(opened: Tagging) -> Desk:
        try:
            entry = opened.entry(identifier)
        except IdentifierError as error:
            raise web.not_found(str(error)) from error
        return Desk(
            entry.record,
            entry.schema,
            entry.revision,
            text_of(entry.document),
            subjects(opened, entry),
            opened.candidates(entry.record),
            opened.decisions(entry.record),
        )

    return await with_tagging(request, work)


async def suggested(
    request: Request,
    of: Desk,
    texts: Iterable[FieldText] | None = None,
    limit: int = 10,
    schemes: Collection[str] | None = None,
) -> Candidates:
    """What is suggested for a record now, or for some of its texts."""
    chosen = of.texts if texts is None else list(texts)
    languages = tuple(dict.fromkeys(text.language for text in chosen if text.language))
    version, found = await service(request).suggestions(chosen, limit, schemes)
    return Candidates(of.record, of.revision, version, languages, tuple(found))


async def decide(request: Request, of: Desk, concept: str, decision: str, by: str) -> Decision:
    """Enter a decision on a concept for a record. HTTPException for a concept or a decision there is not."""
    if decision not in ("accepted", "rejected"):
        raise HTTPException(422, f"decision: {decision!r:.40}; expected accepted or rejected")
    verdict: Verdict = "accepted" if decision == "accepted" else "rejected"
    index = await run_in_threadpool(thesauri(request).index)
    known = await run_in_threadpool(index.find, concept)
    if known is None:
        raise HTTPException(422, f"concept: the thesaurus does not know {concept!r:.200}")
    stored = of.stored
    is_suggested = stored is not None and known in {one.concept for one in stored.candidates}
    model = stored.model if stored and is_suggested else None
    return await with_tagging(request, lambda opened: opened.decide(of.record, known, verdict, by, model=model))


def scheme_iris(index: Index, names: Iterable[str]) -> list[str] | None:
    """The IRIs of the schemes with these slugs, identifiers or IRIs; None for no names. HTTPException for another."""
    found = []
    for name in names:
        by_identifier = (one for one in index.schemes() if one.identifier.casefold() == name.casefold())
        scheme = index.scheme(name) or next(by_identifier, None)
        if scheme is None:
            raise HTTPException(422, f"schemes: there is no scheme {name!r:.80}")
        found.append(scheme.iri)
    return found or None


def labels(index: Index, candidates: Iterable[Candidate]) -> dict[str, dict[str, str]]:
    """The preferred labels of each suggested concept by language."""
    known = {one.concept: index.concept(one.concept) for one in candidates}
    return {
        iri: {label.language: label.text for label in concept.labels if label.kind == "prefLabel"} if concept else {}
        for iri, concept in known.items()
    }
