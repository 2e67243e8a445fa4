"""A small graph for the tests of search: records and concepts in the six languages, and some of hostile people."""

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

import ontology
from endpoint.generations import Generation, Generations
from endpoint.search.build import build
from endpoint.search.index import SearchIndex

BASE = "https://w3id.org/clearinghouse/"
CH, DCTERMS, SKOS = f"{BASE}ns#", "http://purl.org/dc/terms/", "http://www.w3.org/2004/02/skos/core#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
THESAURUS = ox.NamedNode(f"{BASE}id/thesaurus")
HOSTILE = {
    "script": "<script>alert(1)</script> hostile",
    "formula": '=HYPERLINK("http://evil.example";"hostile")',
    "turned": "hostile \u202egnp.exe",
    "long": "hostile " + "x" * 10_000,
    "quoted": 'hostile "quoted", & <b>bold</b>, \u0007bell',
    "wide": "＝1+1 hostile",
}
"""Titles that somebody may give a record."""
_GUIDS = {
    "measure": "AAAAAAAA-0000-0000-0000-000000000001",
    "permit": "AAAAAAAA-0000-0000-0000-000000000002",
    "meeting": "52000000cbd00500000f4335",
    "guide": "AAAAAAAA-0000-0000-0000-000000000004",
    "zh": "AAAAAAAA-0000-0000-0000-000000000005",
    "ar": "AAAAAAAA-0000-0000-0000-000000000006",
    "ru": "AAAAAAAA-0000-0000-0000-000000000007",
    "gone": "AAAAAAAA-0000-0000-0000-000000000008",
    "report": "AAAAAAAA-0000-0000-0000-000000000009",
    **{name: f"BBBBBBBB-0000-0000-0000-{place:012}" for place, name in enumerate(HOSTILE)},
}


def record(name: str) -> str:
    """The IRI of a record of the graph."""
    return f"{BASE}id/record/{_GUIDS[name]}"


def term(name: str) -> str:
    """The IRI of a concept."""
    return f"{BASE}id/term/{name}"


def country(code: str) -> str:
    """The IRI of a country."""
    return f"{BASE}id/country/{code}"


def named(iris: object) -> set[str]:
    """The names in this graph of the records with some IRIs, and the last parts of all other IRIs."""
    by_iri = {record(name): name for name in _GUIDS}
    return {by_iri.get(iri, iri.rpartition("/")[2]) for iri in iris}  # type: ignore[attr-defined]


def quads(**extra: str) -> Iterator[ox.Quad]:
    """The graph; `extra` are English titles of further records by GUID."""
    yield from _vocabulary()
    yield from _record(
        "measure",
        "Measure",
        house="ABSCH",
        title={
            "en": "Regulation on access to genetic resources",
            "fr": "Règlement sur l’accès aux ressources génétiques",
        },
        text={
            "en": "Researchers need the consent of the communities who protect the plants.",
            "es": "La utilización de los recursos requiere el consentimiento de las comunidades.",
        },
        countries=("KE",),
        subjects=("COASTS",),
        issued="2014-10-12",
        languages=("en", "fr"),
        identifiers=("ABSCH-MSR-KE-206001",),
        number=206001,
    )
    yield from _record(
        "permit",
        "Certificate",
        house="ABSCH",
        title={"en": "Certificate for Aloe ferox"},
        text={"fr": "La diversité biologique des forêts est protégée."},
        countries=("KE",),
        subjects=("REEFS",),
        issued="2016-03-01",
        languages=("en",),
        identifiers=("ABSCH-IRCC-KE-206823",),
        number=206823,
        status="Revoked",
        pages=("https://absch.cbd.int/database/record/206823",),
    )
    yield from _record(
        "meeting",
        "Meeting",
        house="CHM",
        title={"en": "Workshop on mangrove forests", "zh": "红树林讲习班"},
        text={"en": "Held in Nairobi; certificates were handed out."},
        subjects=("FORESTS",),
        issued="2016",
        identifiers=("MEETING-2016-007",),
    )
    yield from _record(
        "guide",
        "Resource",
        house="BCH",
        title={"es": "Guía para la evaluación de riesgos", "en": "Guide to risk assessment"},
        text={"en": "The unique identifier is MON-ØØ6Ø3-6."},
        issued="2012-10",
        languages=("es",),
        identifiers=("BCH-VLR-SCBD-900001", "MON-ØØ6Ø3-6"),
        number=900001,
    )
    yield from _record(
        "zh", "Resource", house="CHM", title={"zh": "关于获取遗传资源的指南"}, text={"zh": "各缔约方应公平分享惠益。"}
    )
    yield from _record(
        "ar",
        "Resource",
        house="CHM",
        title={"ar": "دَلِيلُ الموارد الجينية"},
        text={"ar": "تشرح الوثيقة كيفية الحصول على المُوَافَقَة من المجتمعات المحلية."},
    )
    yield from _record(
        "ru", "Resource", house="CHM", title={"ru": "Руководство по генетическим ресурсам"}, text={"ru": "Учёт видов."}
    )
    yield from _record("gone", "Resource", house="CHM", title={"en": "Withdrawn guide to reefs"}, status="Withdrawn")
    yield from _record(
        "report", "SixthNationalReport", house="CHM", title={}, text={}, countries=("EG",), issued="2019"
    )
    for name, title in HOSTILE.items():
        yield from _record(name, "Resource", house="CHM", title={"en": title}, text={"en": title}, issued="2020-01-01")
    for guid, title in extra.items():
        _GUIDS[guid] = f"CCCCCCCC-0000-0000-0000-{len(_GUIDS):012}"
        yield from _record(guid, "Resource", house="CHM", title={"en": title})


