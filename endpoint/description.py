"""What the service says of itself to programs: the service description and the dataset description, in RDF.

The service description is what the endpoint answers to a bare GET (https://www.w3.org/TR/sparql11-service-description/).
No other place is registered for it; `/.well-known/void` is registered for the dataset (https://www.w3.org/TR/void/,
7.2), is where harvesters look, and holds both.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import ontology
from endpoint.cache import entity_tag
from endpoint.negotiation import GRAPH_FORMATS, RESULT_FORMATS, Choice, choose
from endpoint.search.sparql_words import CALLS, QUERY
from endpoint.settings import Settings
from endpoint.statistics import Statistics
from endpoint.void import (
    DCTERMS,
    PREFIXES,
    RDF_TYPE,
    VOID,
    XSD,
    dataset,
    dataset_iri,
    english,
    figures,
    namespace,
    number,
)
from ontology.errors import IdentifierError

VOID_PATHS = ("/.well-known/void", "/void")
_SD, _CH, _FOAF = namespace(PREFIXES["sd"]), namespace(PREFIXES["ch"]), namespace(PREFIXES["foaf"])
_SEE_ALSO = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#seeAlso")
_KEPT = 16  # serialised descriptions


class Descriptions:
    """The descriptions of one server; `statistics` gives those of the present generation, None until they are there."""

    def __init__(self, settings: Settings, statistics: Callable[[], Statistics | None]) -> None:
        self._settings, self._statistics = settings, statistics
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._turn = asyncio.Lock()

    def routes(self) -> list[Route]:
        """Where the dataset description is found."""
        return [Route(path, self.dataset_description, methods=["GET", "HEAD"]) for path in VOID_PATHS]

    def service_description(self, request: Request, *, is_search: bool = False) -> Response:
        """What the endpoint, or the search service beside it, can do, about the address by which it was asked."""
        address, choice = _asked(request), _chosen(request)
        described = self._service(address, self._statistics(), is_search=is_search)
        return _response(request, choice, _serialised(described, choice))

    async def dataset_description(self, request: Request) -> Response:
        """What the dataset is and what it holds, with the description of the service that gives access to it."""
        document, address, choice = _asked(request), f"{request.base_url}sparql", _chosen(request)
        statistics = self._statistics()
        key = (document, address, choice.format.name, statistics.identity if statistics else "")
        async with self._turn:  # thousands of statements: one at a time, while the server does other things
            if key not in self._kept:
                self._kept[key] = await asyncio.to_thread(
                    _serialised, self._document(document, address, statistics), choice
                )
            content = self._kept[key]
            self._kept.move_to_end(key)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return _response(request, choice, content)

    def _document(self, document: str, address: str, statistics: Statistics | None) -> Iterator[ox.Triple]:
        yield ox.Triple(ox.NamedNode(document), RDF_TYPE, VOID("DatasetDescription"))
        yield ox.Triple(ox.NamedNode(document), _FOAF("primaryTopic"), dataset_iri(self._settings))
        yield from dataset(self._settings, statistics, address)
        yield from self._service(address, statistics)

    def _service(self, address: str, statistics: Statistics | None, *, is_search: bool = False) -> Iterator[ox.Triple]:
        service = ox.NamedNode(address)
        yield ox.Triple(service, RDF_TYPE, _SD("Service"))
        yield ox.Triple(service, _SD("endpoint"), service)
        yield ox.Triple(service, _SD("supportedLanguage"), _SD("SPARQL10Query"))
        yield ox.Triple(service, _SD("supportedLanguage"), _SD("SPARQL11Query"))
        yield ox.Triple(service, _SD("feature"), _SD("UnionDefaultGraph"))
        if self._settings.partners:
            yield ox.Triple(service, _SD("feature"), _SD("BasicFederatedQuery"))
        # A pattern with search:query is answered at the address of the service itself, elsewhere in calls of it.
        yield ox.Triple(service, _SD("propertyFeature" if is_search else "feature"), QUERY if is_search else CALLS)
        for format_ in (*RESULT_FORMATS, *GRAPH_FORMATS):
            yield ox.Triple(service, _SD("resultFormat"), ox.NamedNode(format_.iri))
        yield from self._limits(service)
        yield from self._default_dataset(service, statistics)

    def _limits(self, service: ox.NamedNode) -> Iterator[ox.Triple]:
        """No vocabulary has words for limits, so these are of our own."""
        settings = self._settings
        time_limit = f"PT{Decimal(str(settings.query_timeout)):f}S"
        yield ox.Triple(service, _CH("queryTimeLimit"), ox.Literal(time_limit, datatype=XSD("dayTimeDuration")))
        yield ox.Triple(service, _CH("resultRowLimit"), number(settings.max_result_rows))
        yield ox.Triple(service, _CH("resultByteLimit"), number(settings.max_result_bytes))
        yield ox.Triple(service, _CH("queryByteLimit"), number(settings.max_query_bytes))

    def _default_dataset(self, service: ox.NamedNode, statistics: Statistics | None) -> Iterator[ox.Triple]:
        """The union of all graphs; of the named graphs those that are not one record's, since there are too many."""
        it, base = dataset_iri(self._settings), self._settings.base_iri
        union = ox.NamedNode(f"{it.value}#union")
        graphs = f" There are {statistics.graphs} named graphs." if statistics else ""
        said = (
            "The default graph is the union of all named graphs: the ontology, the thesaurus, and one for each record, "
            f"named by the IRI of the record.{graphs}"
        )
        yield ox.Triple(service, _SD("defaultDataset"), it)
        yield ox.Triple(it, RDF_TYPE, _SD("Dataset"))
        yield ox.Triple(it, _SD("defaultGraph"), union)
        yield ox.Triple(union, RDF_TYPE, _SD("Graph"))
        yield ox.Triple(union, RDF_TYPE, VOID("Dataset"))
        yield ox.Triple(union, DCTERMS("title"), english("Default graph"))
        yield ox.Triple(union, DCTERMS("description"), english(said))
        for place, name in enumerate((ontology.GRAPH, ox.NamedNode(f"{base}id/thesaurus"))):
            graph = ox.BlankNode(f"g{place}")
            yield ox.Triple(it, _SD("namedGraph"), graph)
            yield ox.Triple(graph, RDF_TYPE, _SD("NamedGraph"))
            yield ox.Triple(graph, _SD("name"), name)
        well_known = service.value.rpartition("/")[0] + VOID_PATHS[0]
        yield ox.Triple(service, _SEE_ALSO, ox.NamedNode(well_known))
        if statistics is not None:
            yield from figures(union, statistics)


def _asked(request: Request) -> str:
    """The address of a request without its query; the client may have made it up."""
    address = str(request.url.replace(query="", fragment=""))
    try:
        return ox.NamedNode(address).value
    except ValueError as error:
        raise IdentifierError(f"{address!r} is no address of this service") from error


def _chosen(request: Request) -> Choice:
    return choose(GRAPH_FORMATS, request.headers.get("accept", ""), request.query_params.get("format"))


def _serialised(triples: Iterable[ox.Triple], choice: Choice) -> bytes:
    graph_format = ox.RdfFormat.from_media_type(choice.format.media_type)
    assert graph_format is not None  # noqa: S101  (every row of the table is a format of the engine)
    return ox.serialize(triples, format=graph_format, prefixes=PREFIXES) or b""


def _response(request: Request, choice: Choice, content: bytes) -> Response:
    """The description, or 304 where the client has it already."""
    tag = entity_tag(content).decode()
    headers = {"Content-Type": choice.content_type, "Vary": "Accept", "ETag": tag, "Cache-Control": "no-cache"}
    if tag in (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers)
