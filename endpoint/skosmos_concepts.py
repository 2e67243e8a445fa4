"""Answers of the vocabulary browser's API about one concept: labels, neighbours, branches, mappings."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from endpoint.skosmos_data import document
from endpoint.skosmos_question import CONTEXT, Answer, Question, compact, matches, shown
from thesaurus import browsing
from thesaurus.entries import KINDS

TRANSITIVE_LIMIT = 1000  # concepts of a branch, unless the request says otherwise
_ONKI = "http://schema.onki.fi/onki#"
_MAPPINGS = {
    "exactMatch": ("Exactly matching concepts", "The same concept in another vocabulary."),
    "closeMatch": ("Closely matching concepts", "A concept so near that one may often stand for the other."),
    "broadMatch": ("Broader matching concepts", "A wider concept in another vocabulary."),
    "narrowMatch": ("Narrower matching concepts", "A more special concept in another vocabulary."),
    "relatedMatch": ("Related matching concepts", "A concept of another vocabulary that has to do with this one."),
}


def label(question: Question) -> Answer:
    """The labels of a concept in a language."""
    found: dict[str, list[str]] = {}
    for one in question.concept().labels:
        if matches(one.language, question.language):
            found.setdefault(one.kind, []).append(one.text)
    context = {kind: f"skos:{kind}" for kind in KINDS}
    answer: Answer = _about(question, context)
    if "prefLabel" in found:
        answer["prefLabel"] = found["prefLabel"][0]
    return answer | {kind: texts for kind, texts in found.items() if kind != "prefLabel"}


def broader(question: Question) -> Answer:
    """The concepts directly above one."""
    return _neighbours(question, "broader", question.concept().broader)


def narrower(question: Question) -> Answer:
    """The concepts directly below one."""
    return _neighbours(question, "narrower", question.concept().narrower)


def related(question: Question) -> Answer:
    """The concepts that have to do with one."""
    return _neighbours(question, "related", question.concept().related)


def broader_transitive(question: Question) -> Answer:
    """A concept and all above it, by IRI."""
    return _branch(question, "broaderTransitive", "broader")


def narrower_transitive(question: Question) -> Answer:
    """A concept and all below it, by IRI."""
    return _branch(question, "narrowerTransitive", "narrower")


def children(question: Question) -> Answer:
    """The concepts directly below one, as nodes of a tree."""
    context = {
        "prefLabel": "skos:prefLabel",
        "narrower": "skos:narrower",
        "notation": "skos:notation",
        "hasChildren": "onki:hasChildren",
    }
    below = question.concept().narrower
    return _about(question, context) | {"narrower": nodes(question, below, "prefLabel")}


def hierarchy(question: Question) -> Answer:
    """A concept and all above it, by IRI, each with what is directly below, to draw the tree it stands in."""
    above = browsing.branch(question.index, question.concept().iri, "broader")
    below = {iri: question.index.narrower(iri) for iri in above}
    all_below = [child for some in below.values() for child in some]
    drawn = {node["uri"]: node for node in nodes(question, [*above, *all_below])}
    tops = browsing.tops(question.index, above)
    answers = {}
    for iri, parents in above.items():
        node = dict(drawn[iri])
        node["prefLabel"] = node.pop("label")
        if iri in tops:
            node |= {"top": tops[iri][0], "tops": tops[iri]}
        node |= {"broader": parents} if parents else {}
        inside = set(below[iri])
        node |= {"narrower": [drawn[child] for child in drawn if child in inside]} if inside else {}
        answers[iri] = node
    links = {"narrower": "narrower", "broader": "broader", "top": "topConceptOf", "tops": "topConceptOf"}
    context = {
        "onki": _ONKI,
        "prefLabel": "skos:prefLabel",
        "notation": "skos:notation",
        **{name: {"@id": f"skos:{link}", "@type": "@id"} for name, link in links.items()},
        "broaderTransitive": {"@id": "skos:broaderTransitive", "@container": "@index"},
        "hasChildren": "onki:hasChildren",
    }
    return _about(question, context) | {"broaderTransitive": answers}


def group_members(question: Question) -> Answer:
    """What a collection holds."""
    group = question.concept(collection=True).iri
    iris = browsing.living(question.index, browsing.members(question.index, [group])[group])
    kinds, held = browsing.types(question.index, iris), browsing.members(question.index, iris)
    groups = set(browsing.collections(question.index, None))
    members = [
        {
            "uri": entry.iri,
            "isSuper": not groups.isdisjoint(held[entry.iri]),
            "hasMembers": bool(held[entry.iri]),
            "type": [compact(kind) for kind in kinds[entry.iri]],
            "prefLabel": shown(entry.label, question.language),
            **({"notation": entry.notation} if entry.notation else {}),
        }
        for entry in browsing.entries(question.index, iris, question.language)
    ]
    return _about(question, {"prefLabel": "skos:prefLabel", "members": "skos:member"}) | {"members": members}


def mappings(question: Question) -> Answer:
    """The mappings of a concept as JSKOS (https://gbv.github.io/jskos/#mapping), and its statements as JSON-LD."""
    concept = question.concept()
    inside = question.index.labels([target for _, target in concept.matches], question.language)
    found = [
        _mapping(question, concept.iri, next(iter(concept.schemes), None), kind, target)
        for kind, target in concept.matches
        if target in inside or question.flag("external", True)
    ]
    return {"mappings": found, "graph": document(question.index, concept.iri)}


def nodes(question: Question, iris: list[str], name: str = "label") -> list[Answer]:
    """Concepts as nodes of a tree; `name` is the key of the label."""
    return [
        {
            "uri": entry.iri,
            name: shown(entry.label, question.language),
            "hasChildren": entry.has_narrower,
            **({"notation": entry.notation} if entry.notation else {}),
        }
        for entry in browsing.entries(question.index, iris, question.language)
    ]


def _about(question: Question, context: Mapping[str, object]) -> Answer:
    return {"@context": {**CONTEXT, **context, "@language": question.language}, "uri": question.uri}


def _neighbours(question: Question, name: str, iris: list[str]) -> Answer:
    entries = browsing.entries(question.index, iris, question.language)
    context: dict[str, object] = {"prefLabel": "skos:prefLabel", name: f"skos:{name}"}
    found = [{"uri": entry.iri, "prefLabel": entry.label.text if entry.label else None} for entry in entries]
    return _about(question, context) | {name: found}


def _branch(question: Question, name: str, step: str) -> Answer:
    concept, limit = question.concept(), question.number("limit", TRANSITIVE_LIMIT, 1)
    found = browsing.branch(question.index, concept.iri, "broader" if step == "broader" else "narrower", limit)
    labels = question.index.labels(found, question.language)
    context: dict[str, object] = {
        "prefLabel": "skos:prefLabel",
        step: {"@id": f"skos:{step}", "@type": "@id"},
        name: {"@id": f"skos:{name}", "@container": "@index"},
    }
    answers = {
        iri: {"uri": iri, "prefLabel": shown(labels.get(iri), question.language), **({step: others} if others else {})}
        for iri, others in found.items()
    }
    return _about(question, context) | {name: answers}


def _mapping(question: Question, iri: str, own: str | None, kind: str, target: str) -> Answer:
    other = question.index.concept(target)
    found = other.label(question.language) if other else None
    title, description = _MAPPINGS[kind]
    member: Answer = {"uri": target}
    if other and other.notations:
        member["notation"] = other.notations[0]
    if found:
        member["prefLabel"] = {found.language: found.text}
    schemes = [scheme for name in (other.schemes if other else ()) if (scheme := question.index.scheme(name))]
    return {
        "uri": iri,
        "notation": member.get("notation"),
        "type": [f"skos:{kind}"],
        "prefLabel": title,
        "from": {"memberSet": [{"uri": iri}]},
        "to": {"memberSet": [member]},
        "hrefLink": target,
        "lang": found.language if found else question.language,
        "vocabName": schemes[0].title(question.language) if schemes else urlsplit(target).netloc,
        "typeLabel": title,
        "description": description,
        **({"fromScheme": {"uri": own}} if own else {}),
        **({"toScheme": {"uri": schemes[0].iri}} if schemes else {}),
    }
