"""Sign-in by OpenID Connect: the authorization code flow with PKCE, from the way to the provider to a name and a role.

https://openid.net/specs/openid-connect-core-1_0.html, https://www.rfc-editor.org/rfc/rfc7636
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2 as httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from endpoint.accounts import Role
from endpoint.settings import Settings
from ontology.errors import AccessError, AccountError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key of the provider; never `none`, and never one by the client secret."""
_LEEWAY = 60  # seconds by which clocks may differ
_TIMEOUT = 10.0
_LARGEST = 1 << 20


def _name(claims: Mapping[str, Any]) -> str:
    """Who a token is about: the address if the provider has verified it, since people may write any other one."""
    address = claims.get("email") if claims.get("email_verified", True) is True else None
    return str(address or claims.get("preferred_username") or claims["sub"])


class Provider:
    """The provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuer = (settings.oidc_issuer or "").rstrip("/")

    async def begin(self, callback: str) -> tuple[str, tuple[str, str, str]]:
        """Where to send the browser, and the state, nonce and verifier that its session keeps meanwhile."""
        configuration = await self._configuration()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": callback,
            "scope": self._settings.oidc_scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = str(configuration["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", (state, nonce, verifier)

    async def end(self, given: Mapping[str, str], pending: tuple[str, str, str], callback: str) -> tuple[str, str]:
        """The name and the role of who came back. AccessError where anything is not as it was begun."""
        state, nonce, verifier = pending
        if not hmac.compare_digest(given.get("state", "").encode(), state.encode()):
            raise AccessError("this answer of the provider belongs to another sign-in: begin again")
        if "code" not in given:
            raise AccessError(f"the provider refused: {given.get('error', 'without a reason')}")
        if given.get("iss", self._issuer).rstrip("/") != self._issuer:  # RFC 9207
            raise AccessError("another provider has answered")
        claims = await self._claims(given["code"], verifier, callback)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise AccessError("the provider's token belongs to another sign-in: begin again")
        return _name(claims), self.role(claims)

    def role(self, claims: Mapping[str, Any]) -> str:
        """The highest role that the values of the role claim give; reader without any."""
        value: Any = claims
        for part in self._settings.oidc_role_claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        values = value if isinstance(value, list) else [value]
        known = self._settings.oidc_roles
        found = (Role.named(known[one]) for one in values if isinstance(one, str) and one in known)
        return max(found, default=Role.READER).title

    async def _claims(self, code: str, verifier: str, callback: str) -> dict[str, Any]:
        """The claims of the token that a code is exchanged for, its signature, issuer, audience and time checked."""
        endpoint = str((await self._configuration())["token_endpoint"])
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback,
            "client_id": self._settings.oidc_client_id,
            "code_verifier": verifier,
        }
        if secret := self._settings.oidc_client_secret.get_secret_value():
            asked["client_secret"] = secret
        answer = await self._fetched(endpoint, asked)
        try:
            token = jwt.decode(str(answer.get("id_token", "")), await self._keys(), algorithms=list(ALGORITHMS))
            self._check(token.claims)
        except (JoseError, ValueError) as error:
            raise AccessError(f"the provider's token is not valid: {error}") from error
        return token.claims

    def _check(self, claims: dict[str, Any]) -> None:
        """https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation"""
        client = self._settings.oidc_client_id
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "values": [self._issuer, f"{self._issuer}/"]},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True},
        )
        registry.validate(claims)
        if claims.get("azp", client) != client:
            raise AccessError("the provider's token was given to another client")

    async def _configuration(self) -> dict[str, Any]:
        found = await self._fetched(f"{self._issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self._issuer:
            raise AccountError(f"the provider calls itself {found.get('issuer')!r}; expected {self._issuer!r}")
        missing = {"authorization_endpoint", "token_endpoint", "jwks_uri"} - found.keys()
        if missing:
            raise AccountError(f"the configuration of the provider lacks {', '.join(sorted(missing))}")
        return found

    async def _keys(self) -> KeySet:
        """The keys of the provider, fetched each time: people sign in rarely, and keys are changed in a hurry."""
        address = str((await self._configuration())["jwks_uri"])
        return KeySet.import_key_set(await self._fetched(address))  # type: ignore[arg-type]

    async def _fetched(self, address: str, data: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at an address of the provider. AccountError where there is none."""
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
                request = client.post(address, data=data) if data else client.get(address)
                response = await request
                found = response.json() if response.status_code == 200 and len(response.content) <= _LARGEST else None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise AccountError(f"the sign-in provider does not answer: {type(error).__name__}") from error
        if not isinstance(found, dict):
            raise AccountError(f"the sign-in provider answers with status {response.status_code}; expected JSON")
        return found
