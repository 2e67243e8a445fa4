"""Jelly: statements in the compact binary format of https://w3id.org/jelly, where the extra `jelly` is installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import pyoxigraph as ox
from pyjelly import jelly
from pyjelly.options import StreamParameters
from pyjelly.serialize.encode import TermEncoder
from pyjelly.serialize.ioutils import write_delimited
from pyjelly.serialize.streams import QuadStream, SerializerOptions

ROWS = 1000
"""Rows of a frame: a reader holds one frame at a time."""
_PLAIN = "http://www.w3.org/2001/XMLSchema#string"


class JellyFile:
    """A stream of quads, written to a file as it comes; the same quads in the same order give the same bytes."""

    def __init__(self, target: BinaryIO) -> None:
        options = SerializerOptions(
            logical_type=jelly.LOGICAL_STREAM_TYPE_FLAT_QUADS, frame_size=ROWS, params=StreamParameters()
        )
        self._target = target
        self._stream = QuadStream(encoder=_TermEncoder(lookup_preset=options.lookup_preset), options=options)
        self._stream.enroll()

    def write(self, quads: Iterable[ox.Quad]) -> None:
        """Append quads of named graphs."""
        for quad in quads:
            if frame := self._stream.quad(quad):
                write_delimited(frame, self._target)

    def end(self) -> None:
        """Write what is left; nothing may follow."""
        if frame := self._stream.flow.to_stream_frame():
            write_delimited(frame, self._target)


class _TermEncoder(TermEncoder):  # type: ignore[misc]  # the library comes without types
    """Terms of pyoxigraph as they are, without another object for each."""

    def encode_spo(self, term: object, slot: Any, statement: Any) -> Any:
        if isinstance(term, ox.NamedNode):
            return self.encode_iri(term.value, self.get_iri_field(statement, slot))
        if isinstance(term, ox.Literal):
            datatype = None if term.language or term.datatype.value == _PLAIN else term.datatype.value
            field = self.get_literal_field(statement, slot)
            return self.encode_literal(lex=term.value, language=term.language, datatype=datatype, literal=field)
        if isinstance(term, ox.BlankNode):
            self.set_bnode_field(statement, slot, term.value)
            return ()
        return super().encode_spo(term, slot, statement)

    def encode_graph(self, term: object, statement: Any) -> Any:
        if isinstance(term, ox.NamedNode):
            return self.encode_iri(term.value, statement.g_iri)
        return super().encode_graph(term, statement)
