"""Before a worker is asked: counts that are known already, for the queries that ask for exactly these.

A query is recognised by its tokens, each spelled in one way: white space and comments gone, prefixes resolved,
keywords in capitals. What does not match to the last token, or names something the statistics do not, is left to the
engine. The numbers are those that the engine would give for the same generation.
"""

import json
import re
from collections.abc import Iterator

import pyoxigraph as ox

from endpoint.lexer import terminals
from endpoint.statistics import Statistics

_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"
_LONGEST = 2000  # characters of a query that is looked at
_KEYWORD = re.compile("COUNT|DISTINCT", re.IGNORECASE)  # that every prepared query has
_PREFIX = re.compile("(?:[A-Za-z][A-Za-z0-9_-]*)?")
_SIGN = re.compile("[0-9]+|.", re.DOTALL)

_VARIABLE = r"\?\w+"
_PATTERN = rf"(?:WHERE )?{{ (?P<s>{_VARIABLE}) (?P<p>{_VARIABLE}|a|<\S+>) (?P<o>{_VARIABLE}|<\S+>) (?:\. )?}}"
_COUNT = rf"\( COUNT \( (?P<distinct>DISTINCT )?(?P<counted>\*|{_VARIABLE}) \) AS (?P<number>{_VARIABLE}) \)"
_SORTED = rf"(?:(?P<way>ASC|DESC) \( (?P<sorted>{_VARIABLE}) \)|(?P<plain>{_VARIABLE}))"
_ORDER = rf"(?: ORDER BY {_SORTED}(?: LIMIT (?P<limit>\d+))?)?"
_NUMBER_QUERY = re.compile(rf"SELECT {_COUNT} {_PATTERN}")
_TABLE_QUERY = re.compile(rf"SELECT (?P<key>{_VARIABLE}) {_COUNT} {_PATTERN} GROUP BY (?P=key){_ORDER}")
_LIST_QUERY = re.compile(rf"SELECT DISTINCT (?P<key>{_VARIABLE}) {_PATTERN}")

Row = tuple[str | int, ...]
"""IRIs and numbers."""


def answer(text: str, media_type: str, statistics: Statistics) -> bytes | None:
    """The answer to a SELECT query over the union of all graphs, None if it is not one of the prepared kind."""
    if len(text) > _LONGEST or not _KEYWORD.search(text):
        return None
    words = " ".join(_words(text))
    if "/." in words:  # in an IRI, which the engine would write otherwise before it looks it up
        return None
    for kind, rows in _KINDS:
        if match := kind.fullmatch(words):
            found = rows(match, statistics)
            return _serialised(*found, media_type) if found else None
    return None


def _words(text: str) -> Iterator[str]:
    """The tokens of a query behind its prologue, nothing at all if one of them is none that a prepared query has."""
    read = list(terminals(text))
    if not read or read[-1].end() < len(text):
        return
    found = [token for token in read if not token["space"]]
    prefixes: dict[str, str] = {}
    while len(found) > 3 and (found[0]["name"] or "").upper() == "PREFIX":
        prefix, iri = found[1]["name"] or "", found[2]["iri"]
        if not iri or not prefix.endswith(":") or prefix in prefixes or not _PREFIX.fullmatch(prefix[:-1]):
            return
        prefixes[prefix] = iri[1:-1]
        del found[:3]
    for token in found:
        yield from _spelled(token, prefixes)


def _spelled(token: re.Match[str], prefixes: dict[str, str]) -> Iterator[str]:
    """A token in the one spelling that the patterns above have; one that they never have as itself."""
    word = token[0]
    if token["variable"]:
        yield f"?{word[1:]}"
    elif token["signs"]:
        yield from _SIGN.findall(word)
    elif token["name"] and ":" in word:
        prefix, _, local = word.partition(":")
        name = local.removesuffix(".")
        yield f"<{prefixes[prefix + ':']}{name}>" if f"{prefix}:" in prefixes and "\\" not in name else word
        yield from ["."] * (name != local)
    else:
        yield word if word == "a" or token["iri"] else word.upper()


def _number(match: re.Match[str], statistics: Statistics) -> tuple[list[str], list[Row]] | None:
    """One row with one number."""
    part, count = _part(match, match["counted"]), _counts(match, statistics)
    variables = {match["s"], match["p"], match["o"]}
    if part is None or count is None or match["number"] in variables:
        return None
    number = count[1 if match["distinct"] else 0].get(part)
    return None if number is None else ([match["number"]], [(number,)])


