"""Index documents: which of their fields only repeat another; they are left out before the walk over the document."""

from __future__ import annotations

import re

from loaders.documents import JsonObject

FORMS = re.compile(
    r"(?:grp_|sort\d|text_|meta\d|schema_[A-Z]|_version_|virtual_).*|.*_(?:C(?:AR|EN|ES|FR|RU|ZH)|REL)_ss?\Z"
)
LABEL = re.compile(r"(.+)_(AR|EN|ES|FR|RU|ZH)_(?:s|ss|t|txt)\Z")
TWINS = {"s": "dt", "t": "s", "txt": "ss"}


def repeated_fields(body: JsonObject) -> set[str]:
    """The fields of an index document that only repeat another of its fields in another form.

    The search index holds a field as string and as analysed text, with labels per language and with all broader terms,
    and adds keys for sorting and grouping.
    """
    return {key for key in body if FORMS.match(key) or _is_label(key, body) or _is_twin(key, body)}


def _is_label(key: str, body: JsonObject) -> bool:
    """Whether the field spells out, in one language, what a coded field says."""
    found = LABEL.match(key)
    return found is not None and any(f"{found[1]}_C{found[2]}_{form}" in body for form in ("s", "ss"))


def _is_twin(key: str, body: JsonObject) -> bool:
    stem, _, suffix = key.rpartition("_")
    twin = f"{stem}_{TWINS[suffix]}" if suffix in TWINS else None
    return twin in body and body[twin] == body[key]
