"""The pages of the ontology: all of it, and one for each class, property and individual, from the Turtle itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

import ontology
from endpoint import asking, localisation, web
from endpoint.asking import Question, question
from endpoint.labels import Label, best, labels
from endpoint.localisation import N_
from endpoint.site.citations import Citation
from endpoint.site.figures import statistics
from endpoint.site.rules import Rules
from endpoint.site.structured import in_languages
from endpoint.site.thing_pages import thing_page
from endpoint.site.things import Thing
from endpoint.site.vocabulary import CLASSES, PROPERTIES, Term, Vocabulary, schemas_of, sources
from endpoint.web import not_found

KINDS = {
    "Class": N_("Class"),
    "ObjectProperty": N_("Property: its values are things"),
    "DatatypeProperty": N_("Property: its values are texts, numbers or dates"),
    "AnnotationProperty": N_("Property for remarks"),
    "Datatype": N_("Type of value"),
}
"""What a term is, by the local name of its type; other terms are individuals of one of our classes."""
_EXAMPLES = 5


def routes() -> list[BaseRoute]:
    """`/ontology` and `/ontology/{term}`."""
    return [web.route("/ontology", _overview), web.route("/ontology/{key}", _term)]


async def _overview(request: Request) -> Response:
    vocabulary = Vocabulary.load()
    iris = {iri for term in vocabulary.terms.values() for iri in (term.iri, *term.domain, *term.range)}
    header = _header(request, vocabulary)
    return thing_page(
        request,
        "ontology.html",
        Thing.of_ontology(),
        citation=_citation(request, header),
        said={
            "@type": "DefinedTermSet",
            "name": in_languages(header["title"]),
            "description": in_languages(header["description"]),
            "version": header["versionInfo"][0].text,
            "dateModified": header["modified"][0].text,
            "license": header["license"][0].text,
        },
        vocabulary=vocabulary,
        header=header,
        labels=await named(request, iris),
        uses=_uses(request),
        counting={
            "classes": question("pages/classes-of-the-graph"),
            "properties": question("pages/properties-of-the-graph"),
        },
    )


async def _term(request: Request) -> Response:
    vocabulary, rules = Vocabulary.load(), Rules.load(request.app.state.settings.base_iri)
    term = vocabulary.term(request.path_params["key"])
    if term is None:
        raise not_found(f"the ontology has no term {request.path_params['key']!r:.100}")
    asked = _examples(term)
    examples = [row["record"].value for row in await asking.rows(request, asked)]  # type: ignore[union-attr]
    around = [*vocabulary.below(term.iri), *vocabulary.values_of(term), *vocabulary.members_of(term)]
    of_class = vocabulary.properties_of(term) if term.type in CLASSES else []
    near = [term, *around, *(one for _, found in of_class for one in found)]
    iris = {iri for one in near for iri in (one.iri, one.type, *one.above, *one.domain, *one.range)}
    found_in = sources(term.iri) if term.type in PROPERTIES else ()
    kinds = {iri for iri, schema in schemas_of().items() if any(schema in one.schemas for one in found_in)}
    names = await named(request, {*iris, *examples, *kinds, *(iri for iri, _ in of_class)})
    title, kind = names.get(term.iri) or Label(term.name, ""), _kind(request, term)
    whole = _citation(request, _header(request, vocabulary))
    return thing_page(
        request,
        "ontology_term.html",
        Thing.of_ontology(term.iri),
        citation=replace(
            whole, iri=term.iri, title=title.text, kind=kind or "", identifier=term.name, collection=whole.title
        ),
        said=_said(term),
        term=term,
        kind=kind,
        vocabulary=vocabulary,
        labels=names,
        title=title,
        properties_of=of_class,
        sources=found_in,
        schema=schemas_of().get(term.iri),
        class_of={schema: iri for iri, schema in schemas_of().items()},
        shapes=[(name, rules.file_of[name].name) for name in rules.about(term.iri)],
        uses=_uses(request),
        examples=examples[:_EXAMPLES],
        asked=asked,
        is_class=term.type in CLASSES,
        is_property=term.type in PROPERTIES,
    )


async def named(request: Request, iris: Iterable[str]) -> dict[str, Label]:
    """Labels: of terms those of the Turtle, of everything else those of the graph."""
    tongue, known = localisation.language(request), _turtle_labels()
    wanted = set(iris)
    of_turtle = {iri: best(known[iri], tongue) for iri in wanted & known.keys()}
    return of_turtle | await labels(request, sorted(wanted - known.keys()))


def _turtle_labels() -> Mapping[str, Mapping[str, Label]]:
    return Vocabulary.load().labels


def _examples(term: Term) -> Question:
    """The query for records that use a term."""
    node = ox.NamedNode(term.iri)
    if term.type in CLASSES:
        return question("pages/records-with-a-class", **{"class": node})
    if term.type in PROPERTIES:
        return question("pages/records-with-a-property", property=node)
    return question("pages/records-with-a-value", value=node)


def _kind(request: Request, term: Term) -> str | None:
    """What a term is, in words; None for an individual, of which its class says so."""
    words = KINDS.get(term.type.rpartition("#")[2])
    return localisation.gettext(request, words) if words else None


def _uses(request: Request) -> dict[str, int]:
    """How many things belong to each class and how many statements have each property; nothing while it is counted."""
    known = statistics(request)
    if known is None:
        return {}
    return {iri: one.statements for iri, one in known.classes.items()} | {
        iri: one.statements for iri, one in known.properties.items()
    }


def _citation(request: Request, header: Mapping[str, list[Label]]) -> Citation:
    """The ontology as a whole."""
    return Citation(
        ontology.GRAPH.value,
        header["title"][0].text,
        localisation.gettext(request, N_("Ontology")),
        date=header["modified"][0].text,
        edition=localisation.gettext(request, N_("version %(version)s"), version=header["versionInfo"][0].text),
    )


def _said(term: Term) -> dict[str, object]:
    """A term in the words of schema.org."""
    return {
        "@type": "DefinedTerm",
        "termCode": term.name,
        "name": in_languages(term.labels.values()),
        "description": in_languages(term.definitions.values()),
        "inDefinedTermSet": {"@type": "DefinedTermSet", "@id": ontology.GRAPH.value},
        "sameAs": list(term.same),
    }


def _header(request: Request, vocabulary: Vocabulary) -> dict[str, list[Label]]:
    """What the ontology says of itself, by the local name of the property; its title in the page's language."""
    said = {
        predicate.rpartition("#")[2].rpartition("/")[2]: [
            Label(one.value, getattr(one, "language", None) or "") for one in values
        ]
        for predicate, values in vocabulary.header.items()
    }
    titles = {label.language: label for label in said["title"]}
    said["title"] = [best(titles, localisation.language(request))]
    said["iri"] = [Label(ontology.GRAPH.value, "")]
    return said