def generation(directory: Path, sequence: int = 1, **extra: str) -> tuple[Generations, Generation]:
    """A generation of the graph below a data directory."""
    store = ox.Store()
    store.extend(quads(**extra))
    live = ox.Store(str(directory / f"live-{sequence}"))
    live.extend(store)
    generations = Generations(directory / "generations")
    return generations, generations.create(live, sequence)


def index(directory: Path) -> SearchIndex:
    """The index of the graph, made in a directory."""
    generations, made = generation(directory)
    build(generations.path(made), directory / "index" / made.name, BASE)
    return SearchIndex(directory / "index" / made.name)


def _record(
    name: str,
    kind: str,
    *,
    house: str,
    title: dict[str, str],
    text: dict[str, str] | None = None,
    countries: tuple[str, ...] = (),
    subjects: tuple[str, ...] = (),
    issued: str = "",
    languages: tuple[str, ...] = (),
    identifiers: tuple[str, ...] = (),
    number: int | None = None,
    status: str = "Current",
    pages: tuple[str, ...] = (),
) -> Iterator[ox.Quad]:
    it = ox.NamedNode(record(name))

    def say(predicate: str, *values: ox.NamedNode | ox.Literal) -> Iterator[ox.Quad]:
        return (ox.Quad(it, ox.NamedNode(predicate), value, it) for value in values)

    yield from say(TYPE, ox.NamedNode(CH + kind))
    yield from say(CH + "clearingHouse", ox.NamedNode(CH + house))
    yield from say(CH + "guid", ox.Literal(_GUIDS[name]))
    yield from say("http://www.w3.org/ns/adms#status", ox.NamedNode(CH + status))
    yield from say(DCTERMS + "title", *(ox.Literal(words, language=tag) for tag, words in title.items()))
    yield from say(DCTERMS + "description", *(ox.Literal(words, language=tag) for tag, words in (text or {}).items()))
    yield from say(CH + "government", *(ox.NamedNode(country(code)) for code in countries))
    yield from say(DCTERMS + "subject", *(ox.NamedNode(term(subject)) for subject in subjects))
    yield from say("https://schema.org/inLanguage", *map(ox.Literal, languages))
    yield from say(DCTERMS + "identifier", *map(ox.Literal, identifiers))
    yield from say("http://xmlns.com/foaf/0.1/isPrimaryTopicOf", *map(ox.NamedNode, pages))
    yield from say(DCTERMS + "issued", *(ox.Literal(one) for one in (issued,) if one))
    yield from say(CH + "documentId", *(ox.Literal(one) for one in (number,) if one is not None))


def _vocabulary() -> Iterator[ox.Quad]:
    def say(it: str, predicate: str, value: ox.NamedNode | ox.Literal, graph: ox.NamedNode = THESAURUS) -> ox.Quad:
        return ox.Quad(ox.NamedNode(it), ox.NamedNode(predicate), value, graph)

    labels = {
        term("WATERS"): {"en": "Marine and coastal biodiversity", "fr": "Diversité biologique marine et côtière"},
        term("COASTS"): {"en": "Coasts", "fr": "Littoral", "zh": "海岸", "ar": "السواحل"},
        term("REEFS"): {"en": "Coral reefs", "es": "Arrecifes de coral", "ru": "Коралловые рифы", "zh": "珊瑚礁"},
        term("FORESTS"): {"en": "Forests", "zh": "森林", "ar": "الغابات"},
        term("AFRICA"): {"en": "Africa", "fr": "Afrique"},
        country("KE"): {"en": "Kenya", "ar": "كينيا", "zh": "肯尼亚"},
        country("EG"): {"en": "Egypt", "fr": "Égypte", "ar": "مصر"},
    }
    broader = {term("COASTS"): term("WATERS"), term("REEFS"): term("COASTS"), country("KE"): term("AFRICA")}
    for iri, words in labels.items():
        yield say(iri, TYPE, ox.NamedNode(SKOS + "Concept"))
        for language, label in words.items():
            yield say(iri, SKOS + "prefLabel", ox.Literal(label, language=language))
    yield say(term("REEFS"), SKOS + "altLabel", ox.Literal("Coral gardens", language="en"))
    yield say(term("REEFS"), DCTERMS + "identifier", ox.Literal("REEFS"))
    for below, above in broader.items():
        yield say(below, SKOS + "broader", ox.NamedNode(above))
    for triple in ontology.load(BASE):
        yield ox.Quad(triple.subject, triple.predicate, triple.object, ontology.GRAPH)
