"""The language of a page: which one, where it stands in an address, and how it lasts from page to page."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient
from test_accounts import Issuer, application, settings, token

from endpoint import addresses, localisation, web
from endpoint.languages import UNITED_NATIONS
from endpoint.sessions import FORM_TOKEN

HTML = {"accept": "text/html"}


def told(request: Request) -> Response:
    """What a page knows of its language and of its own links."""
    words = [localisation.language(request), addresses.prefixed(request, "/told"), addresses.bare(request, "/sparql")]
    return Response("\n".join(words), media_type="text/plain")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def app(issuer: Issuer, tmp_path: Path) -> FastAPI:
    made = application(
        settings(
            tmp_path,
            oidc_issuer=issuer.address,
            oidc_client_id="client",
            oidc_client_secret="secret",  # noqa: S106
            oidc_roles={"Editors": "editor"},
        )
    )
    made.router.routes.append(web.route("/told", told))
    made.router.routes.append(web.route("/named/{name:path}", told))
    return made


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    return TestClient(app, headers=HTML, follow_redirects=False)


def proxied(app: FastAPI) -> TestClient:
    """A browser behind a proxy that puts `/graph` before every path."""
    return TestClient(app, "http://testserver/graph", headers=HTML, follow_redirects=False, root_path="/graph")


# ------------------------------------------------------------------------------------------------------------- address


@pytest.mark.parametrize("tag", UNITED_NATIONS)
def test_the_first_segment_of_a_path_says_the_language_and_links_keep_it(browser: TestClient, tag: str) -> None:
    answer = browser.get(f"/{tag}/told", headers={"accept-language": "de, fr;q=0.5"})
    assert answer.text.splitlines() == [tag, f"/{tag}/told", "/sparql"]


def test_behind_a_proxy_links_begin_with_what_the_proxy_puts_there(app: FastAPI) -> None:
    assert proxied(app).get("/ru/told").text.splitlines() == ["ru", "/graph/ru/told", "/graph/sparql"]
    assert proxied(app).get("/told", headers={"accept-language": "zh"}).headers["location"] == "/graph/zh/told"


@pytest.mark.parametrize("path", ["/de/told", "/EN/told", "/english/told", "/en/en/told", "/en/fr/told", "//en/told"])
def test_what_only_looks_like_a_language_is_none(browser: TestClient, path: str) -> None:
    assert browser.get(f"http://testserver{path}").status_code == 404


def test_a_language_alone_is_its_first_page(browser: TestClient, app: FastAPI) -> None:
    answer = browser.get("/ar?a=1")
    assert (answer.status_code, answer.headers["location"]) == (308, "/ar/?a=1")
    assert proxied(app).get("/ar").headers["location"] == "/graph/ar/"


def test_a_browser_that_asks_without_a_language_is_sent_to_the_one_its_reader_likes_best(browser: TestClient) -> None:
    answer = browser.get("/named/a%2Fb/ü?q=%22x%22&q=y", headers={"accept-language": "es"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/es/named/a/b/%C3%BC?q=%22x%22&q=y")
    assert "Accept-Language" in answer.headers["vary"]


@pytest.mark.parametrize("headers", [{"accept": "application/json"}, {"accept": "*/*"}])
def test_a_program_is_answered_where_it_asks(browser: TestClient, headers: dict[str, str]) -> None:
    assert browser.get("/told", headers=headers | {"accept-language": "zh"}).text.startswith("zh\n")


@pytest.mark.parametrize(
    ("accepted", "best"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA, en;q=0.5", "fr"),
        ("zh-Hant-TW;q=0.9, es;q=0.8", "zh"),
        ("en;q=0.2, ar;q=0.7, ru;q=0.3", "ar"),
        ("de, it;q=0.9", "en"),
        ("de, es;q=0.1", "es"),
        ("fr;q=0, ru", "ru"),
        ("fr;q=0", "en"),
        ("RU", "ru"),
        ("fr;q=x, es;q=0.1", "es"),
        ("es;q=0.5, fr;q=0.5", "es"),
        ("*", "en"),
        (";;,,q=1,\x7f", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_the_best_language_is_the_first_of_the_highest_weight_that_we_have(accepted: str, best: str) -> None:
    assert localisation.preferred(accepted) == best


# --------------------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize(("tag", "direction"), [("ar", "rtl"), ("zh", "ltr")])
def test_a_page_says_its_language_and_leads_to_itself_in_each(browser: TestClient, tag: str, direction: str) -> None:
    page = browser.get(f"/{tag}/sign-in?next=/told")
    assert f'<html lang="{tag}" dir="{direction}">' in page.text
    assert page.headers["content-language"] == tag
    for other in UNITED_NATIONS:
        assert f'<link rel="alternate" hreflang="{other}" href="/{other}/sign-in?next=/told">' in page.text


def test_files_of_the_pages_have_no_language(browser: TestClient, app: FastAPI) -> None:
    assert 'href="/static/style.css"' in browser.get("/zh/sign-in").text
    assert 'href="/graph/static/style.css"' in proxied(app).get("/zh/sign-in").text
    answer = browser.get("/static/style.css")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")


def test_a_file_is_sent_compressed_and_once(browser: TestClient) -> None:
    packed = browser.get("/static/style.css", headers={"accept-encoding": "gzip"})
    plain = browser.get("/static/style.css", headers={"accept-encoding": "identity"})
    assert (packed.headers["content-encoding"], "content-encoding" in plain.headers) == ("gzip", False)
    assert packed.content == plain.content
    again = browser.get("/static/style.css", headers={"if-none-match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/static/../web.py", "/static/..%2fweb.py", "/static/", "/static/none.css"])
def test_there_are_no_files_but_those_of_the_pages(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_a_page_is_sent_compressed_and_once_to_each_language(browser: TestClient) -> None:
    browser.get("/fr/sign-in")  # the first answer begins a session
    with browser.stream("GET", "/fr/sign-in", headers={"accept-encoding": "gzip"}) as sent:
        raw = b"".join(sent.iter_raw())
    plain = browser.get("/fr/sign-in", headers={"accept-encoding": "identity"})
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content)
    known = {"if-none-match": plain.headers["etag"]}
    assert (browser.get("/fr/sign-in", headers=known).status_code, sent.headers["etag"]) == (304, plain.headers["etag"])
    assert browser.get("/ar/sign-in", headers=known).status_code == 200
    assert {"Accept-Encoding", "Cookie"} <= {name.strip() for name in plain.headers["vary"].split(",")}


# ---------------------------------------------------------------------------------------------------------- signing in


def keyed(browser: TestClient, tag: str, onward: str) -> str:
    """Where somebody is led who signs in with a key on a page in a language."""
    sent = {FORM_TOKEN: token(browser.get(f"/{tag}/sign-in").text), "key": "key of ada", "next": onward}
    return str(browser.post(f"/{tag}/sign-in", data=sent).headers["location"])


@pytest.mark.parametrize(
    ("onward", "led"),
    [
        ("/told?x=1", "/ar/told?x=1"),
        ("/ar/told", "/ar/told"),
        ("/fr/told", "/ar/told"),
        ("/fr", "/ar/thesaurus/"),
        ("/fr//evil.example", "/ar/thesaurus/"),
    ],
)
def test_signing_in_keeps_the_language_and_does_not_double_it(browser: TestClient, onward: str, led: str) -> None:
    assert keyed(browser, "ar", onward) == led


def test_who_has_to_sign_in_comes_back_in_the_language_and_behind_the_proxy(app: FastAPI) -> None:
    browser = proxied(app)
    asked = browser.get("/zh/for/editor?a=1")
    assert asked.headers["location"] == "/graph/zh/sign-in?next=/for/editor%3Fa%3D1"
    assert keyed(browser, "zh", "/for/editor?a=1") == "/graph/zh/for/editor?a=1"
    assert browser.get("/zh/for/editor").json() == "ada"


def test_signing_out_keeps_the_language(browser: TestClient) -> None:
    keyed(browser, "ru", "/told")
    sent = {FORM_TOKEN: token(browser.get("/ru/sign-in").text)}
    assert browser.post("/ru/sign-out", data=sent).headers["location"] == "/ru/thesaurus/"


@pytest.mark.parametrize("root", ["", "/graph"])
def test_the_provider_knows_one_address_and_who_comes_back_reads_the_language_of_before(
    app: FastAPI, issuer: Issuer, root: str
) -> None:
    browser = TestClient(app, headers=HTML, follow_redirects=False, root_path=root)
    away = browser.get(f"{root}/ar/sign-in/provider", params={"next": "/for/editor"}).headers["location"]
    named: Any = parse_qs(urlsplit(away).query)["redirect_uri"]
    assert named == [f"http://testserver{root}/sign-in/callback"]
    back = browser.get(issuer.authorize(away), headers={"accept-language": "fr"})
    assert urlsplit(back.headers["location"]).path == f"{root}/fr/sign-in/callback"
    end = browser.get(back.headers["location"])
    assert (end.status_code, end.headers["location"]) == (303, f"{root}/ar/for/editor")


# ---------------------------------------------------------------------------------------------------- words and figures


def test_languages_dates_and_numbers_are_written_as_the_reader_writes_them() -> None:
    assert localisation.name_of_language("ar", "fr") == "arabe"
    assert localisation.name_of_language("zh-Hant", "en") == "Chinese (Hant)"
    assert localisation.name_of_language("qqq", "en") == "qqq"
    assert localisation.endonym("fr") == "Français"
    assert localisation.number(1234567.5, "en") == "1,234,567.5"
    assert localisation.number(1234567, "ar") == "1,234,567"
    assert localisation.day("2020-03-01T10:00:00Z", "en") == "Mar 1, 2020"
    assert localisation.day("2020-03-01", "zh") == "2020年3月1日"
    assert localisation.day("spring 2020", "zh") == "spring 2020"
