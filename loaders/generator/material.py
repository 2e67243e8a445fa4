"""The data files of the generator (sentences, countries, questions), read once for all writers of records."""

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "fr", "es", "ru", "ar", "zh")
OWN_SCRIPT = frozenset({"ar", "ru", "zh"})


@dataclass(frozen=True, slots=True)
class Country:
    """A government that publishes: ISO 3166-1 alpha-2 in lower case, its languages, its capital, a point on the map."""

    code: str
    languages: tuple[str, ...]
    capital: str
    own_capital: str
    lat: float
    lng: float
    name: dict[str, str]

    def city(self, language: str) -> str:
        """Name of the capital: in the country's own form in its first language or script, else the English form."""
        own = self.own_capital and (language == self.languages[0] or language in OWN_SCRIPT)
        return self.own_capital if own and language in self.languages else self.capital


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the first national report; `options` are pairs of value and "takes a text".

    It is asked if the answer to the question `enabled_by` is one of `enabled_values`.
    """

    key: str
    type: str
    multiple: bool
    options: tuple[tuple[str, bool], ...]
    enabled_by: str
    enabled_values: frozenset[str]


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_source(name).splitlines()))


def _source(name: str) -> str:
    return files("loaders.generator").joinpath(name).read_text(encoding="utf-8")


@cache
def texts() -> dict[str, dict[str, str]]:
    """Sentence templates by key (`permit.subject`, `address`), each by language code."""
    found: dict[str, dict[str, str]] = {}
    for group, value in tomllib.loads(_source("texts.toml")).items():
        if isinstance(value.get("en"), str):
            found[group] = value
        else:
            found.update({f"{group}.{name}": entry for name, entry in value.items()})
    return found


@cache
def countries() -> dict[str, Country]:
    """The countries that appear in the stream, by code, in the order in which their chains begin."""
    return {row["code"]: _country(row) for row in _rows("countries.csv")}


def _country(row: dict[str, Any]) -> Country:
    return Country(
        code=row["code"],
        languages=tuple(row["languages"].split()),
        capital=row["capital"],
        own_capital=row["own_capital"],
        lat=float(row["lat"]),
        lng=float(row["lng"]),
        name={language: row[language] for language in LANGUAGES},
    )


@cache
def questions() -> tuple[Question, ...]:
    """The questions of the first national report on the Nagoya Protocol, in the order of the form."""
    return tuple(
        Question(
            key=row["key"],
            type=row["type"],
            multiple=row["multiple"] == "yes",
            options=tuple((value.removesuffix("+text"), value.endswith("+text")) for value in row["options"].split()),
            enabled_by=row["enabled_by"],
            enabled_values=frozenset(row["enabled_values"].split()),
        )
        for row in _rows("questions.csv")
    )
