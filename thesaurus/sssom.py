"""Mapping sets in SSSOM/TSV, the exchange format for mappings between vocabularies.

The format is that of https://mapping-commons.github.io/sssom/: a YAML block of `#` lines about the set, then a table
with a mapping in each row. Read, identifiers are whole IRIs and the slots of the set that hold for every mapping are in
each of them; written, the text is in the canonical form, so equal sets are equal texts.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import yaml

from thesaurus.sssom_slots import OF_MAPPING, OF_SET, REQUIRED, SLOTS, SSSOM, Slot
from thesaurus.turtle import OWL, PREFIXES, SKOS, TYPE, XSD, ThesaurusError

SEMAPV = "https://w3id.org/semapv/vocab/"
LEXICAL_MATCHING, MANUAL_CURATION, UNSPECIFIED_MATCHING = (
    SEMAPV + name for name in ("LexicalMatching", "ManualMappingCuration", "UnspecifiedMatching")
)
NOT = "Not"
"""The `predicate_modifier` of a mapping that was found not to hold."""

_BUILT_IN = {
    "linkml": "https://w3id.org/linkml/",
    "owl": OWL,
    "rdf": TYPE.removesuffix("type"),
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "semapv": SEMAPV,
    "skos": SKOS,
    "sssom": SSSOM,
    "xsd": XSD,
}
_KNOWN = {
    **{name: namespace for name, namespace in PREFIXES.items() if name in ("ch", "country", "scheme", "term")},
    "agrovoc": "http://aims.fao.org/aos/agrovoc/",
    "dcterms": "http://purl.org/dc/terms/",
    "eurovoc": "http://eurovoc.europa.eu/",
    "gemet": "http://www.eionet.europa.eu/gemet/concept/",
    "informea": "http://www.informea.org/terms/",
    "orcid": "https://orcid.org/",
    "sdg": "http://metadata.un.org/sdg/",
    "unbis": "http://metadata.un.org/thesaurus/",
    "unesco": "http://vocabularies.unesco.org/thesaurus/",
    "wikidata": "http://www.wikidata.org/entity/",
}
_PREFIX_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_PLAIN = re.compile(
    r"(?:[A-Za-z/](?:[^\x00-\x20\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff:]|:(?=\S)| (?=[^\s#]))*)|\d{4}-\d\d-\d\d"
)
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")  # https://yaml.org/spec/1.2.2/#51-character-set
_NOT_PLAIN = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"}

Slots = Mapping[str, tuple[str, ...]]
"""The values of each slot that has one, as text; identifiers are IRIs."""


@dataclass(frozen=True)
class Row:
    """One mapping: the values of its slots."""

    slots: Slots

    def value(self, slot: str) -> str:
        """The first value of a slot; empty if it has none."""
        return self.slots.get(slot, ("",))[0]

    @property
    def is_rejected(self) -> bool:
        """Whether it says that the mapping does not hold."""
        return self.value("predicate_modifier") == NOT


@dataclass(frozen=True)
class MappingSet:
    """Mappings, the slots of their set, and the prefixes that their identifiers are shortened with."""

    slots: Slots
    rows: tuple[Row, ...]
    prefixes: Mapping[str, str] = field(default_factory=dict)


# ------------------------------------------------------------------------------------------------------------ reading


def read(text: str, name: str) -> MappingSet:
    """The mapping set of an SSSOM/TSV text. ThesaurusError with the `name` of the file, the row and the column."""
    block, table = _parts(text)
    metadata = _metadata(block, name)
    prefixes = _prefixes(metadata.pop("curie_map", {}), name)
    place = f"{name}, metadata"
    given = {slot: _listed(metadata[slot.name], slot, place) for slot in OF_SET if metadata.get(slot.name)}
    slots = {slot.name: _checked(values, slot, prefixes, place) for slot, values in given.items()}
    for required in ("mapping_set_id", "license"):
        if required not in slots:
            raise ThesaurusError(f"{place}: no {required}; expected an IRI")
    rows = tuple(_rows(table, prefixes, name))
    common = {
        slot.name: slots[slot.name]
        for slot in OF_SET
        if slot.is_common and slot.name in slots and all(slot.name not in row for row in rows)
    }
    own = {slot: values for slot, values in slots.items() if slot not in common}
    return MappingSet(own, tuple(Row({**common, **row}) for row in rows), prefixes)


def pairs(text: str, name: str) -> frozenset[tuple[str, str]]:
    """The subjects and objects of a table with at least these two columns, rejected mappings left out.

    Identifiers may be IRIs here, and nothing else is required, so a list of right answers needs no more than itself.
    """
    block, table = _parts(text)
    prefixes = _prefixes(_metadata(block, name).get("curie_map", {}), name)
    found = set()
    for number, row in _table(table, ("subject_id", "object_id"), name):
        if row.get("predicate_modifier") != NOT:
            place = f"{name}, row {number}"
            subject, object_ = (
                row[slot] if "://" in row[slot] else _expanded(row[slot], prefixes, f"{place}, {slot}")
                for slot in ("subject_id", "object_id")
            )
            found.add((subject, object_))
    return frozenset(found)


def _parts(text: str) -> tuple[str, str]:
    """The YAML of the block and the text of the table."""
    lines = text.removeprefix("\ufeff").split("\n")
    end = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(line[1:] for line in lines[:end]), "\n".join(lines[end:])


def _metadata(block: str, name: str) -> dict[str, object]:
    try:
        # Every scalar stays the text it is: the slots know what they mean, YAML would make numbers of versions.
        loaded = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506, BaseLoader makes nothing but text
    except yaml.YAMLError as error:
        raise ThesaurusError(f"{name}: expected YAML after # in the lines above the table: {error}") from error
    if not isinstance(loaded, dict):
        if loaded:
            raise ThesaurusError(f"{name}: expected `slot: value` in YAML in the lines above the table")
        return {}
    return loaded


def _prefixes(given: object, name: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise ThesaurusError(f"{name}: curie_map is no list of prefixes; expected `prefix: IRI` in each line")
    for prefix, namespace in given.items():
        if not isinstance(namespace, str) or not _PREFIX_NAME.fullmatch(prefix) or not _IRI.fullmatch(namespace + "x"):
            raise ThesaurusError(f"{name}: curie_map has {prefix!r} for {namespace!r}; expected a name and an IRI")
        if _BUILT_IN.get(prefix, namespace) != namespace:
            raise ThesaurusError(f"{name}: curie_map has {namespace} for {prefix}; expected {_BUILT_IN[prefix]}")
    return dict(given)


def _listed(value: object, slot: Slot, place: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [one for one in values if isinstance(one, str)]
    if len(texts) < len(values) or (len(texts) > 1 and not slot.is_many):
        raise ThesaurusError(f"{place}: {slot.name} is {value!r}; expected {'texts' if slot.is_many else 'one text'}")
    return texts


def _rows(table: str, prefixes: Mapping[str, str], name: str) -> Iterator[dict[str, tuple[str, ...]]]:
    for number, given in _table(table, REQUIRED, name):
        place = f"{name}, row {number}"
        row = {
            slot.name: _checked(_split(text) if slot.is_many else [text], slot, prefixes, place)
            for slot in OF_MAPPING
            if (text := given.get(slot.name))
        }
        for required in REQUIRED:
            if required not in row:
                raise ThesaurusError(f"{place}: no {required}; expected a CURIE")
        yield row


def _table(table: str, required: Sequence[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of the table by column, with their numbers: 1 is the first below the header."""
    lines = csv.reader(io.StringIO(table, newline=""), delimiter="\t", strict=True)
    try:
        header = next(lines, [])
        missing = [slot for slot in required if slot not in header]
        if missing or len(set(header)) < len(header):
            raise ThesaurusError(
                f"{name}: the table has columns {header}; expected each once, with {missing or required}"
            )
        for number, values in enumerate(lines, 1):
            if values and len(values) != len(header):
                raise ThesaurusError(f"{name}, row {number}: {len(values)} columns; expected {len(header)}")
            if any(values):
                yield number, dict(zip(header, values, strict=True))
    except csv.Error as error:
        raise ThesaurusError(
            f"{name}, line {lines.line_num} of the table: expected tab-separated text: {error}"
        ) from error


