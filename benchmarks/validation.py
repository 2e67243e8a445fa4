"""How fast records are validated: pyshacl alone, compiled shapes, and compiled shapes with pyshacl confirming, in one run.

    python benchmarks/validation.py --records 2000 --faulty 0.05

Rates are records per second of CPU. `case()` says what is validated: give it other shapes and records to measure those.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox
import pyshacl
import rdflib

from shapes import Validator
from shapes.index import Statements
from shapes.paths import text
from shapes.report import Key
from shapes.terms import RDF_TYPE, SH, SUBCLASS_OF, XSD, Term

EX = "https://example.org/"
TITLE, SUBJECT, ISSUED, EXPIRES, COUNTRY, LINK, PART, NUMBER, NAME, SCHEME = (
    ox.NamedNode(EX + name) for name in "title subject issued expires country link part number name scheme".split()
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
  sh:datatype rdf:langString ; sh:languageIn ( "ar" "en" "es" "fr" "ru" "zh" ) ; sh:message "A title."@en, "Un titre."@fr .
ex:subject-shape a sh:PropertyShape ; sh:path ex:subject ; sh:nodeKind sh:IRI ; sh:class ex:Concept ; sh:minCount 1 ;
  sh:node [ sh:property [ sh:path ex:scheme ; sh:hasValue ex:subjects ] ] ; sh:message "A subject."@en .
ex:issued-shape a sh:PropertyShape ; sh:path ex:issued ; sh:datatype xsd:date ; sh:minCount 1 ; sh:maxCount 1 ;
  sh:lessThan ex:expires ; sh:message "A date of issue."@en .
ex:expires-shape a sh:PropertyShape ; sh:path ex:expires ; sh:datatype xsd:date ; sh:maxCount 1 ; sh:message "An end."@en .
ex:country-shape a sh:PropertyShape ; sh:path ex:country ; sh:in ( ex:KE ex:IN ex:FR ex:BR ) ; sh:minCount 1 ;
  sh:maxCount 1 ; sh:message "A country."@en .
ex:link-shape a sh:PropertyShape ; sh:path ex:link ; sh:datatype xsd:anyURI ; sh:pattern "^https?://" ;
  sh:severity sh:Warning ; sh:message "A web address."@en .
ex:part-shape a sh:PropertyShape ; sh:path ex:part ; sh:class ex:Part ; sh:maxCount 9 ; sh:message "A part."@en .
ex:number-shape a sh:PropertyShape ; sh:path ex:number ; sh:datatype xsd:integer ; sh:minInclusive 1 ;
  sh:maxInclusive 1000 ; sh:message "A number."@en .
ex:name-shape a sh:PropertyShape ; sh:path ex:name ; sh:datatype xsd:string ; sh:minCount 1 ; sh:message "A name."@en .
ex:partLink-shape a sh:PropertyShape ; sh:path ex:link ; sh:datatype xsd:anyURI ; sh:minCount 1 ; sh:message "A web address."@en .
ex:LargePermit a ex:Class .
"""
ONTOLOGY = [ox.Triple(ox.NamedNode(EX + "LargePermit"), SUBCLASS_OF, ox.NamedNode(EX + "Permit"))]


@dataclass
class Case:
    """Shapes, what stands behind the records, and the records."""

    shapes: list[ox.Triple]
    ontology: list[ox.Triple]
    background: dict[ox.NamedNode, list[ox.Triple]]  # statements about nodes that records refer to
    batch: dict[str, list[ox.Triple]] = field(default_factory=dict)

    def lookup(self, node: ox.NamedNode) -> Iterable[ox.Triple]:
        """Statements about a node outside the records."""
        return self.background.get(node, ())


def case(count: int, faulty: float) -> Case:
    """Synthetic permits of about 40 statements with parts, subjects from 2,000 concepts, and one fault in some."""
    chance = random.Random(7)
    concepts = [ox.NamedNode(f"{EX}concept/{n}") for n in range(2000)]
    background = {
        concept: [
            ox.Triple(concept, RDF_TYPE, ox.NamedNode(EX + "Concept")),
            ox.Triple(concept, SCHEME, ox.NamedNode(EX + "subjects")),
            *(ox.Triple(concept, NAME, ox.Literal(f"{concept.value} {tag}", language=tag)) for tag in ("en", "fr")),
        ]
        for concept in concepts
    }
    shapes = [quad.triple for quad in ox.parse(SHAPES, format=ox.RdfFormat.TURTLE)]
    made = Case(shapes, ONTOLOGY, background)
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
        if result not in details and str(focus.value).partition("#")[0] in records:
            found[_key(read, facts)] += 1
    return found


