"""Searches in queries: every way to write one, what is refused and where, and the service that other engines call."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import pyoxigraph as ox
import pytest
import searched
from conftest import Run
from hypothesis import example, given, settings
from hypothesis import strategies as st
from live import serving, until

from endpoint.cache import is_repeatable
from endpoint.lexer import LocatedRefusal, LocatedSyntaxError, located, outline
from endpoint.search.entries import Found, Hit, Search, Snippet, Text
from endpoint.search.service import SearchUnavailable
from endpoint.search.sparql import Answered, SearchesInQueries
from endpoint.search.sparql_words import DEFAULT_LIMIT, MAX_LIMIT, MAX_SNIPPETS, PROPERTIES
from ontology.errors import QueryRefused, StoreError

BASE = "https://w3id.org/clearinghouse/"
SERVICE = f"{BASE}search"
PREFIX = f"PREFIX search: <{SERVICE}#>\n"
GUIDE = Path(__file__).parents[1] / "docs" / "search-in-sparql.md"
FIRST, SECOND = "urn:first", "urn:second"


def hit(iri: str, score: float, snippet: Snippet | None = None, title: str = "") -> Hit:
    titles = (Text(title, "en"),) if title else ()
    return Hit(iri, "record", score, (), titles, (), (), (), "", "", "", (), (), None, snippet)


class FakeIndex:
    """An index that finds what it is told to, and keeps what it was asked."""

    generation = "1"

    def __init__(self, *hits: Hit) -> None:
        self.hits = hits or (hit(FIRST, 3.25), hit(SECOND, 1.5))
        self.asked: list[Search] = []

    def search(self, asked: Search) -> Found:
        self.asked.append(asked)
        wanted = asked.filters.get("iri")
        hits = [one for one in self.hits if not wanted or one.iri in wanted][: asked.limit]
        return Found(len(hits), tuple(hits), {}, (), (), self.generation)


def answered(
    text: str,
    index: FakeIndex | None = None,
    *,
    addresses: Sequence[str] = (),
    partners: Sequence[str] = (),
    is_bare: bool = False,
) -> Answered:
    found = index or FakeIndex()
    searches = SearchesInQueries(BASE, lambda: found, partners.__contains__)
    return asyncio.run(searches.answered(text, addresses, is_bare=is_bare))


def no_index() -> FakeIndex:
    raise SearchUnavailable("there is none")


def solutions(text: str) -> list[dict[str, str]]:
    """What the engine finds over a graph in which each record has a name, for a query that `outline` lets through."""
    store = ox.Store()
    for iri in (FIRST, SECOND, "urn:third"):
        store.add(ox.Quad(ox.NamedNode(iri), ox.NamedNode("urn:name"), ox.Literal(iri.removeprefix("urn:"))))
    found = store.query(outline(text).text, base_iri=BASE)
    assert isinstance(found, ox.QuerySolutions)
    names = [variable.value for variable in found.variables]
    return [{name: row[name].value for name in names if row[name] is not None} for row in found]


def pairs(text: str) -> list[dict[str, str]]:
    """What the engine finds and its scores, the best one first."""
    rows = [{name: row[name] for name in ("r", "s")} for row in solutions(text)]
    return sorted(rows, key=lambda row: -float(row["s"]))


BOTH = [{"r": FIRST, "s": "3.25"}, {"r": SECOND, "s": "1.5"}]


# How a search may be written


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <S> { ?r search:query 'q' ; search:score ?s } }",
        "SELECT * { SERVICE <S> { ?r search:query 'q' . ?r search:score ?s } }",
        "SELECT * { SERVICE <S> { $r search:score ?s . ?r search:query 'q' . } }",
        "SELECT*{SERVICE<S>{?r search:query'q';search:score?s}}",
        "SELECT * { service\n<S>\n{ ?r\nsearch:query\n'q';\n;search:score ?s ; . } }",
        'SELECT * { sErViCe SiLeNt <S> { ?r search:query "q" ; search:score ?s } }',
        "SELECT * { SERVICE <S> # } a comment {\n { ?r search:query 'q' # ; ' } \n ; search:score ?s } }",
        "SELECT * { SERVICE <S> { ?r search:query '''q''' ; search:score ?s } }",
        'SELECT * { SERVICE <S> { ?r search:query """q""" ; search:score ?s } }',
        "SELECT * { SERVICE <S> { ?r search:query '\\u0071' ; search:score ?s } }",
        "SELECT * { SERVICE <S> { ?r search:query 'q'^^<http://www.w3.org/2001/XMLSchema#string>; search:score ?s } }",
        "SELECT * { SERVICE <S> { ?r <S#query> 'q' ; <S#score> ?s } }",
        "PREFIX a: <S> SELECT * { SERVICE a: { ?r a:\\#query 'q' ; search:score ?s } }",
        "PREFIX : <B> SELECT * { SERVICE :search{?r search:query 'q';search:score ?s.} }",
        "PREFIX \u00e9.x: <S#> SELECT * { SERVICE <S> { ?r \u00e9.x:query 'q' ; \u00e9.x:score ?s } }",
        "PREFIX p: <urn:no> PREFIX p: <S#> SELECT * { SERVICE <S> { ?r p:query 'q' ; p:score ?s } }",
        "BASE <B> SELECT * { SERVICE <search> { ?r <search#query> 'q' ; <search#score> ?s } }",
        "BASE <B> PREFIX p: <search#> SELECT * { SERVICE <./search> { ?r p:query 'q' ; p:score ?s } }",
        "SELECT * { SERVICE <search> { ?r search:query 'q' ; search:score ?s } }",
        "SELECT * { SERVICE <S> { { ?r search:query 'q' } { ?x search:query 'q' ; search:score ?s } FILTER(?x=?r)}}",
        "SELECT * { { SELECT * { SERVICE <S> { ?r search:query 'q' ; search:score ?s } } LIMIT 9 } }",
        "SELECT * { BIND('(' AS ?x) OPTIONAL { SERVICE <S> { ?r search:query 'q' ; search:score ?s } } }",
        "SELECT ?r ?s { SERVICE <S> { ?r search:query 'q' ; <urn:name> ?n ; search:score ?s } }",
        "SELECT ?r ?s { SERVICE <S> { ?r <urn:name> ?n ; search:query 'q' ; search:score ?s } }",
        "SELECT ?r ?s { SERVICE <S> { ?r <urn:name> ?n . FILTER(?s > 1.0) ?r search:score ?s ; search:query 'q' } }",
        "SELECT ?r ?s { SERVICE <S> { ?r <urn:name>|^<urn:x> ?n { SELECT * {?r search:query 'q';search:score ?s}}}}",
        "SELECT ?r ?s {?r ?name _:n SERVICE <S> { ?r search:query 'q';search:score ?s } FILTER EXISTS{?r ?p _:m} }",
    ],
)
def test_a_search_is_answered_however_it_is_written(query: str) -> None:
    query = PREFIX + query.replace("<S", f"<{SERVICE}").replace("<B>", f"<{BASE}>")
    index = FakeIndex()
    found = answered(query, index)
    assert {one.text for one in index.asked} == {"q"}
    assert pairs(found.text) == BOTH
    assert found.generation == "1"
    assert found.text.count("\n") == query.count("\n")


@pytest.mark.parametrize(
    ("subject", "rows"),
    [
        ("[]", [{"s": "3.25"}, {"s": "1.5"}]),
        ("_:r", [{"s": "3.25"}, {"s": "1.5"}]),
        (f"<{SECOND}>", [{"s": "1.5"}]),
        ("<urn:third>", []),
    ],
)
def test_what_is_found_need_not_be_a_variable(subject: str, rows: list[dict[str, str]]) -> None:
    query = f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ {subject} search:query 'q' ; search:score ?s }} }}"
    assert solutions(answered(query).text) == rows


def test_a_search_in_the_brackets_of_a_blank_node_is_one_too() -> None:
    for pattern in ("[ search:query 'q' ; search:score ?s ]", "[ search:query 'q' ] search:score ?s ."):
        query = f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ {pattern} }} }}"
        assert solutions(answered(query).text) == [{"s": "3.25"}, {"s": "1.5"}]


def test_a_search_may_want_nothing_but_that_something_is_found() -> None:
    query = f"{PREFIX}SELECT (1 AS ?x) {{ SERVICE <{SERVICE}> {{ [] search:query 'q' }} }}"
    assert solutions(answered(query).text) == [{"x": "1"}, {"x": "1"}]
    assert solutions(answered(query, FakeIndex(hit(SECOND, 1.0))).text) == [{"x": "1"}]


def test_all_that_can_be_asked_reaches_the_index() -> None:
    index = FakeIndex()
    answered(
        PREFIX
        + f"""PREFIX ch: <urn:ch:> SELECT * {{ SERVICE <{SERVICE}> {{
        ?r search:query "q"@fr-CA ; search:language "AR", 'de' ; search:limit 7 ; search:expand FALSE ;
           search:without ch:W, ch:X ; search:anyWord true ; search:inLanguage "en", "zh" ;
           search:kind "record", "concept" ; search:type ch:A, <urn:b> ; search:house ch:H ; search:country ch:C ;
           search:region ch:R ; search:subject ch:S ; search:year 2020, "2021" ; search:status ch:V ;
           search:score ?s ; search:snippet ?text
        }} }}""",
        index,
    )
    [asked] = index.asked
    assert (asked.text, asked.languages, asked.limit) == ("q", ("fr", "ar", "xx"), 7)
    assert (asked.expand, asked.snippets, asked.language) == (False, True, "fr")
    assert (asked.without, asked.any_word) == (("urn:ch:W", "urn:ch:X"), True)
    assert asked.filters == {
        "kind": ("record", "concept"),
        "type": ("urn:ch:A", "urn:b"),
        "house": ("urn:ch:H",),
        "country": ("urn:ch:C",),
        "region": ("urn:ch:R",),
        "subject": ("urn:ch:S",),
        "year": ("2020", "2021"),
        "language": ("en", "zh"),
        "status": ("urn:ch:V",),
    }
    answered(f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ ?r search:query '' }} }}", plain := FakeIndex())
    assert plain.asked == [Search("", filters={}, limit=DEFAULT_LIMIT, language="en")]


def test_several_searches_are_made_each_for_itself() -> None:
    index = FakeIndex()
    query = f"""{PREFIX}SELECT ?a ?b {{
        SERVICE <{SERVICE}> {{ ?a search:query 'one' ; search:limit 1 . ?b search:query 'two' }}
        SERVICE <{SERVICE}> {{ ?b search:query 'three' ; search:limit 1 }} }}"""
    assert solutions(answered(query, index).text) == [{"a": FIRST, "b": FIRST}]
    assert [one.text for one in index.asked] == ["one", "two", "three"]


def test_a_search_stands_where_its_triples_stood() -> None:
    """Before an OPTIONAL it limits what is optional, behind it the whole."""
    optional = "OPTIONAL { ?r <urn:name> 'first' . ?r <urn:name> ?n }"
    search = "?r search:query 'q' ; search:score ?s ."
    first, last = (
        f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ {one} {other} }} }}"
        for one, other in ((search, optional), (optional, search))
    )
    assert solutions(answered(first).text) == [{"r": FIRST, "s": "3.25", "n": "first"}, {"r": SECOND, "s": "1.5"}]
    assert solutions(answered(last).text) == [{"r": FIRST, "s": "3.25", "n": "first"}]


# What is no search of ours


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p ?o }",
        "SELECT * { ?s search:query 'q' }",
        "SELECT * { ?s ?p 'SERVICE <S> { ?r search:query 1 }' }",
        "SELECT * { # SERVICE <S> { ?r search:query 1 }\n }",
        "SELECT * { SERVICE <urn:other> { ?r search:query 'q' } }",
        "SELECT * { SERVICE ?x { ?r search:query 'q' } }",
        "SELECT * { SERVICE <S#> { ?r search:query 'q' } }",
        "SELECT * { SERVICE undeclared:x { } ",
        'SELECT * { ?s ?p "SERVICE',
        "SERVICE",
        "",
    ],
)
def test_a_query_without_a_call_of_the_search_service_is_not_touched(query: str) -> None:
    query = PREFIX + query.replace("<S", f"<{SERVICE}")
    assert answered(query) == Answered(query, query)


@settings(deadline=None)
@given(st.text())
def test_no_text_that_calls_nobody_is_touched(text: str) -> None:
    text = re.sub("SERVICE", "", text, flags=re.IGNORECASE)
    assert answered(text).text is text


_PIECES = (
    *("SERVICE", "service ", "SILENT", "FILTER", "SELECT", "PREFIX x: <urn:x>", "<urn:x>", "x:y", "search:query", "?a"),
    *(" ", "\n", "#", "\\", "'", '"', "{", "}", "(", "[", "]", ")", "<", ">", ".", ";"),
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=30).map("".join))
def test_no_query_that_calls_others_is_touched_however_broken(text: str) -> None:
    assert answered(text).text is text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from((*_PIECES, f"SERVICE <{SERVICE}> {{", "?r search:query 'q'", f"<{SERVICE}#query>")), max_size=30
    ).map("".join),
    st.booleans(),
)
def test_no_text_brings_the_reading_down(text: str, is_bare: bool) -> None:
    text = PREFIX + text
    try:
        found = answered(text, is_bare=is_bare)
    except (LocatedRefusal, LocatedSyntaxError):
        return
    assert found.text.count("\n") == text.count("\n")


@pytest.mark.parametrize("wrapping", ["{", "SERVICE <S> {", "OPTIONAL {", "FILTER EXISTS {", "FILTER("])
def test_what_is_nested_very_deeply_is_refused(wrapping: str) -> None:
    opening = wrapping.replace("<S>", f"<{SERVICE}>")
    with pytest.raises((LocatedRefusal, LocatedSyntaxError)):
        answered(f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ {opening * 5000}")


def test_a_partner_is_asked_by_who_asks_partners_whatever_its_address() -> None:
    here = "https://partner.example/search"
    query = f"{PREFIX}SELECT * {{ SERVICE <{here}> {{ ?r search:query 'q' }} }}"
    assert answered(query, addresses=[here], partners=[here]).text == query
    mine = answered(query, addresses=[here])
    assert mine.text != query
    assert mine.is_local
    assert not answered(query.replace(here, SERVICE), addresses=[here]).is_local


# What is refused, and where


def refusals() -> Iterator[tuple[str, str, int, int]]:
    """Groups of a call of the service, what is said of them, and where, the call standing in line 3, column 3."""
    yield "?r search:query ?q", r'search:query expects a text such as "genetic resources", not the variable \?q', 4, 19
    yield "?r search:query <urn:x>", "expects a text .*, not <urn:x>", 4, 19
    yield "?r search:query 5", "expects a text .*, not 5", 4, 19
    yield "?r search:query '2020'^^<urn:y>", "expects a text .*, not '2020'\\^\\^<urn:y>", 4, 19
    yield "?r search:query ('q')", "expects a text", 4, 19
    yield "?r search:query", "expects a text .*, not }", 5, 1
    yield "?r search:query 'q',", "expects a text .*, not }", 5, 1
    yield "?r search:query 'q', 'p'", r"\?r can have one search:query only", 4, 6
    yield "?r search:query 'q' .\n?r search:query 'p'", "one search:query only", 5, 4
    yield "?r search:score ?s", r"\?r has search:score, which expects a search:query beside it", 4, 3
    yield "?r search:query 'q' . ?x search:score ?s", r"\?x has search:score", 4, 25
    yield "?r search:query 'q' ; search:score 5", "search:score expects a variable, not 5", 4, 38
    yield "?r search:query 'q' ; search:score ?r", r"\?r stands for two things", 4, 3
    yield "?r search:query 'q' ; search:score ?s ; search:snippet ?s", r"\?s stands for two things", 4, 3
    yield "?r search:query 'q' ;\n search:limit 0", "search:limit expects a whole number from 1 to 10000, not 0", 5, 15
    yield "?r search:query 'q' ; search:limit 10001", "expects a whole number", 4, 38
    yield "?r search:query 'q' ; search:limit '5'", "expects a whole number", 4, 38
    yield "?r search:query 'q' ; search:limit ?n", r"whole number .* not the variable \?n", 4, 38
    yield "?r search:query 'q' ; search:expand 'no'", "search:expand expects true or false, not 'no'", 4, 39
    yield "?r search:query 'q' ; search:kind 'book'", 'expects "record" or "concept", not', 4, 37
    yield "?r search:query 'q' ; search:type 'Certificate'", "expects an IRI or a prefixed name, not", 4, 37
    yield "?r search:query 'q' ; search:type nowhere:x", "expects an IRI or a prefixed name, not nowhere:x", 4, 37
    yield "?r search:query 'q' ; search:year 20", "expects a year such as 2020, not 20", 4, 37
    yield (
        "?r search:query 'q' ; search:querry 'p'",
        "search:querry is no property of a search; there are search:query",
        4,
        25,
    )
    yield "?r search:query|search:text 'q'", "can only be the predicate", 4, 6
    yield "?r search:query 'q' . ?r ?p search:query", "can only be the predicate", 4, 31
    yield "?r search:query 'q' . ?x ?y [ search:query 'q' ]", "can only be the predicate", 4, 33
    yield "'r' search:query 'q'", "what a search finds is a variable, an IRI or a blank node", 4, 3
    yield "(1 2) search:query 'q'", "what a search finds is a variable", 4, 3
    yield "[] search:query 'q' ; <urn:name> ?n", r"\[\] has other statements beside its search", 4, 3
    yield "_:r search:query 'q' . _:r <urn:name> ?n", "_:r has other statements beside its search", 4, 3
    yield "?s ?p ?o", r"SERVICE <.*> expects a search, such as \{ \?record search:query", 3, 3
    yield "", "expects a search", 3, 3
    yield (
        "?r search:query 'q' ; search:snippet ?t ; search:limit 1001",
        "1000 hits with search:snippet at most",
        4,
        3,
    )
    yield "?r search:query 'q' ; search:score ?s, ?t", "one search:score only", 4, 25
    yield " . ".join(f"?r{n} search:query 'q'" for n in range(11)), "a query may have 10 searches", 4, 233
    yield "?r search:query 'q' ; search:limit 9999 .\n ?x search:query 'q' ; search:limit 2", "at most in all", 5, 2


@pytest.mark.parametrize(("group", "message", "line", "column"), [pytest.param(*one, id=one[0]) for one in refusals()])
def test_what_cannot_be_searched_is_refused_at_its_place(group: str, message: str, line: int, column: int) -> None:
    query = f"{PREFIX}SELECT * {{\n  SERVICE <{SERVICE}> {{\n  {group}\n}} }}"
    with pytest.raises(LocatedRefusal, match=message) as caught:
        answered(query)
    assert isinstance(caught.value, QueryRefused)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("query", "message", "line"),
    [
        ("SELECT * {\n SERVICE <S> {\n ?r find:query 'q' } }", "the prefix find: is not declared", 4),
        ("SELECT * {\n SERVICE <S> { ?r search:query 'q'", "nothing closes this {", 3),
        ("SELECT * {\n SERVICE <S> { ?r search:query 'q' . FILTER(1 } }", "nothing closes this \\(", 3),
        ("SELECT * {\n SERVICE <S> { ?r search:query 'q' . ) } }", "\\) is not expected here", 3),
    ],
)
def test_what_is_no_sparql_is_told_at_its_line(query: str, message: str, line: int) -> None:
    with pytest.raises(LocatedSyntaxError, match=message) as caught:
        answered(PREFIX + query.replace("<S>", f"<{SERVICE}>"))
    assert caught.value.line == line


def test_an_error_of_the_engine_is_at_the_line_its_author_knows() -> None:
    search = "{ ?r search:query '''q\n\n''' ; # why\n search:score ?s }"
    query = f"{PREFIX}SELECT * {{\r\n SERVICE <{SERVICE}> {search}\n FILTER(?s >) }}"
    with pytest.raises(SyntaxError) as caught:
        ox.Store().query(answered(query).text)
    with pytest.raises(SyntaxError) as bare:
        ox.Store().query(re.sub(r"SERVICE <.*?>", lambda found: " " * len(found[0]), query))
    assert located(str(caught.value)).line == 7  # type: ignore[attr-defined]
    assert str(caught.value) == str(bare.value)


@pytest.mark.parametrize("before", ["", "?a ?b ?c . ", "\n"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_error_behind_searches_in_the_same_line_is_at_the_column_its_author_knows(before: str, number: int) -> None:
    search = f"SERVICE <{SERVICE}> {{ ?r search:query 'q' ; search:score ?s }} "
    query = f"{PREFIX}SELECT * {{ {before}{search * number}SERVICE <urn:other> {{}} }}"
    found = answered(query)
    with pytest.raises(LocatedRefusal, match="SERVICE <urn:other> is refused") as caught, found.located():
        outline(found.text)
    last = query.splitlines()[-1]
    assert (caught.value.line, caught.value.column) == (len(query.splitlines()), last.index("SERVICE <urn") + 1)


# Nothing escapes

ATTACKS = (
    "} SERVICE <http://evil.example/> { ?a ?b ?c } #",
    "' } } SERVICE <http://evil.example/> {",
    "\" } SERVICE <http://evil.example/> { ?a ?b '",
    "\\",
    "\\\\u0022 } SERVICE <http://evil.example/> {} #",
    "\\u0022",
    "'''\n\"\"\"",
    "\r\n} #",
    "\u0000\u0007\u001b\u2028\u202e\ufeff",
    "<!--",
    "😀 \U0010ffff",
    "REDUCED NOW() RAND() STRUUID()",
)


def written(text: str, quote: str) -> str:
    """A text as a literal of SPARQL between quotes."""
    escaped = text.replace("\\", "\\\\").replace(quote[0], "\\" + quote[0])
    return quote + (escaped if len(quote) > 1 else escaped.replace("\n", "\\n").replace("\r", "\\r")) + quote


texts = st.text(st.characters(codec="utf-8"))


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from(("'", '"', "'''", '"""')))
@example(ATTACKS[0], '"""')
@example("a\\", "'")
def test_any_text_reaches_the_index_as_it_is(text: str, quote: str) -> None:
    index = FakeIndex()
    query = f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ ?r search:query {written(text, quote)} ; search:score ?s }} }}"
    found = answered(query, index)
    assert [one.text for one in index.asked] == [text]
    assert solutions(found.text) == BOTH


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from(("", "en", "ar", "x y", "zh-Hant", '"@en }')))
@example(ATTACKS[0], "en")
@example(ATTACKS[1], "")
@example(ATTACKS[2], "en")
@example(ATTACKS[4], "")
def test_any_text_that_is_found_comes_out_as_it_is_and_calls_nobody(text: str, language: str) -> None:
    index = FakeIndex(hit(FIRST, 1.0, Snippet(text, language)), hit(SECOND, 0.5, None, text))
    query = f"{PREFIX}SELECT ?t {{\n SERVICE <{SERVICE}> {{ ?r search:query 'q' ; search:snippet ?t }}\n}}"
    found = answered(query, index)
    assert solutions(found.text) == [{"t": text}, {"t": text or SECOND}]
    assert found.text.count("\n") == query.count("\n")
    assert is_repeatable(found.frame)


