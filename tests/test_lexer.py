"""What is seen of a query before a worker runs it, compared with what the engine does on a network that is watched."""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyoxigraph as ox
import pytest

from endpoint.lexer import LocatedSyntaxError, located, outline, service_calls
from ontology.errors import QueryRefused, QuerySyntaxError

_SEED = 20100
_VARIANTS = 2500


class Listener:
    """A server on the loopback interface that answers every SERVICE call with no solutions, and counts them."""

    def __init__(self) -> None:
        self.calls = 0
        self.paths: set[str] = set()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                listener.calls += 1
                listener.paths.add(self.path)
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b'{"head":{"vars":[]},"results":{"bindings":[]}}'
                self.send_response(200)
                self.send_header("Content-Type", "application/sparql-results+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/x"


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    listener = Listener()
    thread = threading.Thread(target=listener.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()
    thread.join()


def _reaches_the_network(query: str, listener: Listener) -> bool:
    before = listener.calls
    try:
        results = ox.Store().query(query)
        if not isinstance(results, ox.QueryBoolean):
            list(results)
    except (SyntaxError, RuntimeError, ValueError, OSError):
        pass
    return listener.calls > before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <U> {} }",
        "SELECT * { service SILENT<U>{} }",
        "SELECT * { SERVICE# comment\n<U>{} }",
        "PREFIX : <U> SELECT * { SERVICE:x{} }",
        "PREFIX a: <U> SELECT * { SERVICEa:b{} }",
        "PREFIX a: <U> SELECT * { SERVICESILENTa:b{} }",
        "SELECT * { SERVICESILENT<U>{} }",
        "SELECT * { ?s ?p trueSERVICE<U>{} }",
        "SELECT * { ?s ?p 1SERVICE<U>{} }",
        "SELECT * { ?s ?p 1e5SERVICE<U>{} }",
        "SELECT * { ?s ?p <a:b>SERVICE<U>{} }",
        "SELECT * { BIND(1 AS ?a) BIND(2 AS ?b) FILTER(?a<?b)SERVICE#>\n<U>{} }",
        "SELECT * { FILTER(1<2)#>'''\nSERVICE<U>{}#'''\n }",
        "SELECT * { FILTER(1<2)#>\n SERVICE <U> {} }",
        "PREFIX a: <U> SELECT * { ?s ?p a:.SERVICE<U>{} }",
        "PREFIX a: <U> SELECT * { ?s ?p a:\\# SERVICE<U>{} }",
        "SELECT * { ?s ?p _:b. SERVICE<U>{} }",
        "SELECT * { LATERAL { SERVICE <U> {} } }",
        "SELECT * { ?s ?p ?o FILTER(1 = 1 || EXISTS { SERVICE <U> {} }) { SELECT * { SERVICE <U> {} } } }",
        "CONSTRUCT { <a:s> <a:p> 1 } WHERE { SERVICE <U> {} }",
    ],
)
def test_a_call_that_reaches_the_network_is_refused_however_it_is_written(query: str, listener: Listener) -> None:
    query = query.replace("<U>", f"<{listener.url}>")
    assert _reaches_the_network(query, listener), "the engine should have made this call, or the case proves nothing"
    with pytest.raises(QueryRefused, match="SERVICE"):
        outline(query)


def test_no_generated_variant_reaches_the_network_unseen(listener: Listener) -> None:
    choice = random.Random(_SEED)
    reached, missed = 0, []
    for _ in range(_VARIANTS):
        query = _variant(choice, listener.url)
        if _reaches_the_network(query, listener):
            reached += 1
            if not any(service_calls(query)):
                missed.append(query)
    assert missed == []
    assert reached > _VARIANTS / 20, "too few variants parse, so this proves nothing"