def _split(text: str) -> list[str]:
    """The values of a slot with several: `|` separates them, a backslash before one or before itself is taken off."""
    values = [""]
    for escaped, bar, plain in re.findall(r"\\([|\\])|(\|)|([^|\\]+|\\)", text):
        if bar:
            values.append("")
        else:
            values[-1] += escaped or plain
    return values


def _checked(values: Sequence[str], slot: Slot, prefixes: Mapping[str, str], place: str) -> tuple[str, ...]:
    """The values of a slot, its CURIEs expanded, once they are what the slot may have."""
    if slot.kind == "ids":
        return tuple(_expanded(value, prefixes, f"{place}, {slot.name}") for value in values)
    is_right, expected = _KINDS.get(slot.kind, (bool, "text"))
    for value in values:
        if not is_right(value):
            raise ThesaurusError(f"{place}: {slot.name} is {value!r}; expected {expected}")
    return tuple(values)


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


_KINDS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "number": (_is_share, "a number from 0 to 1"),
    "date": (_is_date, "a date, YYYY-MM-DD"),
    "iri": (_IRI.fullmatch, "an IRI"),
    "modifier": (NOT.__eq__, f"{NOT} or nothing"),
}


def _expanded(curie: str, prefixes: Mapping[str, str], place: str) -> str:
    prefix, _, local = curie.partition(":")
    namespace = prefixes.get(prefix) or _BUILT_IN.get(prefix)
    iri = f"{namespace}{local}"
    if not namespace or not _IRI.fullmatch(iri):
        raise ThesaurusError(f"{place}: {curie!r}; expected a CURIE with a prefix of curie_map")
    return iri


