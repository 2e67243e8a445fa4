"""How fast records are validated: by pyshacl, by compiled shapes, by these with pyshacl confirming; all in one run.

    python benchmarks/validation.py --records 2000 --faulty 0.05 [--synthetic]

Rates are records per second of CPU. What is validated are the bundled shapes and generated records of this project, or,
with `--synthetic`, shapes and records made here; `CASES` takes others.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Background
from dataclasses import dataclass, field

import pyoxigraph as ox
import pyshacl
import rdflib

import ontology
import shapes
from loaders.documents import document
from loaders.generate import records
from loaders.mapping import Mapping
from ontology.errors import DoorError
from ontology.identifiers import Iris
from shapes import Validator
from shapes.index import Statements
from shapes.paths import text
from shapes.report import Key
from shapes.terms import RDF_TYPE, SH, SUBCLASS_OF, XSD, Term
from thesaurus.vocabulary import Thesaurus

EX = "https://example.org/"
TITLE, SUBJECT, ISSUED, EXPIRES, COUNTRY, LINK, PART, NUMBER, NAME, SCHEME = (
    ox.NamedNode(EX + name)
    for name in ("title", "subject", "issued", "expires", "country", "link", "part", "number", "name", "scheme")
)
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix ex: <https://example.org/> .
ex:Permit-shape a sh:NodeShape ; sh:targetClass ex:Permit ;
  sh:property ex:title-shape, ex:subject-shape, ex:issued-shape, ex:expires-shape, ex:country-shape, ex:link-shape,
    ex:part-shape, ex:number-shape ;
  sh:or ( [ sh:path ex:link ; sh:minCount 1 ] [ sh:path ex:part ; sh:minCount 1 ] ) .
ex:Part-shape a sh:NodeShape ; sh:targetClass ex:Part ; sh:property ex:name-shape, ex:partLink-shape .
ex:title-shape a sh:PropertyShape ; sh:path ex:title ; sh:minCount 1 ; sh:uniqueLang true ; sh:minLength 2 ;
  sh:datatype rdf:langString ; sh:languageIn ( "ar" "en" "es" "fr" "ru" "zh" ) ;
  sh:message "A title."@en, "Un titre."@fr .
ex:subject-shape a sh:PropertyShape ; sh:path ex:subject ; sh:nodeKind sh:IRI ; sh:class ex:Concept ; sh:minCount 1 ;
  sh:node [ sh:property [ sh:path ex:scheme ; sh:hasValue ex:subjects ] ] ; sh:message "A subject."@en .
ex:issued-shape a sh:PropertyShape ; sh:path ex:issued ; sh:datatype xsd:date ; sh:minCount 1 ; sh:maxCount 1 ;
  sh:lessThan ex:expires ; sh:message "A date of issue."@en .
ex:expires-shape a sh:PropertyShape ; sh:path ex:expires ; sh:datatype xsd:date ; sh:maxCount 1 ;
  sh:message "An end."@en .
ex:country-shape a sh:PropertyShape ; sh:path ex:country ; sh:in ( ex:KE ex:IN ex:FR ex:BR ) ; sh:minCount 1 ;
  sh:maxCount 1 ; sh:message "A country."@en .
ex:link-shape a sh:PropertyShape ; sh:path ex:link ; sh:datatype xsd:anyURI ; sh:pattern "^https?://" ;
  sh:severity sh:Warning ; sh:message "A web address."@en .
ex:part-shape a sh:PropertyShape ; sh:path ex:part ; sh:class ex:Part ; sh:maxCount 9 ; sh:message "A part."@en .
ex:number-shape a sh:PropertyShape ; sh:path ex:number ; sh:datatype xsd:integer ; sh:minInclusive 1 ;
  sh:maxInclusive 1000 ; sh:message "A number."@en .
ex:name-shape a sh:PropertyShape ; sh:path ex:name ; sh:datatype xsd:string ; sh:minCount 1 ; sh:message "A name."@en .
ex:partLink-shape a sh:PropertyShape ; sh:path ex:link ; sh:datatype xsd:anyURI ; sh:minCount 1 ;
  sh:message "A web address."@en .
ex:LargePermit a ex:Class .
"""
ONTOLOGY = [ox.Triple(ox.NamedNode(EX + "LargePermit"), SUBCLASS_OF, ox.NamedNode(EX + "Permit"))]


@dataclass
class Case:
    """Shapes, what stands behind the records, and the records."""

    shapes: Iterable[ox.Triple]
    ontology: Iterable[ox.Triple]
    background: Background[Term, list[ox.Triple]]  # statements about nodes that records refer to
    batch: dict[str, list[ox.Triple]] = field(default_factory=dict)  # record IRI → statements

    def lookup(self, node: ox.NamedNode) -> Iterable[ox.Triple]:
        """Statements about a node outside the records."""
        return self.background.get(node, ())


