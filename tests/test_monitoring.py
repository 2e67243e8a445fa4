"""The monitoring chain: each stage of a certificate, what is withheld or revoked, the drawing, who receives copies."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx2 as httpx
import pyoxigraph as ox
import pytest
from live import serving
from test_country_pages import page, plain
from test_queries import current, guids, number, revisions, revoked_on

from endpoint.labels import Label
from endpoint.site.chain_drawing import drawn, shortened, wrapped
from endpoint.site.chain_nodes import CERTIFICATE, MEASURE, Link, Node

SVG = "{http://www.w3.org/2000/svg}"
CH = "https://w3id.org/clearinghouse/ns#"
BASE = "https://w3id.org/clearinghouse/id/"
_DRAWING = re.compile(r"<svg .*?</svg>", re.DOTALL)
HOSTILE = '<script>alert("1")</script> \u202egnp.exe ' + "wörd" * 200


@pytest.fixture(scope="module")
def client(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, headers={"Accept": "text/html"}, timeout=60) as one:
        yield one


def drawings(text: str) -> dict[str, ET.Element]:
    """The drawings of a page by their class."""
    own = [markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) for markup in _DRAWING.findall(text)]
    found = [ET.fromstring(markup) for markup in own]  # noqa: S314, our own page
    return {one.attrib["class"]: one for one in found}


def stages(text: str) -> dict[str, list[str]]:
    """The list beside the drawing: the items of each stage as text."""
    whole = re.search(r'<ol class="chain-list">.*?</ol>', text, re.DOTALL)
    assert whole
    parts = re.findall(r"<h3>([^<]*)</h3>\s*<ul[^>]*>(.*?)</ul>", whole[0], re.DOTALL)
    return {title: [plain(item) for item in re.findall(r"<li>.*?</li>", items, re.DOTALL)] for title, items in parts}


def linked(text: str) -> set[str]:
    """The records that a page's list of stages leads to."""
    whole = re.search(r'<ol class="chain-list">.*?</ol>', text, re.DOTALL)
    assert whole
    return set(re.findall(r'href="/en/record/([^"/]+)"', whole[0]))


def test_a_chain_has_every_record_from_the_measure_to_the_users(client: httpx.Client) -> None:
    authorities = {guid: documents[-1]["body"] for guid, documents in revisions("authority").items()}
    communiques = {guid: documents[-1]["body"] for guid, documents in revisions("absCheckpointCommunique").items()}
    seen = 0
    for guid, permit in revisions("absPermit").items():
        body = permit[-1]["body"]
        made = {one for one, report in communiques.items() if guid in guids(report.get("absIRCCs"))}
        if not made or len(made) > 6:
            continue
        expected = {*made, *guids([body["absCNA"]]), guid}
        for authority in guids([body["absCNA"]]):
            expected |= set(guids(authorities[authority].get("policyBasisForCompetencyRef")))
        if not body.get("providersConfidential"):
            expected |= set(guids(body.get("providers")))
        if not body.get("entitiesToWhomPICGrantedConfidential"):
            expected |= set(guids(body.get("entitiesToWhomPICGranted")))
        for report in (communiques[one] for one in made):
            granted = [report["entityToWhomPICGranted"]] if "entityToWhomPICGranted" in report else []
            expected |= {*guids(granted), *guids(report.get("personsAtCheckpoint"))}
        text = page(client, f"/en/record/{guid}/chain")
        assert linked(text) | {guid} == expected, guid
        assert len(stages(text)) == 6
        seen += 1
    assert seen > 3


def test_the_drawing_has_the_same_links_as_the_list(client: httpx.Client) -> None:
    guid = next(guid for guid in revisions("absPermit") if linked(page(client, f"/en/record/{guid}/chain")))
    text = page(client, f"/en/record/{guid}/chain")
    for drawing in drawings(text).values():
        addresses = {one.attrib["href"].rpartition("/")[2] for one in drawing.iter(f"{SVG}a")}
        assert addresses | {guid} == linked(text) | {guid}
        names = drawing.attrib["aria-labelledby"], drawing.attrib["aria-describedby"]
        assert {one.attrib.get("id") for one in drawing.iter() if one.text and one.text.strip()} >= set(names)