_BEFORE = (
    "", "", "#SERVICE\n", "# \" '\n", "?s <a:p> 1 . ", "?s a:p 'SERVICE <U> {' . ", "FILTER(1<2)", "FILTER(1<2)#>\n",
    "FILTER(1<2&&3>2)", "FILTER('<'<\">\")", "BIND(1 AS ?x)", "?s ?p true", "?s ?p 1.", "?s ?p 1e1", "?s ?p 'a'@en",
    "?s ?p _:b ", "?s ?p a:b.c.d. ", "?s ?p a:\\#", "?s ?p a:.", "?s ?p a:b ", "?s ?p \"a\\\"b\" . ", "?s a:p ?o . ",
    "?s ?p '''a'b\n'''", "VALUES ?v { \"\" '' } ", "VALUES ?v {\"\"\"\"\"\"}", "FILTER(?s<?o)#>'''\n", "OPTIONAL {} ",
    "FILTER(1<2)#>\"\"\"\n", "?s a:p? ?o . ", "?s <a:p>? true", "?s ^a:p|!a:q ?o .", "?s ?p [] .", "?s ?p (1 true",
    "?service a:service ?o . ", "service:x a service:y . ", "FILTER(?o<a:b) ", "FILTER(1<'>') ", "<a:b#'> a 1 .", "'",
    "\u00e9:b a 1.", "{}", "\"", ")", "\\", "VALUES ?v {\"\"\"\\uD800\" \"", "?s ?p a:b..c.", "?s ?p a:%41.",
)  # fmt: skip
_WORD = (
    "SERVICE", "service", "SeRvIcE", "SERVICE SILENT", "SERVICESILENT", "SERVICE#>\n", "SERVICE #'\n SILENT",
    "\\u0053ERVICE",
)  # fmt: skip
_SERVER = (
    "<U>", " <U>", "#c\n<U>", ":x", " :x", "a:b", " a:b", "?u", " ?u ", "\t<U> ", "a:", ":", " a:b.c.d", " a:\\#", "$u",
)  # fmt: skip
_AFTER = ("{}", " {}", "#{\n{}", "{}#'''\n", "{ ?s ?p ?o }", '{}#"""\n', "{}}", "")
_HEADS = ("SELECT * {", "ASK{", "SELECT*WHERE{{", "CONSTRUCT WHERE {", "SELECT * { LATERAL {", "SELECT (1 AS ?y) {")


def _variant(choice: random.Random, url: str) -> str:
    """A query, or nearly one, with something like a call in it and all its braces closed."""
    pieces = ["PREFIX a: <U> PREFIX : <U> PREFIX service: <a:> PREFIX \u00e9: <a:> BASE <U> ", choice.choice(_HEADS)]
    pieces += choice.choices(_BEFORE, k=choice.randrange(4))
    pieces += [choice.choice(_WORD), choice.choice(_SERVER), choice.choice(_AFTER), choice.choice(_BEFORE)]
    text = "".join(piece + choice.choice(("", "", " ")) for piece in pieces)
    return (text + "\n" + "}" * max(0, text.count("{") - text.count("}"))).replace("<U>", f"<{url}>")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p 'SERVICE <http://x/> {' }",
        'SELECT * { ?s ?p """a\nSERVICE <http://x/> {\n""" }',
        "SELECT * { ?s ?p ?o # SERVICE <http://x/> {}\n }",
        "SELECT * { <http://x/service#a> ?p <https://x.org/ecosystem-services/SERVICE> . { ?s ?p ?o } }",
        "SELECT ?service { ?service <http://x/p> ?o . { ?s ?p ?o } }",
        "PREFIX service: <http://s/> SELECT * { service:x a service:Service ; service:y ?z . { ?s ?p ?o } }",
        "PREFIX ch: <http://s/> SELECT * { ?s ch:service ?z { ?s a ch:EcosystemService } }",
        "SELECT * { ?s ?p 'a'@service . FILTER(1 < 2 && 2 > 1) }",
    ],
)
def test_the_word_in_a_string_comment_iri_name_or_variable_is_no_call(query: str, listener: Listener) -> None:
    assert not list(service_calls(query))
    ox.Store().query(query)  # and the query is one


def test_an_escaped_keyword_is_refused_as_the_standard_reads_it() -> None:
    with pytest.raises(QueryRefused):
        outline("SELECT * { \\u0053ERVICE <http://x/> {} }")


PARTNER = "https://partner.example/sparql"