def _counts(match: re.Match[str], statistics: Statistics) -> tuple[dict[str, int], dict[str, int]] | None:
    """By part of the pattern, the numbers of all and of the distinct values."""
    kind, property_, object_ = _shape(match)
    if kind == "all":
        return _both(statistics.statements, s=statistics.subjects, p=len(statistics.properties), o=statistics.objects)
    if kind == "property" and (found := statistics.properties.get(property_)):
        return _both(found.statements, s=found.subjects, o=found.objects)
    if kind == "class" and (known := statistics.classes.get(object_)):
        return _both(known.statements, s=known.instances)
    return None


def _both(statements: int, **distinct: int) -> tuple[dict[str, int], dict[str, int]]:
    return {"*": statements} | dict.fromkeys(distinct, statements), distinct


def _shape(match: re.Match[str]) -> tuple[str, str, str]:
    """Which kind of triple pattern it is, with the IRIs of its property and its class."""
    s, p, o = match["s"], match["p"], match["o"]
    property_ = "" if p.startswith("?") else _RDF_TYPE if p == "a" else p[1:-1]
    object_ = "" if o.startswith("?") else o[1:-1]
    if len({s, p, o}) < 3:
        return "other", property_, object_
    if not property_ and not object_:
        return "all", property_, object_
    if property_ and not object_:
        return "property", property_, object_
    return "class" if property_ == _RDF_TYPE else "other", property_, object_


def _part(match: re.Match[str], variable: str) -> str | None:
    """Which part of the pattern a variable stands for."""
    parts = {"*": "*", match["o"]: "o", match["p"]: "p", match["s"]: "s"}
    return parts.get(variable)


def _keys(match: re.Match[str], statistics: Statistics) -> dict[str, tuple[int, int]] | None:
    """The properties, or the classes, that the key of a query runs over: statements and distinct subjects of each."""
    kind, property_, _ = _shape(match)
    part = _part(match, match["key"])
    if kind == "all" and part == "p":
        return {name: (one.statements, one.subjects) for name, one in statistics.properties.items()}
    if kind == "property" and property_ == _RDF_TYPE and part == "o":
        types = {name: (one.statements, one.instances) for name, one in statistics.classes.items()}
        known = statistics.properties.get(_RDF_TYPE)
        complete = known is not None and known.statements == sum(number for number, _ in types.values())
        return types if complete else None  # else something that is no IRI is used as a class
    return None


def _list(match: re.Match[str], statistics: Statistics) -> tuple[list[str], list[Row]] | None:
    """All properties, or all classes."""
    keys = _keys(match, statistics)
    return None if keys is None else ([match["key"]], [(name,) for name in keys])


def _table(match: re.Match[str], statistics: Statistics) -> tuple[list[str], list[Row]] | None:
    """All properties, or all classes, each with a number."""
    keys, part = _keys(match, statistics), _part(match, match["counted"])
    variables = {match["s"], match["p"], match["o"]}
    order = match["sorted"] or match["plain"]
    if (
        keys is None
        or part is None
        or match["number"] in variables
        or order not in {None, match["key"], match["number"]}
    ):
        return None
    if match["distinct"] and part != "s":
        return None
    rows: list[Row] = [(name, numbers[1 if match["distinct"] else 0]) for name, numbers in keys.items()]
    if order:
        place = 0 if order == match["key"] else 1
        rows.sort(key=lambda row: row[place], reverse=match["way"] == "DESC")
    return [match["key"], match["number"]], rows[: int(match["limit"]) if match["limit"] else None]


_KINDS = ((_NUMBER_QUERY, _number), (_TABLE_QUERY, _table), (_LIST_QUERY, _list))


def _serialised(variables: list[str], rows: list[Row], media_type: str) -> bytes | None:
    names = [variable[1:] for variable in variables]
    bindings = [{name: _term(value) for name, value in zip(names, row, strict=True)} for row in rows]
    results = json.dumps({"head": {"vars": names}, "results": {"bindings": bindings}})
    format_ = ox.QueryResultsFormat.from_media_type(media_type)
    if format_ is None:
        return None
    parsed = ox.parse_query_results(results, format=ox.QueryResultsFormat.JSON)
    return parsed.serialize(format=format_) if isinstance(parsed, ox.QuerySolutions) else None


def _term(value: str | int) -> dict[str, str]:
    if isinstance(value, str):
        return {"type": "uri", "value": value}
    return {"type": "literal", "value": str(value), "datatype": _INTEGER}
