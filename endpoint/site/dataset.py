"""The page of the dataset: what it is, what it holds, and how to get it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from endpoint import addresses, localisation, web
from endpoint.asking import question
from endpoint.dump_description import File, Manifest
from endpoint.dump_pages import manifests
from endpoint.dumps import FOLDER
from endpoint.labels import labels
from endpoint.localisation import N_
from endpoint.settings import Settings
from endpoint.site.citations import Citation
from endpoint.site.figures import statistics
from endpoint.site.thing_pages import thing_page
from endpoint.site.things import Thing
from endpoint.statistics import Statistics
from endpoint.store import MARKS

_SHOWN = 40


def routes() -> list[BaseRoute]:
    """`/dataset`."""
    return [web.route("/dataset", _dataset)]


async def _dataset(request: Request) -> Response:
    settings: Settings = request.app.state.settings
    thing = Thing(f"{settings.base_iri}id/dataset", "dataset", "dataset")
    counted = statistics(request)
    dumps = await run_in_threadpool(lambda: list(manifests(settings.data_dir / FOLDER))[:1])
    classes = sorted(counted.classes, key=lambda iri: -counted.classes[iri].statements) if counted else []
    properties = _properties(counted)
    iris = {*classes[:_SHOWN], *list(properties)[:_SHOWN], *(counted.houses if counted else ())}
    return thing_page(
        request,
        "dataset.html",
        thing,
        citation=Citation(
            thing.iri,
            settings.dataset_title,
            localisation.gettext(request, N_("Dataset")),
            identifier=counted.generation if counted else "",
            date=counted.modified[:10] if counted else "",
        ),
        said=_said(request, settings, counted, dumps[0] if dumps else None),
        settings=settings,
        statistics=counted,
        statements=counted.triples - counted.mark.triples if counted else 0,
        classes=classes,
        properties=properties,
        in_languages=_in_languages(counted),
        shown=_SHOWN,
        dump=dumps[0] if dumps else None,
        labels=await labels(request, iris),
        endpoint_address=_address(request, "/sparql"),
        queries={name: question(f"pages/{name}-of-the-graph") for name in ("classes", "properties")},
    )


def _properties(statistics: Statistics | None) -> dict[str, int]:
    """The triples of each property, most first, without the store's own mark."""
    if statistics is None:
        return {}
    counts = {iri: counts.triples for iri, counts in statistics.properties.items() if iri not in MARKS}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _in_languages(statistics: Statistics | None) -> list[tuple[str, int]]:
    """How many texts there are in each language."""
    total: Counter[str] = Counter()
    for counts in statistics.properties.values() if statistics else ():
        total.update(counts.languages)
    return total.most_common(_SHOWN)


def _address(request: Request, path: str) -> str:
    return str(request.url.replace(path=addresses.bare(request, path), query=""))


def _said(request: Request, settings: Settings, statistics: Statistics | None, dump: Manifest | None) -> dict[str, Any]:
    """The dataset as search engines for data sets read it (https://schema.org/Dataset)."""
    files = [_download(request, dump.generation, file) for file in dump.files] if dump else []
    return {
        "@type": "Dataset",
        "url": _address(request, "/dataset"),
        "name": settings.dataset_title,
        "description": settings.dataset_description,
        "license": settings.dataset_license,
        "isAccessibleForFree": True,
        "dateModified": statistics.modified if statistics else None,
        "version": statistics.generation if statistics else None,
        "inLanguage": [tag for tag, _ in _in_languages(statistics)],
        "distribution": [
            {"@type": "DataDownload", "name": "SPARQL", "contentUrl": _address(request, "/sparql")},
            *files,
        ],
    }


def _download(request: Request, generation: str, file: File) -> dict[str, str]:
    return {
        "@type": "DataDownload",
        "name": file.name,
        "encodingFormat": file.media_type,
        "contentSize": str(file.size),
        "contentUrl": _address(request, f"/dumps/{generation}/{file.name}"),
        "sha256": file.sha256,
    }