@pytest.mark.parametrize("text", ATTACKS)
@pytest.mark.parametrize("after", ["", "SERVICE <http://evil.example/> {}", "OPTIONAL { SERVICE ?u {} }"])
def test_another_server_is_refused_beside_a_search_whatever_that_finds(text: str, after: str) -> None:
    index = FakeIndex(hit(FIRST, 1.0, Snippet(text, "en")))
    query = f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ ?r search:query 'q' ; search:snippet ?t }} {after} }}"
    found = answered(query, index)
    if after:
        with pytest.raises(QueryRefused, match="SERVICE"):
            outline(found.text)
    else:
        assert not outline(found.text).is_federated


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICESILENT<S>{ ?r search:query 'q' } }",
        "PREFIX : <B> SELECT * { SERVICE:search{ ?r search:query 'q' } }",
        "SELECT * { \\u0053ERVICE <S> { ?r search:query 'q' } }",
        "SELECT * { FILTER(1<2)#>'''\nSERVICE<S>{ ?r search:query 'q' }#'''\n }",
    ],
)
def test_a_call_that_only_another_reading_shows_is_refused_as_any_other(query: str) -> None:
    with pytest.raises(QueryRefused, match="SERVICE"):
        outline(answered(PREFIX + query.replace("<S>", f"<{SERVICE}>").replace("<B>", f"<{BASE}>")).text)


