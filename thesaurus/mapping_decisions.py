"""What curators have decided about mappings, as statements of the thesaurus and as rows of SSSOM.

A mapping that holds is a statement of SKOS, `skos:exactMatch` and its kin. Every decision, also one against a mapping,
is a node as well, in the form that SSSOM has in RDF (https://mapping-commons.github.io/sssom/spec-formats-rdf/): a
`sssom:Mapping` with what it is about, why, by whom and when, and `sssom:predicate_modifier "Not"` where it does not
hold. So nothing is proposed twice, and SPARQL and SSSOM can tell who decided what.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import pyoxigraph as ox

from thesaurus.changes import Delta
from thesaurus.mappings import BROAD, NARROW, PREDICATES, Candidate, Label, Pair, Vocabulary
from thesaurus.sssom import LEXICAL_MATCHING, MANUAL_CURATION, NOT, UNSPECIFIED_MATCHING, Row
from thesaurus.sssom_slots import OF_MAPPING, SLOTS, SSSOM, Slot
from thesaurus.statements import PREF_LABEL
from thesaurus.turtle import TYPE, XSD, ThesaurusError

MAPPING = ox.NamedNode(SSSOM + "Mapping")
_TYPE = ox.NamedNode(TYPE)
_SOURCE, _PROPERTY, _TARGET = (SLOTS[name].property for name in ("subject_id", "predicate_id", "object_id"))
_INVERSE = {**{predicate: predicate for predicate in PREDICATES}, BROAD: NARROW, NARROW: BROAD}
_DATATYPES = {"date": ox.NamedNode(XSD + "date"), "number": ox.NamedNode(XSD + "double")}
_OF_CANDIDATE = ("confidence", "mapping_tool", "mapping_tool_version", "comment")  # not of whoever decides otherwise


# --------------------------------------------------------------------------------------------------------------- rows


def proposal(candidate: Candidate, source: Vocabulary, target: Vocabulary) -> Row:
    """The row of a candidate: its labels, its confidence, and the labels that agree in each language."""
    sides = {"subject": (candidate.subject, source), "object": (candidate.object, target)}
    reasons = candidate.agreements
    evidence = (f"{one.language or 'any'}: {one.subject.text} = {one.object.text}" for one in reasons)
    return Row(
        {
            **{f"{side}_id": (concept.value,) for side, (concept, _) in sides.items()},
            **{f"{side}_label": (_shown(among.labels[concept]),) for side, (concept, among) in sides.items()},
            "predicate_id": (candidate.predicate.value,),
            "mapping_justification": (LEXICAL_MATCHING,),
            "confidence": (str(candidate.confidence),),
            "subject_match_field": tuple(sorted({one.subject.kind.value for one in reasons})),
            "object_match_field": tuple(sorted({one.object.kind.value for one in reasons})),
            "match_string": tuple(sorted({one.form for one in reasons})),
            "comment": ("; ".join(evidence),),
        }
    )


def decision(proposed: Row, predicate: ox.NamedNode | None, author: str, day: date) -> Row:
    """What somebody makes of a proposed mapping: the property that holds, or None if the proposed one does not.

    The confidence of the proposal stays with the mapping that was proposed only.
    """
    is_as_proposed = predicate is not None and predicate.value == proposed.value("predicate_id")
    kept = {slot: value for slot, value in proposed.slots.items() if is_as_proposed or slot not in _OF_CANDIDATE}
    made = {"mapping_justification": (MANUAL_CURATION,), "author_label": (author,), "mapping_date": (day.isoformat(),)}
    verdict = {"predicate_modifier": (NOT,)} if predicate is None else {"predicate_id": (predicate.value,)}
    return Row({**kept, **made, **verdict})


def flipped(row: Row) -> Row:
    """The same mapping seen from its object."""
    other = {"subject": "object", "object": "subject"}
    inverse = _INVERSE.get(ox.NamedNode(row.value("predicate_id")))
    slots = {}
    for slot, values in row.slots.items():
        side, _, rest = slot.partition("_")
        slots[f"{other[side]}_{rest}" if side in other else slot] = values
    return Row({**slots, "predicate_id": (inverse.value,)} if inverse else slots)


def _shown(labels: Sequence[Label]) -> str:
    """The preferred label in English, or else the first there is."""
    return min(labels, key=lambda label: (label.kind != PREF_LABEL, label.language != "en", label.language)).text


# --------------------------------------------------------------------------------------------------------- statements


def decided(statements: Iterable[ox.Triple]) -> list[Row]:
    """Every mapping that was decided on, and every mapping there is without a word on who decided it."""
    nodes, matches = _read(statements)
    rows = list(nodes.values())
    known = {_key(row) for row in rows}
    for subject, predicate, value in sorted(matches - known):
        slots = {"subject_id": subject, "predicate_id": predicate, "object_id": value}
        rows.append(
            Row({**{slot: (iri,) for slot, iri in slots.items()}, "mapping_justification": (UNSPECIFIED_MATCHING,)})
        )
    return rows


def pair(row: Row) -> Pair:
    """The subject and the object of a mapping."""
    return ox.NamedNode(row.value("subject_id")), ox.NamedNode(row.value("object_id"))


def pairs(rows: Iterable[Row]) -> frozenset[Pair]:
    """The subjects and objects of mappings."""
    return frozenset(map(pair, rows))


def change(statements: Iterable[ox.Triple], rows: Iterable[Row], base: str) -> Delta:
    """What mappings that were decided on change in the thesaurus; what was decided before on the same gives way.

    A mapping between two concepts of the thesaurus is stated in both directions. ThesaurusError for a mapping of which
    neither end is a concept of the thesaurus, or whose property is none of `PREDICATES`.
    """
    known = tuple(statements)
    concepts = {
        node for triple in known if triple.predicate == PREF_LABEL and isinstance(node := triple.subject, ox.NamedNode)
    }
    nodes, matches = _read(known)
    of_node: dict[object, set[ox.Triple]] = defaultdict(set)
    for triple in known:
        if triple.subject in nodes:
            of_node[triple.subject].add(triple)
    earlier, stated = _by_pair(nodes, matches)
    added: set[ox.Triple] = set()
    removed: set[ox.Triple] = set()
    for given in rows:
        row = _ours(given, concepts)
        subject, predicate, value = _key(row)
        for node, before in earlier[subject, value]:
            if before.value("predicate_id") == predicate or not (before.is_rejected or row.is_rejected):
                removed |= of_node[node]
        added |= set(_statements(row, base))
        gone = {predicate} if row.is_rejected else stated[subject, value] - {predicate}
        removed |= {one for other in gone for one in _both_ways(subject, other, value, concepts)}
        if not row.is_rejected:
            added |= set(_both_ways(subject, predicate, value, concepts))
    present = set(known)
    return Delta(frozenset(added - present), frozenset((removed - added) & present))


_Key = tuple[str, str, str]


def _key(row: Row) -> _Key:
    return row.value("subject_id"), row.value("predicate_id"), row.value("object_id")


def _read(statements: Iterable[ox.Triple]) -> tuple[dict[ox.NamedNode, Row], set[_Key]]:
    """The rows of the decisions by their nodes, and what the statements of SKOS say."""
    slots_of = {slot.property: slot for slot in OF_MAPPING}
    found: dict[ox.NamedNode, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    nodes, matches = set(), set()
    for triple in statements:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if not isinstance(subject, ox.NamedNode) or not isinstance(value, ox.NamedNode | ox.Literal):
            continue
        if predicate in PREDICATES:
            matches.add((subject.value, predicate.value, value.value))
        elif predicate == _TYPE and value == MAPPING:
            nodes.add(subject)
        elif slot := slots_of.get(predicate):
            found[subject][slot.name].append(value.value)
    rows = {node: Row({slot: tuple(sorted(values)) for slot, values in found[node].items()}) for node in nodes}
    return dict(sorted(rows.items(), key=lambda item: item[0].value)), matches


def _by_pair(
    nodes: Mapping[ox.NamedNode, Row], matches: Iterable[_Key]
) -> tuple[dict[tuple[str, str], list[tuple[ox.NamedNode, Row]]], dict[tuple[str, str], set[str]]]:
    """The decisions and the stated properties of each subject and object."""
    earlier, stated = defaultdict(list), defaultdict(set)
    for node, row in nodes.items():
        subject, _, value = _key(row)
        earlier[subject, value].append((node, row))
    for subject, predicate, value in matches:
        stated[subject, value].add(predicate)
    return earlier, stated


def _ours(row: Row, concepts: set[ox.NamedNode]) -> Row:
    subject, predicate, value = _key(row)
    if ox.NamedNode(predicate) not in PREDICATES:
        expected = ", ".join(f"skos:{known.value.rpartition('#')[2]}" for known in PREDICATES)
        raise ThesaurusError(f"mapping of {subject}: predicate_id is {predicate}; expected one of {expected}")
    if ox.NamedNode(subject) in concepts:
        return row
    if ox.NamedNode(value) in concepts:
        return flipped(row)
    raise ThesaurusError(
        f"mapping of {subject} to {value}: neither is a concept of the thesaurus; expected one of them"
    )


def _both_ways(subject: str, predicate: str, value: str, concepts: set[ox.NamedNode]) -> Iterator[ox.Triple]:
    ends, link = (ox.NamedNode(subject), ox.NamedNode(value)), ox.NamedNode(predicate)
    yield ox.Triple(ends[0], link, ends[1])
    if ends[1] in concepts:
        yield ox.Triple(ends[1], _INVERSE[link], ends[0])


def _statements(row: Row, base: str) -> Iterator[ox.Triple]:
    text = "\n".join(iri.removeprefix(base) for iri in _key(row))
    node = ox.NamedNode(f"{base}id/mapping/{hashlib.sha256(text.encode()).hexdigest()[:32]}")
    yield ox.Triple(node, _TYPE, MAPPING)
    for slot in OF_MAPPING:
        for value in row.slots.get(slot.name, ()):
            yield ox.Triple(node, slot.property, _term(slot, value))


def _term(slot: Slot, value: str) -> ox.NamedNode | ox.Literal:
    if slot.kind in ("ids", "iri"):
        return ox.NamedNode(value)
    return ox.Literal(value, datatype=_DATATYPES[slot.kind]) if slot.kind in _DATATYPES else ox.Literal(value)
