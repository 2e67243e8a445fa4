"""Statements of a source as a change of the thesaurus: added to it, or in the place of what it had of the same schemes.

A source never gives a concept a second value where one is expected: its preferred label in a language replaces the one
there was, as do its identifier, definition, title and dates. Of several preferred labels in one language one stays so,
the others become alternative ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import pyoxigraph as ox

from thesaurus.changes import TRUE, Delta
from thesaurus.importing.problems import Imported, Problem, listed, note
from thesaurus.importing.working import HIDDEN_LABEL, STANDINGS, Working
from thesaurus.statements import (
    ALT_LABEL,
    CONCEPT,
    CONCEPT_SCHEME,
    DEPRECATED,
    IDENTIFIER,
    IN_SCHEME,
    PREF_LABEL,
    REPLACED_BY,
)
from thesaurus.turtle import CH, DCTERMS, OWL, SKOS, TYPE

_TYPE = ox.NamedNode(TYPE)
_HAS_TOP, _TOP_OF = ox.NamedNode(SKOS + "hasTopConcept"), ox.NamedNode(SKOS + "topConceptOf")
_LABELS = (PREF_LABEL, ALT_LABEL, HIDDEN_LABEL)
_ONE_VALUE = {
    PREF_LABEL,
    IDENTIFIER,
    DEPRECATED,
    ox.NamedNode(SKOS + "definition"),
    ox.NamedNode(DCTERMS + "title"),
    ox.NamedNode(DCTERMS + "created"),
    ox.NamedNode(DCTERMS + "modified"),
    ox.NamedNode(OWL + "versionInfo"),
    ox.NamedNode(CH + "completeness"),
}
"""Predicates with one value, or one in each language."""

_Slot = tuple[object, ox.NamedNode, str | None]


def changes(
    present: Sequence[ox.Triple], sources: Sequence[Imported], *, replace: bool = False
) -> tuple[Delta, list[Problem]]:
    """The change that brings the statements of some sources, and what has to be told of it.

    With `replace` the sources are all there is to say about the concepts of their schemes: what they no longer say, in
    the predicates that they use, goes, and a concept that they no longer have is deprecated. Mappings stay, being no
    part of a vocabulary but of what curators found, and so do the marks of what is unofficial.
    """
    problems: list[Problem] = []
    statements = _one_preferred(present, [one for source in sources for one in source.statements], problems)
    working = Working(present)
    incoming = frozenset(statements)
    for triple in statements:
        working.add(triple)
    labels = _replace_single(working, statements)
    if replace:
        labels |= _remove_unsaid(working, incoming)
    _settle_labels(working, incoming, labels)
    official = frozenset(one for source in sources if source.is_official for one in source.statements)
    for triple in official:
        if triple.predicate in _LABELS:
            for predicate in STANDINGS:
                working.remove(ox.Triple(triple.subject, predicate, triple.object))
    if replace:
        problems += _deprecate_missing(working, incoming)
    return working.delta(), problems


def _slot(triple: ox.Triple) -> _Slot:
    value = triple.object
    return triple.subject, triple.predicate, value.language if isinstance(value, ox.Literal) else None


def _one_preferred(
    present: Iterable[ox.Triple], statements: Iterable[ox.Triple], problems: list[Problem]
) -> list[ox.Triple]:
    """The statements with one preferred label in each language: the one there is already, else the first by letters."""
    slots: dict[_Slot, dict[ox.Triple, None]] = defaultdict(dict)
    for triple in statements:
        if triple.predicate == PREF_LABEL:
            slots[_slot(triple)][triple] = None
    many = {slot: [*found] for slot, found in slots.items() if len(found) > 1}
    if not many:
        return list(statements)
    there = {triple for triple in present if triple.predicate == PREF_LABEL}
    demoted = set()
    for found in many.values():
        chosen = min(found, key=lambda triple: (triple not in there, str(triple.object)))
        others = [triple for triple in found if triple != chosen]
        demoted |= {*others}
        shown = listed(str(triple.object) for triple in others)
        message = f"{len(found)} preferred labels; {chosen.object} stays so, {shown} become alternative"
        problems.append(note(str(chosen.subject), message))
    return [
        ox.Triple(triple.subject, ALT_LABEL, triple.object) if triple in demoted else triple for triple in statements
    ]


def _replace_single(working: Working, statements: Iterable[ox.Triple]) -> set[ox.Triple]:
    """Take out what has another value now; the labels among it."""
    given = defaultdict(set)
    for triple in statements:
        if triple.predicate in _ONE_VALUE:
            given[_slot(triple)].add(triple)
    gone = [
        triple
        for triple in working.statements
        if triple.predicate in _ONE_VALUE and (new := given.get(_slot(triple))) and triple not in new
    ]
    for triple in gone:
        working.remove(triple)
    return {triple for triple in gone if triple.predicate in _LABELS}


def _remove_unsaid(working: Working, incoming: frozenset[ox.Triple]) -> set[ox.Triple]:
    """Take out what the sources no longer say of what they describe; the labels among it."""
    described = {triple.subject for triple in incoming if triple.predicate == _TYPE}
    used = {triple.predicate for triple in incoming}
    schemes = _schemes(incoming)
    gone = [
        triple
        for triple in working.statements
        if triple.subject in described
        and triple.predicate in used
        and triple not in incoming
        and not _is_kept(triple, schemes)
    ]
    for triple in gone:
        working.remove(triple)
    return {triple for triple in gone if triple.predicate in _LABELS}


def _is_kept(triple: ox.Triple, schemes: frozenset[object]) -> bool:
    """Whether a statement is none that the sources could make."""
    predicate = triple.predicate
    if predicate in (IN_SCHEME, _TOP_OF):
        return triple.object not in schemes
    is_mapping = predicate.value.startswith(SKOS) and predicate.value.endswith("Match")
    return is_mapping or predicate in (DEPRECATED, REPLACED_BY) or predicate.value.startswith(CH)


def _settle_labels(working: Working, incoming: frozenset[ox.Triple], gone: Iterable[ox.Triple]) -> None:
    """An alternative label that is the preferred one now is that only (SKOS S13); no mark is left of labels gone."""
    for triple in incoming:
        if triple.predicate == PREF_LABEL:
            alternative = ox.Triple(triple.subject, ALT_LABEL, triple.object)
            if alternative not in incoming:
                working.remove(alternative)
    for triple in gone:
        if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.Literal):
            working.forget_standing(triple.subject, triple.object)


def _schemes(incoming: Iterable[ox.Triple]) -> frozenset[object]:
    """The schemes that the sources are about: those that they put concepts into, or describe."""
    found: set[object] = set()
    for triple in incoming:
        if triple.predicate in (IN_SCHEME, _TOP_OF):
            found.add(triple.object)
        elif triple.predicate == _HAS_TOP or (triple.predicate == _TYPE and triple.object == CONCEPT_SCHEME):
            found.add(triple.subject)
    return frozenset(found)


def _deprecate_missing(working: Working, incoming: frozenset[ox.Triple]) -> Iterator[Problem]:
    """Deprecate what is in a scheme of the sources and is not in them; tell what they have that is out of use here.

    What is in another scheme as well only leaves the schemes of the sources.
    """
    schemes, described = _schemes(incoming), {triple.subject for triple in incoming}
    places = [one for one in working.statements if one.predicate in (IN_SCHEME, _TOP_OF)]
    concepts = {one.subject for one in working.statements if one.predicate == _TYPE and one.object == CONCEPT}
    out = {one.subject for one in working.statements if one.predicate == DEPRECATED and one.object == TRUE}
    elsewhere = {one.subject for one in places if one.object not in schemes}
    missing = {one.subject for one in places if one.object in schemes} - described - out
    for triple in places:
        if triple.subject in missing & elsewhere and triple.object in schemes:
            working.remove(triple)
    gone = _sorted(missing - elsewhere)
    for node in gone:
        if node in concepts:
            working.deprecate(node, ())
        else:
            working.add(ox.Triple(node, DEPRECATED, TRUE))
    for nodes, fate in (
        (gone, "are no longer in the source and go out of use"),
        (_sorted(missing & elsewhere), "are no longer in the source and stay in other schemes only"),
        (_sorted(out & described), "are in the source and out of use here, and stay out of use"),
    ):
        if nodes:
            yield note("replacement", f"{len(nodes)} {fate}: {listed(node.value for node in nodes)}")


def _sorted(nodes: Iterable[object]) -> list[ox.NamedNode]:
    return sorted((node for node in nodes if isinstance(node, ox.NamedNode)), key=str)
