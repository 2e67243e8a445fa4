"""Reconciliation manifest: what the service says of itself to a client, in the form of either version."""

from enum import StrEnum
from importlib.metadata import version
from typing import Any

from endpoint.reconciliation_candidates import CONCEPT
from thesaurus.index import Index, Scheme
from thesaurus.turtle import SKOS

BATCH_SIZE = 50
PREVIEW = {"width": 420, "height": 300}
_MEDIA_TYPE_1 = "application/reconciliation.v1+json"


class Version(StrEnum):
    """The versions of the protocol."""

    FIRST = "0.2"
    DRAFT = "1.0-draft"


def version_asked(parameter: str | None, accept: str) -> Version | None:
    """The version that a request wants: a parameter decides, else the Accept header, else it is 0.2; None for another.

    The header may name the media type that the draft's authors propose, or give any type the parameter `version`.
    """
    if parameter is not None:
        return _SPELLINGS.get(parameter)
    for element in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in element.split(";"))
        if media_type == _MEDIA_TYPE_1:
            return Version.DRAFT
        for name, _, value in (one.partition("=") for one in parameters):
            if name.strip() == "version":
                return _SPELLINGS.get(value.strip(' "'))
    return Version.FIRST


_SPELLINGS = {"0.2": Version.FIRST, **dict.fromkeys(("1.0-draft", "1.0", "1", "draft"), Version.DRAFT)}


def manifest(
    wanted: Version, index: Index, scheme: Scheme | None, address: str, name: str, space: str
) -> dict[str, Any]:
    """The manifest of the service at an address, over one scheme or over all, in the form of a version.

    `name` is that of the data set, `space` the IRI with which its identifiers begin.
    """
    said: dict[str, Any] = {
        "versions": [*Version],
        "name": f"{name}: {scheme.title('en')}" if scheme else name,
        "identifierSpace": space,
        "schemaSpace": SKOS,
        "serviceVersion": version("clearinghouse-graph"),
        "defaultTypes": types(index, scheme, "en"),
        "batchSize": BATCH_SIZE,
        "standardizedScore": True,
    }
    return said | (_form_1() if wanted is Version.DRAFT else _form_02(address))


def types(index: Index, scheme: Scheme | None, language: str) -> list[dict[str, Any]]:
    """The types: every concept is one, and those of a scheme are one each."""
    concept = {"id": CONCEPT, "name": "Concept"}
    schemes = [scheme] if scheme else index.schemes()
    return [concept, *({"id": one.iri, "name": one.title(language), "broader": [concept]} for one in schemes)]


def _form_02(address: str) -> dict[str, Any]:
    suggest = {
        kind: {
            "service_url": address,
            "service_path": f"/suggest/{kind}",
            "flyout_service_url": address,
            "flyout_service_path": "/flyout?id=${id}",
        }
        for kind in ("entity", "type", "property")
    }
    return {
        "view": {"url": "{{id}}"},
        "preview": PREVIEW | {"url": f"{address}/preview?id={{{{id}}}}"},
        "suggest": suggest,
        "extend": {
            "propose_properties": {"service_url": address, "service_path": "/extend/propose"},
            "property_settings": [
                {**setting, "name": setting["id"], "label": setting["name"], "help_text": setting["helpText"]}
                for setting in _SETTINGS
            ],
        },
    }


def _form_1() -> dict[str, Any]:
    return {
        "lang": "en",
        "dir": "ltr",
        "view": {"url": "{+id}"},
        "preview": PREVIEW,
        "suggest": {"entity": True, "property": True, "type": True},
        "extend": {"proposeProperties": True, "propertySettings": _SETTINGS},
    }


_SETTINGS: list[dict[str, Any]] = [
    {
        "id": "limit",
        "name": "Limit",
        "type": "number",
        "default": 0,
        "helpText": "How many values of a concept to give at most; 0 for all",
    },
    {
        "id": "content",
        "name": "Content",
        "type": "select",
        "default": "literal",
        "helpText": "What to give of concepts and schemes: labels, or IRIs",
        "choices": [{"value": "literal", "name": "Labels"}, {"value": "id", "name": "IRIs"}],
    },
]
