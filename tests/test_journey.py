"""The journey of one record, from the clearing-house's JSON to an answer over SPARQL. Read this test first."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from endpoint.app import Application
from endpoint.house import House, finish, load
from endpoint.settings import Settings
from loaders.sources import read

AUTHORITY: dict[str, Any] = {
    "header": {"identifier": "5E7E71C0-JOURNEY-AUTHORITY", "schema": "authority", "languages": ["en", "fr"]},
    "government": {"identifier": "ke"},
    "name": {"en": "Synthetic Wildlife Authority", "fr": "Autorité synthétique de la faune"},
}
PERMIT: dict[str, Any] = {
    "documentID": 1999999,
    "revision": 1,
    "realm": "ABS",
    "synthetic": True,
    "updatedOn": "2020-03-02T09:00:00Z",
    "updatedBy": {"userID": 7, "firstName": "Somebody"},
    "body": {
        "header": {"identifier": "5E7E71C0-JOURNEY-PERMIT", "schema": "absPermit", "languages": ["en"]},
        "government": {"identifier": "ke"},
        "absCNA": {"identifier": "5E7E71C0-JOURNEY-AUTHORITY@1"},
        "title": {"en": "SYN-KE-JOURNEY"},
        "dateOfIssuance": "2020-03-01",
        "providersConfidential": True,
        "picGranted": True,
        "entitiesToWhomPICGrantedConfidential": True,
        "matEstablished": True,
        "subjectMatter": {"en": "<p>Leaves of a <em>wild</em> herb</p>"},
        "keywords": [{"identifier": "357dbb22-6a6c-4c49-ba1f-037320b09247"}],
        "usagesConfidential": True,
    },
}
QUESTION = """
PREFIX ch: <https://w3id.org/clearinghouse/ns#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX adms: <http://www.w3.org/ns/adms#>
PREFIX sdo: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?uid ?subject ?keyword ?country ?authority ?status (COUNT(?withheld) AS ?withheldFields) WHERE {
  ?permit a ch:Certificate ; dcterms:identifier ?uid ; ch:subjectMatter ?subject ; ch:confidential ?withheld ;
    adms:status ?status ; ch:keyword/skos:prefLabel ?keyword ; ch:government/skos:prefLabel ?country ;
    sdo:issuedBy/dcterms:title ?authority .
  FILTER (lang(?keyword) = "fr" && lang(?country) = "ar" && lang(?authority) = "fr")
} GROUP BY ?uid ?subject ?keyword ?country ?authority ?status
"""


def test_a_record_becomes_validated_rdf_that_answers_sparql(tmp_path: Path) -> None:
    source = tmp_path / "records.ndjson"
    source.write_text("\n".join(json.dumps(document) for document in (PERMIT, AUTHORITY)), encoding="utf-8")
    house = House.of(Settings(data_dir=tmp_path / "data"))
    with house.store() as store, house.ledger() as ledger:
        gate = house.gate(ledger, agent="test")
        outcomes = list(load(gate, store, read([str(source)])))
        finish(gate, store)
        entry = ledger.history("5E7E71C0-JOURNEY-PERMIT")[0]

    assert [judged.verdict for outcome in outcomes for judged in outcome.judged] == ["accepted", "accepted"]
    assert "Somebody" not in entry.text, "the person who edited the record stays at the door"
    assert [found["pointer"] for found in entry.report] == ["/updatedBy"]

    with TestClient(Application(house.settings)) as client:
        answer = client.post(
            "/sparql",
            content=QUESTION,
            headers={"Content-Type": "application/sparql-query", "Accept": "text/csv"},
        )
    assert answer.status_code == 200, answer.text
    assert list(csv.DictReader(io.StringIO(answer.text))) == [
        {
            "uid": "ABSCH-IRCC-KE-1999999",
            "subject": "Leaves of a wild herb",
            "keyword": "Plantes",
            "country": "كينيا",
            "authority": "Autorité synthétique de la faune",
            "status": "https://w3id.org/clearinghouse/ns#Current",
            "withheldFields": "3",
        }
    ]
