"""Documents: one record revision as a clearing-house gives it, in any of the envelopes the API uses."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from ontology.errors import DoorError
from ontology.realms import refuse_other_systems

Json = Any
JsonObject = dict[str, Any]

GUID = re.compile(r"[A-Za-z0-9_-]{11,128}\Z")
BODY_KEYS = ("body", "document")
CHANGE_SCHEMA = "thesaurusChange"
OWN_SCHEMAS = frozenset({CHANGE_SCHEMA, "tagCandidates", "tagDecision"})
"""Documents that this house writes itself: they are not loaded from outside."""
MAX_NUMBER = 10**18 - 1
"""The largest number and revision: as many digits as always fit into 64 bits."""


@dataclass(frozen=True)
class Document:
    """One record revision.

    `information` is the API's information object without the body (empty when only a body was given); `root` the JSON
    pointer of the body within the document as it was read; `text` the document as it is kept in the ledger.
    """

    guid: str
    schema: str
    body: JsonObject
    information: JsonObject
    root: str
    text: str

    @property
    def information_root(self) -> str:
        """The JSON pointer of the information object within the document as it was read."""
        return "/info" if self.root == "/document" else ""

    @property
    def revision(self) -> int | None:
        """The published revision, 1 or more, or None where the document does not tell."""
        value = self.information.get("revision", self.body.get("_revision_i"))
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

    @property
    def realm(self) -> str | None:
        """`ABS`, `BCH`, `CHM`, `ORT`, or None where the document does not tell."""
        value = self.information.get("realm", self.information.get("Realm"))
        return value if isinstance(value, str) and value else None

    @property
    def number(self) -> int | None:
        """The documentID, or None where the document does not tell."""
        value = self.information.get("documentID", self.body.get("_documentId_i"))
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def government(self) -> str | None:
        """The owning government's ISO 3166-1 alpha-2 code in lower case, `eu` for the European Union."""
        value = self.body.get("government")
        code = value.get("identifier") if isinstance(value, dict) else self.body.get("government_s")
        return code.lower() if isinstance(code, str) and code else None

    @property
    def is_synthetic(self) -> bool:
        """Whether the document says that it describes nothing real."""
        return True in (self.information.get("synthetic"), self.body.get("synthetic"))

    @property
    def deleted(self) -> bool:
        """Whether the API says the record was deleted."""
        return bool(self.information.get("deletedOn"))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the body and the information in canonical JSON: the same content has the same digest however it
        was written."""
        return digest([self.body_digest, self.information])

    @cached_property
    def body_digest(self) -> str:
        """SHA-256 of the body alone."""
        return digest(self.body)


def escaped(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901, section 3)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def digest(value: Json) -> str:
    """SHA-256 of a JSON value written with sorted keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode("utf-8")).hexdigest()


def document(parsed: Json, text: str) -> Document:
    """The document in a parsed JSON value.

    Accepted are a body (`header` at the top), an information object with `body`, a pair of `info` and `document`, and
    an index document (`schema_s`). DoorError names what is missing; IdentifierError where the index is that of the
    training or the development system.
    """
    if not isinstance(parsed, dict):
        raise DoorError(f"a record is a JSON object; this is {_kind(parsed)}")
    body, information, root = _envelope(parsed)
    is_index = "schema_s" in body and "header" not in body
    guid, schema = _index_identity(body) if is_index else _identity(body, information, root)
    whole = Document(guid, schema, body, information, root, text)
    for key, value in (("documentID", whole.number), ("revision", whole.revision)):
        if value is not None and abs(value) > MAX_NUMBER:
            raise DoorError(f"/{key}: expected a number of at most 18 digits")
    return whole


def _envelope(parsed: JsonObject) -> tuple[JsonObject, JsonObject, str]:
    for key in BODY_KEYS:
        body = parsed.get(key)
        if isinstance(body, dict) and "header" not in parsed:
            information = parsed.get("info") or {
                name: value for name, value in parsed.items() if name not in {key, "info"}
            }
            if not isinstance(information, dict):
                raise DoorError(f"/info: expected the information object, found {_kind(information)}")
            return body, information, f"/{key}"
    return parsed, {}, ""


def _identity(body: JsonObject, information: JsonObject, root: str) -> tuple[str, str]:
    header = body.get("header")
    if not isinstance(header, dict):
        raise DoorError(
            f"{root}/header: expected an object with identifier, schema and languages, found {_kind(header)}"
        )
    guid, schema = header.get("identifier"), header.get("schema")
    if not isinstance(guid, str) or not GUID.match(guid):
        raise DoorError(f"{root}/header/identifier: expected 11 to 128 letters, digits, - or _, found {guid!r:.60}")
    if not isinstance(schema, str) or not schema:
        raise DoorError(f"{root}/header/schema: expected the name of a schema, found {_kind(schema)}")
    other = information.get("identifier", guid)
    if other != guid:
        raise DoorError(f"{root}/header/identifier: {guid} differs from the information object's {other!r:.60}")
    return guid, schema


def _index_identity(body: JsonObject) -> tuple[str, str]:
    schema, guid = body["schema_s"], body.get("identifier_s") or body.get("id")
    if not isinstance(schema, str) or not schema:
        raise DoorError(f"/schema_s: expected the name of a schema, found {_kind(schema)}")
    if not isinstance(guid, str) or not GUID.match(guid):
        raise DoorError("/identifier_s: an index document without the record's identifier; fetch the document itself")
    if body.get("_state_s", "public") != "public":
        raise DoorError(f"/_state_s: only public records are loaded, this one is {body['_state_s']!r:.30}")
    realms = body.get("realm_ss")
    for realm in realms if isinstance(realms, list) else [realms]:
        refuse_other_systems(str(realm))
    return guid, schema


def _kind(value: Json) -> str:
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return "nothing" if value is None else names[type(value)]