def test_an_index_that_gives_what_is_no_iri_brings_nothing_into_a_query() -> None:
    index = FakeIndex(hit("urn:a> } SERVICE <urn:b> {", 1.0))
    with pytest.raises(ValueError, match="IRI"):
        answered(f"{PREFIX}SELECT * {{ SERVICE <{SERVICE}> {{ ?r search:query 'q' }} }}", index)


# No index


def test_without_an_index_a_search_fails_and_a_silent_one_binds_nothing() -> None:
    searches = SearchesInQueries(BASE, no_index, lambda _: False)
    loud = f"{PREFIX}SELECT * {{ VALUES ?x {{ 1 }} SERVICE <{SERVICE}> {{ ?r search:query 'q'\n ; search:score ?s }} }}"
    silent = loud.replace("SERVICE", "SERVICE SILENT")
    with pytest.raises(StoreError):
        asyncio.run(searches.answered(loud))
    found = asyncio.run(searches.answered(silent))
    assert solutions(found.text) == [{"x": "1"}]
    assert not found.lasts("1")
    assert not found.lasts("")
    with pytest.raises(StoreError):
        asyncio.run(
            searches.answered(silent.replace("VALUES", f"SERVICE <{SERVICE}> {{ ?y search:query 'q' }} VALUES"))
        )


