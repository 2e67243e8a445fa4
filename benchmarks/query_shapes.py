"""The questions the engines are asked: one query for each shape that people and pages of the service ask in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from string import Template
from typing import Literal
from urllib.parse import quote

Compared = Literal["values", "rows", "nothing"]
"""How answers are compared: all values in any order; how many rows, where the query leaves open which; not at all."""

PREFIXES = {
    "adms": "http://www.w3.org/ns/adms#",
    "ch": "https://w3id.org/clearinghouse/ns#",
    "country": "https://w3id.org/clearinghouse/id/country/",
    "dcterms": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "pav": "http://purl.org/pav/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sdo": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_LINE = re.compile(
    r'<(?P<record>[^>#]+/id/record/[^>#]+)> <http://(?:purl\.org/dc/terms/identifier> "(?P<identifier>[^"]+)"'
    r"|www\.w3\.org/ns/adms#status> <https://w3id\.org/clearinghouse/ns#(?P<status>\w+)>)"
)


@dataclass(frozen=True)
class Shape:
    """A query; `$record`, `$certificate` and `$certificates` in it stand for records of the generated data."""

    name: str
    text: str
    compared: Compared = "values"
    lookup: bool = False

    @property
    def is_graph(self) -> bool:
        """Whether the answer is a graph."""
        return self.text.lstrip().startswith(("CONSTRUCT", "DESCRIBE"))


def shape(name: str, text: str, compared: Compared = "values", lookup: bool = False) -> Shape:
    """A shape, its query in one line."""
    return Shape(name, " ".join(text.split()), compared, lookup)


SHAPES = (
    shape("record lookup", "SELECT ?property ?value WHERE { <$record> ?property ?value }", lookup=True),
    shape(
        "lookup by identifier",
        """SELECT ?record ?class ?country WHERE {
          ?record dcterms:identifier "$certificate" ; a ?class ; ch:government ?country }""",
        lookup=True,
    ),
    shape(
        "is it valid (ASK)",
        """ASK { ?record dcterms:identifier "$certificate" ; a ch:Certificate ; dcterms:issued ?issued .
          FILTER(?issued <= "2030-01-01"^^xsd:date)
          FILTER NOT EXISTS { ?record ch:revision ?revocation . ?revocation adms:status ch:Revoked } }""",
        lookup=True,
    ),
    shape("DESCRIBE", 'DESCRIBE ?record WHERE { ?record dcterms:identifier "$certificate" }', "nothing", lookup=True),
    shape(
        "chain: certificate, authority, measure, initiative",
        """SELECT DISTINCT ?certificate ?authority ?measure ?initiative WHERE {
          ?permit a ch:Certificate ; ch:government country:IN ; dcterms:identifier ?certificate ;
            sdo:issuedBy ?issuer ; dcterms:subject ?concept .
          ?issuer dcterms:identifier ?authority ; ch:policyBasisForCompetencyRef/dcterms:identifier ?measure .
          ?concept skos:closeMatch|skos:relatedMatch ?subject .
          ?work a ch:CapacityBuildingInitiative ; dcterms:subject ?subject ; ch:countryOrRegion country:IN ;
            dcterms:identifier ?initiative }""",
    ),
    shape(
        "communiqué to certificate, authority, country",
        """SELECT ?communique ?certificate ?authority ?country WHERE {
          ?report a ch:CheckpointCommunique ; dcterms:identifier ?communique ; ch:certificate ?permit .
          ?permit dcterms:identifier ?certificate ; sdo:issuedBy/dcterms:identifier ?authority ;
            ch:government/skos:prefLabel ?country . FILTER(LANG(?country) = "en") }""",
    ),
    shape(
        "group by country and class",
        """SELECT ?country ?class (COUNT(?record) AS ?records) WHERE {
          ?record ch:government ?country ; a ?class } GROUP BY ?country ?class""",
    ),
    shape(
        "distinct counts by house and class",
        """SELECT ?house ?class (COUNT(DISTINCT ?record) AS ?records) (COUNT(DISTINCT ?country) AS ?countries) WHERE {
          ?record ch:guid ?guid ; a ?class ; ch:clearingHouse ?house . OPTIONAL { ?record ch:government ?country } }
          GROUP BY ?house ?class""",
    ),
    shape(
        "path: narrower keywords and records",
        """SELECT ?certificate ?keyword WHERE {
          ?top skos:prefLabel "All types of genetic resources"@en . ?concept skos:broader* ?top ;
            skos:prefLabel ?keyword . FILTER(LANG(?keyword) = "en")
          ?record ch:keyword ?concept ; a ch:Certificate ; dcterms:identifier ?certificate }""",
    ),
    shape(
        "path: alternatives and sequences",
        """SELECT DISTINCT ?record ?concept WHERE {
          ?record a ch:Procedure ; (ch:keyword|ch:absSubject|dcterms:subject)/(skos:closeMatch|skos:relatedMatch)?
            ?concept }""",
    ),
    shape(
        "language filter",
        """SELECT ?record ?title WHERE {
          ?record a ch:Measure ; dcterms:title ?title FILTER(LANGMATCHES(LANG(?title), "fr")) }""",
    ),
    shape(
        "CONTAINS in titles",
        """SELECT ?record ?title WHERE {
          ?record dcterms:title ?title FILTER(CONTAINS(LCASE(STR(?title)), "island biodiversity")) }""",
    ),
    shape(
        "REGEX on identifiers",
        """SELECT ?identifier WHERE {
          ?record dcterms:identifier ?identifier FILTER(REGEX(STR(?identifier), "^ABSCH-(CNA|NFP)-[A-K][A-Z]-")) }""",
    ),
    shape(
        "page of a list",
        """SELECT ?record ?issued WHERE {
          ?record a ch:Certificate ; ch:government country:BR ; dcterms:issued ?issued }
          ORDER BY DESC(?issued) ?record LIMIT 20""",
    ),
    shape(
        "top-k countries",
        """SELECT ?country (COUNT(?record) AS ?records) WHERE {
          ?record a ch:Certificate ; ch:government ?country }
          GROUP BY ?country ORDER BY DESC(?records) ?country LIMIT 10""",
    ),
    shape(
        "newest 20 of all",
        """SELECT ?record ?modified WHERE { ?record ch:guid ?guid ; dcterms:modified ?modified }
          ORDER BY DESC(?modified) ?record LIMIT 20""",
    ),
    shape(
        "eight OPTIONALs",
        """SELECT * WHERE { ?record a ch:Certificate ; ch:government country:KE .
          OPTIONAL { ?record dcterms:identifier ?identifier } OPTIONAL { ?record dcterms:issued ?issued }
          OPTIONAL { ?record sdo:validUntil ?expires } OPTIONAL { ?record sdo:issuedBy ?authority }
          OPTIONAL { ?record ch:provider ?provider } OPTIONAL { ?record ch:picGrantedTo ?user }
          OPTIONAL { ?record ch:usage ?usage } OPTIONAL { ?record adms:status ?status } }""",
    ),
    shape(
        "CONSTRUCT 10k",
        """CONSTRUCT { ?record dcterms:title ?title } WHERE { ?record ch:guid ?guid ; dcterms:title ?title }
          LIMIT 10000""",
        "rows",
    ),
    shape("SELECT 100k rows", "SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 100000", "rows"),
    shape(
        "subject facet of a country",
        """SELECT ?subject (COUNT(DISTINCT ?record) AS ?records) WHERE {
          ?record ch:government country:MX ; dcterms:subject ?concept .
          ?concept skos:prefLabel ?subject FILTER(LANG(?subject) = "en") } GROUP BY ?subject""",
    ),
    shape(
        "year facet",
        """SELECT ?year (COUNT(?record) AS ?records) WHERE {
          ?record a ch:Certificate ; dcterms:issued ?issued BIND(YEAR(?issued) AS ?year) } GROUP BY ?year""",
    ),
    shape(
        "NOT EXISTS",
        """SELECT ?record WHERE {
          ?record a ch:Certificate ; adms:status ch:Current
          FILTER NOT EXISTS { ?communique ch:certificate ?record } }""",
    ),
    shape(
        "MINUS",
        "SELECT ?record WHERE { ?record a ch:CheckpointCommunique MINUS { ?record ch:certificate ?certificate } }",
    ),
    shape(
        "date range",
        """SELECT (COUNT(?record) AS ?records) WHERE {
          ?record a ch:Certificate ; dcterms:issued ?issued
          FILTER(?issued >= "2018-01-01"^^xsd:date && ?issued < "2020-07-01"^^xsd:date) }""",
    ),
    shape("COUNT(*)", "SELECT (COUNT(*) AS ?statements) WHERE { ?s ?p ?o }"),
    shape("DISTINCT classes", "SELECT DISTINCT ?class WHERE { ?thing a ?class }"),
    shape(
        "DISTINCT countries and usages",
        "SELECT DISTINCT ?country ?usage WHERE { ?record ch:government ?country ; ch:usage ?usage }",
    ),
    shape(
        "UNION",
        """SELECT ?record ?role WHERE {
          { ?record ch:provider ?who BIND("provider" AS ?role) } UNION
          { ?record ch:picGrantedTo ?who BIND("user" AS ?role) } UNION
          { ?record sdo:issuedBy ?who BIND("authority" AS ?role) }
          ?record ch:government country:ZA }""",
    ),
    shape(
        "VALUES of 50",
        """SELECT ?identifier ?record ?class WHERE {
          VALUES ?identifier { $certificates } ?record dcterms:identifier ?identifier ; a ?class }""",
    ),
    shape(
        "GRAPH of a record",
        "SELECT ?s ?p ?o WHERE { GRAPH <$record> { ?s ?p ?o } }",
    ),
    shape(
        "GRAPH ?g: sizes",
        """SELECT ?graph (COUNT(?p) AS ?statements) WHERE {
          ?record a ch:Measure ; ch:government country:EG . GRAPH ?graph { ?record ch:guid ?guid . ?s ?p ?o } }
          GROUP BY ?graph""",
    ),
    shape(
        "sub-select: rank, then label",
        """SELECT ?name ?records WHERE {
          { SELECT ?concept (COUNT(?record) AS ?records) WHERE { ?record ch:cbdSubject ?concept }
            GROUP BY ?concept ORDER BY DESC(?records) ?concept LIMIT 10 }
          ?concept skos:prefLabel ?name FILTER(LANG(?name) = "en") }""",
    ),
    shape(
        "HAVING",
        """SELECT ?record (COUNT(?language) AS ?languages) WHERE { ?record ch:guid ?guid ; sdo:inLanguage ?language }
          GROUP BY ?record HAVING(COUNT(?language) > 2)""",
    ),
)


@dataclass(frozen=True)
class Records:
    """Records of the generated data: IRI and public identifier of each, sorted; and which of them are revoked."""

    known: list[tuple[str, str]]
    revoked: set[str]

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Records":
        """The records of N-Quads."""
        identified, revoked = {}, set()
        for match in filter(None, map(_LINE.match, lines)):
            if match["identifier"]:
                identified[match["record"]] = match["identifier"]
            elif match["status"] == "Revoked":
                revoked.add(match["record"])
        return cls(sorted(identified.items()), revoked)

    def query(self, shape: Shape) -> str:
        """The query of a shape, with its prefixes, about certificates from the middle of the data."""
        standing = [pair for pair in self.known if pair[1].startswith("ABSCH-IRCC-") and pair[0] not in self.revoked]
        record, certificate = standing[len(standing) // 2]
        fifty = " ".join(f'"{identifier}"' for _, identifier in standing[:50])
        text = Template(shape.text).substitute(record=record, certificate=certificate, certificates=fifty)
        used = {name: iri for name, iri in PREFIXES.items() if f"{name}:" in text}
        return " ".join([*(f"PREFIX {name}: <{iri}>" for name, iri in used.items()), text])

    def lookups(self, count: int) -> list[str]:
        """So many lookups, no two the same: record after record, then again with another limit."""
        size = len(self.known)
        return [
            f"SELECT ?p ?o WHERE {{ <{self.known[n % size][0]}> ?p ?o }} LIMIT {1000 + n // size}" for n in range(count)
        ]


def target(path: str, query: str) -> str:
    """The request target of a query by GET."""
    return f"{path}?query={quote(query, safe='')}"
