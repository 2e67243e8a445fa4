"""The partners: what an operator may list, when one is left alone, what is taken from one, and the page about them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from endpoint.app import Application
from endpoint.breaker import Breaker
from endpoint.partners import Link, PartnerClient, PartnerError, Partners
from endpoint.settings import Partner, Settings

URL = "https://partner.example/sparql"
ANSWER = b'{"head":{"vars":[]},"results":{"bindings":[]}}'
JSON = {"Content-Type": "application/sparql-results+json"}


def test_partners_are_listed_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().partners == {}
    monkeypatch.setenv("CLEARINGHOUSE_PARTNERS", f'{{"wiki-data": {{"url": "{URL}", "timeout": 3}}}}')
    assert Settings().partners == {"wiki-data": Partner(url=URL, timeout=3)}


@pytest.mark.parametrize(
    ("name", "partner"),
    [
        *(("a/b", {"url": URL}), ("", {"url": URL}), ("A", {"url": URL}), ("a", {})),
        *(("a", {"url": URL, "tiemout": 1}), ("a", {"url": URL, "timeout": 0}), ("a", {"url": "partner/sparql"})),
        *(("a", {"url": url}) for url in ("ftp://x/", "http://", "http://u:p@x/", "http://x/#y", "http://x/ y")),
        *(("a", {"url": url}) for url in ("http://x/>", "http://x/\n", "http://x:99999/", "http://x\\y/")),
    ],
)
def test_what_cannot_be_a_partner_is_no_setting(name: str, partner: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"partners": {name: partner}})


def test_two_partners_do_not_share_a_url() -> None:
    with pytest.raises(ValidationError, match="two partners"):
        Settings.model_validate({"partners": {"a": {"url": URL}, "b": {"url": URL}}})


def test_a_breaker_opens_after_failures_in_a_row_and_closes_after_one_good_probe() -> None:
    breaker = Breaker(failures=2, pause=10)
    breaker.fail(0)
    breaker.succeed()
    breaker.fail(1)
    assert (breaker.state(1), breaker.admit(1)) == ("closed", True)
    breaker.fail(2)
    assert (breaker.state(11), breaker.admit(11)) == ("open", False)
    assert (breaker.state(12), breaker.admit(12)) == ("half-open", True)
    assert not breaker.admit(12), "one probe at a time"
    breaker.succeed()
    assert (breaker.state(12), breaker.admit(12)) == ("closed", True)


def test_a_breaker_opens_anew_when_its_probe_fails_and_tries_again_when_it_is_given_up() -> None:
    breaker = Breaker(failures=1, pause=10)
    breaker.fail(0)
    assert breaker.admit(10)
    breaker.forget()
    assert breaker.admit(10)
    breaker.fail(11)
    assert (breaker.state(20), breaker.state(21)) == ("open", "half-open")


def test_a_call_that_began_before_the_breaker_opened_does_not_keep_it_open_for_longer() -> None:
    breaker = Breaker(failures=1, pause=10)
    breaker.fail(0)
    breaker.fail(9)
    assert breaker.state(10) == "half-open"


async def parts() -> AsyncIterator[bytes]:
    """An answer as the network delivers it."""
    yield ANSWER[:9]
    yield ANSWER[9:]


Handler = Callable[[httpx2.Request], httpx2.Response]


def asked(handler: Handler, times: int = 1, **limits: Any) -> tuple[PartnerClient, list[str]]:
    """A partner that answers as `handler` does, after some calls, and what came of each."""

    async def main() -> tuple[PartnerClient, list[str]]:
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(handler)) as http:
            seen: Counter[str] = Counter()
            client = PartnerClient("far", Partner(url=URL, **limits), http, lambda _, outcome: seen.update([outcome]))
            outcomes = []
            for _ in range(times):
                try:
                    reply = await client.ask(b"ASK {}")
                    outcomes.append(f"{reply.content_type} {len(reply.body)}")
                except PartnerError as error:
                    outcomes.append(str(error))
            assert seen == client.counts
            return client, outcomes

    return asyncio.run(main())


def test_a_partner_is_asked_with_a_form_at_its_url() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, str(request.url), request.content) == ("POST", URL, b"query=ASK+%7B%7D")
        assert request.headers["accept-encoding"] == "identity"
        return httpx2.Response(200, headers=JSON, content=parts())

    client, outcomes = asked(handler)
    assert outcomes == [f"application/sparql-results+json {len(ANSWER)}"]
    assert client.last_success is not None


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        ("application/json; charset=utf-8", "application/sparql-results+json"),
        ("TEXT/XML", "application/sparql-results+xml"),
        ("text/html", None),
        ("", None),
    ],
)
def test_only_sparql_results_are_taken(sent: str, taken: str | None) -> None:
    _, [outcome] = asked(lambda _: httpx2.Response(200, headers={"Content-Type": sent}, content=parts()))
    assert outcome.startswith(taken) if taken else "which is no SPARQL result" in outcome


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_query_that_the_partner_refuses_says_nothing_against_it(status: int) -> None:
    client, outcomes = asked(lambda _: httpx2.Response(status), times=3, failures=1)
    assert outcomes == [f"partner far refuses the query with status {status}"] * 3
    assert (client.state, client.counts) == ("closed", {"refused": 3})


@pytest.mark.parametrize("status", [204, 301, 307, 401, 404, 429, 500, 503])
def test_any_other_status_is_a_failure(status: int) -> None:
    headers = {"Location": "https://elsewhere.example/"}
    client, outcomes = asked(lambda _: httpx2.Response(status, headers=headers), times=2, failures=1)
    assert f"status {status}" in outcomes[0]
    assert "left alone" in outcomes[1]
    assert client.counts == {"failed": 1, "left alone": 1}


def test_a_failed_connection_is_told_without_what_the_system_says_of_it() -> None:
    def handler(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("10.0.0.7 refused", request=request)

    client, outcomes = asked(handler)
    assert outcomes == ["partner far failed: no connection"]
    assert client.last_failure is not None


def test_neither_cookies_nor_the_environment_change_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.invalid:1")

    async def main() -> None:
        partners = Partners({"far": Partner(url=URL)})
        http = partners._http
        assert not http._mounts
        response = httpx2.Response(200, headers={"Set-Cookie": "a=b"}, request=httpx2.Request("POST", URL))
        http.cookies.extract_cookies(response)
        assert len(http.cookies.jar) == 0
        await http.aclose()

    asyncio.run(main())


def test_what_is_not_the_address_of_a_partner_reaches_none() -> None:
    async def main() -> None:
        async with Partners({"far": Partner(url=URL)}) as partners:
            link = Link(partners)
            for path in (
                "/",
                "/far",
                "/partners/",
                "/partners/near",
                "/partners/../far",
                "/partners/far/",
                "/silent/far?",
            ):
                link.begin()
                assert (await link.respond(path, b"ASK {}")).status == 502
                assert (link.failure is None) == path.startswith("/silent/")

    asyncio.run(main())


@pytest.fixture
def page(tmp_path: Path) -> TestClient:
    app = Application(Settings(data_dir=tmp_path, log_requests=False)).rest
    app.state.partners = Partners({"far": Partner(url=URL, description="Far & <b>away</b>")})
    return TestClient(app)


def test_the_page_shows_each_partner_to_programs(page: TestClient) -> None:
    response = page.get("/partners", headers={"Accept": "application/json"})
    [row] = response.json()["partners"]
    assert (row["name"], row["url"], row["state"], row["lastSuccess"]) == ("far", URL, "closed", None)
    assert row["limits"] == {"seconds": 5.0, "bytes": 16 << 20, "callsPerQuery": 20}
    assert "Accept" in response.headers["vary"]


def test_the_page_shows_each_partner_to_people(page: TestClient) -> None:
    client = page.app.state.partners.clients["far"]  # type: ignore[attr-defined]
    client._failure(TimeoutError())
    response = page.get("/partners", headers={"Accept": "text/html,application/json;q=0.9"})
    assert response.headers["content-type"].startswith("text/html")
    assert "Far &amp; &lt;b&gt;away&lt;/b&gt;" in response.text
    assert "no answer within 5 seconds" in response.text
    assert "1 failed" in response.text


def test_the_page_says_that_there_are_no_partners(page: TestClient) -> None:
    page.app.state.partners = Partners({})  # type: ignore[attr-defined]
    assert "SERVICE is refused" in page.get("/partners").text