# The service itself: patterns without a call


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?r search:query 'q' ; search:score ?s }",
        "SELECT ?r ?s WHERE { { ?r search:query 'q' . ?r search:score ?s . } }",
        "SELECT * { ?r search:query 'q' ; search:score ?s } VALUES ?r { <urn:first> <urn:second> }",
        "SELECT REDUCED * WHERE { ?r search:query 'q' ; search:score ?s . FILTER(?s > 1) } ORDER BY DESC(?s) LIMIT 5",
        "SELECT ?r ?s { { SELECT ?r ?s { ?r search:query 'q' ; search:score ?s } } }",
        "SELECT (?x AS ?r) ?s { BIND(1 AS ?y) OPTIONAL { ?x search:query 'q' ; search:score ?s } }",
        "SELECT ?r ?s { ?r ?p ?n . FILTER(EXISTS {?r search:query 'q'} && true) ?r search:query 'q'; search:score ?s }",
        "SELECT ?r ?s { SERVICE <S> { ?r search:query 'q' } ?r search:query 'q' ; search:score ?s }",
    ],
)
def test_the_service_answers_patterns_as_other_engines_send_them(query: str) -> None:
    query = PREFIX + query.replace("<S>", f"<{SERVICE}>")
    assert pairs(answered(query, is_bare=True).text) == BOTH


