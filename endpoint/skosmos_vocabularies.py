"""Answers of the vocabulary browser's API about whole vocabularies: what they are, hold, count, and what changed."""

from datetime import UTC, datetime

from endpoint import localisation
from endpoint.skosmos_concepts import nodes
from endpoint.skosmos_question import ALL, CONTEXT, NAMESPACES, Answer, Question, shown, vocabulary
from thesaurus import browsing
from thesaurus.entries import KINDS
from thesaurus.facts import COLLECTIONS, local_name
from thesaurus.turtle import DCTERMS, SKOS

CHANGES = 200  # concepts of a list of changes, unless the request says otherwise
_ONKI, _VOID = "http://schema.onki.fi/onki#", "http://rdfs.org/ns/void#"
_BASIC = {SKOS + "Concept", *COLLECTIONS}


def vocabularies(question: Question) -> Answer:
    """The vocabularies of the server, and the one of all of them."""
    language = question.required("lang")
    names = sorted([ALL, *(scheme.slug for scheme in question.index.schemes())])
    context = {
        "rdfs": NAMESPACES["rdfs"],
        "onki": _ONKI,
        "title": {"@id": "rdfs:label", "@language": language},
        "vocabularies": "onki:hasVocabulary",
        "id": "onki:vocabularyIdentifier",
        "uri": "@id",
        "@base": question.base + "vocabularies",
    }
    found = [{"uri": name, "id": name, "title": vocabulary(question.index, name).title(language)} for name in names]
    return {"@context": context, "uri": "", "vocabularies": found}


def information(question: Question) -> Answer:
    """What a vocabulary is."""
    asked = question.scope
    context = {
        **{prefix: NAMESPACES[prefix] for prefix in ("rdfs", "skos", "dct")},
        "onki": _ONKI,
        "uri": "@id",
        "type": "@type",
        "conceptschemes": "onki:hasConceptScheme",
        "id": "onki:vocabularyIdentifier",
        "defaultLanguage": "onki:defaultLanguage",
        "languages": "onki:language",
        "label": "rdfs:label",
        "prefLabel": "skos:prefLabel",
        "title": "dct:title",
        "@language": question.language,
        "@base": f"{question.base}{asked.id}/",
    }
    schemes = [
        {"title": scheme.title(question.language), "uri": scheme.iri, "type": "skos:ConceptScheme"}
        for scheme in asked.schemes
    ]
    return {
        "@context": context,
        "uri": "",
        "id": asked.id,
        "marcSource": "",
        "title": asked.title(question.language),
        "defaultLanguage": asked.language,
        "languages": asked.languages,
        "conceptschemes": schemes,
    }


def types(question: Question) -> Answer:
    """The classes of what the vocabularies hold."""
    if question.vocabulary is None:
        question.required("lang")
    context = {
        **CONTEXT,
        "rdfs": NAMESPACES["rdfs"],
        "onki": _ONKI,
        "label": "rdfs:label",
        "superclass": {"@id": "rdfs:subClassOf", "@type": "@id"},
        "types": "onki:hasType",
        "@language": question.language,
        "@base": f"{question.base}{question.scope.id}/" if question.vocabulary else question.base,
    }
    found = [
        {
            "uri": kind.iri,
            **({"label": label} if (label := _label(kind, question.language)) else {}),
            **({"superclass": kind.above[0]} if kind.above else {}),
        }
        for kind in browsing.kinds(question.index, question.scope.slug)
    ]
    return {"@context": context, "uri": "", "types": found}


def top_concepts(question: Question) -> Answer:
    """The top concepts of the schemes of a vocabulary, or of one scheme."""
    wanted = question.get("scheme")
    schemes = [wanted] if wanted else [scheme.iri for scheme in question.scope.schemes]
    context = {
        **CONTEXT,
        "onki": _ONKI,
        "topconcepts": "skos:hasTopConcept",
        "notation": "skos:notation",
        "label": "skos:prefLabel",
        "@language": question.language,
    }
    found = [
        {"uri": node["uri"], "topConceptOf": scheme, **node}
        for scheme in schemes
        for node in nodes(question, question.index.top_concepts(scheme))
    ]
    return {"@context": context, "uri": schemes[0] if len(schemes) == 1 else schemes, "topconcepts": found}


def vocabulary_statistics(question: Question) -> Answer:
    """How many concepts and collections a vocabulary has, by class."""
    counts = browsing.counts(question.index, question.scope.slug)
    kinds = {kind.iri: kind for kind in browsing.kinds(question.index, question.scope.slug)}
    context = {
        **{prefix: NAMESPACES[prefix] for prefix in ("rdfs", "skos")},
        "void": _VOID,
        "onki": _ONKI,
        "uri": "@id",
        "id": "onki:vocabularyIdentifier",
        "concepts": "void:classPartition",
        "label": "rdfs:label",
        "class": {"@id": "void:class", "@type": "@id"},
        "subTypes": {"@id": "void:class", "@type": "@id"},
        "count": "void:entities",
        "@language": question.language,
        "@base": f"{question.base}{question.scope.id}/",
    }

    def counted(iri: str, key: str) -> Answer:
        number, deprecated = counts.get(iri, (0, 0))
        label = _label(kinds[iri], question.language) if iri in kinds else local_name(iri)
        return {key: iri, "label": label or local_name(iri), "count": number, "deprecatedCount": deprecated}

    groups = next((iri for iri in COLLECTIONS if iri in counts), None)
    return {
        "@context": context,
        "uri": "",
        "id": question.scope.id,
        "title": question.scope.title(question.language),
        "concepts": counted(SKOS + "Concept", "class"),
        "subTypes": [counted(iri, "type") for iri in counts if iri not in _BASIC],
        **({"conceptGroups": counted(groups, "class")} if groups else {}),
    }


