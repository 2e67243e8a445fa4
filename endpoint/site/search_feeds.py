"""The results of a search for programs, as Atom (RFC 4287), CSV (RFC 4180) and JSON; and how browsers get to it.

All take the parameters of the page, and `lang` for the language of labels.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from endpoint import addresses, localisation, web
from endpoint.labels import Label, Labels, best
from endpoint.languages import UNITED_NATIONS
from endpoint.localisation import N_
from endpoint.search.index import FACETS, Found, Hit, SearchIndex
from endpoint.site.search_parameters import Parameters
from endpoint.site.spreadsheets import harmless
from endpoint.site.things import moment

ATOM, OPENSEARCH = "http://www.w3.org/2005/Atom", "http://a9.com/-/spec/opensearch/1.1/"
MOST_ROWS = 10_000
_ENTRIES, _HITS, _MOST_HITS = 50, 20, 1_000
_COLUMNS = ("iri", "kind", "title", "title_language", "type", "clearing_house", "country", "status", "published",
            "updated", "languages", "identifier", "score")  # fmt: skip
_HEADERS = {"X-Content-Type-Options": "nosniff"}
# What XML 1.0 cannot have (https://www.w3.org/TR/xml/#charsets), and what turns the text around it.
_NOT_XML = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)

Name = Callable[[str], str]


def routes() -> list[BaseRoute]:
    """`/search.atom`, `/search.csv`, `/search.json` and `/opensearch.xml`."""
    handlers = {"/search.atom": _atom, "/search.csv": _csv, "/search.json": _json, "/opensearch.xml": _opensearch}
    return [Route(path, handler, methods=["GET", "HEAD"]) for path, handler in handlers.items()]


async def _atom(request: Request) -> Response:
    """A page of results as a feed, the newest first unless it is said otherwise."""
    parameters, language = Parameters.of(request), _language(request)
    if "sort" not in request.query_params:
        parameters = replace(parameters, sort="newest")
    index, found = await _found(request, parameters, language, _ENTRIES)
    name = await _names(request, found.hits, language)
    feed = ET.Element(f"{{{ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": language})
    title = localisation.translations(language).gettext(N_("Search in the Clearing-House Graph"))
    here = _address(request, "/search.atom", parameters, lang=language)
    _add(feed, "id", _address(request, "/search.atom", parameters.on_page(1), lang=language))
    _add(feed, "title", f"{title}: {parameters.q}" if parameters.q else title)
    _add(feed, "updated", max((_moment(hit, index) for hit in found.hits), default=_stamp(index.modified)))
    _add(ET.SubElement(feed, f"{{{ATOM}}}author"), "name", request.app.state.settings.dataset_title)
    _link(feed, "self", here, "application/atom+xml")
    _link(feed, "alternate", _address(request, f"/{language}/search", parameters), "text/html")
    for relation, number in _around(parameters.page, found.total, _ENTRIES):
        there = _address(request, "/search.atom", parameters.on_page(number), lang=language)
        _link(feed, relation, there, "application/atom+xml")
    for element, figure in (("totalResults", found.total), ("startIndex", (parameters.page - 1) * _ENTRIES + 1)):
        ET.SubElement(feed, f"{{{OPENSEARCH}}}{element}").text = str(figure)
    for hit in found.hits:
        _entry(request, feed, hit, index, language, name)
    return web.sent(request, _xml(feed), "application/atom+xml; charset=utf-8", headers=_HEADERS)


async def _csv(request: Request) -> Response:
    """All results, up to 10,000, a line each. What a spreadsheet would take for a formula stands behind a mark."""
    parameters, language = Parameters.of(request).on_page(1), _language(request)
    _, found = await _found(request, parameters, language, MOST_ROWS, snippets=False)
    name = await _names(request, found.hits, language)
    headers = _HEADERS | {
        "Content-Disposition": 'attachment; filename="search.csv"',
        "X-Total-Results": str(found.total),
    }

    def made() -> Response:
        body = _spreadsheet(found.hits, language, name)
        return web.sent(request, body, "text/csv; charset=utf-8; header=present", headers=headers)

    return await run_in_threadpool(made)


async def _json(request: Request) -> Response:
    """A page of results with counts of the facets and what the thesaurus added; `limit` is hits of a page."""
    parameters, language = Parameters.of(request), _language(request)
    limit = _number(request.query_params.get("limit", ""), _HITS, _MOST_HITS)
    index, found = await _found(request, parameters, language, limit, facets=FACETS)
    named = {iri for values in found.facets.values() for iri in values} | {one.concept for one in found.expansion}
    name = await _names(request, found.hits, language, named)
    pages = {
        relation: _address(request, "/search.json", parameters.on_page(number), lang=language, limit=limit)
        for relation, number in _around(parameters.page, found.total, limit)
    }
    told = {
        "query": parameters.q,
        "filters": {facet: list(values) for facet, values in parameters.filters.items()},
        "sort": parameters.sort,
        "language": language,
        "generation": index.generation,
        "total": found.total,
        "page": parameters.page,
        **pages,
        "expansion": [
            {
                "concept": one.concept,
                "label": name(one.concept),
                "words": one.words,
                "labels": [{"text": label.text, "language": label.language} for label in one.labels],
                "narrower": list(one.narrower),
            }
            for one in found.expansion
        ],
        "hits": [_described(hit, language, name) for hit in found.hits],
        "facets": {
            facet: [{"value": value, "label": name(value), "count": count} for value, count in values.items()]
            for facet, values in found.facets.items()
        },
    }
    body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    return web.sent(request, body, "application/json", headers=_HEADERS)


async def _opensearch(request: Request) -> Response:
    """The OpenSearch description (1.1), by which a browser offers this search in its own box."""
    language = _language(request)
    described = ET.Element(f"{{{OPENSEARCH}}}OpenSearchDescription")
    said = localisation.translations(language).gettext
    texts = {
        "ShortName": "Clearing-House",
        "Description": said(N_("Search records and keywords in six languages")),
        "InputEncoding": "UTF-8",
    }
    for element, text in texts.items():
        ET.SubElement(described, f"{{{OPENSEARCH}}}{element}").text = text
    addresses = {
        "text/html": _absolute(request, f"/{language}/search?q={{searchTerms}}&page={{startPage?}}"),
        "application/atom+xml": _absolute(
            request, f"/search.atom?q={{searchTerms}}&page={{startPage?}}&lang={language}"
        ),
    }
    for media_type, template in addresses.items():
        ET.SubElement(described, f"{{{OPENSEARCH}}}Url", {"type": media_type, "template": template})
    return web.sent(request, _xml(described), "application/opensearchdescription+xml; charset=utf-8", headers=_HEADERS)


# -------------------------------------------------------------------------------------------------------------- asking


async def _found(
    request: Request,
    parameters: Parameters,
    language: str,
    limit: int,
    *,
    facets: tuple[str, ...] = (),
    snippets: bool = True,
) -> tuple[SearchIndex, Found]:
    index: SearchIndex = request.app.state.search.index()
    asked = parameters.search(language, limit=limit, facets=facets, snippets=snippets)
    return index, await run_in_threadpool(index.search, asked)


async def _names(request: Request, hits: Iterable[Hit], language: str, more: Iterable[str] = ()) -> Name:
    """What gives the label of an IRI in a language; the IRI itself where it has none."""
    known: Labels = request.app.state.labels
    iris = {iri for hit in hits for iri in (*hit.types, *hit.countries, *hit.houses, hit.status)}
    wanted = [iri for iri in {*iris, *more} if "://" in iri]
    found: Mapping[str, Mapping[str, Label]] = await known.of(request, wanted)
    return lambda iri: best(found[iri], language).text if found.get(iri) else iri


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return asked if asked in UNITED_NATIONS else localisation.language(request)


def _number(text: str, default: int, most: int) -> int:
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 9 else default


def _around(page: int, total: int, size: int) -> Iterable[tuple[str, int]]:
    """The pages before and after one."""
    if page > 1:
        yield "previous", page - 1
    if page * size < total:
        yield "next", page + 1


def _address(request: Request, path: str, parameters: Parameters, **more: object) -> str:
    return _absolute(request, parameters.address(path, **more))


def _absolute(request: Request, path: str) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{addresses.bare(request, path)}"


def page_address(request: Request, hit: Hit, language: str) -> str:
    """Where the page about a hit is."""
    path = addresses.page_path(request.app.state.settings.base_iri, hit.iri)
    return _absolute(request, f"/{language}{path}") if path else hit.iri


# ------------------------------------------------------------------------------------------------------------- telling


def called(hit: Hit, language: str, name: Name) -> tuple[str, str]:
    """The title of a hit and its language; of a record that has none what it is and of which country."""
    if hit.titles:
        found = hit.best_title(language)
        return found.text, found.language
    return ", ".join(name(iri) for iri in (*hit.types[:1], *hit.countries[:1])) or hit.iri, language


def _spreadsheet(hits: Iterable[Hit], language: str, name: Name) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows([harmless(cell) for cell in _cells(hit, language, name)] for hit in hits)
    return written.getvalue().encode("utf-8", "replace")


def _cells(hit: Hit, language: str, name: Name) -> list[str]:
    title, title_language = called(hit, language, name)
    lists = ([name(iri) for iri in iris] for iris in (hit.types, hit.houses, hit.countries))
    return [
        hit.iri,
        hit.kind,
        title,
        title_language,
        *("; ".join(one) for one in lists),
        name(hit.status) if hit.status else "",
        hit.date,
        hit.updated,
        " ".join(hit.languages),
        next(iter(hit.identifiers), ""),
        f"{hit.score:g}",
    ]


def _described(hit: Hit, language: str, name: Name) -> dict[str, object]:
    title, title_language = called(hit, language, name)
    snippet = hit.snippet and {
        "text": hit.snippet.text,
        "language": hit.snippet.language,
        "marks": [list(mark) for mark in hit.snippet.marks],
    }
    return {
        "iri": hit.iri,
        "kind": hit.kind,
        "score": hit.score,
        "title": {"text": title, "language": title_language},
        "snippet": snippet,
        "types": [{"iri": iri, "label": name(iri)} for iri in hit.types],
        "clearingHouses": [{"iri": iri, "label": name(iri)} for iri in hit.houses],
        "countries": [{"iri": iri, "label": name(iri)} for iri in hit.countries],
        "status": {"iri": hit.status, "label": name(hit.status)} if hit.status else None,
        "published": hit.date or None,
        "updated": hit.updated or None,
        "languages": list(hit.languages),
        "identifiers": list(hit.identifiers),
    }


def _entry(request: Request, feed: ET.Element, hit: Hit, index: SearchIndex, language: str, name: Name) -> None:
    entry = ET.SubElement(feed, f"{{{ATOM}}}entry")
    title, title_language = called(hit, language, name)
    _add(entry, "id", hit.iri)
    _add(entry, "title", title, title_language)
    _add(entry, "updated", _moment(hit, index))
    if published := _date(hit.date):
        _add(entry, "published", _stamp(published))
    _link(entry, "alternate", page_address(request, hit, language), "text/html")
    for iri in hit.types:
        ET.SubElement(entry, f"{{{ATOM}}}category", {"term": iri, "label": _legal(name(iri))})
    if hit.status:
        ET.SubElement(entry, f"{{{ATOM}}}category", {"term": hit.status, "label": _legal(name(hit.status))})
    if hit.snippet:
        _add(entry, "summary", hit.snippet.text, hit.snippet.language)


def _add(parent: ET.Element, name: str, text: str, language: str = "") -> None:
    attributes = {"{http://www.w3.org/XML/1998/namespace}lang": language} if language else {}
    ET.SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = _legal(text)


def _link(parent: ET.Element, relation: str, address: str, media_type: str) -> None:
    ET.SubElement(parent, f"{{{ATOM}}}link", {"rel": relation, "href": _legal(address), "type": media_type})


def _legal(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _moment(hit: Hit, index: SearchIndex) -> str:
    """When a hit was changed last; of what has no date, when the graph was."""
    return _stamp(_date(hit.updated) or index.modified)


def _date(text: str) -> datetime | None:
    return moment(text + "0001-01-01"[len(text) :]) if text else None


def _stamp(when: datetime) -> str:
    """A date-time as RFC 3339 has it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _xml(root: ET.Element) -> bytes:
    ET.register_namespace("", root.tag[1:].partition("}")[0])
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written
