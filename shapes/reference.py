"""pyshacl as the reference engine: the same shapes, the same statements, its results read back as ours."""

import warnings
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Self, TypeAlias

import pyoxigraph as ox
import pyshacl.shape
import rdflib
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS, CONSTRAINT_PARAMETERS_MAP
from pyshacl.constraints.constraint_component import ConstraintComponent
from pyshacl.errors import ReportableRuntimeError, ShapeRecursionWarning
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shapes_graph import ShapesGraph
from rdflib.term import Identifier

from ontology.errors import ShapeError

from . import paths
from .index import Statements
from .report import Result, Source, messages, source
from .terms import HTML, SH, XSD, Term, well_formed

Triple: TypeAlias = tuple[Term, ox.NamedNode, Term]

_MESSAGE, _PATH, _NODE_SHAPE = (ox.NamedNode(SH + name) for name in ("message", "path", "NodeShape"))
_PARTS = {ox.NamedNode(SH + name) for name in ("node", "not", "property", "qualifiedValueShape")}
_LISTS = {ox.NamedNode(SH + name) for name in ("and", "or", "xone")}
_SWITCHES = {ox.NamedNode(SH + n) for n in ("uniqueLang", "closed", "deactivated", "qualifiedValueShapesDisjoint")}
_FALSE = ox.Literal("false", datatype=ox.NamedNode(XSD + "boolean"))
_ONE = ox.Literal("1", datatype=ox.NamedNode(XSD + "boolean"))
_RESULT = {
    rdflib.URIRef(SH + name): name
    for name in ("focusNode", "resultPath", "value", "sourceConstraintComponent", "sourceShape", "sourceConstraint")
}


class ReferenceFailure(ShapeError):  # as EngineMismatch
    """The reference engine gave up on a shapes graph or on the data."""


class _Unread(rdflib.Literal):
    """A literal whose lexical form rdflib is kept from reading.

    It would take some forms that XSD does not allow (`1_000`, `20240101`, a date as xsd:dateTime), warn about others,
    and parse rdf:HTML, to which every text belongs. rdflib orders such literals as texts; for `<=` it does so only when
    that holds and ends the run when it does not, which is mended here.
    """

    __slots__ = ()

    def __new__(cls, lexical: str, datatype: str, ill_typed: bool) -> "_Unread":
        literal: _Unread = super().__new__(cls, lexical)
        literal._datatype = rdflib.URIRef(datatype)
        literal._value = None
        literal._ill_typed = ill_typed
        return literal

    def __le__(self, other: Any) -> bool:
        return not self > other

    def __ge__(self, other: Any) -> bool:
        return not other > self


class _Data(rdflib.Graph):
    """A graph that answers at once what pyshacl asks most: the values of a property, and whether it is one."""

    def __init__(self) -> None:
        super().__init__(store="SimpleMemory", bind_namespaces="none")
        self._values: dict[Any, dict[Any, dict[Any, None]]] = {}

    def __bool__(self) -> bool:
        return True  # by its length otherwise, which is counted

    def add(self, triple: Any) -> Self:
        """Add a statement."""
        subject, predicate, value = triple
        self._values.setdefault(subject, {}).setdefault(predicate, {})[value] = None
        return super().add(triple)

    def objects(self, subject: Any = None, predicate: Any = None, unique: bool = False) -> Any:
        """As in rdflib, by two look-ups where both are given."""
        if not isinstance(subject, Identifier) or not isinstance(predicate, Identifier):
            return super().objects(subject, predicate, unique)
        return iter(self._values.get(subject, {}).get(predicate, ()))

    def predicate_objects(self, subject: Any = None, unique: bool = False) -> Any:
        """As in rdflib, by a look-up where the subject is given."""
        if not isinstance(subject, Identifier):
            return super().predicate_objects(subject, unique)
        return iter([(predicate, o) for predicate, values in self._values.get(subject, {}).items() for o in values])


class _Terms:
    """Terms of both libraries, back and forth; literals keep their lexical form."""

    def __init__(self) -> None:
        self._there: dict[Term, Identifier] = {}
        self._back: dict[Identifier, Term] = {}

    def there(self, term: Term) -> Identifier:
        """The rdflib term."""
        found = self._there.get(term)
        if found is None:
            found = self._there[term] = _converted(term)
            self._back[found] = term
        return found

    def back(self, term: Identifier) -> Term:
        """The pyoxigraph term it came from; a SPARQL constraint may also compute one."""
        found = self._back.get(term)
        if found is None:
            if isinstance(term, rdflib.Literal):
                datatype = None if term.language or term.datatype is None else ox.NamedNode(str(term.datatype))
                found = ox.Literal(str(term), language=term.language, datatype=datatype)
            else:
                found = ox.BlankNode(str(term)) if isinstance(term, rdflib.BNode) else ox.NamedNode(str(term))
        return found


def _converted(term: Term) -> Identifier:
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, ox.Triple) or term.direction:
        raise ReferenceFailure(f"{term}: terms new in RDF 1.2 are not validated")
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    if term.datatype.value == XSD + "string":
        return rdflib.Literal(term.value)
    if not well_formed(term) or term.datatype.value == HTML:
        return _Unread(term.value, term.datatype.value, not well_formed(term))
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value), normalize=False)


