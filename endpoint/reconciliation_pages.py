"""Reconciliation pages: a small page about one concept for the frame of a client, and a smaller text for its lists."""

import base64
import hashlib
from collections.abc import Iterable

from markupsafe import Markup
from starlette.responses import HTMLResponse

from endpoint.languages import direction
from thesaurus.index import Concept, Index

_MOST = 12  # labels, or neighbours of one kind, that a preview shows
_STYLE = (
    "body{margin:.6rem;font:90%/1.4 system-ui,sans-serif;color:#1c2b24;background:#fff}"
    "h1{font-size:1.2em;margin:0}p{margin:.3em 0}.small{color:#4a5a51;font-size:.9em}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em .8em;margin:.4em 0}dt{color:#4a5a51}dd{margin:0}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# A preview is made to stand in the page of a client, wherever that is: it runs nothing, sends nothing, loads nothing.
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors *; sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
}


def preview(index: Index, concept: Concept, language: str) -> HTMLResponse:
    """What a concept is called and means and where it stands, as a page for a frame."""
    label = concept.label(language)
    shown = label.language if label else ""
    page = Markup(
        '<!DOCTYPE html>\n<html lang="{}" dir="{}"><head><meta charset="utf-8"><title>{}</title>'
        "<style>{}</style></head><body>{}</body></html>\n"
    )
    title = label.text if label else concept.identifier
    body = _body(index, concept, language)
    return HTMLResponse(
        page.format(shown, direction(shown), title, Markup(_STYLE), body),  # noqa: S704, a constant
        headers=_HEADERS | ({"Content-Language": shown} if shown else {}),
    )


def flyout(concept: Concept, language: str) -> str:
    """What a concept is called and means, as HTML."""
    label, meaning = concept.label(language), _meaning(concept, language)
    return Markup("<p><strong>{}</strong></p>{}").format(label.text if label else concept.identifier, meaning)


def described(name: str, description: str) -> str:
    """A name and a description, as HTML."""
    return Markup("<p><strong>{}</strong></p><p>{}</p>").format(name, description)


def _body(index: Index, concept: Concept, language: str) -> Markup:
    label = concept.label(language)
    schemes = [found.title(language) for iri in concept.schemes if (found := index.scheme(iri))]
    state = Markup("<p><strong>Deprecated</strong></p>") if concept.deprecated else Markup("")
    names = [one for one in concept.labels if one.kind != "hiddenLabel" and one != label]
    near = {"broader": concept.broader, "narrower": concept.narrower, "related": concept.related}
    known = index.labels([iri for iris in near.values() for iri in iris[:_MOST]], language)
    rows = [
        *((one.language or "–", one.text, one.language) for one in names[:_MOST]),
        *((kind, known[iri].text, known[iri].language) for kind, iris in near.items() for iri in iris if iri in known),
    ]
    return Markup("<h1>{}</h1>{}<p class='small'>{} · {}</p>{}{}").format(
        label.text if label else concept.identifier,
        state,
        ", ".join(schemes),
        concept.identifier,
        _meaning(concept, language),
        _list(rows),
    )


def _meaning(concept: Concept, language: str) -> Markup:
    notes = [one for one in concept.notes if one.kind in ("definition", "scopeNote")]
    order = [language, "en", ""]
    notes.sort(key=lambda one: (order.index(one.language) if one.language in order else len(order), one.kind))
    if not notes:
        return Markup("")
    first = notes[0]
    return Markup('<p lang="{}" dir="{}">{}</p>').format(first.language, direction(first.language), first.text)


def _list(rows: Iterable[tuple[str, str, str]]) -> Markup:
    row = Markup('<dt>{}</dt><dd lang="{}" dir="{}">{}</dd>')
    made = Markup("").join(row.format(term, tag, direction(tag), text) for term, text, tag in rows)
    return Markup("<dl>{}</dl>").format(made) if made else made
