"""Signing in and out in a browser: by API key, or with the account of an OpenID Connect provider."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, localisation, web
from endpoint.accounts import Accounts, client, digest
from endpoint.localisation import N_
from endpoint.oidc import Provider
from endpoint.sessions import Sessions, form, is_https
from ontology.errors import AccessError

CALLBACK = "/sign-in/callback"


def routes() -> list[BaseRoute]:
    """`/sign-in` with its way to the provider and back, and `/sign-out`."""
    return [
        web.route("/sign-in", _ask),
        web.route("/sign-in", _by_key, ("POST",)),
        web.route("/sign-in/provider", _to_provider),
        web.route(CALLBACK, _from_provider),
        web.route("/sign-out", _out, ("POST",)),
    ]


def _ask(request: Request, message: str = "", status: int = 200, onward: str | None = None) -> Response:
    onward = addresses.local_path(request.query_params.get("next", "") if onward is None else onward)
    has_provider = request.app.state.provider is not None
    return web.page(request, "sign_in.html", status, next=onward, has_provider=has_provider, message=message)


async def _by_key(request: Request) -> Response:
    given = await form(request)
    onward = str(given.get("next", ""))
    accounts: Accounts = request.app.state.accounts
    accounts.limiter.admit(client(request))  # right or wrong: who guesses learns nothing from a right one
    key = str(given.get("key", "")).strip()
    found = accounts.of_key(key)
    if found is None:
        return _ask(request, localisation.gettext(request, N_("Nobody has this API key.")), 403, onward)
    return _signed_in(
        request, found.name, f"key:{digest(key)}", addresses.prefixed(request, addresses.local_path(onward))
    )


async def _to_provider(request: Request) -> Response:
    accounts: Accounts = request.app.state.accounts
    accounts.limiter.admit(client(request))
    address, pending = await _provider(request).begin(_callback(request))
    response = RedirectResponse(address, 303)
    sessions: Sessions = request.app.state.sessions
    onward = addresses.local_path(request.query_params.get("next", ""))
    # The provider knows one address to send people back to, so the language they read is kept for them meanwhile.
    sessions.begin(request, response, pending=(*pending, f"/{localisation.language(request)}{onward}"))
    return response


async def _from_provider(request: Request) -> Response:
    sessions: Sessions = request.app.state.sessions
    match sessions.of(request).pending:
        case (state, nonce, verifier, onward):
            name, role = await _provider(request).end(
                request.query_params, (state, nonce, verifier), _callback(request)
            )
            return _signed_in(request, name, f"role:{role}", addresses.bare(request, onward))
        case _:
            raise AccessError("no sign-in is under way in this browser: begin again")


async def _out(request: Request) -> Response:
    await form(request)
    response = RedirectResponse(addresses.prefixed(request, "/thesaurus/"), 303)
    sessions: Sessions = request.app.state.sessions
    sessions.end(request, response)
    return response


def _signed_in(request: Request, name: str, proof: str, address: str) -> Response:
    """A session under a new identifier, so that nobody knows it who knew the one before; and the way on."""
    response = RedirectResponse(address, 303)
    sessions: Sessions = request.app.state.sessions
    sessions.begin(request, response, account=name, proof=proof)
    return response


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise AccessError("no provider is set up to sign in with")
    return provider


def _callback(request: Request) -> str:
    scheme = "https" if is_https(request) else request.url.scheme
    return str(request.url.replace(scheme=scheme, path=addresses.bare(request, CALLBACK), query=""))