def test_the_service_builds_graphs_of_what_it_finds() -> None:
    query = f"{PREFIX}CONSTRUCT {{ ?r search:score ?s }} WHERE {{ ?r search:query 'q' ; search:score ?s }}"
    found = ox.Store().query(answered(query, is_bare=True).text)
    assert isinstance(found, ox.QueryTriples)
    assert {(triple.subject.value, triple.object.value) for triple in found} == {(FIRST, "3.25"), (SECOND, "1.5")}


def test_the_service_answers_what_is_no_search_too() -> None:
    for query in ("ASK { ?s ?p ?o }", "DESCRIBE <urn:x>", "SELECT * { SERVICE <urn:x> { ?r search:query 'q' } }"):
        assert answered(PREFIX + query, is_bare=True).text == PREFIX + query


# Over HTTP, with an index of real records


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("searched"), searched.quads(), workers=2) as url:
        until(lambda: ask(url, SEARCH).status_code == 200)
        yield url


@pytest.fixture(scope="module")
def service(endpoint: str) -> str:
    return endpoint.replace("/sparql", "/search")


PATTERN = '{ ?record search:query "genetic resources" ; search:score ?score }'
SEARCH = f"{PREFIX}SELECT ?record ?score {{ SERVICE <{SERVICE}> {PATTERN} }} ORDER BY DESC(?score) ?record"
BARE = f"{PREFIX}SELECT ?record ?score {PATTERN} ORDER BY DESC(?score) ?record"


