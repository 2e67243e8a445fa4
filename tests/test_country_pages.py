"""The list of countries and their profiles: figures against the sample read as JSON, filters, gaps, bad addresses."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape

import httpx2 as httpx
import pytest
from test_queries import country, current, guids, labels, parties, revisions, revoked_on, vocabulary

from endpoint.alphabet import sort_key
from endpoint.site.obligations import CARTAGENA, CH, NAGOYA, missing

GOVERNMENTAL = (
    "absPermit", "absCheckpoint", "absCheckpointCommunique", "absNationalModelContractualClause", "absNationalReport",
    "absNationalReport1", "absProcedure", "authority", "biosafetyDecision", "biosafetyLaw", "contact", "database",
    "focalPoint", "measure", "nationalReport6", "nationalRiskAssessment", "nationalTarget7",
)  # fmt: skip
"""The schemas whose documents name a government."""


@pytest.fixture(scope="module")
def client(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, headers={"Accept": "text/html"}, timeout=60) as one:
        yield one


def page(client: httpx.Client, path: str, status: int = 200) -> str:
    answered = client.get(path)
    assert answered.status_code == status, path
    return answered.text


def table_rows(text: str) -> dict[str, list[str]]:
    """The cells of each row of a page's table as text, by the code of the country it leads to."""
    found = {}
    for row in re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", text, re.DOTALL):
        code = re.search(r"/country/([A-Z]{2})", row)
        assert code
        found[code[1]] = [plain(cell) for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
    return found


def plain(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def published() -> Counter[str]:
    """How many records name each government, by its code in small letters."""
    documents = (document for schema in GOVERNMENTAL for document in current(schema))
    return Counter(country(document) for document in documents if "government" in document["body"])


def test_every_country_is_listed_once_with_its_records(client: httpx.Client) -> None:
    rows = table_rows(page(client, "/en/countries"))
    codes = {
        subject for subject, predicate, value, _ in vocabulary() if (predicate, value) == ("inScheme", "countries")
    }
    assert rows.keys() == codes
    assert len(codes) > 190
    expected = published()
    assert len(expected) > 10
    assert {code: int(cells[4]) for code, cells in rows.items()} == {code: expected[code.lower()] for code in codes}


def test_parties_are_told_by_treaty_and_counted(client: httpx.Client) -> None:
    text = page(client, "/en/countries?party=np")
    assert {code.lower() for code in table_rows(text)} == set(parties())
    others = table_rows(page(client, "/en/countries?party=-np"))
    assert not set(parties()) & {code.lower() for code in others}
    assert len(others) + len(parties()) == len(table_rows(page(client, "/en/countries")))
    assert f'<p class="big">{len(parties())} ' in text


def test_a_region_and_what_is_lacking_narrow_the_list_without_a_script(client: httpx.Client) -> None:
    africa = "D50FE62D-8A5E-4407-83F8-AFCAAF708EA4"
    rows = table_rows(page(client, f"/en/countries?region={africa}&party=np&lacking=1"))
    there = {subject for subject, predicate, value, _ in vocabulary() if (predicate, value) == ("broader", africa)}
    assert rows.keys() <= there & {code.upper() for code in parties()}
    kenya = all(found_in_full("ke"))
    assert kenya
    assert "KE" not in rows
    assert "AO" in rows
    assert rows["AO"][5].endswith("0 of 3")


def found_in_full(code: str) -> list[bool]:
    """Whether a country has a measure, an authority and a focal point on access and benefit-sharing."""
    own = [
        any(document["realm"] == "ABS" and country(document) == code for document in current(schema))
        for schema in ("measure", "authority")
    ]
    points = [document for document in current("focalPoint") if country(document) == code]
    return [*own, any("ABS-FP" in json.dumps(document) for document in points)]


def test_the_list_is_in_the_order_of_the_page_s_language(client: httpx.Client) -> None:
    for tongue in ("ar", "en", "es", "fr", "ru", "zh"):
        text = page(client, f"/{tongue}/countries")
        names = [plain(name) for name in re.findall(r"<th scope=\"row\">.*?</th>", text, re.DOTALL)]
        assert len(names) > 190
        assert names == sorted(names, key=lambda name: sort_key(name, tongue))


def test_names_are_ordered_as_readers_look_them_up() -> None:
    assert sorted(["Zambie", "Égypte", "Espagne", "Albanie"], key=lambda name: sort_key(name, "fr")) == [
        "Albanie", "Égypte", "Espagne", "Zambie",
    ]  # fmt: skip
    assert sorted(["ñandú", "nube", "oso"], key=lambda name: sort_key(name, "es")) == ["nube", "ñandú", "oso"]
    assert sort_key("السودان", "ar") < sort_key("كينيا", "ar") < sort_key("اليابان", "ar")
    chinese = ["中国", "阿富汗", "斐济", "肯尼亚", "法国", "梵蒂冈"]
    assert sorted(chinese, key=lambda name: sort_key(name, "zh")) == [
        "阿富汗", "法国", "梵蒂冈", "斐济", "肯尼亚", "中国",
    ]  # fmt: skip


def test_a_profile_has_the_records_of_each_kind(client: httpx.Client) -> None:
    kinds = {
        "Certificates": ("absPermit", None), "Procedures": ("absProcedure", None), "Measures": ("measure", "ABS"),
        "Decisions": ("biosafetyDecision", None), "Risk assessments": ("nationalRiskAssessment", None),
        "National targets": ("nationalTarget7", None), "Checkpoints": ("absCheckpoint", None),
        "Communiqués of its checkpoints": ("absCheckpointCommunique", None),
        "National focal points": ("focalPoint", None),
    }  # fmt: skip
    for code in ("KE", "FR", "JP", "CN"):
        headings = dict(
            re.findall(r"<h3>([^<]*) <span class=\"count\">(\d+)</span></h3>", page(client, f"/en/country/{code}"))
        )
        for title, (schema, realm) in kinds.items():
            own = [one for one in current(schema) if country(one).upper() == code and realm in (None, one["realm"])]
            assert int(headings.get(title, 0)) == len(own), (code, title)


def test_communiques_are_told_by_origin_too(client: httpx.Client) -> None:
    origin = {guid: country(permit[-1]) for guid, permit in revisions("absPermit").items()}
    of_kenya = sum(
        "ke" in {origin.get(guid) for guid in guids(document["body"].get("absIRCCs"))}
        or "ke" in guids(document["body"].get("sourceCountries"))
        for document in current("absCheckpointCommunique")
    )
    assert of_kenya
    heading = re.search(
        r"<h3>Communiqués on what came from it <span class=\"count\">(\d+)", page(client, "/en/country/KE")
    )
    assert heading
    assert int(heading[1]) == of_kenya


def test_certificates_are_told_by_how_they_stand(client: httpx.Client) -> None:
    permits = [permit for permit in revisions("absPermit").values() if country(permit[-1]) == "eg"]
    revoked = sum(revoked_on(permit) is not None for permit in permits)
    expired = sum(
        revoked_on(permit) is None and permit[-1]["body"].get("dateOfExpiry", "9999") < "2026-01-01"
        for permit in permits
    )
    earlier = sum(len(permit) - 1 for permit in permits)
    text = plain(page(client, "/en/country/EG"))
    assert revoked
    assert f"Current: {len(permits) - revoked - expired}. Expired: {expired}. Revoked: {revoked}." in text
    assert f"Superseded revisions: {earlier}." in text


def test_what_is_missing_is_told_of_parties_only(client: httpx.Client) -> None:
    angola, states = page(client, "/en/country/AO"), page(client, "/en/country/US")
    assert "3 things that are mandatory for every Party are missing." in plain(angola)
    assert len(re.findall(r'<li class="missing">', angola)) == 3 + 3
    assert re.findall(r'<li class="missing">', states) == []
    assert "these rules do not bind this country" in plain(states)
    assert "All that is mandatory for every Party has been published." in plain(page(client, "/en/country/KE"))


def test_conditions_are_no_obligation_of_every_party() -> None:
    found = NAGOYA.findings({(f"{CH}ABSCH", f"{CH}Measure"): 2, (f"{CH}BCH", f"{CH}Authority"): 1}, {"ABS-FP": 1})
    assert [finding.records for finding in found] == [2, 1, 0, 0, 0, 0]
    assert [finding.rule.article for finding in missing(found)] == ["14.2 (b), 13.2"]
    assert [finding.rule.article for finding in missing(CARTAGENA.findings({}, {}))] == [
        "20.3 (a)",
        "19.1, 19.2",
        "19.1, 19.2",
    ]


def test_unknown_countries_are_not_found_and_small_letters_lead_on(client: httpx.Client) -> None:
    assert client.get("/en/country/ke").headers["location"] == "/en/country/KE"
    for path in ("XX", "QQ", "KEN", "%3Cscript%3E", "%E2%80%AE"):
        text = page(client, f"/en/country/{path.upper()}", 404)
        assert "<script>alert" not in text
        assert "<SCRIPT>" not in text


def test_a_profile_names_its_data_and_the_country_in_the_page_s_language(client: httpx.Client) -> None:
    text = page(client, "/ar/country/KE")
    assert "كينيا" in text
    assert labels()["KE"] == "Kenya"
    for address in re.findall(r'href="(/data/country/KE\.\w+)"', text):
        assert client.get(address).status_code == 200, address
    assert "http://metadata.un.org/sdg/codes/geoArea/404" in text
