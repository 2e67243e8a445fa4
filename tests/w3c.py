"""The W3C SPARQL suites as cases: manifests read into queries, datasets and expected answers, and how answers compare.

All data of a suite lie in one store, each file in a named graph, so that a case names its dataset by the parameters of
the protocol. IRIs are those the files would have below `BASE`.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urljoin

import pyoxigraph as ox

BASE = "https://example.org/w3c/"
_MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
_QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
_RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_FROM = re.compile(r"\bFROM\s+(?:NAMED\s+)?<([^>]*)>", re.IGNORECASE)
_UTC = re.compile(r"[+-]00:00$")
_FORMATS = {"srx": "application/sparql-results+xml", "srj": "application/sparql-results+json", "csv": "text/csv"}
_FORMATS |= {"tsv": "text/tab-separated-values"}

Row = tuple[object, ...]
Statements = dict[object, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]]


@dataclass(frozen=True, eq=False)
class Case:
    """One test: the IRIs of its files and the local name of its class; `lax` if a row may come fewer times."""

    name: str
    type: str
    query: str
    result: str | None = None
    default: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    lax: bool = False


class Suite:
    """The suites below a directory such as `sparql11`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, iri: str) -> Path:
        """The file of an IRI."""
        return self.root / iri.removeprefix(BASE)

    def text(self, iri: str) -> str:
        """The text of a file, line ends as they are."""
        return self.path(iri).read_bytes().decode()

    def cases(self, manifest: str) -> Iterator[Case]:
        """The cases of a manifest and of those it includes."""
        graph = _statements(self._triples(BASE + manifest))
        for node in list(graph):
            for head in graph[node].get(_MF + "include", ()):
                for included in _items(graph, head):
                    yield from self.cases(_iri(included).removeprefix(BASE))
        for head in [head for node in graph for head in graph[node].get(_MF + "entries", ())]:
            for entry in _items(graph, head):
                yield self._case(graph, entry, manifest)

    def _case(self, graph: Statements, entry: object, manifest: str) -> Case:
        about = graph[entry]
        [kind], [action] = (about[_RDF + "type"], about[_MF + "action"])
        name = f"{Path(manifest).parent}/{str(entry).strip('<>').rpartition('#')[2]}"
        type_ = _iri(kind).rpartition("#")[2]
        if isinstance(action, ox.NamedNode):
            return Case(name, type_, action.value)
        parts = graph[action]
        default, named = ([_iri(one) for one in parts.get(_QT + key, ())] for key in ("data", "graphData"))
        query = [*parts.get(_QT + "query", ()), *parts.get(_UPDATE, ())]
        result = [_iri(one) for one in about.get(_MF + "result", ()) if isinstance(one, ox.NamedNode)]
        lax = _MF + "resultCardinality" in about
        return Case(name, type_, _iri(query[0]), next(iter(result), None), default, named, lax)

    def from_clause(self, case: Case) -> list[str]:
        """The graphs that the query itself names as its dataset."""
        return [urljoin(case.query, iri) for iri in _FROM.findall(self.text(case.query))]

    def data(self, cases: Sequence[Case]) -> Iterator[ox.Quad]:
        """Every data file of the cases, in a graph of its own."""
        files = {iri for case in cases for iri in (*case.default, *case.named)}
        files |= {iri for case in cases if case.result for iri in self.from_clause(case)}
        for iri in sorted(files):
            for triple in self._triples(iri):
                yield ox.Quad(triple.subject, triple.predicate, triple.object, ox.NamedNode(iri))

    def _triples(self, iri: str) -> list[ox.Triple]:
        path = self.path(iri)
        format_ = ox.RdfFormat.from_extension(path.suffix[1:])
        assert format_ is not None, iri
        parsed = ox.parse(path.read_bytes(), format=format_, base_iri=iri, rename_blank_nodes=True)
        return [quad.triple for quad in parsed]

    def accept(self, case: Case) -> str:
        """The media type in which the answer to a case is compared."""
        assert case.result is not None
        kind = self.path(case.result).suffix[1:]
        if kind in _FORMATS:
            return _FORMATS[kind]
        return _FORMATS["srj"] if _is_result_set(self._triples(case.result)) else "application/n-triples"

    def expected(self, case: Case) -> "Answer":
        """What the suite expects of an evaluation case."""
        assert case.result is not None
        path = self.path(case.result)
        if path.suffix[1:] in _FORMATS:
            return read(path.read_bytes(), _FORMATS[path.suffix[1:]])
        triples = self._triples(case.result)
        if _is_result_set(triples):
            return _result_set(_statements(triples))
        return Answer((), [_row(triple) for triple in set(triples)])


