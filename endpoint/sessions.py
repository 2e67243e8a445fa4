"""Sessions: who a browser is signed in as, kept in a signed cookie, and the token that its forms must bring back."""

import hmac
import os
import secrets
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ontology.errors import AccessError

COOKIE = "clearinghouse-session"
FORM_TOKEN = "form_token"  # noqa: S105, the name of the field
_FIELDS = 10_000
_ENDED = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """What the cookie says: a random identifier, the account (empty before signing in), and how it was proved.

    `proof` is a digest of the API key that opened the session, or the role that the provider's token gave. `pending`
    is what an OIDC sign-in under way has to find again: state, nonce, verifier and the page to go back to.
    """

    identifier: str
    account: str = ""
    proof: str = ""
    pending: tuple[str, ...] = ()


class Sessions:
    """Reads and writes session cookies; `secret_file` is made when it is first needed, for its owner's eyes only."""

    def __init__(self, secret_file: Path, seconds: int) -> None:
        self.seconds = seconds
        self._file = secret_file
        self._ended: dict[str, float] = {}

    @cached_property
    def _secret(self) -> bytes:
        return _secret(self._file)

    @property
    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._secret, salt="session")

    def of(self, request: Request) -> Session:
        """The session of a request; a new one where its cookie is absent, forged, ended or too old."""
        if not hasattr(request.state, "session"):
            request.state.session = self._read(request.cookies.get(COOKIE, "")) or Session(secrets.token_urlsafe(18))
        session: Session = request.state.session
        return session

    def token(self, request: Request) -> str:
        """The token of the forms on a page; only the same session can bring it back."""
        request.state.session_needed = True
        return self._token(self.of(request))

    def check(self, request: Request, given: str) -> None:
        """AccessError for a form that this session has not been given."""
        if not hmac.compare_digest(given.encode(), self._token(self.of(request)).encode()):
            raise AccessError("this form is too old or was not made by this site: open the page again and send it anew")

    def begin(self, request: Request, response: Response, **said: str | tuple[str, ...]) -> None:
        """Give the browser a new session, under a new identifier."""
        request.state.session = replace(Session(secrets.token_urlsafe(18)), **said)  # type: ignore[arg-type]
        self.write(request, response)

    def end(self, request: Request, response: Response) -> None:
        """Sign out: the cookie goes, and whoever has a copy of it is nobody any more."""
        now = time.monotonic()
        self._ended = {key: until for key, until in self._ended.items() if until > now}
        if len(self._ended) < _ENDED:
            self._ended[self.of(request).identifier] = now + self.seconds
        response.delete_cookie(COOKIE, path="/")

    def write(self, request: Request, response: Response) -> None:
        """Put the session of a request into the cookie of its response."""
        session = self.of(request)
        said = [session.identifier, session.account, session.proof, *session.pending]
        response.set_cookie(
            COOKIE,
            self._serializer.dumps(said),
            max_age=self.seconds,
            httponly=True,
            samesite="lax",
            secure=is_https(request),
        )

    def _read(self, cookie: str) -> Session | None:
        try:
            identifier, account, proof, *pending = self._serializer.loads(cookie, max_age=self.seconds)
        except (BadSignature, ValueError):
            return None
        return None if identifier in self._ended else Session(identifier, account, proof, tuple(pending))

    def _token(self, session: Session) -> str:
        return hmac.digest(self._secret, f"form:{session.identifier}".encode(), "sha256").hex()


async def form(request: Request, limit: int = 4 << 20) -> FormData:
    """The fields of a form that a page of ours sent, of at most `limit` bytes.

    AccessError where it lacks the token of the session: another site may have made the browser send it.
    """
    check_length(request, limit)
    given = await request.form(max_fields=_FIELDS, max_part_size=limit)
    sessions: Sessions = request.app.state.sessions
    sessions.check(request, str(given.get(FORM_TOKEN, "")))
    return given


async def body(request: Request, limit: int) -> bytes:
    """The body of a request, of at most `limit` bytes."""
    check_length(request, limit)
    return await request.body()


def check_length(request: Request, limit: int) -> None:
    """HTTPException for a request that does not say how long its body is, or is too long."""
    length = request.headers.get("content-length", "0" if "transfer-encoding" not in request.headers else "")
    if not length.isdigit():
        raise HTTPException(411, "the length of the body is missing")
    if int(length) > limit:
        raise HTTPException(413, f"the body may have {limit} bytes, this one has {length}")


def is_https(request: Request) -> bool:
    """Whether the browser speaks TLS, to us or to the proxy before us."""
    return "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", ""))


def _secret(path: Path) -> bytes:
    """The bytes of a secret file, made with 32 random ones when it is not there; never half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}") as file:  # mode 0600
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(file.name, path)
    return path.read_bytes()