def address(server: str, is_silent: bool) -> str | None:
    return f"relay:{'silent' if is_silent else 'loud'}" if server == PARTNER else None


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("SELECT * { SERVICE <P> {} }", "SELECT * { SERVICE <relay:loud> {} }"),
        ("SELECT * { service silent<P>{} }", "SELECT * { service silent<relay:silent>{} }"),
        ("SELECT * { SERVICE# <x> {\n<P>#\n{} }", "SELECT * { SERVICE# <x> {\n<relay:loud>#\n{} }"),
        ("SELECT*{SERVICE<P>{?s ?p 1SERVICE<P>{}}}", "SELECT*{SERVICE<relay:loud>{?s ?p 1SERVICE<relay:loud>{}}}"),
        (
            "PREFIX p:<https://partner.example/> ASK { SERVICE p:sparql {} }",
            "PREFIX p:<https://partner.example/> ASK { SERVICE <relay:loud> {} }",
        ),
        ("#PREFIX : <x>\nPREFIX:<P> ASK { SERVICE : {} }", "#PREFIX : <x>\nPREFIX:<P> ASK { SERVICE <relay:loud> {} }"),
        ("ASK { ?s ?p 'SERVICE <P> {' # SERVICE <P> {\n SERVICE <P> {} }", None),
        ("SELECT ?service { ?service a <P> . BIND(<P> AS ?x) }", ""),
    ],
)  # fmt: skip
def test_a_call_of_a_partner_is_sent_to_its_address(query: str, sent: str | None) -> None:
    query = query.replace("<P>", f"<{PARTNER}>")
    sketch = outline(query, address)
    if sent is None:
        head, _, tail = query.rpartition(f"<{PARTNER}>")
        sent = f"{head}<relay:loud>{tail}"
    assert sketch.text == (sent.replace("<P>", f"<{PARTNER}>") or query)
    assert sketch.is_federated == (sketch.text != query)
    if sketch.is_federated:
        with pytest.raises(QueryRefused):
            outline(query)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("ASK { SERVICE <P> {} SERVICE <http://other/> {} }", "not a partner"),
        ("ASK { SERVICE <P/> {} }", "not a partner"),
        ("ASK { SERVICE <P#> {} }", "not a partner"),
        ("ASK { SERVICE <HTTPS://partner.example/sparql> {} }", "not a partner"),
        ("BASE <https://partner.example/> ASK { SERVICE <sparql> {} }", "not a partner"),
        ("BASE <P> ASK { SERVICE <> {} }", "not a partner"),
        ("BASE <https://partner.example/> PREFIX p: <sp> ASK { SERVICE p:arql {} }", "not a partner"),
        ("PREFIX p: <P> PREFIX p: <http://other/> ASK { SERVICE p: {} }", "not a partner"),
        ("PREFIX p: <P> PREFIX p: <P> ASK { SERVICE p: {} }", "not a partner"),
        ("ASK { SERVICE p:sparql {} } # PREFIX p: <https://partner.example/>", "not a partner"),
        ("# PREFIX p: <P>\nASK { SERVICE p: {} }", "not a partner"),
        ("PREFIX p: <https://partner.example/> ASK { SERVICE p:sparql\\- {} }", "not a partner"),
        ("PREFIX p: <https://partner.example/> ASK { SERVICE p:%73parql {} }", "not a partner"),
        ("ASK { BIND(<P> AS ?x) SERVICE ?x {} }", "plain"),
        ("ASK { SERVICE <P> { SERVICE ?x {} } }", "plain"),
        ("ASK { SERVICE <P> { SERVICE <http://other/> {} } }", "not a partner"),
        ("ASK { SERVICESILENT <P> {} }", "plain"),
        ("ASK { \\u0053ERVICE <P> {} }", "escapes"),
        ("ASK { SERVICE <P> { ?s ?p '\\u0041' } }", "escapes"),
        ("ASK { SERVICE <https://partner.example/\\u0073parql> {} }", "escapes"),
        ("ASK { FILTER(?a<?b)SERVICE#>\n<P>{} }", "plain"),
        ("ASK { SERVICE <P> {} FILTER(?a<?b)SERVICE#>\n<P>{} }", "plain"),
        ("PREFIX p: <P> ASK { SERVICEp:x{} }", "plain"),
    ],
)
def test_a_call_that_is_not_plainly_one_of_a_partner_is_refused(query: str, reason: str) -> None:
    with pytest.raises(QueryRefused, match=reason):
        outline(query.replace("<P>", f"<{PARTNER}>").replace("<P", f"<{PARTNER}"), address)


def test_no_generated_variant_reaches_a_partner_but_by_its_address(listener: Listener) -> None:
    """Every server that a variant names is the partner, so that what is let through must go to its address."""
    choice = random.Random(_SEED + 1)
    let_through = 0
    listener.paths.clear()
    for _ in range(_VARIANTS):
        query = _variant(choice, listener.url)
        try:
            sketch = outline(query, lambda server, _: f"{listener.url}/relay" if server == listener.url else None)
        except (QueryRefused, QuerySyntaxError):
            continue
        let_through += sketch.is_federated and _reaches_the_network(sketch.text, listener)
    assert listener.paths == {"/x/relay"}
    assert let_through > _VARIANTS / 20, "too few variants are let through, so this proves nothing"


