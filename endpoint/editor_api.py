"""Change sets for programs: what the pages of the editor do, as JSON, with an API key."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from endpoint import addresses, web
from endpoint.accounts import Role, api_key, required
from endpoint.concept_form import concept_of
from endpoint.editor import PAGE, offset, thesauri, with_editing
from endpoint.editor_changes import STATUSES, approved, found_or_404, publishing, rejected
from endpoint.sessions import body
from loaders.editing import Editing, Review
from ontology.errors import EditingError, SignInNeeded
from thesaurus.changes import ChangeSet, Conflict, Delta
from thesaurus.checks import Finding

_LARGEST = 64 << 20

Model = TypeVar("Model", bound=BaseModel)


class Proposal(BaseModel):
    """A change as N-Triples lines, made on version `base`; `dryRun` only tells what it would do."""

    model_config = ConfigDict(extra="forbid")

    added: list[str] = []
    removed: list[str] = []
    reason: str = Field(default="", max_length=2000)
    base: int | None = None
    dry_run: bool = Field(default=False, alias="dryRun")


class Remark(BaseModel):
    """What a reviewer says."""

    model_config = ConfigDict(extra="forbid")

    remark: str = Field(default="", max_length=2000)


def routes() -> list[BaseRoute]:
    """`/thesaurus/api/changes` and `/thesaurus/api/versions`."""
    changes = "/thesaurus/api/changes"
    return [
        Route(changes, _changes, methods=["GET", "HEAD"]),
        Route(changes, _propose, methods=["POST"]),
        Route(f"{changes}/{{id}}", _change, methods=["GET", "HEAD"]),
        Route(f"{changes}/{{id}}", _revise, methods=["PUT"]),
        Route(f"{changes}/{{id}}/approve", _approve, methods=["POST"]),
        Route(f"{changes}/{{id}}/reject", _reject, methods=["POST"]),
        Route("/thesaurus/api/versions", _versions, methods=["GET", "HEAD"]),
        Route("/thesaurus/api/versions/{older:int}..{newer:int}", _between, methods=["GET", "HEAD"]),
    ]


def _changes(request: Request) -> Response:
    """The change sets, newest first; `status`, `concept` and `offset` choose among them."""
    status, concept = request.query_params.get("status"), request.query_params.get("concept")
    if status not in (None, *STATUSES):
        raise EditingError(f"status: {status!r:.40}; expected one of {', '.join(STATUSES)}")
    with thesauri(request).editing() as editing:
        found = editing.changes(status, concept_of(concept) if concept else None)  # type: ignore[arg-type]
    start = offset(request)
    return JSONResponse({"total": len(found), "changes": [_head(one) for one in found[start : start + PAGE]]})


def _change(request: Request) -> Response:
    with thesauri(request).editing() as editing:
        change = found_or_404(editing, request.path_params["id"])
        review = editing.review(change.id) if change.status == "proposed" else None
    return JSONResponse(_whole(change, review))


async def _propose(request: Request) -> Response:
    author, given = _author(request, Role.EDITOR), await _given(request, Proposal)
    change = Delta.of_lines(given.added, given.removed, "the proposal")

    def work(editing: Editing) -> Response:
        if given.dry_run:
            return JSONResponse(_review(editing.assessment(change, given.base)))
        made = editing.propose(change, author=author, reason=given.reason, base=given.base)
        path = addresses.prefixed(request, f"/thesaurus/api/changes/{made.id}")
        return JSONResponse(_whole(made, editing.review(made.id)), 201, headers={"Location": path})

    return await with_editing(request, work)


async def _revise(request: Request) -> Response:
    """Put another change, made on the present version, in the place of a proposed one."""
    author, given = _author(request, Role.EDITOR), await _given(request, Proposal)
    change = Delta.of_lines(given.added, given.removed, "the proposal")

    def work(editing: Editing) -> Response:
        found = found_or_404(editing, request.path_params["id"])
        made = editing.revise(found.id, change, author=author, reason=given.reason or None)
        return JSONResponse(_whole(made, editing.review(made.id)))

    return await with_editing(request, work)


async def _approve(request: Request) -> Response:
    _author(request, Role.APPROVER)
    given = await _given(request, Remark)
    identifier = request.path_params["id"]
    made = await with_editing(request, lambda editing: approved(request, editing, identifier, given.remark))
    return JSONResponse(_whole(made, None), background=publishing(request))


async def _reject(request: Request) -> Response:
    _author(request, Role.EDITOR)
    given = await _given(request, Remark)
    identifier = request.path_params["id"]
    made = await with_editing(request, lambda editing: rejected(request, editing, identifier, given.remark))
    return JSONResponse(_whole(made, None))


def _versions(request: Request) -> Response:
    with thesauri(request).editing() as editing:
        version, changes = editing.version(), editing.changes("approved")
    return JSONResponse({"version": version, "changes": [_head(change) for change in changes]})


def _between(request: Request) -> Response:
    older, newer = request.path_params["older"], request.path_params["newer"]
    with thesauri(request).editing() as editing:
        try:
            added, removed = editing.delta(older, newer).lines()
        except EditingError as error:
            raise web.not_found(str(error)) from error
    return JSONResponse({"older": older, "newer": newer, "added": added, "removed": removed})


def _author(request: Request, role: Role) -> str:
    """The name of who asks. SignInNeeded without an API key: a cookie may have been sent by another site's page."""
    if not api_key(request):
        raise SignInNeeded("send an API key, as Authorization: Bearer or X-API-Key")
    return required(request, role).name


async def _given(request: Request, kind: type[Model]) -> Model:
    """The body of a request. EditingError for one that is not of its kind."""
    text = await body(request, _LARGEST)
    try:
        return kind.model_validate_json(text or b"{}")
    except ValidationError as error:
        fault = error.errors()[0]
        where = "/".join(map(str, fault["loc"])) or "the body"
        raise EditingError(f"{where}: {fault['msg']}; expected {json.dumps(sorted(kind.model_fields))}") from error


def _head(change: ChangeSet) -> dict[str, Any]:
    names = ("id", "status", "author", "reason", "base", "created", "revision", "reviewer", "reviewed", "remark")
    told = {name: getattr(change, name) for name in (*names, "version")}
    return told | {"numberAdded": len(change.delta.added), "numberRemoved": len(change.delta.removed)}


def _whole(change: ChangeSet, review: Review | None) -> dict[str, Any]:
    added, removed = change.delta.lines()
    told = _head(change) | {"added": added, "removed": removed}
    return told | {"review": _review(review)} if review else told


def _review(review: Review) -> dict[str, Any]:
    return {
        "mayBeApproved": not review.refusals,
        "conflicts": [_conflict(conflict) for conflict in review.conflicts],
        "new": [_finding(finding) for finding in review.new],
        "old": [_finding(finding) for finding in review.old],
        "records": {concept.value: count for concept, count in review.records.items()},
    }


def _conflict(conflict: Conflict) -> dict[str, Any]:
    values = {name: [str(value) for value in getattr(conflict, name)] for name in ("expected", "found", "wanted")}
    where = {"subject": conflict.subject.value, "predicate": conflict.predicate.value, "language": conflict.language}
    return where | values


def _finding(finding: Finding) -> dict[str, str]:
    return {"level": finding.level, "concept": finding.concept, "message": finding.message}
