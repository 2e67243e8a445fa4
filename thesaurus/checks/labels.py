"""What one reading of all labels tells: the languages of each concept, and whose labels may be at fault.

Ten checks look at the text of labels, and a query that looks at them all takes long; so the exact checks are asked of
the suspect ones alone. What is left out here must be faultless: whatever the pattern does not know is left in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from thesaurus.checks.rows import written
from thesaurus.turtle import SKOS

_LABELS = f"PREFIX skos: <{SKOS}> SELECT ?node ?label {{{{ VALUES ?property {{{{ {{}} }}}} ?node ?property ?label }}}}"

# Letters and marks up to the combining ones, and the usual punctuation; not the controls, the soft hyphen, and the
# quotation mark and the backslash, which Turtle escapes.
_LATIN = r"!#-\[\]-~\u00A1-\u00AC\u00AE-\u036F\u1E00-\u1EFF\u2010-\u2027\u2030-\u205E"
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
_OTHERS = "、-】！-｠"  # punctuation of Chinese and Japanese


def _sound_texts() -> dict[str, re.Pattern[str]]:
    """By language tag, what a sound text in its script looks like as Turtle writes it: single spaces within, and
    nothing that is escaped or cannot be seen."""
    words = "[{0}]+(?: [{0}]+)*"
    found = dict.fromkeys(_LATIN_TAGS.split("|"), re.compile(words.format(_LATIN)))
    for tags, script in _SCRIPTS.items():
        text = re.compile(f"(?=.*[{script}]){words.format(_LATIN + script + _OTHERS)}")
        found |= dict.fromkeys(tags.split("|"), text)
    return found


_SOUND = _sound_texts()


class Labels:
    """The labels of a thesaurus, read once.

    `tags` has the language tags of the preferred labels of each node, by IRI; `suspects` is a store of the statements
    about every node with a label that may be at fault by itself, beside others of the node, or because another node
    has it too. It is the whole store where these are many: more than a `share` of its statements.
    """

    def __init__(self, store: ox.Store, share: float = 0.01) -> None:
        self.tags: dict[str, list[str]] = {}
        nodes = {*self._preferred(store), *_unsound(store, "skos:altLabel skos:hiddenLabel")}
        self.suspects = store if len(nodes) > len(store) * share else _about(store, nodes)

    def _preferred(self, store: ox.Store) -> Iterator[str]:
        """The nodes with suspect preferred labels, while their tags are noted."""
        whose: dict[str, str] = {}
        for node, label in written(store, _LABELS.format("skos:prefLabel")):
            text, _, tag = label.rpartition('"@')
            tags = self.tags.setdefault(node[1:-1], [])
            first = whose.setdefault(label, node)
            if first is not node:
                yield first
            if first is not node or tag in tags or not _is_sound(text, tag):
                yield node
            tags.append(tag)


def _unsound(store: ox.Store, properties: str) -> Iterator[str]:
    for node, label in written(store, _LABELS.format(properties)):
        text, _, tag = label.rpartition('"@')
        if not _is_sound(text, tag):
            yield node


def _is_sound(text: str, tag: str) -> bool:
    """Whether a text without its closing quotation mark is faultless in a language."""
    pattern = _SOUND.get(tag)
    return pattern is not None and pattern.fullmatch(text, 1) is not None


def _about(store: ox.Store, nodes: Iterable[str]) -> ox.Store:
    found = ox.Store()
    for node in nodes:
        subject = ox.NamedNode(node[1:-1]) if node.startswith("<") else ox.BlankNode(node[2:])
        found.extend(store.quads_for_pattern(subject, None, None, None))
    return found
