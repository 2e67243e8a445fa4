"""The pages of the shapes: what is asked of records, rule by rule, and the examples that the rules are tried on."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import addresses, web
from endpoint.localisation import N_
from endpoint.site.ontology_pages import named
from endpoint.site.rules import NAMESPACE, SEVERITIES, Rules
from endpoint.web import not_found

SEVERITY_WORDS = {
    "Violation": (N_("Violation"), N_("A record is not taken: it would be unusable, or unlawful to show.")),
    "Warning": (N_("Warning"), N_("Something is missing that the forms call mandatory, or leads to the wrong place.")),
    "Info": (N_("Note"), N_("A matter of style, or a term that the thesaurus does not know yet.")),
}
"""The name of each severity, and what it means for a record that was published already."""


def routes() -> list[BaseRoute]:
    """`/shapes`, `/shapes/{name}`, and the Turtle of each file."""
    return [
        web.route("/shapes", _overview),
        Route("/shapes/{name}.ttl", _turtle, methods=["GET", "HEAD"], name="shapes_turtle"),
        web.route("/shapes/{name}", _file),
    ]


async def _overview(request: Request) -> Response:
    rules = _rules(request)
    kinds = {file.kind for file in rules.files.values() if file.kind}
    return web.page(
        request,
        "shapes.html",
        files=list(rules.files.values()),
        labels=await named(request, kinds),
        severities=SEVERITY_WORDS,
        namespace=NAMESPACE,
    )


async def _file(request: Request) -> Response:
    """The shapes of a file; the name of a single shape leads to its place there."""
    rules, name = _rules(request), request.path_params["name"]
    if name in rules.file_of:
        return RedirectResponse(addresses.prefixed(request, f"/shapes/{rules.file_of[name].name}#{name}"), 303)
    file = rules.files.get(name)
    if file is None:
        raise not_found(f"there are no shapes {name!r:.100}")
    iris = {iri for shape in file.shapes for iri in (*shape.classes, *shape.objects_of, *shape.whole.iris())}
    schemes = {name: rules.schemes(name) for name in rules.file_of}
    iris |= {iri for found in schemes.values() for iri in found} | ({file.kind} if file.kind else set())
    return web.page(
        request,
        "shapes_file.html",
        file=file,
        file_of={name: one.name for name, one in rules.file_of.items()},
        schemes=schemes,
        labels=await named(request, iris),
        severities=SEVERITY_WORDS,
        order=SEVERITIES,
        namespace=NAMESPACE,
    )


def _turtle(request: Request) -> Response:
    file = _rules(request).files.get(request.path_params["name"])
    if file is None:
        raise not_found(f"there is no file at {request.url.path}")
    return web.sent(request, file.text.encode(), "text/turtle; charset=utf-8")


def _rules(request: Request) -> Rules:
    return Rules.load(request.app.state.settings.base_iri)
