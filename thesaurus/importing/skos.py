"""SKOS files in any RDF syntax as statements: labels of SKOS-XL become plain ones, blank nodes get names.

The rest stays as it is. What SKOS does not know is told, and what no statement can keep is left out and told.
"""

import gzip
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyoxigraph as ox

from ontology.identifiers import DEFAULT_BASE
from thesaurus.changes import Node
from thesaurus.importing.problems import Imported, Problem, note
from thesaurus.statements import CONCEPT, IN_SCHEME
from thesaurus.turtle import OWL, SKOS, TYPE, ThesaurusError

SKOS_XL = "http://www.w3.org/2008/05/skos-xl#"
_RDFS, _RDF = "http://www.w3.org/2000/01/rdf-schema#", TYPE.removesuffix("type")
_LITERAL_FORM = ox.NamedNode(SKOS_XL + "literalForm")
_TYPE = ox.NamedNode(TYPE)
_LABELS = {ox.NamedNode(SKOS_XL + kind): ox.NamedNode(SKOS + kind) for kind in ("prefLabel", "altLabel", "hiddenLabel")}
# Said of a label and nothing else: gone with it without being told.
_OF_LABELS = {_LITERAL_FORM.value, TYPE}
_EXTENSIONS = {"owl": ox.RdfFormat.RDF_XML}


def read(
    path: Path, syntax: str | None = None, scheme: ox.NamedNode | None = None, base: str = DEFAULT_BASE
) -> Imported:
    """The statements of a file whose ending, or `syntax`, says how it is written; `.gz` after it is taken off.

    Concepts that the file puts into no scheme go into `scheme`; names of blank nodes lie below `base`. ThesaurusError
    for a file that does not parse.
    """
    quads = _quads(path, syntax)
    file = str(path)
    problems: list[Problem] = []
    graphs = {quad.graph_name for quad in quads} - {ox.DefaultGraph()}
    if graphs:
        problems.append(note(file, f"the names of {len(graphs)} graphs are left out, what is in them is not"))
    triples = tuple(dict.fromkeys(quad.triple for quad in quads))
    quoting = [triple for triple in triples if isinstance(triple.object, ox.Triple)]
    if quoting:
        problems.append(note(file, f"{len(quoting)} statements about statements are left out, such as {quoting[0]}"))
        triples = tuple(triple for triple in triples if not isinstance(triple.object, ox.Triple))
    triples = _plain_labels(triples, file, problems)
    triples = _named(triples, base, file, problems)
    problems += _leftovers(triples, file)
    return Imported(_in_scheme(triples, scheme, file, problems), tuple(problems))


def _quads(path: Path, syntax: str | None) -> list[ox.Quad]:
    endings = [ending[1:].lower() for ending in path.suffixes]
    packed = endings[-1:] == ["gz"]
    ending = syntax or (endings[:-1] if packed else endings)[-1:] or [""]
    name = ending if isinstance(ending, str) else ending[0]
    form = _EXTENSIONS.get(name) or ox.RdfFormat.from_extension(name) or ox.RdfFormat.from_media_type(name)
    if form is None:
        raise ThesaurusError(
            f"{path}: {name!r} is no RDF syntax; expected ttl, rdf, xml, owl, nt, nq, trig, n3 or jsonld"
        )
    data = path.read_bytes()
    try:
        return list(ox.parse(gzip.decompress(data) if packed else data, format=form))
    except (SyntaxError, ValueError, gzip.BadGzipFile, EOFError) as fault:
        raise ThesaurusError(f"{path}: expected {form.name} with absolute IRIs: {fault}") from fault


def _plain_labels(triples: Sequence[ox.Triple], file: str, problems: list[Problem]) -> tuple[ox.Triple, ...]:
    """The statements with the labels that are nodes of their own (SKOS, appendix B) as plain literals.

    A label node that no concept uses stays.
    """
    used = {triple.object for triple in triples if triple.predicate in _LABELS}
    if not used:
        return tuple(triples)
    forms: dict[object, list[Node]] = defaultdict(list)
    for triple in triples:
        if triple.predicate == _LITERAL_FORM:
            forms[triple.subject].append(triple.object)
    kept: dict[ox.Triple, None] = {}
    lost: Counter[str] = Counter()
    for triple in triples:
        if triple.predicate in _LABELS:
            for form in forms.get(triple.object, ()):
                kept[ox.Triple(triple.subject, _LABELS[triple.predicate], form)] = None
            lost["labels without a literal form"] += triple.object not in forms
        elif triple.subject not in used:
            kept[triple] = None
        elif triple.predicate.value not in _OF_LABELS:
            lost[f"<{triple.predicate.value}> of labels"] += 1
    if used & forms.keys():
        problems.append(note(file, f"{len(used & forms.keys())} labels of SKOS-XL are taken over as plain labels"))
    problems += [note(file, f"{times} {what} are left out") for what, times in sorted(lost.items()) if times]
    return tuple(kept)


