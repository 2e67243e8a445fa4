"""The versions of the thesaurus in a browser: what each one brought, what lies between any two, and their Turtle."""

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, localisation, web
from endpoint.differences import differences, iris
from endpoint.editor import thesauri
from endpoint.editor_proposals import SUBJECTS
from ontology.errors import EditingError
from thesaurus.turtle import document

_TWO = re.compile(r"([1-9][0-9]{0,8})\.\.([1-9][0-9]{0,8})")


def routes() -> list[BaseRoute]:
    """`/thesaurus/versions`, the statements of one, and the difference between two."""
    return [
        web.route("/thesaurus/versions", _versions),
        web.route("/thesaurus/versions/{version:int}.ttl", _turtle, name="version"),
        web.route("/thesaurus/versions/compare", _compare),
        web.route("/thesaurus/versions/{two}", _between),
    ]


def _versions(request: Request) -> Response:
    with thesauri(request).editing() as editing:
        version, changes = editing.version(), editing.changes("approved")
    return web.page(request, "versions.html", version=version, changes=changes)


def _turtle(request: Request) -> Response:
    """All statements of a version, in the written form; a version never changes."""
    version = request.path_params["version"]
    with thesauri(request).editing() as editing:
        try:
            statements = editing.statements(version)
        except EditingError as error:
            raise web.not_found(str(error)) from error
    headers = {
        "Content-Disposition": f'attachment; filename="thesaurus-{version}.ttl"',
        "Cache-Control": "public, max-age=86400",
        "X-Content-Type-Options": "nosniff",
    }
    text = document(statements, f"# Version {version} of the thesaurus.\n")
    return Response(text, media_type="text/turtle; charset=utf-8", headers=headers)


def _compare(request: Request) -> Response:
    """From the two numbers of a form to the page of what lies between them."""
    older, newer = (request.query_params.get(name, "") for name in ("older", "newer"))
    return RedirectResponse(addresses.prefixed(request, f"/thesaurus/versions/{quote(older)}..{quote(newer)}"), 303)


def _between(request: Request) -> Response:
    """What leads from one version to another."""
    two = _TWO.fullmatch(request.path_params["two"])
    if two is None:
        raise web.not_found(f"{request.path_params['two']!r:.40} is no pair of versions: expected 1..2")
    older, newer = int(two[1]), int(two[2])
    with thesauri(request).editing() as editing:
        try:
            change = editing.delta(older, newer)
        except EditingError as error:
            raise web.not_found(str(error)) from error
        last = editing.version()
    subjects = differences(change, SUBJECTS)
    shown = iris(change) if len(change.subjects()) <= SUBJECTS else {subject.iri for subject in subjects}
    return web.page(
        request,
        "between.html",
        older=older,
        newer=newer,
        last=last,
        added=len(change.added),
        removed=len(change.removed),
        concepts=len(change.subjects()),
        subjects=subjects,
        more=max(len(change.subjects()) - SUBJECTS, 0),
        labels=thesauri(request).index().labels(shown, localisation.language(request)),
    )
