"""The editors' desk: everything that an application needs for signing in and for the pages and API of the editor."""

from fastapi import FastAPI

from endpoint import (
    editor,
    editor_api,
    editor_changes,
    editor_proposals,
    editor_translations,
    editor_versions,
    sign_in,
    web,
)
from endpoint.accounts import SECRET_FILE, Accounts
from endpoint.oidc import Provider
from endpoint.sessions import Sessions
from endpoint.settings import Settings

_PARTS = (
    web,
    sign_in,
    editor,
    editor_proposals,
    editor_changes,
    editor_versions,
    editor_translations,
    editor_api,
)


def install(app: FastAPI, settings: Settings) -> None:
    """Add the pages to an application whose state has `settings` and `thesauri`."""
    app.state.accounts = Accounts(settings)
    app.state.sessions = Sessions(settings.data_dir / SECRET_FILE, settings.session_seconds)
    app.state.provider = Provider(settings) if settings.oidc_issuer else None
    for part in _PARTS:
        app.router.routes.extend(part.routes())