# ------------------------------------------------------------------------------------------------------------ writing


def document(mapping_set: MappingSet) -> str:
    """The SSSOM/TSV text of a mapping set in the canonical form, with prefixes for all the identifiers it has."""
    common = _condensed(mapping_set)
    slots = {**mapping_set.slots, **common}
    rows = [{slot: values for slot, values in row.slots.items() if slot not in common} for row in mapping_set.rows]
    curies = _curies([slots, *rows], mapping_set.prefixes)
    columns = [slot for slot in OF_MAPPING if slot.name in REQUIRED or any(row.get(slot.name) for row in rows)]
    table = sorted([_cell(slot, row.get(slot.name, ()), curies) for slot in columns] for row in rows)
    lines = ["\t".join(slot.name for slot in columns), *("\t".join(map(_quoted, cells)) for cells in table)]
    return "".join(f"{line}\n" for line in [*_block(slots, curies), *lines])


def _condensed(mapping_set: MappingSet) -> dict[str, tuple[str, ...]]:
    """The slots that all mappings have with the same values, which are then those of the set."""
    found = {}
    for slot in (slot.name for slot in OF_SET if slot.is_common):
        values = {row.slots.get(slot, ()) for row in mapping_set.rows}
        if len(values) == 1 and (only := values.pop()) and mapping_set.slots.get(slot, only) == only:
            found[slot] = only
    return found


def _curies(given: Iterable[Slots], prefixes: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The prefix and the local part of each IRI; a namespace without a known prefix gets `ns1`, `ns2` …"""
    iris = {value for slots in given for slot, values in slots.items() if SLOTS[slot].kind == "ids" for value in values}
    known = {namespace: prefix for prefix, namespace in (_KNOWN | dict(prefixes) | _BUILT_IN).items()}
    taken, number = set(known.values()), 0
    found = {}
    for iri in sorted(iris):
        namespace = next(
            (one for one in sorted(known, key=len, reverse=True) if iri.startswith(one) and iri != one), None
        )
        if namespace is None:
            namespace = iri[: max(iri.rfind("/", 0, -1), iri.rfind("#", 0, -1), iri.find(":")) + 1]
            number = next(n for n in range(number + 1, number + len(taken) + 2) if f"ns{n}" not in taken)
            known[namespace] = f"ns{number}"
            taken.add(f"ns{number}")
        found[iri] = (known[namespace], iri[len(namespace) :])
    return found


def _block(slots: Slots, curies: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    used = {prefix: iri[: len(iri) - len(local)] for iri, (prefix, local) in curies.items() if prefix not in _BUILT_IN}
    if used:
        yield "#curie_map:"
        yield from (f"#  {prefix}: {_scalar(namespace)}" for prefix, namespace in sorted(used.items()))
    for slot in OF_SET:
        values = [_text(slot, value, curies) for value in slots.get(slot.name, ())]
        if slot.is_many and values:
            yield f"#{slot.name}:"
            yield from (f"#  - {_scalar(value)}" for value in values)
        elif values:
            yield f"#{slot.name}: {_scalar(values[0])}"


def _cell(slot: Slot, values: Sequence[str], curies: Mapping[str, tuple[str, str]]) -> str:
    texts = [_text(slot, value, curies) for value in values]
    if slot.is_many:
        return "|".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)
    return texts[0] if texts else ""


def _text(slot: Slot, value: str, curies: Mapping[str, tuple[str, str]]) -> str:
    if slot.kind == "ids":
        return ":".join(curies[value])
    return f"{float(value):.3f}".rstrip("0").rstrip(".") if slot.kind == "number" else value


def _scalar(text: str) -> str:
    """A YAML scalar: plain where that is surely the same text, else double-quoted, as JSON is."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _NOT_PLAIN:
        return text
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'["\t\r\n]', cell) else cell