class Reference:
    """A shapes graph as pyshacl sees it, parsed once."""

    def __init__(self, shapes: Statements) -> None:
        # pyshacl looks each predicate of a shape up in this, at every validation; as the list it is there, that
        # takes a third of all the time. It fills the attribute itself where it is not set.
        parameters = frozenset(ALL_CONSTRAINT_PARAMETERS)
        pyshacl.shape.CONSTRAINT_PARAMS = (parameters, CONSTRAINT_PARAMETERS_MAP)  # type: ignore[attr-defined]
        # Nor is a description of every result in words wanted, those inside sh:or included: a fifth of the time.
        ConstraintComponent.make_v_result_description = lambda *_, **__: ""  # type: ignore[method-assign]
        self._shapes = shapes
        self._sources: dict[Term, Source] = {}
        self._terms = _Terms()
        graph = _Data()
        for subject, predicate, value in shapes:
            # Messages are read from our own copy: pyshacl drops the language of those on SPARQL constraints, and ends
            # the whole run when a message has a placeholder for a value that contains a backslash.
            told = ox.Literal("") if predicate == _MESSAGE else value
            if predicate in _SWITCHES and value == _ONE:
                told = _FALSE  # only "true" switches on (W3C test uniqueLang-002); pyshacl's own loader sees to it
            graph.add((self._terms.there(subject), self._terms.there(predicate), self._terms.there(told)))
        for shape in _shapes(shapes):
            # Empty instead of none: without one pyshacl composes one for every result, those inside sh:or included.
            graph.add((self._terms.there(shape), self._terms.there(_MESSAGE), rdflib.Literal("")))
        try:
            # most shapes are parts of others: without targets of their own they find no focus nodes
            self._targeted = [shape for shape in ShapesGraph(graph).shapes if any(map(list, shape.target()))]
        except ReportableRuntimeError as error:
            raise ReferenceFailure(str(error)) from error

    def results(
        self,
        own: Iterable[Triple],
        other: Iterable[Triple],
        about: Callable[[Term], Collection[str]],
        records: Collection[str] | None,
    ) -> dict[str, list[Result]]:
        """Record → what pyshacl says of the focus nodes that are `about` it, one run for all the records (None: any).

        Focus nodes come from the `own` statements only; the `other` ones are read.

        Raises ReferenceFailure when pyshacl ends without an answer.
        """
        terms = _Terms()
        data = _Data()
        for triple in own:
            data.add(tuple(map(terms.there, triple)))
        found: dict[str, list[Result]] = defaultdict(list)
        executor = SHACLExecutor()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ShapeRecursionWarning)
            try:
                targets = [
                    (shape, _grouped(shape.focus_nodes(data), terms, about, records)) for shape in self._targeted
                ]
                for triple in other:
                    data.add(tuple(map(terms.there, triple)))
                for shape, grouped in targets:
                    for record, focus in grouped.items():
                        _, reports = shape.validate(executor, data, focus=focus)
                        found[record].extend(self._result(terms, dict(_facts(*report))) for report in reports)
            except (RuntimeError, TypeError, ValueError, ShapeError) as error:  # TypeError: rdflib on what has no order
                raise ReferenceFailure(str(error)) from error
        return dict(found)

    def _result(self, terms: _Terms, facts: Mapping[str, Identifier]) -> Result:
        shape = self._terms.back(facts["sourceShape"])
        origin = self._sources.get(shape)
        if origin is None:
            origin = self._sources[shape] = source(self._shapes, shape)
        path = facts.get("resultPath")
        component = str(facts["sourceConstraintComponent"])
        result = origin.result(
            terms.back(facts["focusNode"]),
            terms.back(facts["value"]) if "value" in facts else None,
            component.removeprefix(SH),
            None if path is None else self._path(path),
        )
        if "sourceConstraint" in facts and (own := messages(self._shapes, self._terms.back(facts["sourceConstraint"]))):
            return replace(result, messages=own)
        return result

    def _path(self, path: Identifier) -> str:
        return str(path) if isinstance(path, rdflib.URIRef) else paths.text(self._shapes, self._terms.back(path))


def _shapes(statements: Statements) -> set[Term]:
    """The shapes that have constraints on values: what has a path, is declared, or is a part of another shape."""
    found: set[Term] = set()
    for subject, predicate, value in statements:
        if predicate == _PATH or value == _NODE_SHAPE:
            found.add(subject)
        elif predicate in _PARTS:
            found.add(value)
        elif predicate in _LISTS:
            found.update(statements.items(value))
    return found


def _grouped(
    nodes: Iterable[Identifier],
    terms: _Terms,
    about: Callable[[Term], Collection[str]],
    records: Collection[str] | None,
) -> dict[str, list[Identifier]]:
    grouped: dict[str, list[Identifier]] = defaultdict(list)
    for node in nodes:
        for record in about(terms.back(node)):
            if records is None or record in records:
                grouped[record].append(node)
    return grouped


def _facts(_: str, result: Identifier, triples: Iterable[Any]) -> Iterable[tuple[str, Identifier]]:
    """The statements of one pyshacl result, without those of its details."""
    for subject, predicate, value in triples:
        if subject == result and predicate in _RESULT:
            yield _RESULT[predicate], value[1] if isinstance(value, tuple) else value
