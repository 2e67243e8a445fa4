"""For translators: what the query files and the list of topics say to people, as Babel's extraction wants it.

https://babel.pocoo.org/en/latest/messages.html#writing-extraction-methods
"""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from endpoint.library import paragraphs, remarks_on_choices

Message = tuple[int, None, str, list[str]]
"""Line, function, message, comments for translators."""


def questions(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Message]:
    """The question of a query file, the remarks on it, and the words of the values that may be changed."""
    text = fileobj.read().decode("utf-8")
    for paragraph in filter(None, paragraphs(text)):
        yield 1, None, paragraph, []
    for line, words in remarks_on_choices(text):
        yield line, None, words, []


def topics(
    fileobj: IO[bytes], keywords: Mapping[str, Any], comment_tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Message]:
    """The titles of the topics of the question library."""
    text = fileobj.read().decode("utf-8")
    for topic in tomllib.loads(text)["topics"]:
        yield text.count("\n", 0, text.index(f'title = "{topic["title"]}"')) + 1, None, topic["title"], []
