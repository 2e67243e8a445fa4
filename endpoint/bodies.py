"""Bodies: what a client sends, read within bounds and by a form; an error names the member and what was expected."""

import json
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import parse_qs

from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request

from endpoint.protocol import media_type

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_FIELDS = 100

_Form = TypeVar("_Form")


async def form_fields(request: Request, most: int) -> dict[str, str]:
    """The fields of a form of at most so many bytes, the first value of each. HTTPException 400, 413 or 415."""
    _check_type(request, _FORM)
    try:
        fields = parse_qs((await _body(request, most)).decode(), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise HTTPException(400, f"the form cannot be read: {error}") from None
    return {name: values[0] for name, values in fields.items()}


async def json_body(request: Request, most: int) -> bytes:
    """A body of JSON of at most so many bytes. HTTPException 413 or 415."""
    _check_type(request, _JSON)
    return await _body(request, most)


def _check_type(request: Request, expected: str) -> None:
    given = media_type(request.headers.get("content-type", ""))
    if given != expected and not (expected == _JSON and given.endswith("+json")):
        raise HTTPException(415, f"expected a body of {expected}, not {given or 'without a type'}")


async def _body(request: Request, most: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise HTTPException(413, f"a request may have {most} bytes")
        parts.append(part)
    return b"".join(parts)


def parsed(form: TypeAdapter[_Form], text: str | bytes, parameter: str) -> _Form:
    """JSON text of a form; `parameter` is where it came from, empty for the body."""
    try:
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate could be neither searched nor answered
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"{parameter or 'the body'} is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise HTTPException(400, f"{parameter or 'the body'}: expected an object")
    try:
        return form.validate_python(document)
    except ValidationError as error:
        faults = [
            (_place(document, fault["loc"], parameter), fault["msg"].removeprefix("Value error, "))
            for fault in error.errors()
        ]
        raise HTTPException(400, "; ".join(f"{place}: {message}" for place, message in faults[:3])) from None


def _place(document: object, location: Sequence[int | str], parameter: str) -> str:
    """Where a fault is, as one would write it in a program; what is missing may end it."""
    place = parameter
    for part in location:
        if isinstance(document, list) and isinstance(part, int):
            place, document = f"{place}[{part}]", document[part]
        elif isinstance(document, dict):
            place, document = f"{place}.{part}" if place else str(part), document.get(str(part))
    return place or "the body"
