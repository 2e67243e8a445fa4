"""Accounts: who asks, by API key or session, and what they may do."""

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request

from endpoint.localisation import N_
from endpoint.rates import RateLimiter
from endpoint.sessions import Sessions
from endpoint.settings import KeyAccount, Settings
from ontology.errors import AccessError, AccountError, SignInNeeded

FILE = "accounts.json"
SECRET_FILE = "session-secret"  # noqa: S105, the name of a file
_ATTEMPTS, _ATTEMPTS_PER_SECOND = 10, 1 / 6
_KEY_BYTES = 32
_file = TypeAdapter(dict[str, KeyAccount])


class Role(IntEnum):
    """What somebody may do; each role may do all that the ones before it may."""

    READER = 1
    EDITOR = 2
    APPROVER = 3

    @classmethod
    def named(cls, name: str) -> Self:
        """The role of a name in any case. AccountError for another word."""
        try:
            return cls[name.upper()]
        except KeyError:
            raise AccountError(f"{name!r} is not a role: expected reader, editor or approver") from None

    @property
    def title(self) -> str:
        """Its name in lower case; pages translate it."""
        return {Role.READER: N_("reader"), Role.EDITOR: N_("editor"), Role.APPROVER: N_("approver")}[self]


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with a name and a role; nobody in particular has no name."""

    name: str
    role: Role

    @property
    def is_signed_in(self) -> bool:
        """Whether we know who it is."""
        return bool(self.name)


ANYBODY = Account("", Role.READER)


class Accounts:
    """The accounts with API keys: those of the settings and those of the file in the data directory.

    `limiter` counts attempts to sign in, by client.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.data_dir / FILE
        self.limiter = RateLimiter(_ATTEMPTS_PER_SECOND, _ATTEMPTS)

    def all(self) -> dict[str, KeyAccount]:
        """Every account by its name. AccountError for a file that cannot be used."""
        return {**stored(self._path), **self._settings.accounts}

    def of_key(self, key: str) -> Account | None:
        """The account of an API key; None for a key that nobody has."""
        given, found = digest(key), None
        for name, known in self.all().items():  # all of them, so that the time tells nothing
            if hmac.compare_digest(known.key_sha256.casefold(), given):
                found = Account(name, Role.named(known.role))
        return found

    def of_session(self, name: str, proof: str) -> Account:
        """Who a session is of: its account as it is now, or the role its provider gave; anybody if the key is gone."""
        kind, _, value = proof.partition(":")
        if kind == "role":
            return Account(name, Role.named(value))
        known = self.all().get(name)
        if known and hmac.compare_digest(known.key_sha256.casefold(), value):
            return Account(name, Role.named(known.role))
        return ANYBODY


def account(request: Request) -> Account:
    """Who makes a request, by its API key or else its session. SignInNeeded for a key that nobody has."""
    if not hasattr(request.state, "account"):
        request.state.account = _account(request)
    found: Account = request.state.account
    return found


def required(request: Request, role: Role) -> Account:
    """Who makes a request that needs a role. SignInNeeded from anybody, AccessError from an account below it."""
    found = account(request)
    if found.role < role:
        if not found.is_signed_in:
            raise SignInNeeded(f"sign in as {role.title} to do this")
        raise AccessError(f"{found.name} is {found.role.title}; this needs the role {role.title}")
    return found


def api_key(request: Request) -> str:
    """The API key that a request brings in `Authorization: Bearer` or `X-API-Key`; empty without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.casefold() == "bearer" else request.headers.get("x-api-key", "").strip()


def client(request: Request) -> str:
    """The address of who asks."""
    return request.client.host if request.client else ""


def _account(request: Request) -> Account:
    accounts: Accounts = request.app.state.accounts
    if key := api_key(request):
        found = accounts.of_key(key)
        if found is None:
            accounts.limiter.admit(client(request))
            raise SignInNeeded("nobody has this API key")
        return found
    sessions: Sessions = request.app.state.sessions
    session = sessions.of(request)
    return accounts.of_session(session.account, session.proof) if session.account else ANYBODY


def new_key() -> str:
    """A new API key; only its digest is to be kept."""
    return f"clearinghouse_{secrets.token_urlsafe(_KEY_BYTES)}"


def digest(key: str) -> str:
    """The SHA-256 of a key, in hexadecimal. A key is random, so that it needs no salt and no slow function."""
    return hashlib.sha256(key.encode()).hexdigest()


def stored(path: Path) -> dict[str, KeyAccount]:
    """The accounts of a file; none where there is none. AccountError for a file that cannot be used."""
    try:
        return _file.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise AccountError(
            f"{path.name}: {where}: {fault['msg']}; expected accounts with role and key_sha256"
        ) from None


def store(path: Path, accounts: Mapping[str, KeyAccount]) -> None:
    """Write the accounts to a file that only its owner reads, whole or not at all."""
    text = json.dumps({name: one.model_dump() for name, one in sorted(accounts.items())}, indent=2, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
