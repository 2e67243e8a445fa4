"""Reconciliation answers: candidates, suggestions and values as the JSON of either version."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from starlette.exceptions import HTTPException

from endpoint.languages import direction
from endpoint.reconciliation_candidates import CONCEPT, Candidate, candidates
from endpoint.reconciliation_manifest import types
from endpoint.reconciliation_properties import Property, properties, property_of
from endpoint.reconciliation_queries import Extension, Query
from thesaurus.entries import Label
from thesaurus.folding import folded
from thesaurus.index import Concept, Index, Scheme
from thesaurus.lookup import Lookup, lookup

_FEATURES = {
    "all_labels": "Likeness of the label that is most like the text, from 0 to 100",
    "exact_label": "A label is the same, but for case and accents",
    "preferred_label": "The most similar label is the preferred one",
    "type_match": "Share of the types asked for that the concept has",
    "property_match": "Share of the conditions on properties that the concept meets",
    "deprecated": "The concept is deprecated",
}


@dataclass(frozen=True, slots=True)
class Service:
    """The service over an index, or over one scheme of it, for a reader of a language (empty where none is known)."""

    index: Index
    scheme: Scheme | None
    language: str

    @property
    def lookup(self) -> Lookup:
        """Names and spellings."""
        return lookup(self.index)

    def candidates(self, query: Query, is_draft: bool) -> list[dict[str, Any]]:
        """The candidates of a query."""
        found = candidates(self.lookup, query, None if self.scheme is None else [self.scheme.iri])
        language = self.language or _language_of(query) or next((_tag(one) for one in found), "")
        above = {one.iri: self.index.broader(one.iri)[:1] for one in found}
        known = {one.iri: label for one in found if _is_name(label := one.name.label, language)}
        unknown = {one.iri for one in found if one.iri not in known}.union(*above.values())
        labels = {**self.lookup.names(unknown, language), **known}
        return [_candidate(self, one, above[one.iri], labels, is_draft) for one in found]

    def entities(self, prefix: str, offset: int, limit: int) -> list[dict[str, Any]]:
        """Concepts to suggest for what somebody has typed; all of them, by IRI, for nothing."""
        found: dict[str, Label | None] = {}
        if prefix.strip():
            found |= {iri: None for iri in self.lookup.named(prefix) if self._offers(iri)}
            inside = None if self.scheme is None else [self.scheme.iri]
            for hit in self.index.complete(prefix, schemes=inside, limit=offset + limit):
                found.setdefault(hit.iri, hit.label)
            found = dict(list(found.items())[offset : offset + limit])
        else:
            within = self.scheme.iri if self.scheme else None
            found |= dict.fromkeys(self.index.all_concepts(within, offset, limit))
        first = next((label.language for label in found.values() if label), "")
        labels = self.index.labels(found, self.language or first)
        return [self._entity(iri, labels.get(iri), label) for iri, label in found.items()]

    def types(self, prefix: str) -> list[dict[str, Any]]:
        """The types whose name, or identifier, begins or has a word that begins so."""
        return [
            one
            for one in types(self.index, self.scheme, self.language or "en")
            if _begins(prefix, one["id"], one["name"])
        ]

    def properties(self, prefix: str) -> list[dict[str, Any]]:
        """The properties whose name, or identifier, begins or has a word that begins so."""
        qualifiers = [
            {"id": "ExactMatch", "name": "the same"},
            {"id": "WildcardMatch", "name": "the same, * is anything"},
        ]
        return [
            {"id": one.id, "name": one.name, "description": one.description, "matchQualifiers": qualifiers}
            for one in properties(self.index)
            if _begins(prefix, one.id, one.name)
        ]

    def extension(self, asked: Extension, is_draft: bool) -> dict[str, Any]:
        """The values of the properties asked for; nothing where a concept or a property is not known."""
        wanted = [
            (one.id, property_of(one.id), _Settings.of(one.settings, f"properties[{number}].settings"))
            for number, one in enumerate(asked.properties)
        ]
        meta = [
            {"id": identifier, "name": known.name if known else identifier}
            | ({"type": {"id": CONCEPT, "name": "Concept"}} if known and known.kind == "concept" else {})
            for identifier, known, _ in wanted
        ]
        rows: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for entity in asked.ids:
            concept = self.concept(entity)
            rows[entity] = {
                identifier: self._values(concept, known, settings, is_draft) if concept and known else []
                for identifier, known, settings in wanted
            }
        if not is_draft:
            return {"meta": meta, "rows": rows}
        listed = [
            {"id": entity, "properties": [{"id": one, "values": values} for one, values in row.items()]}
            for entity, row in rows.items()
        ]
        return {"meta": meta, "rows": listed}

    def concept(self, identifier: str) -> Concept | None:
        """The concept of an IRI or another identifier, if the service is over it."""
        found = (concept for iri in self.lookup.named(identifier) if (concept := self.index.concept(iri)))
        return next((one for one in found if self.scheme is None or self.scheme.iri in one.schemes), None)

    def _offers(self, iri: str) -> bool:
        return self.scheme is None or self.concept(iri) is not None

    def _entity(self, iri: str, label: Label | None, typed: Label | None) -> dict[str, Any]:
        concept = self.index.concept(iri)
        given = {
            "id": iri,
            "name": label.text if label else iri,
            "notable": self.notable(concept.schemes if concept else ()),
        }
        above = self.index.labels(self.index.broader(iri)[:2], label.language if label else "")
        return given | _spoken(label) | _description(label, typed, [one.text for one in above.values()])

    def notable(self, schemes: Sequence[str]) -> list[dict[str, str]]:
        """The types of a concept in some schemes, the ones that tell most first."""
        known = [scheme for iri in schemes if (scheme := self.index.scheme(iri))]
        language = self.language or "en"
        return [*({"id": one.iri, "name": one.title(language)} for one in known), {"id": CONCEPT, "name": "Concept"}]

    def _values(self, concept: Concept, asked: Property, settings: "_Settings", is_draft: bool) -> list[dict[str, Any]]:
        values = asked.values(concept)[: settings.limit or None]
        if asked.kind == "concept" and not settings.as_iris:
            labels = self.index.labels([iri for iri, _ in values], self.language or "en")
            known = [(iri, labels.get(iri)) for iri, _ in values]
            return [
                {"id": iri, "name": label.text if label else iri} | (_spoken(label) if is_draft else {})
                for iri, label in known
            ]
        if asked.kind == "scheme" and not settings.as_iris:
            known_schemes = [found for iri, _ in values if (found := self.index.scheme(iri))]
            return [{"str": one.title(self.language or "en")} for one in known_schemes]
        return [
            {"str": text} | ({"lang": tag, "dir": direction(tag)} if is_draft and tag else {}) for text, tag in values
        ]


@dataclass(frozen=True, slots=True)
class _Settings:
    """What may be set for a property of an extension query."""

    limit: int
    as_iris: bool

    @classmethod
    def of(cls, given: Mapping[str, Any], place: str) -> "_Settings":
        content = given.get("content") or "literal"
        if content not in ("literal", "id"):
            raise HTTPException(400, f"{place}.content: expected literal or id, not {content!r}")
        limit = given.get("limit") or 0
        if isinstance(limit, bool) or not str(limit).removesuffix(".0").isdecimal():
            raise HTTPException(400, f"{place}.limit: expected a number from 0, not {limit!r}")
        return cls(int(float(limit)), content == "id")


def _candidate(
    service: Service, one: Candidate, above: Sequence[str], labels: Mapping[str, Label], is_draft: bool
) -> dict[str, Any]:
    label = labels.get(one.iri)
    broader = [labels[iri].text for iri in above if iri in labels]
    return {
        "id": one.iri,
        "name": label.text if label else one.iri,
        "score": one.score,
        "match": one.match,
        "type": service.notable(one.schemes),
        "features": [{"id": key, "name": name, "value": value} for key, name, value in _features(one)],
        **_description(label, one.name.label, broader),
        **(_spoken(label) if is_draft else {}),
    }


def _features(one: Candidate) -> Iterator[tuple[str, str, float | bool]]:
    values = {
        "all_labels": one.name.score,
        "exact_label": bool(one.name.languages),
        "preferred_label": one.name.label is not None and one.name.label.kind == "prefLabel",
        "type_match": one.types,
        "property_match": one.properties,
        "deprecated": one.deprecated,
    }
    yield from ((key, _FEATURES[key], value) for key, value in values.items() if value is not None)
    for tag in sorted(one.name.languages):
        yield f"exact_label@{tag}", f"A label in the language {tag or 'not stated'} is the same", True


def _description(label: Label | None, found: Label | None, broader: Sequence[str]) -> dict[str, str]:
    """What tells a concept from its namesakes: the label that found it, if it is not the name, and what is above it."""
    parts = [f"= {found.text}"] if found and (label is None or found.text != label.text) else []
    parts += [f"< {', '.join(broader)}"] if broader else []
    return {"description": " ".join(parts)} if parts else {}


def _spoken(label: Label | None) -> dict[str, str]:
    return {"lang": label.language, "dir": direction(label.language)} if label and label.language else {}


def _is_name(label: Label | None, language: str) -> TypeGuard[Label]:
    """Whether a label is the one to show to readers of a language."""
    return label is not None and label.kind == "prefLabel" and label.language == language


def _tag(one: Candidate) -> str:
    return one.name.label.language if one.name.label else ""


def _language_of(query: Query) -> str:
    return next((value.language for one in query.conditions for value in one.values if value.language), "")


def _begins(prefix: str, *names: str) -> bool:
    wanted = folded(prefix)
    return any(folded(name).startswith(wanted) or f" {wanted}" in f" {folded(name)}" for name in names)