def test_a_call_names_its_server_and_its_place() -> None:
    query = "SELECT * {\n  SERVICE SILENT <http://x/> { ?s ?p ?o } SERVICE ?y {} }"
    calls = list(service_calls(query))
    assert [(call.offset, call.server) for call in calls] == [(13, "<http://x/>"), (query.rindex("SERVICE"), "?y")]
    with pytest.raises(QueryRefused, match="line 2, column 3: SERVICE <http://x/>"):
        outline(query)


@pytest.mark.parametrize(
    ("query", "form", "has_dataset"),
    [
        ("SELECT * {}", "SELECT", False),
        ("# ASK\nPREFIX a: <b:> BASE <c:>\nselect?x{}", "SELECT", False),
        ('VERSION "1.2" ASK {}', "ASK", False),
        ("prefix : <a:>CONSTRUCT WHERE{}", "CONSTRUCT", False),
        ("BASE <http://x/#SELECT> DESCRIBE <a:>", "DESCRIBE", False),
        ("SELECT * FROM <http://x/g> {}", "SELECT", True),
        ("SELECT*FROM NAMED<http://x/g>{}", "SELECT", True),
        ("SELECT ?from { ?from <http://from/> 'FROM' # FROM <x>\n }", "SELECT", False),
    ],
)
def test_the_form_and_the_dataset_clause_are_recognised(query: str, form: str, has_dataset: bool) -> None:
    sketch = outline(query)
    assert (sketch.form, sketch.has_dataset) == (form, has_dataset)
    ox.Store().query(query)  # and the engine takes it for a query


@pytest.mark.parametrize(
    "update",
    [
        "INSERT DATA { <a:b> <a:b> <a:b> }",
        "PREFIX a: <b:> # SELECT\n delete where { ?s ?p ?o }",
        "LOAD <http://x/>",
        "CLEAR ALL",
        "DROP GRAPH <a:b>",
        "WITH <a:b> DELETE {} WHERE {}",
    ],
)
def test_an_update_is_refused_as_such(update: str) -> None:
    with pytest.raises(QueryRefused, match="read-only"):
        outline(update)


def test_what_is_no_query_says_what_was_expected_and_where() -> None:
    with pytest.raises(LocatedSyntaxError, match="expected SELECT, ASK, CONSTRUCT or DESCRIBE") as caught:
        outline("PREFIX a: <b:>\n  FIND ?x")
    assert (caught.value.line, caught.value.column) == (2, 3)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * {\n ?s dct:title ?x }", "line 2, column 14: Prefix not found"),
        ("SELECT ?x { ?s ?p ?o } GROUP BY ?s", "line 1, column 35: The SELECT contains a variable that is unbound"),
        ("ASK FROM <rel> {}", "line 1, column 15: IRI parsing failed"),
    ],
)
def test_the_engines_message_is_kept_without_its_noise(query: str, message: str) -> None:
    with pytest.raises(SyntaxError) as caught:
        ox.Store().query(query)
    assert str(located(str(caught.value))) == message


def test_a_message_of_an_unknown_shape_is_passed_on() -> None:
    error = located("something else")
    assert isinstance(error, QuerySyntaxError)
    assert str(error) == "something else"


@pytest.mark.parametrize(
    "piece",
    [
        "{", "<", "<a>", '"', "'", '"""', "a.", "a:.a", "service#>", "<service#>", "<'>", "service<a ", "a:service.",
        "service:a.", "_:a.", "@a-", "1<", "?", "'''\\", "SERVICE#\n", "from.", "PREFIX ", "BASE<a>", "%41", "a:%41",
        "\\", "#\n", "\u00e9",
    ],
)  # fmt: skip
def test_no_text_takes_long_to_read(piece: str) -> None:
    text = "SELECT ?service ?from { " + piece * (65_500 // len(piece))
    started = time.process_time()
    with contextlib.suppress(QueryRefused):
        outline(text)
    assert time.process_time() - started < 2.0
    with contextlib.suppress(QueryRefused):
        outline(f"{text} SERVICE <{PARTNER}> {{", address)
    assert time.process_time() - started < 4.0