def test_what_is_withheld_is_told_and_nothing_else_of_it(client: httpx.Client) -> None:
    confidential = [
        guid
        for guid, permit in revisions("absPermit").items()
        if permit[-1]["body"].get("entitiesToWhomPICGrantedConfidential")
    ]
    assert confidential
    for guid in confidential:
        text = page(client, f"/en/record/{guid}/chain")
        assert "Granted consent: Withheld as confidential" in stages(text)["Users"]
        assert 'class="node withheld"' in text
        assert "Person or entity that was granted consent, withheld as confidential" in text
        hidden = guids(revisions("absPermit")[guid][-1]["body"].get("entitiesToWhomPICGranted"))
        assert not [one for one in hidden if one in text]


def test_a_revoked_certificate_is_told_as_revoked(client: httpx.Client) -> None:
    revoked = [guid for guid, permit in revisions("absPermit").items() if revoked_on(permit)]
    standing = [guid for guid, permit in revisions("absPermit").items() if not revoked_on(permit)]
    assert revoked
    for guid in (revoked[0], standing[0]):
        found = stages(page(client, f"/en/record/{guid}/chain"))["Certificates"]
        assert found[0].endswith("Revoked") == (guid in revoked)


def test_a_communique_has_a_chain_of_its_own(client: httpx.Client) -> None:
    reports = current("absCheckpointCommunique")
    with_certificate = next(one for one in reports if one["body"].get("absIRCCs"))
    without = next(one for one in reports if not one["body"].get("absIRCCs"))
    guid = with_certificate["identifier"]
    text = page(client, f"/en/record/{guid}/chain")
    assert set(guids(with_certificate["body"]["absIRCCs"])) <= linked(text)
    assert len(stages(text)["Communiqués"]) == 1
    text = page(client, f"/en/record/{without['identifier']}/chain")
    assert stages(text)["Certificates"] == ["No certificate is available"]
    assert stages(text)["Measures"] == ["No measure is named"]


def test_receivers_are_those_of_the_question_in_the_library(client: httpx.Client) -> None:
    query = json.loads((Path(__file__).parent / "expected" / "who-receives-a-new-certificate.json").read_text())
    identifiers = {row[1] for row in query["rows"] if row[1]}
    guid = next(guid for guid in revisions("absPermit") if number(guid) == "1000104")
    text = page(client, f"/en/record/{guid}/chain")
    receivers = text[text.index("Who receives a copy") :]
    found = {number(one) for one in re.findall(r'<a href="/en/record/([^"/]+)">', receivers)}
    assert found == {identifier.rpartition("-")[2] for identifier in identifiers}
    assert len(re.findall(r'<span class="quiet-text">', receivers)) == len(query["rows"])


def test_other_records_have_no_chain(client: httpx.Client) -> None:
    for guid in (next(iter(revisions("measure"))), "00000000-0000-0000-0000-000000000000", "%3Cb%3E"):
        page(client, f"/en/record/{guid}/chain", 404)


def test_an_arabic_page_is_mirrored(client: httpx.Client) -> None:
    guid = next(iter(revisions("absPermit")))
    positions = {}
    for tongue in ("en", "ar"):
        drawing = drawings(page(client, f"/{tongue}/record/{guid}/chain"))["across"]
        here = next(one for one in drawing.iter(f"{SVG}g") if "here" in one.attrib["class"])
        positions[tongue] = float(next(here.iter(f"{SVG}rect")).attrib["x"])
        width = float(drawing.attrib["viewBox"].split()[2])
    assert positions["ar"] == pytest.approx(width - positions["en"] - 172)