def ask(url: str, query: str, accept: str = "text/csv", **headers: str) -> httpx.Response:
    return httpx.get(url, params={"query": query}, headers={"Accept": accept} | headers, timeout=30)


def test_what_a_query_finds_is_what_the_service_finds(endpoint: str, service: str) -> None:
    own, bare = ask(endpoint, SEARCH), ask(service, BARE)
    assert own.text == bare.text
    records = {line.split(",")[0] for line in own.text.splitlines()[1:]}
    assert "measure" in searched.named(records)
    local = SEARCH.replace(f"<{SERVICE}>", f"<{service}>")
    assert ask(endpoint, local).text == own.text
    assert ask(endpoint, local, Host="elsewhere.example").status_code == 400
    assert ask(endpoint, local).status_code == 200


def test_what_is_found_is_joined_with_the_graph(endpoint: str) -> None:
    query = f"""{PREFIX}PREFIX ch: <{BASE}ns#> PREFIX dcterms: <http://purl.org/dc/terms/>
        SELECT ?title {{
          SERVICE <{SERVICE}> {{ ?record search:query "regulation" ; search:type ch:Measure ; search:limit 5 }}
          ?record dcterms:title ?title FILTER(lang(?title) = "fr")
        }}"""
    assert ask(endpoint, query).text.splitlines()[1:] == ["Règlement sur l’accès aux ressources génétiques"]


