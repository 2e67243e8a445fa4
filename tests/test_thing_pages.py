"""Pages about things: each has an IRI to copy, a citation, its data, and tells programs what it is about."""

import json
import re
from collections.abc import Iterator

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from browsing import PAGES

from ontology.identifiers import DEFAULT_BASE

ID = f"{DEFAULT_BASE}id"
THINGS = {
    "certificate": (f"{ID}{PAGES['certificate']}", "GovernmentPermit"),
    "revision": (f"{ID}{PAGES['revision']}", "GovernmentPermit"),
    "meeting": (f"{ID}{PAGES['meeting']}", "Event"),
    "report-question": (f"{ID}{PAGES['report-question']}", "Question"),
    "concept": (f"{ID}{PAGES['concept']}", "DefinedTerm"),
    "country": (f"{ID}{PAGES['country']}", "Country"),
    "dataset": (f"{ID}/dataset", "Dataset"),
    "ontology": (f"{DEFAULT_BASE}ns", "DefinedTermSet"),
    "ontology-term": (f"{DEFAULT_BASE}ns#Certificate", "DefinedTerm"),
}
FORMS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
}


@pytest.fixture(scope="module")
def http(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, headers={"Accept": "text/html"}, timeout=60, follow_redirects=True) as client:
        yield client


def told(page: str) -> dict[str, object]:
    """What a page tells search engines."""
    [text] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    found: dict[str, object] = json.loads(text)
    return found


@pytest.mark.parametrize("name", THINGS)
def test_a_thing_is_named_cited_and_told_to_programs(http: httpx.Client, name: str) -> None:
    iri, type_ = THINGS[name]
    answer = http.get(f"/fr{PAGES[name]}")
    page = answer.text
    assert re.search(rf'<code class="copy"[^>]*>{re.escape(iri)}</code>', page)
    [cited] = re.findall(r'<p class="cite">(.*?)</p>', page)
    assert re.sub("<.*?>", "", cited).endswith(f". {iri}")
    assert f"url = {{{iri}}}" in page
    assert f"UR  - {iri}" in page
    said = told(page)
    assert (said["@id"], said["@type"]) == (iri, type_)
    assert said["name"], "what it is called"
    assert f'<link rel="canonical" href="/fr{PAGES[name]}">' in page
    assert f'<{iri}>; rel="describes"' in answer.headers["link"]


@pytest.mark.parametrize("name", THINGS)
def test_a_thing_has_its_data_in_every_format(http: httpx.Client, name: str) -> None:
    page = http.get(f"/en{PAGES[name]}").text
    alternates = dict(re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)">', page))
    listed = dict(re.findall(r'<a href="([^"]+)" type="([^"]+)" rel="alternate">', page))
    assert {path: type_ for type_, path in alternates.items()} == listed
    assert alternates.keys() - {"application/json"} == FORMS.keys()
    for type_, form in FORMS.items():
        data = http.get(alternates[type_])
        assert data.headers["content-type"].partition(";")[0] == type_
        assert any(quad.subject == ox.NamedNode(THINGS[name][0]) for quad in ox.parse(data.content, format=form)), type_


def test_a_country_is_called_in_six_languages_and_known_elsewhere(http: httpx.Client) -> None:
    said = told(http.get("/en/country/KE").text)
    names = said["name"]
    assert isinstance(names, list)
    assert {one["@language"] for one in names} == {"ar", "en", "es", "fr", "ru", "zh"}
    assert "http://publications.europa.eu/resource/authority/country/KEN" in str(said["sameAs"])
    assert {"@type": "PropertyValue", "propertyID": "ISO 3166-1 alpha-3", "value": "KEN"} in said["identifier"]  # type: ignore[operator]