def _key(read: Statements, facts: dict[str, Term]) -> Key:
    path = text(read, facts["resultPath"]) if "resultPath" in facts else None
    shape = facts["sourceShape"].value if isinstance(facts["sourceShape"], ox.NamedNode) else ""
    component, severity = (
        str(facts[name].value).removeprefix(SH) for name in ("sourceConstraintComponent", "resultSeverity")
    )
    return facts["focusNode"], path, facts.get("value"), component, severity, shape


def timed(label: str, count: int, run: Callable[[], Counter[Key]]) -> tuple[float, Counter[Key]]:
    """Records per CPU second of a run, and its results."""
    started = time.process_time()
    found = run()
    rate = count / (time.process_time() - started)
    print(f"{label:55} {count:6} records {rate:9.1f} records/s {sum(found.values()):6} results")
    return rate, found


def naive(made: Case, shapes: rdflib.Graph, records: list[str]) -> Counter[Key]:
    """One pyshacl call for each record."""
    found: Counter[Key] = Counter()
    for record in records:
        _, report, _ = pyshacl.validate(graph(around(made, [record])), shacl_graph=shapes)
        found += keys(made, report, {record})
    return found


def whole(made: Case, shapes: rdflib.Graph, records: list[str]) -> Counter[Key]:
    """One pyshacl call for all the records."""
    _, report, _ = pyshacl.validate(graph(around(made, records)), shacl_graph=shapes)
    return keys(made, report, set(records))


def compiled(made: Case, records: list[str], confirm: bool, sample: float, size: int) -> Counter[Key]:
    """The validator, in batches."""
    validator = Validator(made.shapes, made.ontology, made.lookup)
    assert validator.handed_over is None, validator.handed_over
    validator.confirm, validator.sample = confirm, sample
    found: Counter[Key] = Counter()
    for start in range(0, len(records), size):
        batch = {record: made.batch[record] for record in records[start : start + size]}
        found.update(result.key for results in validator.check(batch).values() for result in results)
    return found


def main() -> None:
    """Prints the rates, their ratios and whether the reports agree."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--records", type=int, default=2000)
    arguments.add_argument("--faulty", type=float, default=0.05)
    arguments.add_argument("--naive", type=int, default=30, help="records that pyshacl validates one by one")
    arguments.add_argument("--whole", type=int, default=200, help="records that pyshacl validates in one go")
    arguments.add_argument("--batch", type=int, default=500)
    given = arguments.parse_args()
    made = case(given.records, given.faulty)
    every = list(made.batch)
    some = every[: given.whole]
    shapes = graph(made.shapes)
    print(f"{sum(map(len, made.batch.values())) / len(every):.1f} statements a record")
    rates = {}
    rates["naive"], _ = timed(
        "pyshacl, record by record", given.naive, lambda: naive(made, shapes, every[: given.naive])
    )
    rates["whole"], theirs = timed("pyshacl, all in one go", len(some), lambda: whole(made, shapes, some))
    for name, confirm, sample in (("compiled", False, 0.0), ("confirmed", True, 0.0), ("sampled", True, 0.01)):
        label = {
            "compiled": "compiled shapes",
            "confirmed": "compiled shapes, every failing record confirmed",
            "sampled": "the same, and 1 % of the passing ones",
        }[name]
        rates[name], _ = timed(label, len(every), lambda c=confirm, s=sample: compiled(made, every, c, s, given.batch))  # type: ignore[misc]
    print(
        ", ".join(
            f"{n} {rates[n] / rates['naive']:.0f} x naive, {rates[n] / rates['whole']:.0f} x whole" for n in rates
        )
    )
    ours = compiled(made, some, confirm=False, sample=0.0, size=given.batch)
    print(f"reports on {len(some)} records equal: {ours == theirs}")


if __name__ == "__main__":
    main()