_UPDATE = "http://www.w3.org/2009/sparql/tests/test-update#request"


@dataclass
class Answer:
    """Rows of terms under their variables, both empty for a graph's; or a boolean; `ordered` if the order counts."""

    variables: tuple[str, ...]
    rows: list[Row]
    boolean: bool | None = None
    ordered: bool = False

    def equals(self, other: "Answer") -> bool:
        """Whether both say the same: as multisets or in order, blank nodes by any one-to-one mapping."""
        if (self.boolean, set(self.variables), len(self.rows)) != (
            other.boolean,
            set(other.variables),
            len(other.rows),
        ):
            return False
        places = [other.variables.index(name) for name in self.variables] or None
        theirs = [tuple(row[place] for place in places) if places else row for row in other.rows]
        if other.ordered:
            return _matches(self.rows, theirs, {}, in_order=True)
        ours, theirs = _without_common(self.rows, theirs)
        return _matches(ours, theirs, {}, in_order=False)

    def distinct(self) -> "Answer":
        """Without repeated rows."""
        return Answer(self.variables, list(dict.fromkeys(self.rows)), self.boolean)


def _without_common(ours: list[Row], theirs: list[Row]) -> tuple[list[Row], list[Row]]:
    """Both without the rows that need no mapping because they have no blank node."""
    left, right = (Counter(row for row in rows if not _blank(row)) for rows in (ours, theirs))
    return (
        [*(left - right).elements(), *(row for row in ours if _blank(row))],
        [*(right - left).elements(), *(row for row in theirs if _blank(row))],
    )


def _blank(row: Row) -> bool:
    return any(isinstance(term, ox.BlankNode) for term in row)


def _matches(ours: list[Row], theirs: list[Row], mapping: dict[object, object], *, in_order: bool) -> bool:
    """Whether the rows pair off under one mapping of blank nodes that extends the one given."""
    if not ours:
        return not theirs
    for place in range(1 if in_order else len(theirs)):
        if (extended := _paired(ours[0], theirs[place], mapping)) is not None:
            rest = theirs[:place] + theirs[place + 1 :]
            if _matches(ours[1:], rest, extended, in_order=in_order):
                return True
    return False


def _paired(ours: Row, theirs: Row, mapping: dict[object, object]) -> dict[object, object] | None:
    if len(ours) != len(theirs):
        return None
    extended = dict(mapping)
    for left, right in zip(ours, theirs, strict=True):
        if isinstance(left, ox.BlankNode) and isinstance(right, ox.BlankNode):
            known = extended.get(left)
            if known != right and (known is not None or right in extended.values()):
                return None
            extended[left] = right
        elif left != right:
            return None
    return extended


def read(content: bytes, media_type: str) -> Answer:
    """The answer that a document of this media type gives."""
    match media_type:
        case "text/csv":
            header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
            return Answer(tuple(header), [tuple(_csv_term(cell) for cell in row) for row in rows])
        case "application/sparql-results+json":
            return _json(json.loads(content))
        case "application/n-triples":
            return Answer((), [_row(quad.triple) for quad in set(ox.parse(content, format=ox.RdfFormat.N_TRIPLES))])
        case _:
            return _results(content, media_type)


def _results(content: bytes, media_type: str) -> Answer:
    format_ = ox.QueryResultsFormat.from_media_type(media_type)
    assert format_ is not None
    results = ox.parse_query_results(content, format=format_)
    if isinstance(results, ox.QueryBoolean):
        return Answer((), [], bool(results))
    variables = tuple(variable.value for variable in results.variables)
    return Answer(variables, [tuple(term(solution[name]) for name in variables) for solution in results])


