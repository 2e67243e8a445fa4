"""Languages of the pages: the first segment of a path says which one, and gettext catalogues hold the words.

`/ar/search` is routed as `/search` below the root path `/ar`, so whatever makes a link to a page of ours keeps the
language without knowing of it. Addresses for programs (`/sparql`, `/data/…`) have none.
"""

from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from endpoint.languages import UNITED_NATIONS as LANGUAGES

DEFAULT = "en"
"""The language of the message identifiers, and of a page for whoever accepts none of ours."""
CATALOGUES = files("endpoint") / "locales"
_LANGUAGE, _ROOT = "clearinghouse.language", "clearinghouse.root"


class Localised:
    """The application below each language: takes the language off the path, and remembers it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Part of ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope)."""
        if scope["type"] == "http":
            root: str = scope.get("root_path", "")
            path = scope["path"].removeprefix(root)
            language, rest = parted(path)
            if language:
                if not rest:
                    query = scope["query_string"].decode("latin-1")
                    there = f"{root}{path}/?{query}" if query else f"{root}{path}/"
                    await RedirectResponse(there, 308)(scope, receive, send)
                    return
                scope = {**scope, "root_path": f"{root}/{language}", _LANGUAGE: language, _ROOT: root}
        await self._app(scope, receive, send)


def parted(path: str) -> tuple[str, str]:
    """The language that a path begins with, empty for none, and the path below it."""
    tag = path.removeprefix("/").partition("/")[0]
    is_one = path.startswith("/") and tag in LANGUAGES
    return (tag, path.removeprefix(f"/{tag}")) if is_one else ("", path)


def language(request: Request) -> str:
    """The language of a page: that of its address, else the one the reader likes best."""
    found: str | None = request.scope.get(_LANGUAGE)
    return found or preferred(request.headers.get("accept-language", ""))


def is_in_address(request: Request) -> bool:
    """Whether the address of a request says the language."""
    return _LANGUAGE in request.scope


def root(request: Request) -> str:
    """What stands before the language in the path of a request: nothing, unless a proxy puts something there."""
    found: str = request.scope.get(_ROOT, request.scope.get("root_path", ""))
    return found


def preferred(accept_language: str) -> str:
    """The best of our languages for an Accept-Language header (RFC 9110, 12.5.4)."""
    weighed = []
    for place, element in enumerate(accept_language.split(",")[:50]):
        tag, _, weight = (part.strip() for part in element.partition(";"))
        weighed.append((-_weight(weight), place, tag))
    wanted = [tag.casefold() for weight, _, tag in sorted(weighed) if weight < 0]
    return negotiate_locale(wanted, LANGUAGES, sep="-") or DEFAULT


def _weight(text: str) -> float:
    try:
        return float(text.removeprefix("q=")) if text else 1.0
    except ValueError:
        return 0.0


@cache
def translations(tag: str) -> NullTranslations:
    """The catalogue of a language; that of the default one is empty, since its words are the identifiers."""
    if tag == DEFAULT:
        return NullTranslations()
    with (CATALOGUES / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=tag)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def gettext(request: Request, message: str, **values: object) -> str:
    """A message in the language of a page, with `%(name)s` filled in."""
    text = translations(language(request)).gettext(message)
    return text % values if values else text


def N_(message: str) -> str:  # noqa: N802, the name that gettext's tools know
    """Mark a message that is translated where it is shown."""
    return message


def name_of_language(tag: str, shown_in: str = DEFAULT) -> str:
    """The name of a language (BCP 47) in another one, by CLDR; the tag itself where it has no name."""
    primary, _, rest = tag.partition("-")
    known = Locale.parse(shown_in).languages.get(primary.casefold())
    if known is None:
        return tag or translations(shown_in).gettext(N_("no language"))
    return f"{known} ({rest})" if rest else known


def endonym(tag: str) -> str:
    """The name of one of our languages in itself."""
    name: str = Locale.parse(tag).languages[tag]
    return name[0].upper() + name[1:]


def number(value: float, shown_in: str) -> str:
    """A number as it is written in a language, with Western digits, as the records themselves have them."""
    return format_decimal(value, locale=shown_in)


def day(value: date | datetime | str, shown_in: str, style: str = "medium") -> str:
    """A date as it is written in a language; text that begins with no ISO 8601 date stays as it is."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return str(value)
    return str(format_date(value, format=style, locale=shown_in))
