"""Accounts: who is let in, by key or by a provider's token, what each role may do, and what never lets anybody in."""

import base64
import hashlib
import json
import re
import stat
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from typer.testing import CliRunner

from endpoint import accounts_cli, problems, sign_in, web
from endpoint.accounts import FILE, SECRET_FILE, Accounts, Role, account, digest, required, stored
from endpoint.localisation import Localised
from endpoint.oidc import Provider
from endpoint.sessions import COOKIE, FORM_TOKEN, Sessions, form
from endpoint.settings import Settings
from ontology.errors import AccountError

KEYS = {"ada": ("editor", "key of ada"), "ben": ("approver", "key of ben"), "cyd": ("reader", "key of cyd")}
ENGLISH = "http://testserver/en"
HTML = {"accept": "text/html"}


def settings(folder: Path, **more: Any) -> Settings:
    given = {name: {"role": role, "key_sha256": digest(key)} for name, (role, key) in KEYS.items()}
    return Settings(**{"data_dir": folder, "accounts": given} | more)


def application(given: Settings) -> FastAPI:
    """Signing in, and one page for each role that says who asks."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(Localised)
    problems.install(app, given.base_iri)
    app.state.settings, app.state.accounts = given, Accounts(given)
    app.state.sessions = Sessions(given.data_dir / SECRET_FILE, given.session_seconds)
    app.state.provider = Provider(given) if given.oidc_issuer else None

    def asks(role: Role) -> Callable[[Request], Response]:
        return lambda request: JSONResponse(required(request, role).name)

    async def sends(request: Request) -> Response:
        await form(request)
        return JSONResponse(account(request).name)

    app.router.routes.extend([*web.routes(), *sign_in.routes()])
    app.router.routes.extend(web.route(f"/for/{role.title}", asks(role)) for role in Role)
    app.router.routes.append(Route("/send", sends, methods=["POST"]))
    return app


@pytest.fixture
def browser(tmp_path: Path) -> TestClient:
    return TestClient(application(settings(tmp_path)), ENGLISH, headers=HTML, follow_redirects=False)


def token(page: str) -> str:
    found = re.search(rf'name="{FORM_TOKEN}" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


def signed_in(browser: TestClient, key: str, onward: str = "") -> httpx.Response:
    sent = {FORM_TOKEN: token(browser.get("/sign-in").text), "key": key, "next": onward}
    return browser.post("/sign-in", data=sent)


# ---------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer key of ada"}, {"authorization": "bearer key of ada"}, {"x-api-key": "key of ada"}],
)
def test_a_program_shows_its_key_in_a_header(browser: TestClient, headers: dict[str, str]) -> None:
    assert browser.get("/for/editor", headers=headers).json() == "ada"


def test_a_role_may_do_what_the_roles_below_it_may_and_no_more(browser: TestClient) -> None:
    allowed = {
        name: [
            role.title
            for role in Role
            if browser.get(f"/for/{role.title}", headers={"x-api-key": key}).status_code == 200
        ]
        for name, (_, key) in KEYS.items()
    }
    assert allowed == {
        "ada": ["reader", "editor"],
        "ben": ["reader", "editor", "approver"],
        "cyd": ["reader"],
    }


def test_too_low_a_role_is_refused_and_told_so(browser: TestClient) -> None:
    answer = browser.get("/for/approver", headers={"x-api-key": "key of ada", "accept": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (403, "not-allowed")
    assert "ada is editor" in answer.json()["detail"]


def test_a_key_that_nobody_has_is_no_way_in_not_even_to_read(browser: TestClient) -> None:
    answer = browser.get("/for/reader", headers={"x-api-key": "guess", "accept": "application/json"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_who_guesses_keys_has_to_wait(browser: TestClient) -> None:
    guesses = [browser.get("/for/editor", headers={"x-api-key": f"guess {n}"}).status_code for n in range(14)]
    assert guesses.count(401) == 10
    assert guesses[10:] == [429] * 4
    assert browser.get("/for/editor", headers={"x-api-key": "key of ada"}).status_code == 200


def test_who_guesses_in_the_form_has_to_wait_even_with_the_right_key(browser: TestClient) -> None:
    sent = {FORM_TOKEN: token(browser.get("/sign-in").text), "next": ""}
    tried = [browser.post("/sign-in", data=sent | {"key": "wrong"}).status_code for _ in range(12)]
    assert tried == [403] * 10 + [429] * 2
    late = browser.post("/sign-in", data=sent | {"key": "key of ada"})
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0


# ------------------------------------------------------------------------------------------------------------ sessions


def test_a_browser_signs_in_with_a_key_and_goes_where_it_wanted(browser: TestClient) -> None:
    asked = browser.get("/for/editor?a=1&b=2")
    assert (asked.status_code, asked.headers["location"]) == (303, "/en/sign-in?next=/for/editor%3Fa%3D1%26b%3D2")
    page = browser.get(asked.headers["location"].removeprefix("/en"))
    assert 'name="next" value="/for/editor?a=1&amp;b=2"' in page.text
    answer = signed_in(browser, "key of ada", "/for/editor?a=1&b=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/for/editor?a=1&b=2")
    assert browser.get("/for/editor").json() == "ada"


def test_the_session_cookie_is_for_http_only_and_for_this_site_and_for_tls_where_there_is_tls(tmp_path: Path) -> None:
    app = application(settings(tmp_path))
    for address, is_secure in ((ENGLISH, False), (ENGLISH.replace("http:", "https:"), True)):
        browser = TestClient(app, address, follow_redirects=False)
        cookie = signed_in(browser, "key of ada").headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert ("Secure" in cookie) == is_secure
        assert "key of ada" not in cookie


def test_signing_in_changes_the_session_so_that_a_planted_one_is_of_no_use(browser: TestClient) -> None:
    browser.get("/sign-in")
    planted = browser.cookies[COOKIE]
    signed_in(browser, "key of ada")
    assert browser.cookies[COOKIE] != planted
    other = TestClient(browser.app, ENGLISH, cookies={COOKIE: planted}, headers=HTML, follow_redirects=False)
    assert other.get("/for/editor").status_code == 303


def test_a_cookie_that_was_tampered_with_is_nobody(browser: TestClient) -> None:
    signed_in(browser, "key of ada")
    whole = browser.cookies[COOKIE]
    for forged in (whole[:-2] + ("AA" if whole[-2:] != "AA" else "BB"), "e30.x.y", "", whole.replace(".", "", 1)):
        other = TestClient(browser.app, ENGLISH, cookies={COOKIE: forged}, headers=HTML, follow_redirects=False)
        assert other.get("/for/editor").status_code == 303


def test_a_session_ends_when_it_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = application(settings(tmp_path, session_seconds=60))
    browser = TestClient(app, ENGLISH, headers=HTML, follow_redirects=False)
    signed_in(browser, "key of ada")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert browser.get("/for/editor").status_code == 303


def test_signing_out_ends_the_session_also_for_who_copied_the_cookie(browser: TestClient) -> None:
    signed_in(browser, "key of ada")
    copied = browser.cookies[COOKIE]
    page = browser.get("/sign-in")
    assert "ada" in page.text
    assert browser.post("/sign-out", data={FORM_TOKEN: token(page.text)}).status_code == 303
    for cookies in ({}, {COOKIE: copied}):
        other = TestClient(browser.app, ENGLISH, cookies=cookies, headers=HTML, follow_redirects=False)
        assert other.get("/for/editor").status_code == 303


def test_a_session_ends_when_its_account_gets_another_key_and_follows_its_role(tmp_path: Path) -> None:
    def stored_as(role: str, key: str) -> None:
        text = json.dumps({"eve": {"role": role, "key_sha256": digest(key)}})
        (tmp_path / FILE).write_text(text)

    stored_as("editor", "first")
    browser = TestClient(application(settings(tmp_path)), ENGLISH, headers=HTML, follow_redirects=False)
    signed_in(browser, "first")
    assert browser.get("/for/editor").status_code == 200
    assert browser.get("/for/approver").status_code == 403
    stored_as("approver", "first")
    assert browser.get("/for/approver").json() == "eve"
    stored_as("approver", "second")
    assert browser.get("/for/editor").status_code == 303


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/\n/x"]
)
def test_signing_in_never_leads_to_another_site(browser: TestClient, onward: str) -> None:
    assert signed_in(browser, "key of ada", onward).headers["location"] == "/en/thesaurus/"


def test_a_form_without_the_token_of_its_session_is_refused(browser: TestClient) -> None:
    signed_in(browser, "key of ada")
    own = token(browser.get("/sign-in").text)
    other = TestClient(browser.app, ENGLISH, headers=HTML)
    foreign = token(other.get("/sign-in").text)
    sent = [browser.post("/send", data=data).status_code for data in ({}, {FORM_TOKEN: foreign}, {FORM_TOKEN: "ключ"})]
    assert sent == [403, 403, 403]
    assert browser.post("/send", data={FORM_TOKEN: own}).json() == "ada"


def test_a_form_may_have_so_many_bytes_only(browser: TestClient) -> None:
    assert browser.post("/send", data={"x": "y" * (4 << 20)}).status_code == 413
    assert browser.post("/send", content=iter([b"x=y"])).status_code == 411


def test_the_secret_of_the_sessions_is_for_its_owner_only_and_lasts(tmp_path: Path) -> None:
    browser = TestClient(application(settings(tmp_path)), ENGLISH, headers=HTML, follow_redirects=False)
    signed_in(browser, "key of ada")
    secret = tmp_path / SECRET_FILE
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32
    after_a_restart = TestClient(application(settings(tmp_path)), ENGLISH, cookies={COOKIE: browser.cookies[COOKIE]})
    assert after_a_restart.get("/for/editor").json() == "ada"


def test_every_page_forbids_what_it_does_not_need(browser: TestClient) -> None:
    headers = browser.get("/sign-in").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"


# --------------------------------------------------------------------------------------------------------- the operator


def test_an_operator_adds_renews_and_removes_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARINGHOUSE_DATA_DIR", str(tmp_path))
    run, path = CliRunner().invoke, tmp_path / FILE
    key = run(accounts_cli.app, ["add", "Ada Lovelace", "--role", "approver"]).stdout.strip()
    assert key.startswith("clearinghouse_")
    assert stored(path)["Ada Lovelace"].key_sha256 == hashlib.sha256(key.encode()).hexdigest()
    assert key not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run(accounts_cli.app, ["list"]).stdout == "Ada Lovelace\tapprover\n"
    other = run(accounts_cli.app, ["renew", "Ada Lovelace"]).stdout.strip()
    assert other != key
    assert stored(path)["Ada Lovelace"].role == "approver"
    assert run(accounts_cli.app, ["remove", "Ada Lovelace"]).exit_code == 0
    assert stored(path) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "ada"], "there is already an account 'ada'"),
        (["add", " "], "is not a name"),
        (["add", "x", "--role", "king"], "'king' is not a role: expected reader, editor or approver"),
        (["renew", "nobody"], "there is no account 'nobody'"),
        (["remove", "nobody"], "there is no account 'nobody'"),
    ],
)
def test_an_operator_is_told_what_cannot_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.setenv("CLEARINGHOUSE_DATA_DIR", str(tmp_path))
    CliRunner().invoke(accounts_cli.app, ["add", "ada"])
    result = CliRunner().invoke(accounts_cli.app, arguments)
    assert isinstance(result.exception, AccountError)
    assert said in str(result.exception)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"ada": {"role": "king", "key_sha256": "x"}}', '{"ada": {"role": "editor"}}']
)
def test_a_file_of_accounts_that_cannot_be_used_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(AccountError, match=FILE):
        stored(tmp_path / FILE)
    browser = TestClient(application(settings(tmp_path)), ENGLISH, headers={"accept": "application/json"})
    answer = browser.get("/for/editor", headers={"x-api-key": "key of ada"})
    assert answer.status_code == 503


# ---------------------------------------------------------------------------------------------------- OpenID Connect


class Issuer:
    """An OpenID Connect provider on the loopback interface; `change` may spoil the claims before they are signed."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.signing: Any = self.key
        self.header = {"alg": "RS256", "kid": "one"}
        self.codes: dict[str, dict[str, str]] = {}
        self.change: Callable[[dict[str, Any]], object] = lambda claims: None
        self.claims: dict[str, Any] = {"sub": "42", "email": "ada@example.org", "roles": ["staff", "Editors"]}
        self.configured: dict[str, Any] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = {
                    "/.well-known/openid-configuration": issuer.configuration,
                    "/keys": lambda: {"keys": [issuer.key.as_dict(private=False)]},
                }[self.path]()
                self.reply(200, found)

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["content-length"])).decode()
                self.reply(*issuer.token({name: values[0] for name, values in parse_qs(sent).items()}))

            def reply(self, status: int, found: object) -> None:
                body = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def configuration(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return {"issuer": self.address} | {name: self.address + path for name, path in ends.items()} | self.configured

    def authorize(self, address: str) -> str:
        """What the provider's page does: the address that it sends the browser back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        self.codes["the code"] = asked
        return f"{asked['redirect_uri']}?code=the+code&state={asked['state']}"

    def token(self, sent: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(sent["code"], None)
        digest_of = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest_of).rstrip(b"=").decode()
        shown = (sent["client_secret"], sent["redirect_uri"], challenge)
        if asked is None or shown != ("secret", asked["redirect_uri"], asked["code_challenge"]):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.address,
            "aud": "client",
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.claims,
        }
        self.change(claims)
        return 200, {"id_token": jwt.encode(self.header, claims, self.signing, algorithms=["RS256", "HS256"])}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def visitor(issuer: Issuer, tmp_path: Path) -> TestClient:
    given = settings(
        tmp_path,
        oidc_issuer=issuer.address,
        oidc_client_id="client",
        oidc_client_secret="secret",  # noqa: S106
        oidc_roles={"Editors": "editor", "Heads": "approver"},
    )
    return TestClient(application(given), ENGLISH, headers=HTML, follow_redirects=False)


def returned(visitor: TestClient, issuer: Issuer, onward: str = "/for/editor") -> httpx.Response:
    away = visitor.get("/sign-in/provider", params={"next": onward})
    assert away.status_code == 303
    return arrived(visitor, issuer.authorize(away.headers["location"]))


def arrived(visitor: TestClient, back: str) -> httpx.Response:
    """What the browser is shown that the provider has sent back: its address has no language, so it is led to one."""
    onward = visitor.get(back, headers={"accept-language": "en"})
    assert onward.status_code == 302
    return visitor.get(onward.headers["location"].removeprefix("/en"))


def test_who_the_provider_knows_is_signed_in_with_the_role_of_the_claim(visitor: TestClient, issuer: Issuer) -> None:
    assert "your organization" in visitor.get("/sign-in").text
    back = returned(visitor, issuer)
    assert (back.status_code, back.headers["location"]) == (303, "/en/for/editor")
    assert visitor.get("/for/editor").json() == "ada@example.org"
    assert visitor.get("/for/approver").status_code == 403


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        (["Heads", "Editors"], "approver"),
        ("Editors", "editor"),
        ([], "reader"),
        (None, "reader"),
        (["admin"], "reader"),
        ([{}], "reader"),
    ],
)
def test_the_highest_role_counts_and_an_unknown_one_gives_nothing(
    visitor: TestClient, issuer: Issuer, roles: object, allowed: str
) -> None:
    issuer.claims["roles"] = roles
    assert returned(visitor, issuer).status_code == 303
    found = [role.title for role in Role if visitor.get(f"/for/{role.title}").status_code == 200]
    assert found[-1] == allowed


def test_an_address_that_the_provider_has_not_verified_is_nobodys_name(visitor: TestClient, issuer: Issuer) -> None:
    issuer.claims |= {"email": "ben", "email_verified": False, "preferred_username": "mallory"}
    returned(visitor, issuer)
    assert visitor.get("/for/editor").json() == "mallory"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda claims: claims.update(aud="another"), id="audience"),
        pytest.param(lambda claims: claims.update(iss="http://evil.example"), id="issuer"),
        pytest.param(lambda claims: claims.update(nonce="replayed"), id="nonce"),
        pytest.param(lambda claims: claims.pop("nonce"), id="no nonce"),
        pytest.param(lambda claims: claims.update(exp=int(time.time()) - 3600), id="expired"),
        pytest.param(lambda claims: claims.pop("exp"), id="without end"),
        pytest.param(lambda claims: claims.update(azp="another"), id="authorized party"),
        pytest.param(lambda claims: claims.pop("sub"), id="about nobody"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    visitor: TestClient, issuer: Issuer, change: Callable[[dict[str, Any]], object]
) -> None:
    issuer.change = change
    assert returned(visitor, issuer).status_code == 403
    assert visitor.get("/for/editor").status_code == 303


def test_a_token_with_a_forged_signature_is_refused(visitor: TestClient, issuer: Issuer) -> None:
    issuer.signing = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    assert returned(visitor, issuer).status_code == 403
    issuer.header, issuer.signing = {"alg": "HS256"}, OctKey.import_key("secret" * 8)
    assert returned(visitor, issuer).status_code == 403


def test_an_answer_to_another_sign_in_is_refused(visitor: TestClient, issuer: Issuer) -> None:
    away = visitor.get("/sign-in/provider").headers["location"]
    back = issuer.authorize(away)
    assert arrived(visitor, back.replace("state=", "state=x")).status_code == 403
    stranger = TestClient(visitor.app, ENGLISH, headers=HTML, follow_redirects=False)
    assert arrived(stranger, back).status_code == 403
    assert visitor.get(f"/sign-in/callback?error=access_denied&{back.partition('&')[2]}").status_code == 403


def test_a_code_is_of_use_once(visitor: TestClient, issuer: Issuer) -> None:
    back = issuer.authorize(visitor.get("/sign-in/provider").headers["location"])
    assert arrived(visitor, back).status_code == 303
    assert arrived(visitor, back).status_code == 403


def test_keys_that_the_provider_has_changed_are_those_that_count(visitor: TestClient, issuer: Issuer) -> None:
    assert returned(visitor, issuer).status_code == 303
    issuer.key = issuer.signing = RSAKey.generate_key(2048, {"kid": "two"}, private=True)
    issuer.header = {"alg": "RS256", "kid": "two"}
    assert returned(visitor, issuer).status_code == 303


def test_a_provider_that_is_not_what_the_settings_say_is_told_to_whom_it_concerns(
    visitor: TestClient, issuer: Issuer
) -> None:
    issuer.configured = {"issuer": "http://another.example"}
    answer = visitor.get("/sign-in/provider")
    assert (answer.status_code, "another.example" in answer.text) == (503, True)


def test_without_a_provider_there_is_no_way_to_it(browser: TestClient) -> None:
    assert "your organization" not in browser.get("/sign-in").text
    assert browser.get("/sign-in/provider").status_code == 403
