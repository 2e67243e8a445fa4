"""Whether two engines gave the same answer: how many rows, and the values in them however they are written."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

import pyoxigraph as ox
from clients import Reply
from query_shapes import Compared

_NUMBERS = ("integer", "decimal", "double", "float", "int", "long", "nonNegativeInteger")


@dataclass(frozen=True)
class Answer:
    """Rows of a table or statements of a graph, 1 or 0 for yes or no, and a digest of their values in any order."""

    rows: int
    values: str

    def agrees(self, other: "Answer", compared: Compared) -> bool:
        """Whether both say the same, as far as the query decides what is to be said."""
        return {"values": self == other, "rows": self.rows == other.rows, "nothing": bool(self.rows and other.rows)}[
            compared
        ]


def answer(reply: Reply, is_graph: bool) -> Answer:
    """What a reply says. ValueError or KeyError when it is no whole answer."""
    if is_graph:
        media_type = reply.headers["content-type"].partition(";")[0]
        format_ = ox.RdfFormat.from_media_type(media_type)
        if format_ is None:
            raise ValueError(f"a graph as {media_type}")
        try:
            triples = {str(quad.triple) for quad in ox.parse(reply.body, format=format_)}
        except SyntaxError as error:
            raise ValueError(f"a graph that cannot be read: {error}") from error
        return Answer(len(triples), _digest(sorted(triples)))
    document = json.loads(reply.body)
    if "boolean" in document:
        return Answer(int(document["boolean"]), "")
    names = sorted(document["head"]["vars"])  # after SELECT * their order is open
    if names == ["__ASK_RETVAL"]:  # how Virtuoso 7 writes yes or no
        return Answer(int(document["results"]["bindings"][0]["__ASK_RETVAL"]["value"]), "")
    rows = [
        "\t".join(_written(row[name]) if name in row else "" for name in names)
        for row in document["results"]["bindings"]
    ]
    return Answer(len(rows), _digest(sorted(rows)))


def _written(term: dict[str, str]) -> str:
    """A term in one spelling: engines keep numbers, times and language tags in spellings of their own."""
    value, datatype = term["value"], term.get("datatype", "").rpartition("#")[2]
    if term["type"] == "bnode":
        return "_:"
    if datatype in _NUMBERS:
        try:
            return str(Decimal(value).normalize())
        except InvalidOperation:
            return value
    if datatype == "boolean":
        return {"1": "true", "0": "false"}.get(value, value)
    if datatype == "dateTime":
        try:
            return datetime.fromisoformat(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        except ValueError:
            return value
    return f"{value}@{term['xml:lang'].lower()}" if "xml:lang" in term else value


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
