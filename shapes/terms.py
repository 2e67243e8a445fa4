"""RDF terms as the checker reads them: which lexical forms XSD allows, and the order of literals under SPARQL's `<`."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

import pyoxigraph as ox

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Statement: TypeAlias = ox.Triple | ox.Quad

SH = "http://www.w3.org/ns/shacl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"

RDF_TYPE = ox.NamedNode(RDF + "type")
RDF_FIRST = ox.NamedNode(RDF + "first")
RDF_REST = ox.NamedNode(RDF + "rest")
RDF_NIL = ox.NamedNode(RDF + "nil")
SUBCLASS_OF = ox.NamedNode(RDFS + "subClassOf")
LANG_STRING = RDF + "langString"
HTML = RDF + "HTML"

_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_YEAR, _MONTH, _DAY = r"-?(?:[1-9][0-9]{3,}|0[0-9]{3})", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
_DATE, _TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_DAYS, _HOURS = r"(?:[0-9]+D)?", r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"

# Lexical spaces: https://www.w3.org/TR/xmlschema11-2/#built-in-datatypes. Dates are held to the years 1 to 9999, which
# is what both engines can compute with; an xsd:anyURI must be writable as an IRI reference (RFC 3987).
_PATTERNS = {
    "integer": r"[+-]?[0-9]+",
    "decimal": _NUMBER,
    "double": _NUMBER + r"(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "float": _NUMBER + r"(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "boolean": r"true|false|1|0",
    "date": _DATE + _ZONE,
    "dateTime": _DATE + "T" + _TIME + _ZONE,
    "dateTimeStamp": _DATE + "T" + _TIME + _ZONE[:-1],
    "time": _TIME + _ZONE,
    "gYear": _YEAR + _ZONE,
    "gYearMonth": f"{_YEAR}-{_MONTH}{_ZONE}",
    "gMonth": f"--{_MONTH}{_ZONE}",
    "gMonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
    "gDay": f"---{_DAY}{_ZONE}",
    "duration": rf"-?P(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?{_DAYS}{_HOURS}",
    "yearMonthDuration": r"-?P(?=[0-9])(?:[0-9]+Y)?(?:[0-9]+M)?",
    "dayTimeDuration": rf"-?P(?=[0-9T]){_DAYS}{_HOURS}",
    "string": r"(?s:.*)",
    "normalizedString": r"[^\t\n\r]*",
    "token": r"(?:[^\t\n\r ]+(?: [^\t\n\r ]+)*)?",
    "language": r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*",
    "anyURI": r'[^\x00-\x20<>"{}|\\^`]*',
    "hexBinary": r"(?:[0-9a-fA-F]{2})*",
    "base64Binary": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
}
_RANGES: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
INTEGERS = frozenset(XSD + name for name in _RANGES)


def _matches(pattern: str) -> Callable[[str], bool]:
    fullmatch = re.compile(pattern).fullmatch
    return lambda lexical: fullmatch(lexical) is not None


def _within(low: int | None, high: int | None) -> Callable[[str], bool]:
    fullmatch = re.compile(_PATTERNS["integer"]).fullmatch

    def allowed(lexical: str) -> bool:
        # Python converts at most 4300 digits, and so does the reference engine
        if fullmatch(lexical) is None or len(lexical) > 4300:
            return False
        number = int(lexical)
        return (low is None or number >= low) and (high is None or number <= high)

    return allowed


def _calendar(pattern: str, read: Callable[[str], object]) -> Callable[[str], bool]:
    fullmatch = re.compile(pattern).fullmatch

    def allowed(lexical: str) -> bool:
        if fullmatch(lexical) is None:
            return False
        try:
            read(lexical)
        except ValueError:
            return False
        return True

    return allowed


def _day(lexical: str) -> date:
    return date.fromisoformat(lexical[:10])


LEXICAL: dict[str, Callable[[str], bool]] = {
    **{XSD + name: _matches(pattern) for name, pattern in _PATTERNS.items()},
    **{XSD + name: _within(low, high) for name, (low, high) in _RANGES.items()},
    HTML: lambda lexical: True,
    XSD + "date": _calendar(_PATTERNS["date"], _day),
    XSD + "dateTime": _calendar(_PATTERNS["dateTime"], datetime.fromisoformat),
    XSD + "dateTimeStamp": _calendar(_PATTERNS["dateTimeStamp"], datetime.fromisoformat),
    XSD + "time": _calendar(_PATTERNS["time"], time.fromisoformat),
}
"""Datatype IRI → whether a text is in its lexical space. A datatype that is not listed has no check here."""


@lru_cache(maxsize=1 << 16)
def well_formed(literal: ox.Literal) -> bool:
    """Whether the lexical form belongs to the datatype; True for a datatype without a check."""
    allowed = LEXICAL.get(literal.datatype.value)
    return allowed is None or allowed(literal.value)


Comparable: TypeAlias = tuple[str, int | float | Decimal | str | bool | date | datetime]


@lru_cache(maxsize=1 << 16)
def comparable(literal: ox.Literal) -> Comparable | None:
    """(family, Python value) of a literal whose order all engines agree on; None for every other literal.

    Left out are ill-formed literals, language-tagged text, dates with a zone, NaN and the datatypes that SPARQL 1.1
    gives no order (https://www.w3.org/TR/sparql11-query/#OperatorMapping).
    """
    datatype, lexical = literal.datatype.value, literal.value
    if datatype == XSD + "string":
        return "string", lexical
    if not well_formed(literal):
        return None
    if datatype in INTEGERS:
        return "number", int(lexical)
    match datatype.removeprefix(XSD):
        case "decimal":
            return "number", Decimal(lexical)
        case "double" | "float":
            return None if lexical == "NaN" else ("number", float(lexical))
        case "boolean":
            return "boolean", lexical in ("true", "1")
        case "date":
            return ("date", _day(lexical)) if len(lexical) == 10 else None
        case "dateTime":
            moment = datetime.fromisoformat(lexical)
            return ("local dateTime" if moment.tzinfo is None else "dateTime"), moment
    return None


def order(left: Term, right: Term) -> int | None:
    """-1, 0 or 1 as left is before, equal to or after right; None when the two are not of one family."""
    if not (isinstance(left, ox.Literal) and isinstance(right, ox.Literal)):
        return None
    a, b = comparable(left), comparable(right)
    if a is None or b is None or a[0] != b[0]:
        return None
    return (a[1] > b[1]) - (a[1] < b[1])  # type: ignore[operator]  # one family: values of one kind


def text(term: ox.NamedNode | ox.Literal) -> str:
    """SPARQL's `str()`: the IRI or the lexical form."""
    return term.value


TRUE = ox.Literal("true", datatype=ox.NamedNode(XSD + "boolean"))
"""What switches a SHACL feature on; "1" does not (W3C test uniqueLang-002)."""