def project(count: int, faulty: float) -> Case:
    """The bundled shapes, and records of the generator through the mapping; of other records the type is known."""
    mapping = Mapping(Iris(), Thesaurus.load())
    documents = {}
    for generated in records(2 * count, faults=faulty):
        try:
            text_ = json.dumps(generated.document, ensure_ascii=False)
            one = document(generated.document, text_.encode().decode())
        except (DoorError, UnicodeEncodeError):
            continue  # what never becomes a record
        documents[one.guid] = one
    mapped = mapping.mapped(list(documents.values())[:count])
    batch = {mapping.iris.record(m.document.guid).value: [quad.triple for quad in m.quads] for m in mapped}
    types = [
        t for iri, found in batch.items() for t in found if t.predicate == RDF_TYPE and t.subject == ox.NamedNode(iri)
    ]
    background: dict[Term, list[ox.Triple]] = {}
    for triple in (*mapping.thesaurus.triples(), *types):
        background.setdefault(triple.subject, []).append(triple)
    return Case(shapes.load(), ontology.load(), background, batch)


def synthetic(count: int, faulty: float) -> Case:
    """Synthetic permits of about 40 statements with parts, subjects from 2,000 concepts, and one fault in some."""
    chance = random.Random(7)  # noqa: S311  # reproducible
    concepts = [ox.NamedNode(f"{EX}concept/{n}") for n in range(2000)]
    background: dict[Term, list[ox.Triple]] = {
        concept: [
            ox.Triple(concept, RDF_TYPE, ox.NamedNode(EX + "Concept")),
            ox.Triple(concept, SCHEME, ox.NamedNode(EX + "subjects")),
            *(ox.Triple(concept, NAME, ox.Literal(f"{concept.value} {tag}", language=tag)) for tag in ("en", "fr")),
        ]
        for concept in concepts
    }
    made = Case([quad.triple for quad in ox.parse(SHAPES, format=ox.RdfFormat.TURTLE)], ONTOLOGY, background)
    for number in range(count):
        iri, statements = permit(number, concepts, chance)
        made.batch[iri] = damaged(statements, chance) if chance.random() < faulty else statements
    return made


def typed(text: str, name: str) -> ox.Literal:
    """A literal of an XSD datatype."""
    return ox.Literal(text, datatype=ox.NamedNode(XSD + name))


def permit(number: int, concepts: list[ox.NamedNode], chance: random.Random) -> tuple[str, list[ox.Triple]]:
    """A valid record and its IRI."""
    node = ox.NamedNode(f"{EX}permit/{number}")
    kind = ox.NamedNode(EX + chance.choice(["Permit", "LargePermit"]))
    year, day = chance.randrange(1990, 2020), chance.randrange(10, 29)
    found = [
        ox.Triple(node, RDF_TYPE, kind),
        *(ox.Triple(node, TITLE, ox.Literal(f"Permit {number}", language=tag)) for tag in ("en", "fr", "es", "ar")),
        *(ox.Triple(node, SUBJECT, concept) for concept in chance.sample(concepts, 6)),
        ox.Triple(node, ISSUED, typed(f"{year}-05-{day}", "date")),
        ox.Triple(node, EXPIRES, typed(f"{year + 3}-05-{day}", "date")),
        ox.Triple(node, COUNTRY, ox.NamedNode(EX + chance.choice(["KE", "IN", "FR", "BR"]))),
        ox.Triple(node, LINK, typed(f"https://example.org/documents/{number}", "anyURI")),
        ox.Triple(node, NUMBER, typed(str(chance.randrange(1, 1000)), "integer")),
    ]
    for position in range(7):
        part = ox.NamedNode(f"{node.value}#/parts/{position}")
        found += [
            ox.Triple(node, PART, part),
            ox.Triple(part, RDF_TYPE, ox.NamedNode(EX + "Part")),
            ox.Triple(part, NAME, ox.Literal(f"Part {position} of {number}")),
            ox.Triple(part, LINK, typed(f"https://example.org/documents/{number}/{position}", "anyURI")),
        ]
    return node.value, found


def damaged(statements: list[ox.Triple], chance: random.Random) -> list[ox.Triple]:
    """The record with one statement left out or with a wrong value."""
    place = chance.randrange(1, len(statements))
    old = statements[place]
    wrong = chance.choice([[], [ox.Triple(old.subject, old.predicate, typed("31.12.2024", "date"))]])
    return [*statements[:place], *wrong, *statements[place + 1 :]]


def graph(triples: Iterable[ox.Triple]) -> rdflib.Graph:
    """The same statements for rdflib."""
    rdflib.NORMALIZE_LITERALS = False
    lines = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    return rdflib.Graph().parse(data=lines, format="nt")


def around(made: Case, records: Iterable[str]) -> list[ox.Triple]:
    """Records, what they refer to, and the class hierarchy."""
    own = [triple for record in records for triple in made.batch[record]]
    referred = dict.fromkeys(triple.object for triple in own if isinstance(triple.object, ox.NamedNode))
    return [*own, *made.ontology, *(triple for node in referred for triple in made.lookup(node))]


