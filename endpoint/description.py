"""What the service says of itself to programs: the service description and the dataset description, in RDF.

The service description is what the endpoint answers to a bare GET (https://www.w3.org/TR/sparql11-service-description/).
No other place is registered for it; `/.well-known/void` is registered for the dataset (https://www.w3.org/TR/void/,
7.2), is where harvesters look, and holds both.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import ontology
from endpoint.cache import entity_tag
from endpoint.negotiation import GRAPH_FORMATS, RESULT_FORMATS, choose
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

    def routes(self) -> list[Route]:
        """Where the dataset description is found."""
        return [Route(path, self.dataset_description, methods=["GET", "HEAD"]) for path in VOID_PATHS]

    def service_description(self, request: Request) -> Response:
        """What the endpoint can do, about the address by which it was asked."""
        address = _asked(request)
        return self._response(request, "service", address, lambda found: self._service(address, found))

    async def dataset_description(self, request: Request) -> Response:
        """What the dataset is and what it holds, with the description of the service that gives access to it."""
        document, address = _asked(request), f"{request.base_url}sparql"

        def triples(found: Statistics | None) -> Iterator[ox.Triple]:
            yield ox.Triple(ox.NamedNode(document), RDF_TYPE, VOID("DatasetDescription"))
            yield ox.Triple(ox.NamedNode(document), _FOAF("primaryTopic"), dataset_iri(self._settings))
            yield from dataset(self._settings, found, address)
            yield from self._service(address, found)

        return self._response(request, document, address, triples)

    def _response(
        self, request: Request, kind: str, address: str, triples: Callable[[Statistics | None], Iterable[ox.Triple]]
    ) -> Response:
        """The statements in the format that suits the client, or 304 where it has them already."""
        name = request.query_params.get("format")
        choice = choose(GRAPH_FORMATS, request.headers.get("accept", ""), name)
        statistics = self._statistics()
        key = (kind, address, choice.format.name, statistics.identity if statistics else "")
        if (content := self._kept.get(key)) is None:
            content = self._kept[key] = _serialised(triples(statistics), choice.format.media_type)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        tag = entity_tag(content).decode()
        headers = {"Content-Type": choice.content_type, "Vary": "Accept", "ETag": tag, "Cache-Control": "no-cache"}
        if tag in (part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers)

    def _service(self, address: str, statistics: Statistics | None) -> Iterator[ox.Triple]:
        service = ox.NamedNode(address)
        yield ox.Triple(service, RDF_TYPE, _SD("Service"))
        yield ox.Triple(service, _SD("endpoint"), service)
        yield ox.Triple(service, _SD("supportedLanguage"), _SD("SPARQL10Query"))
        yield ox.Triple(service, _SD("supportedLanguage"), _SD("SPARQL11Query"))
        yield ox.Triple(service, _SD("feature"), _SD("UnionDefaultGraph"))
        if self._settings.partners:
            yield ox.Triple(service, _SD("feature"), _SD("BasicFederatedQuery"))
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


def _serialised(triples: Iterable[ox.Triple], media_type: str) -> bytes:
    graph_format = ox.RdfFormat.from_media_type(media_type)
    assert graph_format is not None  # noqa: S101  (every row of the table is a format of the engine)
    return ox.serialize(triples, format=graph_format, prefixes=PREFIXES) or b""