def _named(triples: Sequence[ox.Triple], base: str, file: str, problems: list[Problem]) -> tuple[ox.Triple, ...]:
    """The statements with blank nodes named by what is said of them (RDF 1.1, section 3.5): the same in every reading.

    Blank nodes that lead back to themselves cannot be named so, and are left out.
    """
    about: dict[ox.BlankNode, list[ox.Triple]] = defaultdict(list)
    for triple in triples:
        if isinstance(triple.subject, ox.BlankNode):
            about[triple.subject].append(triple)
    blank = {node for triple in triples for node in (triple.subject, triple.object) if isinstance(node, ox.BlankNode)}
    names: dict[object, ox.NamedNode] = {}
    waiting = blank
    while waiting:
        ready = {node for node in waiting if all(one.object not in waiting for one in about.get(node, ()))}
        if not ready:
            break
        for node in ready:
            said = sorted(f"{one.predicate} {names.get(one.object, one.object)}" for one in about.get(node, ()))
            # What nothing is said of has only its label to be told apart by.
            digest = hashlib.sha256("\n".join(said or [str(node)]).encode()).hexdigest()[:32]
            names[node] = ox.NamedNode(f"{base}.well-known/genid/{digest}")
        waiting = waiting - ready
    if not blank:
        return tuple(triples)
    problems.append(note(file, f"{len(names)} blank nodes are named by what is said of them"))
    lost = [triple for triple in triples if triple.subject in waiting or triple.object in waiting]
    if lost:
        problems.append(
            note(file, f"{len(lost)} statements of blank nodes in a circle are left out, such as {lost[0]}")
        )
    kept = dict.fromkeys(
        ox.Triple(names.get(one.subject, one.subject), one.predicate, names.get(one.object, one.object))
        for one in triples
        if one.subject not in waiting and one.object not in waiting
    )
    return tuple(kept)


def _leftovers(triples: Iterable[ox.Triple], file: str) -> Iterator[Problem]:
    """What is said in words of OWL, RDFS and SKOS-XL, which means nothing to a thesaurus."""
    taken = {OWL + "deprecated", OWL + "versionInfo", TYPE}
    found: Counter[str] = Counter()
    for triple in triples:
        word = triple.predicate.value
        if word == TYPE and isinstance(triple.object, ox.NamedNode):
            word = triple.object.value
        if word.startswith((OWL, _RDFS, SKOS_XL, _RDF)) and word not in taken:
            found[word] += 1
    for word, times in sorted(found.items()):
        yield note(file, f"{times} statements with <{word}> stay as they are; a thesaurus makes nothing of them")


def _in_scheme(
    triples: Sequence[ox.Triple], scheme: ox.NamedNode | None, file: str, problems: list[Problem]
) -> tuple[ox.Triple, ...]:
    concepts = dict.fromkeys(one.subject for one in triples if one.predicate == _TYPE and one.object == CONCEPT)
    top = ox.NamedNode(SKOS + "topConceptOf")
    placed: set[object] = {one.subject for one in triples if one.predicate in (IN_SCHEME, top)}
    placed |= {one.object for one in triples if one.predicate == ox.NamedNode(SKOS + "hasTopConcept")}
    loose = [concept for concept in concepts if concept not in placed]
    if loose and scheme is None:
        problems.append(
            note(file, f"{len(loose)} concepts are in no scheme, such as {loose[0]}; a scheme can be given")
        )
    if not concepts:
        problems.append(note(file, "no skos:Concept; expected some"))
    return (*triples, *(ox.Triple(concept, IN_SCHEME, scheme) for concept in loose if scheme))
