"""The review of proposed changes in a browser: the queue, a change with what speaks for and against it, decisions."""

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from endpoint import addresses, localisation, web
from endpoint.accounts import Account, Role, account, required
from endpoint.differences import conflict_key, differences, iris, property_name
from endpoint.editor import PAGE, offset, thesauri, with_editing
from endpoint.editor_proposals import SUBJECTS
from endpoint.localisation import N_
from endpoint.resolution import CHOICES, Decision, resolved
from endpoint.sessions import form
from loaders.editing import ChangeRefused, Editing, Review
from ontology.errors import AccessError, EditingError
from thesaurus.changes import ChangeSet

STATUSES = (N_("proposed"), N_("approved"), N_("rejected"))


def routes() -> list[BaseRoute]:
    """`/thesaurus/changes` and what is below it."""
    return [
        web.route("/thesaurus/changes", _queue),
        web.route("/thesaurus/changes/{id}", _change),
        web.route("/thesaurus/changes/{id}/approve", _approve, ("POST",)),
        web.route("/thesaurus/changes/{id}/reject", _reject, ("POST",)),
        web.route("/thesaurus/changes/{id}/resolve", _resolve, ("POST",)),
    ]


def approver_of(request: Request, change: ChangeSet) -> Account:
    """Who asks, if they may decide on a change. AccessError for its author, unless a setting allows that."""
    reviewer = required(request, Role.APPROVER)
    if change.author == reviewer.name and not request.app.state.settings.approve_own:
        raise AccessError(f"{reviewer.name} made this change; somebody else has to approve it")
    return reviewer


def approved(request: Request, editing: Editing, identifier: str, remark: str) -> ChangeSet:
    """Approve a change as who asks. AccessError if they may not, ChangeRefused for conflicts and new errors."""
    reviewer = approver_of(request, editing.change(identifier))
    return editing.approve(identifier, reviewer=reviewer.name, remark=remark)


def rejected(request: Request, editing: Editing, identifier: str, remark: str) -> ChangeSet:
    """Reject a change as who asks; its author may take it back."""
    change = editing.change(identifier)
    reviewer = required(request, Role.EDITOR if change.author == account(request).name else Role.APPROVER)
    return editing.reject(identifier, reviewer=reviewer.name, remark=remark)


def publishing(request: Request) -> BackgroundTask:
    """What makes the graph follow the thesaurus, after the answer."""
    return BackgroundTask(thesauri(request).publish)


def found_or_404(editing: Editing, identifier: str) -> ChangeSet:
    """The change set of an identifier."""
    try:
        return editing.change(identifier)
    except EditingError as error:
        raise web.not_found(str(error)) from error


def _queue(request: Request) -> Response:
    status, start = request.query_params.get("status", "proposed"), offset(request)
    if status not in (*STATUSES, "all"):
        status = "proposed"
    with thesauri(request).editing() as editing:
        found = editing.changes(None if status == "all" else status)  # type: ignore[arg-type]
        waiting = len(editing.changes("proposed"))
    return web.page(
        request,
        "changes.html",
        changes=found[start : start + PAGE],
        status=status,
        statuses=STATUSES,
        waiting=waiting,
        offset=start,
        limit=PAGE,
        has_more=len(found) > start + PAGE,
    )


async def _change(request: Request) -> Response:
    return await _change_page(request)


async def _change_page(request: Request, message: str = "", status: int = 200) -> Response:
    """A change, its review as long as it is proposed, and what may be done with it."""
    index = await run_in_threadpool(thesauri(request).index)

    def work(editing: Editing) -> tuple[ChangeSet, Review | None]:
        change = found_or_404(editing, request.path_params["id"])
        return change, editing.review(change.id) if change.status == "proposed" else None

    change, review = await with_editing(request, work)
    who = account(request)
    is_own = who.name == change.author and not request.app.state.settings.approve_own
    conflicts = review.conflicts if review else []
    named = iris(change.delta) if len(change.delta.subjects()) <= SUBJECTS else set()
    named |= {finding.concept for finding in (*review.new, *review.old)} if review else set()
    named |= {node.value for node in review.records} if review else set()

    def made() -> Response:
        return web.page(
            request,
            "change.html",
            status,
            change=change,
            review=review,
            conflicts=[(conflict_key(one), property_name(one.predicate.value), one) for one in conflicts],
            choices=CHOICES,
            subjects=differences(change.delta, SUBJECTS),
            more=max(len(change.delta.subjects()) - SUBJECTS, 0),
            labels=index.labels(named, localisation.language(request)),
            is_own=is_own,
            may_decide=change.status == "proposed" and who.role >= Role.APPROVER and not is_own,
            may_approve=review is not None and not review.refusals,
            may_resolve=bool(conflicts) and who.role >= Role.EDITOR,
            may_take_back=change.status == "proposed" and who.name == change.author and who.role >= Role.EDITOR,
            message=message,
        )

    return await run_in_threadpool(made)


async def _approve(request: Request) -> Response:
    given = await form(request)
    identifier, remark = request.path_params["id"], str(given.get("remark", ""))
    try:
        await with_editing(request, lambda editing: approved(request, editing, identifier, remark))
    except ChangeRefused as error:
        return await _change_page(request, str(error), 409)
    return _back(request, publishing(request))


async def _reject(request: Request) -> Response:
    given = await form(request)
    identifier, remark = request.path_params["id"], str(given.get("remark", ""))
    await with_editing(request, lambda editing: rejected(request, editing, identifier, remark))
    return _back(request)


async def _resolve(request: Request) -> Response:
    """Put a change that fits the present version in the place of one with conflicts."""
    author = required(request, Role.EDITOR)
    given = await form(request)

    def work(editing: Editing) -> None:
        change = found_or_404(editing, request.path_params["id"])
        delta = resolved(editing.statements(), change.delta, editing.review(change.id).conflicts, _decisions(given))
        if delta.is_empty():
            raise EditingError("nothing is left of the change; reject it instead")
        editing.revise(change.id, delta, author=author.name)

    await with_editing(request, work)
    return _back(request)


def _decisions(given: FormData) -> dict[str, Decision]:
    keys = [str(key) for key in given.getlist("conflict")]
    return {
        key: Decision(str(given.get(f"choice.{place}", "")), str(given.get(f"text.{place}", "")))
        for place, key in enumerate(keys)
    }


def _back(request: Request, background: BackgroundTask | None = None) -> Response:
    path = addresses.prefixed(request, f"/thesaurus/changes/{request.path_params['id']}")
    return RedirectResponse(path, 303, background=background)