def hostile_quads() -> list[ox.Quad]:
    """A certificate and what leads to it, all called something bad."""
    named = {
        name: ox.NamedNode(f"{BASE}record/5E7E71C0-0000-0000-0000-00000000000{place}")
        for place, name in enumerate("acmu")
    }
    graph = named["c"]
    issued, title = ox.NamedNode("https://schema.org/issuedBy"), ox.NamedNode("http://purl.org/dc/terms/title")
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    found = [ox.Quad(node, title, ox.Literal(HOSTILE, language="ar"), graph) for node in named.values()]
    return [
        *found,
        ox.Quad(named["c"], kind, ox.NamedNode(f"{CH}Certificate"), graph),
        ox.Quad(named["c"], ox.NamedNode(f"{CH}nationalReference"), ox.Literal(HOSTILE), graph),
        ox.Quad(named["c"], issued, named["a"], graph),
        ox.Quad(named["a"], ox.NamedNode(f"{CH}policyBasisForCompetencyRef"), named["m"], graph),
        ox.Quad(named["c"], ox.NamedNode(f"{CH}picGrantedTo"), named["u"], graph),
    ]


def test_hostile_labels_stay_text_in_the_drawing(tmp_path: Path) -> None:
    with serving(tmp_path, hostile_quads(), log_requests=False) as endpoint:
        base = endpoint.removesuffix("/sparql")
        with httpx.Client(base_url=base, headers={"Accept": "text/html"}, timeout=60) as client:
            text = page(client, "/en/record/5E7E71C0-0000-0000-0000-000000000001/chain")
    assert "<script>alert" not in text
    assert "\u202e" not in text
    for drawing in drawings(text).values():
        assert not list(drawing.iter(f"{SVG}script"))
        texts = [one.text or "" for one in drawing.iter(f"{SVG}text")]
        assert any("<script>" in one for one in texts)
        assert max(map(len, texts)) < 60
        assert any("U+202E" in (one.text or "") for one in drawing.iter(f"{SVG}title"))


def test_boxes_stand_apart_and_arrows_lead_from_one_to_the_next() -> None:
    nodes = [Node(f"m{place}", MEASURE, "Measure", Label("Law " * place, "en")) for place in range(1, 5)]
    permit = Node("c", CERTIFICATE, "Certificate", Label("ABSCH-IRCC-KE-1000135", ""))
    given = [("Measures", nodes), ("Certificates", [permit])]
    links = [Link(node.key, "c") for node in nodes] + [Link("c", "elsewhere")]
    for is_rtl in (False, True):
        for drawing in drawn(given, links, is_rtl):
            assert len(drawing.arrows) == 4
            for one in drawing.boxes:
                assert one.x >= 0
                assert one.x + one.width <= drawing.width
                assert one.y + one.height <= drawing.height
                assert all(one.y < line.y < one.y + one.height for line in one.lines)
            pairs = [(one, other) for one in drawing.boxes for other in drawing.boxes if one is not other]
            assert all(apart(one, other) for one, other in pairs)


def apart(one: object, other: object) -> bool:
    spans = [
        (getattr(one, side), getattr(one, size), getattr(other, side), getattr(other, size))
        for side, size in (("x", "width"), ("y", "height"))
    ]
    return any(start + size <= begin or begin + length <= start for start, size, begin, length in spans)


def test_long_texts_are_wrapped_and_shortened() -> None:
    assert wrapped("ABSCH-IRCC-KE-1000135", 11.8) == ["ABSCH-IRCC-KE-", "1000135"]
    assert wrapped("", 5) == []
    assert "".join(wrapped("x" * 1000, 8)) == "x" * 1000
    assert " ".join(wrapped("one two three four", 6)) == "one two three four"
    assert shortened(["one", "two", "three"], 2) == ["one", "tw…"]
    assert shortened(["one"], 2) == ["one"]
    assert len(wrapped("国家" * 30, 10)) == 6