def label_statistics(question: Question) -> Answer:
    """How many labels the concepts of a vocabulary have, by language and kind."""
    counts = browsing.label_counts(question.index, question.scope.slug)
    context = {
        **{prefix: NAMESPACES[prefix] for prefix in ("rdfs", "skos")},
        "void": _VOID,
        "void-ext": "http://ldf.fi/void-ext#",
        "onki": _ONKI,
        "uri": "@id",
        "id": "onki:vocabularyIdentifier",
        "languages": "void-ext:languagePartition",
        "language": "void-ext:language",
        "properties": "void:propertyPartition",
        "labels": "void:triples",
        "@base": f"{question.base}{question.scope.id}/",
        "literal": {"@id": "rdfs:label", "@language": "en"},
    }
    found = [
        {
            "language": language,
            "literal": localisation.name_of_language(language),
            "properties": [{"property": f"skos:{kind}", "labels": numbers.get(kind, 0)} for kind in KINDS],
        }
        for language, numbers in counts.items()
    ]
    title = question.scope.title(question.language)
    return {"@context": context, "uri": "", "id": question.scope.id, "title": title, "languages": found}


def index_letters(question: Question) -> Answer:
    """Under which letters labels of a language stand."""
    listed = {"@id": "skosmos:indexLetters", "@container": "@list", "@language": question.language}
    letters = question.index.letters(question.scope.slug, question.language)
    return {"@context": {**CONTEXT, "indexLetters": listed}, "uri": "", "indexLetters": letters}


def index_concepts(question: Question) -> Answer:
    """The labels of a language under a letter."""
    listed = {"@id": "skosmos:indexConcepts", "@container": "@list"}
    hits = question.index.by_letter(
        question.scope.slug,
        question.language,
        question.required("letter"),
        question.number("limit", 0, 0) or -1,
        question.number("offset", 0, 0),
    )
    names = question.index.labels([hit.iri for hit in hits], question.language)
    found = [
        {
            "uri": hit.iri,
            "localname": local_name(hit.iri),
            "prefLabel": names[hit.iri].text,
            "lang": hit.label.language,
            **({"altLabel": hit.label.text} if hit.label.kind == "altLabel" else {}),
        }
        for hit in hits
    ]
    return {"@context": {**CONTEXT, "indexConcepts": listed}, "uri": "", "indexConcepts": found}


def groups(question: Question) -> Answer:
    """The collections of a vocabulary."""
    iris = browsing.collections(question.index, question.scope.slug)
    known, inside = set(iris), browsing.members(question.index, iris)
    context = {
        **CONTEXT,
        "onki": _ONKI,
        "prefLabel": "skos:prefLabel",
        "groups": "onki:hasGroup",
        "childGroups": {"@id": "skos:member", "@type": "@id"},
        "hasMembers": "onki:hasMembers",
        "@language": question.language,
    }
    found = []
    for entry in browsing.entries(question.index, iris, question.language):
        held = [iri for iri in inside[entry.iri] if iri in known]
        found.append(
            {
                "uri": entry.iri,
                "prefLabel": shown(entry.label, question.language),
                **({"childGroups": held} if held else {}),
                "hasMembers": bool(inside[entry.iri]),
                **({"notation": entry.notation} if entry.notation else {}),
            }
        )
    return {"@context": context, "uri": "", "groups": found}


def new(question: Question) -> Answer:
    """The concepts that were made last."""
    return _changes(question, DCTERMS + "created")


def modified(question: Question) -> Answer:
    """The concepts that were changed last."""
    return _changes(question, DCTERMS + "modified")


def _changes(question: Question, predicate: str) -> Answer:
    limit, offset = question.number("limit", CHANGES, 0), question.number("offset", 0, 0)
    changed = browsing.changes(question.index, question.scope.slug, predicate, limit, offset)
    replacements = {iri: concept.replaced_by for iri, _ in changed if (concept := question.index.concept(iri))}
    known = [*replacements, *(other for others in replacements.values() for other in others)]
    labels = question.index.labels(known, question.language)
    context = {
        **CONTEXT,
        "@language": question.language,
        "prefLabel": "skos:prefLabel",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "date": {"@id": DCTERMS + "date", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
    }
    found = []
    for iri, date in changed:
        other = next(iter(replacements.get(iri, ())), None)
        entry = {"uri": iri, "prefLabel": shown(labels.get(iri), question.language), "date": _moment(date)}
        if other:
            entry["replacedBy"] = other
            if other in labels:
                entry["replacingLabel"] = shown(labels[other], question.language)
        found.append(entry)
    return {"@context": context, "changeList": found}


def _moment(text: str) -> str:
    """A date or time as the API writes it; what is neither stays as it was given."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).strftime("%Y-%m-%dT%H:%M:%S%z")


def _label(kind: browsing.Kind, language: str) -> str | None:
    """What a class is called; the classes of SKOS by their own names."""
    own = local_name(kind.iri) if kind.iri in _BASIC else None
    return kind.labels.get(language) or kind.labels.get("en") or next(iter(kind.labels.values()), own)