def test_the_thesaurus_helps_unless_it_is_told_not_to(endpoint: str) -> None:
    query = f"""{PREFIX}SELECT ?record {{ SERVICE <{SERVICE}> {{
        ?record search:query "marine and coastal biodiversity" ; search:kind "record" ; search:expand true }} }}"""
    with_it, without = ask(endpoint, query), ask(endpoint, query.replace("true", "false"))
    assert searched.named(with_it.text.splitlines()[1:]) == {"measure", "permit"}
    assert without.text.splitlines()[1:] == []


def test_one_record_is_asked_for_by_its_iri(endpoint: str) -> None:
    for name, count in (("measure", 1), ("permit", 0)):
        pattern = f"<{searched.record(name)}> search:query 'regulation' ; search:score ?s"
        query = f"{PREFIX}SELECT ?s {{ SERVICE <{SERVICE}> {{ {pattern} }} }}"
        assert len(ask(endpoint, query).text.splitlines()) == 1 + count


@pytest.mark.parametrize("name", searched.HOSTILE)
def test_a_hostile_title_is_a_text_like_any_other(endpoint: str, name: str) -> None:
    query = f"""{PREFIX}SELECT ?text {{ SERVICE <{SERVICE}> {{
        <{searched.record(name)}> search:query "hostile" ; search:snippet ?text }} }}"""
    [row] = ask(endpoint, query, "application/json").json()["results"]["bindings"]
    assert row["text"]["value"] in searched.HOSTILE[name]
    assert row["text"]["xml:lang"] == "en"


@pytest.mark.parametrize(
    ("accept", "begins"),
    [
        ("application/sparql-results+json", '{"head":{"vars":["record","score"]}'),
        ("application/sparql-results+xml", "<?xml"),
        ("text/csv", "record,score"),
        ("text/tab-separated-values", "?record\t?score"),
        ("*/*", '{"head"'),
    ],
)
def test_the_service_speaks_the_protocol(service: str, accept: str, begins: str) -> None:
    headers = {"Accept": accept, "Origin": "https://elsewhere.example"}
    asked = [
        httpx.get(service, params={"query": BARE}, headers=headers),
        httpx.post(service, data={"query": BARE}, headers=headers),
        httpx.post(service, content=BARE, headers=headers | {"Content-Type": "application/sparql-query"}),
        httpx.get(f"{service}/", params={"query": BARE}, headers=headers),
    ]
    for response in asked:
        assert response.status_code == 200
        assert response.text.startswith(begins)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.headers["Clearinghouse-Generation"] == "1"
    assert httpx.head(service, params={"query": BARE}, headers=headers).status_code == 200
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    assert httpx.options(service, headers=headers | preflight).status_code in (200, 204)


def test_what_the_service_refuses_is_a_problem_document_with_its_place(endpoint: str, service: str) -> None:
    for url, query in ((service, BARE), (endpoint, SEARCH)):
        problem = ask(url, query.replace('"genetic resources"', "?text")).json()
        assert (problem["status"], problem["line"]) == (400, 2)
        assert problem["type"].endswith("/problem/query-refused")
        assert problem["column"] == query.splitlines()[1].index('"genetic') + 1
    assert httpx.post(service, data={"query": BARE, "update": "CLEAR ALL"}).status_code == 400
    assert ask(service, "SELECT * { SERVICE <http://evil.example/> {} }").status_code == 400
    assert httpx.post(service, data={"query": "x" * 70_000}).status_code == 413