def _json(document: dict[str, object]) -> Answer:
    """https://www.w3.org/TR/sparql11-results-json/"""
    if "boolean" in document:
        return Answer((), [], document["boolean"] is True)
    variables = tuple(document["head"]["vars"])  # type: ignore[index]
    bindings = document["results"]["bindings"]  # type: ignore[index]
    return Answer(variables, [tuple(_json_term(row.get(name)) for name in variables) for row in bindings])


def _json_term(value: dict[str, str] | None) -> object:
    if value is None:
        return None
    match value["type"]:
        case "uri":
            return ox.NamedNode(value["value"])
        case "bnode":
            return ox.BlankNode(value["value"])
    datatype = ox.NamedNode(value["datatype"]) if "datatype" in value else None
    return term(ox.Literal(value["value"], datatype=datatype, language=value.get("xml:lang")))


def _csv_term(cell: str) -> object:
    return ox.BlankNode(cell[2:]) if cell.startswith("_:") else cell


def term(value: object) -> object:
    """A term as it is compared: by value where the engine writes a literal anew, and language tags without case.

    Of `"01"^^xsd:integer` the engine keeps the number and of `"0"^^xsd:boolean` the truth value, not the spelling.
    """
    if not isinstance(value, ox.Literal):
        return value
    if value.language:
        return ox.Literal(value.value, language=value.language.lower())
    match value.datatype.value.removeprefix(_XSD):
        case "integer" | "decimal" | "double" | "float" as name:
            return (name, _number(value.value, exact=name in ("integer", "decimal")))
        case "boolean" if value.value in ("0", "1"):
            return ox.Literal(value.value == "1")
        case "date" | "dateTime" | "time":
            return ox.Literal(_UTC.sub("Z", value.value), datatype=value.datatype)
    return value


def _number(text: str, *, exact: bool) -> object:
    """The value; of binary fractions nine digits, since the last ones depend on the order of a sum."""
    try:
        number = Decimal(text.replace("INF", "Infinity"))
    except InvalidOperation:
        return text
    if number.is_nan():
        return text
    return number if exact else float(f"{number:.9g}")


def _row(triple: ox.Triple) -> Row:
    return (triple.subject, triple.predicate, term(triple.object))


def _is_result_set(triples: list[ox.Triple]) -> bool:
    return any(isinstance(t.object, ox.NamedNode) and t.object.value == _RS + "ResultSet" for t in triples)


def _result_set(graph: Statements) -> Answer:
    """A result set written as RDF, the form of the oldest cases."""
    [about] = [
        found for found in graph.values() if any(_iri(t) == _RS + "ResultSet" for t in found.get(_RDF + "type", ()))
    ]
    if _RS + "boolean" in about:
        return Answer((), [], about[_RS + "boolean"][0].value in ("true", "1"))
    variables = tuple(str(one.value) for one in about.get(_RS + "resultVariable", ()))
    rows = []
    for solution in about.get(_RS + "solution", ()):
        bound = {
            graph[node][_RS + "variable"][0].value: graph[node][_RS + "value"][0]
            for node in graph.get(solution, {}).get(_RS + "binding", ())
        }
        place = graph.get(solution, {}).get(_RS + "index")
        rows.append((int(place[0].value) if place else 0, tuple(term(bound.get(name)) for name in variables)))
    ordered = any(place for place, _ in rows)
    return Answer(variables, [row for _, row in sorted(rows, key=lambda pair: pair[0])], ordered=ordered)


def _statements(triples: list[ox.Triple]) -> Statements:
    found: Statements = {}
    for triple in triples:
        assert not isinstance(triple.object, ox.Triple)
        found.setdefault(triple.subject, {}).setdefault(triple.predicate.value, []).append(triple.object)
    return found


def _items(graph: Statements, head: object) -> Iterator[object]:
    while head != ox.NamedNode(_RDF + "nil"):
        yield graph[head][_RDF + "first"][0]
        head = graph[head][_RDF + "rest"][0]


def _iri(node: object) -> str:
    return str(node).strip("<>")
