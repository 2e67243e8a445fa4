"""Reconciliation queries: what a client asks, in either version of the protocol, read into one form.

0.2: https://www.w3.org/community/reports/reconciliation/CG-FINAL-specs-0.2-20230410/
1.0-draft: https://reconciliation-api.github.io/specs/1.0-draft/
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from endpoint.bodies import parsed

MAX_LIMIT = 100
"""Candidates given for one query at most."""
_DEFAULT_LIMIT = 10


@dataclass(frozen=True, slots=True)
class Value:
    """What a condition compares with: a text, and whether it is the identifier of an entity."""

    text: str
    is_identifier: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A constraint on the names, the identifiers or a property of the candidates."""

    subject: Literal["name", "id", "property"]
    property: str
    values: tuple[Value, ...]
    required: bool = False
    quantifier: Literal["any", "all", "none"] = "any"
    qualifier: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a batch. `type_rule`: a candidate must have any or all of the types, or it merely should."""

    conditions: tuple[Condition, ...]
    types: tuple[str, ...] = ()
    type_rule: Literal["any", "should", "all"] = "any"
    limit: int = _DEFAULT_LIMIT


def _values(given: object) -> tuple[Value, ...]:
    return tuple(_value(one) for one in given) if isinstance(given, list) else (_value(given),)


def _value(given: object) -> Value:
    match given:
        case bool():
            return Value(str(given).lower())
        case str():
            return Value(given)
        case int() | float() if math.isfinite(given):
            return Value(f"{given:.15g}" if isinstance(given, float) else str(given))
        case {"id": str(identifier)}:
            return Value(identifier, is_identifier=True)
    raise ValueError("expected a string, a number, a boolean, an object with the string id, or an array of these")


_Values = Annotated[tuple[Value, ...], BeforeValidator(_values)]
_Limit = Annotated[float, Field(ge=1, allow_inf_nan=False)]


class _Open(BaseModel):
    """An object of the protocol; members that it does not name are of no account."""

    model_config = ConfigDict(strict=True)


class _Closed(BaseModel):
    """An object of the protocol that may have no other members."""

    model_config = ConfigDict(strict=True, extra="forbid")

    limit: _Limit = _DEFAULT_LIMIT

    def _limit(self) -> int:
        return min(int(self.limit), MAX_LIMIT)


class _Property(_Open):
    pid: str
    v: _Values


class _Query02(_Closed):
    query: str | None = None
    type: str | list[str] = []
    properties: list[_Property] = []
    type_strict: Literal["any", "should", "all"] = "any"

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.query is None and not self.properties:
            raise ValueError("expected query, or properties with at least one of them")
        return self

    def read(self) -> Query:
        """In the common form: a name is compared if it is given, properties only move candidates up."""
        names = () if self.query is None else (Condition("name", "", (Value(self.query),)),)
        properties = (Condition("property", one.pid, one.v) for one in self.properties)
        types = (self.type,) if isinstance(self.type, str) else tuple(self.type)
        return Query((*names, *properties), types, self.type_strict, self._limit())


class _Condition1(_Open):
    matchType: Literal["name", "id", "property"]  # noqa: N815, as the protocol spells it
    propertyValue: _Values  # noqa: N815
    propertyId: str = ""  # noqa: N815
    required: bool = False
    matchQuantifier: Literal["any", "all", "none"] = "any"  # noqa: N815
    matchQualifier: str = ""  # noqa: N815
    lang: str = ""

    @model_validator(mode="after")
    def _property_is_named(self) -> Self:
        if self.matchType == "property" and not self.propertyId:
            raise ValueError("expected propertyId, as matchType is property")
        return self

    def read(self, language: str) -> Condition:
        """In the common form; what does not say its language has that of the query."""
        values = tuple(Value(one.text, one.is_identifier, self.lang or language) for one in self.propertyValue)
        return Condition(
            self.matchType, self.propertyId, values, self.required, self.matchQuantifier, self.matchQualifier
        )


class _Query1(_Closed):
    conditions: list[_Condition1] = Field(min_length=1)
    type: str | None = None
    lang: str = ""
    dir: Literal["ltr", "rtl", "auto"] = "auto"

    def read(self) -> Query:
        """In the common form."""
        types = () if self.type is None else (self.type,)
        return Query(tuple(one.read(self.lang) for one in self.conditions), types, "any", self._limit())


class _Batch1(_Open):
    queries: list[_Query1]


class _ExtensionProperty(_Open):
    id: str
    settings: dict[str, Any] = {}


class Extension(_Open):
    """A data extension query: the properties wanted of some entities."""

    ids: list[str]
    properties: list[_ExtensionProperty]


_BATCH_02 = TypeAdapter(dict[str, _Query02])
_BATCH_1 = TypeAdapter(_Batch1)
_EXTENSION = TypeAdapter(Extension)


def queries_02(text: str | bytes) -> dict[str, Query]:
    """The batch of version 0.2, by the client's keys. HTTPException 400 that names the faulty member."""
    return {key: query.read() for key, query in parsed(_BATCH_02, text, "queries").items()}


def queries_1(text: str | bytes) -> list[Query]:
    """The batch of version 1.0-draft. HTTPException 400 that names the faulty member."""
    return [query.read() for query in parsed(_BATCH_1, text, "").queries]


def extension(text: str | bytes, parameter: str) -> Extension:
    """A data extension query. HTTPException 400 that names the faulty member."""
    return parsed(_EXTENSION, text, parameter)