def test_the_service_describes_itself_to_programs_and_shows_people_a_page(service: str) -> None:
    found = httpx.get(service, headers={"Accept": "text/turtle"})
    triples = {quad.triple for quad in ox.parse(found.content, ox.RdfFormat.TURTLE)}
    feature = ox.NamedNode("http://www.w3.org/ns/sparql-service-description#propertyFeature")
    assert ox.Triple(ox.NamedNode(service), feature, ox.NamedNode(f"{SERVICE}#query")) in triples
    page = httpx.get(service, headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"}, follow_redirects=False)
    assert page.status_code == 302
    assert page.headers["Location"].endswith("/en/search")
    assert "text/html" in httpx.get(service, params={"q": "forest"}, follow_redirects=True).headers["Content-Type"]


@pytest.mark.parametrize("client", ["oxigraph", "rdflib"])
def test_another_engine_calls_the_service(endpoint: str, service: str, client: str) -> None:
    programs = {
        "oxigraph": "import pyoxigraph as e; f = e.Store().query(q); print(json.dumps([r['record'].value for r in f]))",
        "rdflib": "import rdflib as e; f = e.Graph().query(q); print(json.dumps([str(r.record) for r in f]))",
    }
    query = f"{PREFIX}SELECT ?record ?score {{ SERVICE <{service}> {PATTERN} }}"
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys; q = sys.argv[1]; {programs[client]}", query],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    expected = [line.split(",")[0] for line in ask(endpoint, SEARCH).text.splitlines()[1:]]
    assert sorted(json.loads(done.stdout)) == sorted(expected)


def hits_of_the_cache(url: str) -> float:
    page = httpx.get(f"http://{urlsplit(url).netloc}/metrics").text
    [number] = re.findall(r"^clearinghouse_cache_hits_total (\S+)", page, re.MULTILINE)
    return float(number)


def test_an_answer_with_a_search_is_kept_like_any_other(endpoint: str, service: str) -> None:
    for url, query in ((endpoint, SEARCH), (service, BARE)):
        query += " # kept"
        first, before = ask(url, query), hits_of_the_cache(url)
        assert ask(url, query).headers["ETag"] == first.headers["ETag"]
        assert hits_of_the_cache(url) == before + 1
        assert ask(url, query, **{"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_same_query_means_different_things_at_the_two_addresses(endpoint: str, service: str) -> None:
    assert len(ask(service, BARE).text.splitlines()) > 1
    assert len(ask(endpoint, BARE).text.splitlines()) == 1
    assert len(ask(service, BARE).text.splitlines()) > 1


def test_what_is_new_is_found_as_soon_as_the_index_knows_it(tmp_path: Path) -> None:
    """Also by a query that was asked all the time: what was found in the index before is not kept for the new graph."""
    query = f"{PREFIX}SELECT ?r {{ SERVICE <{SERVICE}> {{ ?r search:query 'zebrafish' }} }}"
    with serving(tmp_path, searched.quads(), workers=1) as url:
        assert ask(url, query).status_code == 503
        assert ask(url, query.replace("SERVICE", "SERVICE SILENT")).text.splitlines() == ["r", ""]
        until(lambda: ask(url, query).status_code == 200)
        assert ask(url, query).text.splitlines() == ["r"]
        searched.generation(tmp_path, 2, fish="About zebrafish")
        generations = set()
        end = time.monotonic() + 60
        while len((found := ask(url, query)).text.splitlines()) == 1:
            generations.add(found.headers["Clearinghouse-Generation"])
            assert time.monotonic() < end
            time.sleep(0.02)
        assert "fish" in searched.named(found.text.splitlines())
        assert found.headers["Clearinghouse-Generation"] == "2"
        assert "1" in generations


# What is written about it


def examples() -> list[str]:
    return re.findall(r"```sparql\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("place", range(len(examples())))
def test_an_example_of_the_guide_finds_something(endpoint: str, service: str, place: int) -> None:
    query = examples()[place]
    response = ask(endpoint if "SERVICE" in query else service, query)
    assert response.status_code == 200, response.text
    assert len(response.text.splitlines()) > 1


def test_the_guide_names_every_property_and_every_limit() -> None:
    said = GUIDE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `search:(\w+)`", said, re.MULTILINE)) == set(PROPERTIES)
    for number in (DEFAULT_LIMIT, MAX_LIMIT, MAX_SNIPPETS):
        assert f"{number:,}" in said
    assert len(examples()) >= 5


# The command line


def test_the_command_line_searches_without_a_server(inside: Run, tmp_path: Path) -> None:
    query = f"{PREFIX}SELECT ?r {{ SERVICE <{SERVICE}> {{ ?r search:query 'regulation' ; search:kind 'record' }} }}"
    assert b"there is no graph to search in yet" in inside("query", query).stderr
    (tmp_path / "data").mkdir(exist_ok=True)
    searched.generation(tmp_path / "data")
    for _ in range(2):  # the second time with the index of the first
        found = inside("query", query, "--format", "csv").stdout.decode().splitlines()
        assert searched.named(found[1:]) == {"measure"}
