"""The process that tags: it loads one tagger, answers one request at a time and may be killed at any moment.

Started by the service as `python -m endpoint.tagging_worker SOCKET TAGGER MEMORY_BYTES`. Both sides speak in the frames
of the query workers: it says READY once, then gives one END for each QUERY. A request is a line of JSON, behind which a
file may follow; an answer is JSON.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from endpoint.worker import END, FRAME, READY, isolate, limit, send
from loaders.tagged_texts import suggested
from loaders.texts import FieldText
from loaders.values import OFFICIAL_LANGUAGES
from ontology.errors import DocumentError, DocumentTooLarge
from thesaurus.tagging import Tagger
from thesaurus.tagging.documents import text_document

Json = dict[str, Any]


def answer(tagger: Tagger, request: Json, file: bytes) -> Json:
    """What is suggested for texts in fields, or the text of a file."""
    try:
        if request["is_file"]:
            return asdict(text_document(file, request["name"], request["media_type"]))
        texts = [FieldText(**one) for one in request["texts"]]
        found = suggested(tagger, texts, request["limit"], request["schemes"])
        return {"candidates": [asdict(one) for one in found]}
    except DocumentError as error:
        return {"error": "too-large" if isinstance(error, DocumentTooLarge) else "document", "message": str(error)}
    except MemoryError:
        return {"error": "memory"}


def serve(channel: socket.socket, path: Path) -> None:
    """Load the tagger and answer requests until the service hangs up."""
    tagger = Tagger.load(path)
    for language in OFFICIAL_LANGUAGES:  # what a language needs is made when it is first asked for: not in a request
        tagger.suggestions("-", language)
    send(channel, READY, b"{}")
    with contextlib.suppress(BrokenPipeError, ConnectionResetError), channel.makefile("rb") as frames:
        while head := frames.read(FRAME.size):
            _, length = FRAME.unpack(head)
            line, _, file = frames.read(length).partition(b"\n")
            send(channel, END, json.dumps(answer(tagger, json.loads(line), file)).encode())


def main(arguments: list[str]) -> None:
    """Run the process; see the head of this module for its arguments."""
    descriptor, path, memory = arguments
    isolate()
    limit(int(memory))
    with socket.socket(fileno=int(descriptor)) as channel:
        serve(channel, Path(path))


if __name__ == "__main__":
    main(sys.argv[1:])
