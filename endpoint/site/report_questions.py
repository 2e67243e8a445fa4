"""The page of a question of a national report: what it asks, and how countries answered it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from endpoint import asking, localisation, web
from endpoint.asking import Row, question, value
from endpoint.labels import labels
from endpoint.localisation import N_
from endpoint.site.citations import Citation
from endpoint.site.facts import Fact, Text, without_terms
from endpoint.site.namespaces import DCTERMS, RDFS, SKOS
from endpoint.site.structured import in_languages
from endpoint.site.thing_pages import thing_page
from endpoint.site.things import Thing
from endpoint.web import not_found
from loaders import context

_TEXTS = (f"{RDFS}label", f"{SKOS}prefLabel", f"{SKOS}definition", f"{DCTERMS}title")


@dataclass
class Answer:
    """What one report answers: concepts, values as they were chosen, and texts."""

    report: str
    country: str
    modified: str
    terms: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    @property
    def fact(self) -> Fact:
        """The texts, to be shown in the reader's language first."""
        return Fact("", "", [], self.texts)


def routes() -> list[BaseRoute]:
    """`/question/{schema}/{key}`."""
    return [web.route("/question/{schema}/{key:path}", _question)]


async def _question(request: Request) -> Response:
    given = request.path_params
    thing = Thing.at(request.app.state.settings.base_iri, f"question/{given['schema']}/{given['key']}")
    if thing is None:
        raise not_found("there is no such question")
    about, answering = (
        question(f"pages/{name}", question=thing.node) for name in ("facts-of-a-question", "answers-to-a-question")
    )
    facts, rows = await asyncio.gather(asking.rows(request, about), asking.rows(request, answering))
    if not facts and not rows:
        raise not_found(f"there is no question {given['key']!r:.80} of {given['schema']:.64}")
    answers = _answers(rows)
    type_ = context.class_of(given["schema"]) or ""
    iris = {thing.iri, type_, *(one for answer in answers for one in (answer.report, answer.country, *answer.terms))}
    named = await labels(request, iris - {""})
    counts = Counter(choice for answer in answers for choice in (*answer.terms, *answer.values))
    notation = _first(facts, f"{SKOS}notation")
    texts = Fact("", "", [], list(dict.fromkeys(_texts(facts))))
    shown, _ = texts.in_languages(localisation.language(request))
    return thing_page(
        request,
        "report_question.html",
        thing,
        citation=Citation(
            thing.iri,
            shown[0].text if shown else thing.path,
            localisation.gettext(request, N_("Question")),
            identifier=notation,
            collection=named[type_].text if type_ in named else "",
        ),
        said={"@type": "Question", "name": in_languages(texts.texts), "identifier": notation},
        notation=notation,
        texts=texts,
        type=type_,
        answers=answers,
        counts=counts.most_common(),
        labels=named,
        queries={"question": about, "answers": answering},
    )


def _first(facts: Iterable[Row], property_: str) -> str:
    return next((value(row, "value") for row in facts if value(row, "property") == property_), "")


def _texts(facts: Iterable[Row]) -> Iterable[Text]:
    for row in facts:
        if value(row, "property") in _TEXTS:
            yield Text(value(row, "value"), getattr(row["value"], "language", None) or "")


def _answers(rows: Iterable[Row]) -> list[Answer]:
    """An answer for each report; the rows of one repeat what it has several of."""
    found: dict[str, Answer] = {}
    for row in rows:
        report = value(row, "report")
        answer = found.setdefault(report, Answer(report, value(row, "country"), value(row, "modified")))
        for name, known in (("term", answer.terms), ("value", answer.values)):
            if name in row and value(row, name) not in known:
                known.append(value(row, name))
        if "text" in row:
            text = Text(value(row, "text"), getattr(row["text"], "language", None) or "")
            answer.texts += [text] if text not in answer.texts else []
    for answer in found.values():
        answer.values = without_terms(answer.values, answer.terms)
    return list(found.values())
