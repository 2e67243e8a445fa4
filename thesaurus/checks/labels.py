"""The concepts whose labels may be at fault, found in one reading, so that the exact checks are asked of those alone.

A scan of all labels takes a query half a second for 40,000 concepts in six languages, and ten checks would take ten.
What is left out here must be faultless: whatever a pattern does not know is left in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyoxigraph as ox

from thesaurus.turtle import SKOS

_LABELS = f"""PREFIX skos: <{SKOS}>
SELECT ?node (GROUP_CONCAT(CONCAT(LANG(?label), " ", STR(?label)); separator="\\n") AS ?lines) {{
  VALUES ?property {{ %s }}
  ?node ?property ?label
}} GROUP BY ?node"""
_SHARED = f"""PREFIX skos: <{SKOS}>
SELECT DISTINCT ?node {{
  {{ SELECT ?label {{ ?any skos:prefLabel ?label }} GROUP BY ?label HAVING (COUNT(*) > 1) }}
  ?node skos:prefLabel ?label
}}"""

# Letters and marks up to the combining ones, but not the controls and the soft hyphen, and the usual punctuation.
_LATIN = r"!-~\u00A1-\u00AC\u00AE-\u036F\u1E00-\u1EFF\u2010-\u2027\u2030-\u205E"
_SCRIPTS = {
    "ar|fa|ur|ps": r"\u0600-\u06FF",
    "ru|uk|be|bg|mk": r"\u0400-\u04FF",
    "zh": r"\u3400-\u4DBF\u4E00-\u9FFF",
    "ja": r"\u3040-\u30FF\u4E00-\u9FFF",
    "ko": r"\uAC00-\uD7A3",
    "el": r"\u0370-\u03FF",
    "he": r"\u0590-\u05FF",
    "hi|mr|ne": r"\u0900-\u097F",
    "th": r"\u0E00-\u0E7F",
}
_LATIN_TAG = "(?:af|ca|cs|cy|da|de|en|es|et|eu|fi|fr|ga|gl|hr|hu|id|is|it|la|lt|lv|ms|nb|nl|nn|no|pl|pt|ro|sk|sl|sq|sv|sw|tr|vi)"
_WORDS = "[{0}]+(?: [{0}]+)*"


def _sound_lines() -> re.Pattern[str]:
    """Lines of a language and a text in its script, with single spaces within and nothing that cannot be seen."""
    kinds = [f"{_LATIN_TAG} {_WORDS.format(_LATIN)}"]
    for tags, script in _SCRIPTS.items():
        kinds.append(f"(?:{tags}) (?=[^\\n]*[{script}]){_WORDS.format(_LATIN + script + '、-】！-｠')}")
    line = f"(?:{'|'.join(kinds)})"
    return re.compile(f"{line}(?:\\n{line})*")


_SOUND = _sound_lines()


def suspects(store: ox.Store) -> ox.Store:
    """The statements about every node with a label that may be at fault by itself, beside the others of the node, or
    because another node has it too; the store itself where these are many."""
    nodes = {*_at_fault(store), *(row["node"] for row in _rows(store, _SHARED))}
    most = len(store) // 100
    if len(nodes) > most:
        return store
    found = ox.Store()
    found.extend(quad for node in nodes for quad in store.quads_for_pattern(node, None, None, None))
    return found


def _at_fault(store: ox.Store) -> Iterator[ox.NamedNode | ox.BlankNode]:
    for properties in ("skos:prefLabel", "skos:altLabel skos:hiddenLabel"):
        for row in _rows(store, _LABELS % properties):
            lines = row["lines"]
            if lines is None or not _SOUND.fullmatch(lines.value):
                yield row["node"]
            elif properties == "skos:prefLabel":
                tags = [line[:2] for line in lines.value.split("\n")]
                if len(tags) > len({*tags}):
                    yield row["node"]


def _rows(store: ox.Store, query: str) -> ox.QuerySolutions:
    rows = store.query(query)
    assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - a SELECT
    return rows