def keys(made: Case, report: rdflib.Graph, records: set[str]) -> Counter[Key]:
    """What pyshacl's report says about the records, with its complex paths as text."""
    found: Counter[Key] = Counter()
    read = Statements(ox.parse(report.serialize(format="nt"), format=ox.RdfFormat.N_TRIPLES))
    details = {value for _, p, value in read if p.value == SH + "detail"}
    for result in read.subjects(RDF_TYPE, ox.NamedNode(SH + "ValidationResult")):
        facts = {p.value.removeprefix(SH): next(iter(v)) for p, v in read.nodes[result].items()}
        focus = facts["focusNode"]
        if result not in details and isinstance(focus, ox.NamedNode) and focus.value.partition("#")[0] in records:
            found[_key(read, facts)] += 1
    return found


def _key(read: Statements, facts: dict[str, Term]) -> Key:
    path = text(read, facts["resultPath"]) if "resultPath" in facts else None
    shape = facts["sourceShape"].value if isinstance(facts["sourceShape"], ox.NamedNode) else ""
    component, severity = (
        str(facts[name])[1:-1].removeprefix(SH) for name in ("sourceConstraintComponent", "resultSeverity")
    )
    return facts["focusNode"], path, facts.get("value"), component, severity, shape


def naive(made: Case, schema: rdflib.Graph, some: list[str]) -> Counter[Key]:
    """One pyshacl call for each record."""
    return sum((whole(made, schema, [record]) for record in some), Counter())


def whole(made: Case, schema: rdflib.Graph, some: list[str]) -> Counter[Key]:
    """One pyshacl call for all the records."""
    _, report, _ = pyshacl.validate(graph(around(made, some)), shacl_graph=schema)
    return keys(made, report, set(some))


def compiled(validator: Validator, made: Case, some: list[str], size: int, sample: float | None = None) -> Counter[Key]:
    """The validator, in batches; with a share of passing records, beside all failing ones, confirmed by pyshacl."""
    assert validator.handed_over is None, validator.handed_over
    validator.confirm, validator.sample = sample is not None, sample or 0.0
    found: Counter[Key] = Counter()
    for start in range(0, len(some), size):
        results = validator.check({record: made.batch[record] for record in some[start : start + size]})
        found.update(result.key for of_record in results.values() for result in of_record)
        for record, reason in validator.unconfirmed.items():
            print(f"not confirmed: {record}: {reason}")
    return found


CASES: dict[str, Callable[[int, float], Case]] = {"project": project, "synthetic": synthetic}


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--faulty", type=float, default=0.05, help="share of the records with a fault")
    parser.add_argument("--naive", type=int, default=30, help="records that pyshacl validates one by one")
    parser.add_argument("--whole", type=int, default=200, help="records that pyshacl validates in one go")
    parser.add_argument("--batch", type=int, default=500, help="records that the validator gets at a time")
    parser.add_argument("--synthetic", dest="case", action="store_const", const="synthetic", default="project")
    return parser.parse_args()


def main() -> None:
    """Prints the rates, their ratios and whether the reports agree."""
    given = arguments()
    rdflib.NORMALIZE_LITERALS = False
    made = CASES[given.case](given.records, given.faulty)
    every, schema = list(made.batch), graph(made.shapes)
    validator = Validator(made.shapes, made.ontology, made.lookup)
    few, some = every[: given.naive], every[: given.whole]
    print(f"{given.case}: {len(every)} records, {sum(map(len, made.batch.values())) / len(every):.1f} statements each")
    runs: tuple[tuple[str, list[str], Callable[[], Counter[Key]]], ...] = (
        ("pyshacl, record by record", few, lambda: naive(made, schema, few)),
        ("pyshacl, all in one go", some, lambda: whole(made, schema, some)),
        ("compiled", every, lambda: compiled(validator, made, every, given.batch)),
        ("compiled, failing records confirmed", every, lambda: compiled(validator, made, every, given.batch, 0.0)),
        ("and 1 % of the others", every, lambda: compiled(validator, made, every, given.batch, 0.01)),
    )
    rates, found = {}, {}
    for label, chosen, run in runs:
        started = time.process_time()
        found[label] = run()
        rates[label] = len(chosen) / (time.process_time() - started)
        print(f"{label:36} {len(chosen):6} records {rates[label]:9.1f} records/s {found[label].total():6} results")
    slow, all_at_once, *_ = rates.values()
    for label, rate in list(rates.items())[2:]:
        print(f"{label:36} {rate / slow:6.1f} x record by record, {rate / all_at_once:6.1f} x all in one go")
    ours = compiled(validator, made, some, given.batch)
    equal = ours == found[runs[1][0]]
    print(f"reports of both on {len(some)} records equal: {equal}")


if __name__ == "__main__":
    main()
