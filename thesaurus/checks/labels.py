"""What one reading of all labels tells: the languages of each concept, and whose labels may be at fault.

Ten checks look at the text of labels, and a query that looks at them all takes long; so the exact checks are asked of
the suspect ones alone. What is left out here must be faultless: whatever the pattern does not know is left in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from thesaurus.turtle import SKOS

Node = ox.NamedNode | ox.BlankNode

_LABELS = f"""PREFIX skos: <{SKOS}>
SELECT ?node (COUNT(?label) AS ?number)
  (GROUP_CONCAT(CONCAT(LANG(?label), " ", STR(?label)); separator="\\n") AS ?lines) {{
  VALUES ?property {{ %s }}
  ?node ?property ?label
}} GROUP BY ?node"""
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
_LATIN_TAGS = "ca|cs|da|de|en|es|et|fi|fr|hr|hu|id|is|it|la|lt|lv|ms|nb|nl|nn|no|pl|pt|ro|sk|sl|sv|sw|tr|vi"
_WORDS = "[{0}]+(?: [{0}]+)*"


def _sound_lines() -> re.Pattern[str]:
    """Lines of a language and a text in its script, with single spaces within and nothing that cannot be seen."""
    kinds = [f"(?:{_LATIN_TAGS}) {_WORDS.format(_LATIN)}"]
    for tags, script in _SCRIPTS.items():
        kinds.append(f"(?:{tags}) (?=[^\\n]*[{script}]){_WORDS.format(_LATIN + script + '、-】！-｠')}")
    line = f"(?:{'|'.join(kinds)})"
    return re.compile(f"{line}(?:\\n{line})*")


_SOUND = _sound_lines()


class Labels:
    """The labels of a thesaurus, read once.

    `tags` has the language tags of the preferred labels of each node, by IRI; `suspects` is a store of the statements
    about every node with a label that may be at fault by itself, beside others of the node, or because another node
    has it too. It is the whole store where these are many: more than a `share` of its
    statements.
    """

    def __init__(self, store: ox.Store, share: float = 0.01) -> None:
        self.tags: dict[str, list[str]] = {}
        nodes = {*self._preferred(store), *_unsound(_lines(store, "skos:altLabel skos:hiddenLabel"))}
        self.suspects = store if len(nodes) > len(store) * share else _about(store, nodes)

    def _preferred(self, store: ox.Store) -> Iterator[Node]:
        """The nodes with suspect preferred labels, while their tags are noted."""
        whose: dict[str, Node] = {}
        for node, lines in _lines(store, "skos:prefLabel"):
            if not _SOUND.fullmatch(lines):
                yield node
            labels = lines.split("\n")
            tags = [label.partition(" ")[0] for label in labels]
            self.tags[node.value] = tags
            if len({*tags}) < len(tags):
                yield node
            for label in labels:
                if (first := whose.setdefault(label, node)) is not node:
                    yield first
                    yield node


def _lines(store: ox.Store, properties: str) -> Iterator[tuple[Node, str]]:
    """Each node with some labels: a line each, of language and text; no line at all where one is no literal, or has
    lines itself."""
    rows = store.query(_LABELS % properties)
    assert isinstance(rows, ox.QuerySolutions)  # noqa: S101 - a SELECT
    for row in rows:
        text = row["lines"].value if row["lines"] else ""
        yield row["node"], text if text.count("\n") + 1 == int(row["number"].value) else ""


def _unsound(labels: Iterable[tuple[Node, str]]) -> Iterator[Node]:
    return (node for node, lines in labels if not _SOUND.fullmatch(lines))


def _about(store: ox.Store, nodes: Iterable[Node]) -> ox.Store:
    found = ox.Store()
    found.extend(quad for node in nodes for quad in store.quads_for_pattern(node, None, None, None))
    return found
