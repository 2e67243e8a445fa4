"""Documents to be tagged: the text of a file, plain, HTML, PDF or DOCX, and the language it declares or shows.

What a file is, its first bytes decide before its name and media type. Every way in has a bound, so that a small file
cannot unpack into a large one; still, this is work for a process with limits of time and memory.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePath
from typing import IO, Literal
from xml.parsers import expat

import pypdf
from pypdf.errors import DependencyError, PyPdfError

from ontology.errors import DocumentError, DocumentTooLarge
from thesaurus.tagging.text import language_of as text_language
from thesaurus.tagging.text import primary
from thesaurus.tagging.words import FUNCTION_WORDS

Kind = Literal["text", "html", "pdf", "docx"]

BY_SUFFIX: dict[str, Kind] = {
    **dict.fromkeys((".txt", ".text", ".md"), "text"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    ".pdf": "pdf",
    ".docx": "docx",
}
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BY_MEDIA_TYPE: dict[str, Kind] = {
    **dict.fromkeys(("text/plain", "text/markdown"), "text"),
    **dict.fromkeys(("text/html", "application/xhtml+xml"), "html"),
    "application/pdf": "pdf",
    DOCX_TYPE: "docx",
}
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How an OLE compound file begins: an old .doc, or a DOCX with a password ([MS-OFFCRYPTO] 2.3.1)."""
HTML_START = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b", re.IGNORECASE | re.DOTALL
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT_WORD = "http://purl.oclc.org/ooxml/wordprocessingml/main"
DOCX_PARTS = ("word/document.xml", "word/footnotes.xml", "word/endnotes.xml")
DROPPED = frozenset({"script", "style", "noscript", "template", "nav", "svg", "math", "iframe", "object", "head"})
"""HTML elements whose text no reader of the page reads as its text; the title is kept all the same."""
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
INLINE = re.compile(
    r"(?:a|abbr|b|bdi|bdo|cite|code|data|dfn|em|font|i|kbd|mark|q|rp|rt|ruby|s|samp|small|span|strong|sub|sup|time|u|var|wbr)\Z"
)
CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
FEW = 25
"""Characters a page must have on average, or the PDF counts as a scan."""
SCRIPTS = {"zh": ("ja", "ko"), "ar": ("fa", "ur", "ps"), "ru": ("be", "bg", "kk", "ky", "mk", "mn", "sr", "tg", "uk")}
"""Languages that another of the ones that are told by their script shares it with."""


@dataclass(frozen=True)
class Limits:
    """How large a document may be: bytes of the file, bytes it unpacks to, pages, characters of text."""

    size: int = 20 << 20
    unpacked: int = 64 << 20
    pages: int = 2_000
    characters: int = 2_000_000


LIMITS = Limits()


@dataclass(frozen=True)
class TextDocument:
    """The text of a document, its language as a primary subtag, and what kind of file it was in."""

    text: str
    language: str
    kind: Kind


def text_document(data: bytes, name: str = "", media_type: str = "", limits: Limits = LIMITS) -> TextDocument:
    """The text in a file's bytes; `name` and `media_type` say what it is where its bytes do not.

    DocumentTooLarge beyond the limits; DocumentError, saying why, for a file that is of another kind, encrypted,
    damaged, empty, or only holds pictures of pages.
    """
    if len(data) > limits.size:
        raise DocumentTooLarge(f"{_named(name)}: {len(data)} bytes, at most {limits.size} are read")
    kind = _kind(data, name, media_type)
    read = {"text": _plain, "html": _html, "pdf": _pdf, "docx": _docx}[kind]
    try:
        text, declared = read(data, media_type, limits)
    except DocumentError as error:
        raise type(error)(f"{_named(name)}: {error}") from error
    if not text.strip():
        raise DocumentError(f"{_named(name)}: the {kind} file holds no text")
    if len(text) > limits.characters:
        raise DocumentTooLarge(f"{_named(name)}: {len(text)} characters, at most {limits.characters} are tagged")
    return TextDocument(text, language_of(text, declared), kind)


def language_of(text: str, declared: str | None = None) -> str:
    """The language of a text as a primary subtag: the declared one unless the script speaks against it, else what its
    script or its commonest words show."""
    shown, tag = text_language(text, FUNCTION_WORDS), primary(declared)
    same_script = [shown, *SCRIPTS[shown]] if shown in SCRIPTS else None
    if not re.fullmatch(r"[a-z]{2,3}", tag):
        return shown
    if same_script is None:
        return tag if tag not in SCRIPTS and all(tag not in others for others in SCRIPTS.values()) else shown
    return tag if tag in same_script else shown


def _named(name: str) -> str:
    return PurePath(name).name[:80] or "the document"


def _kind(data: bytes, name: str, media_type: str) -> Kind:
    """What a file is, by its first bytes, its name, its media type."""
    start = data[:1024].lstrip()
    if b"%PDF-" in data[:1024]:  # some writers put bytes before the header (ISO 32000-1, implementation note 13)
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return "docx"
    if data.startswith(OLE):
        raise DocumentError(f"{_named(name)}: encrypted, or in the old .doc format; save it as .docx without password")
    if re.match(
        rb"(?:\xef\xbb\xbf)?(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b", start, re.I | re.S
    ):
        return "html"
    claimed = BY_MEDIA_TYPE.get(media_type.partition(";")[0].strip().lower()) or BY_SUFFIX.get(
        PurePath(name).suffix.lower()
    )
    if claimed in ("pdf", "docx") and data:
        raise DocumentError(f"{_named(name)}: damaged, or not a {claimed.upper()} file")
    return claimed or "text"


# Plain text and HTML


def _charset(media_type: str) -> str | None:
    found = re.search(r"charset\s*=\s*\"?([\w.:-]+)", media_type, re.IGNORECASE)
    return found[1] if found else None


def _decoded(data: bytes, charset: str | None) -> str:
    """The characters of some bytes: as their byte order mark says, else in the given charset, else in UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        charset = "utf-16"
    elif data.startswith(b"\xef\xbb\xbf"):
        charset = "utf-8-sig"
    try:
        text = data.decode(charset or "utf-8")
    except LookupError as error:
        raise DocumentError(f"an unknown character encoding: {charset!r:.40}") from error
    except UnicodeDecodeError as error:
        expected = f"text in {charset or 'UTF-8'}"
        raise DocumentError(f"expected {expected}, found other bytes at {error.start}; name its charset") from error
    if "\x00" in text:
        raise DocumentError("expected text, PDF, HTML or DOCX, found binary data")
    return text


def _plain(data: bytes, media_type: str, limits: Limits) -> tuple[str, str | None]:
    return _decoded(data, _charset(media_type)), None


def _html(data: bytes, media_type: str, limits: Limits) -> tuple[str, str | None]:
    named = CHARSET.search(data[:2048])
    declared = _charset(media_type) or (named[1].decode("ascii") if named else None)
    reader = _HtmlReader()
    reader.feed(_decoded(data, declared))
    reader.close()
    return _lines("".join(reader.parts)), reader.language


class _HtmlReader(HTMLParser):
    """Collects the text of a page, a line for each block, and the language it declares."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.language: str | None = None
        self._dropped: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Part of HTMLParser."""
        if tag == "html":
            given = dict(attrs)
            self.language = given.get("lang") or given.get("xml:lang")
        if tag == "body":
            self._dropped.clear()  # the end tag of the head may be left out (HTML, 13.1.2.4)
        if tag in DROPPED and tag not in VOID:
            self._dropped.append(tag)
        self._in_title = tag == "title" and self._dropped in ([], ["head"])
        if not INLINE.match(tag):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Part of HTMLParser."""
        if tag in self._dropped:
            while self._dropped.pop() != tag:
                pass
        self._in_title = False
        if not INLINE.match(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Part of HTMLParser."""
        if self._in_title or not self._dropped:
            self.parts.append(" ".join(data.splitlines()) if "\n" in data else data)


def _lines(text: str) -> str:
    """The text with its white space put in order and without empty lines."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


# PDF


def _pdf(data: bytes, media_type: str, limits: Limits) -> tuple[str, str | None]:
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError("the PDF is encrypted; save it without password")
        if (pages := len(reader.pages)) > limits.pages:
            raise DocumentTooLarge(f"{pages} pages, at most {limits.pages} are read")
        text = "\n".join(_pages(reader, limits))
        language = reader.root_object.get("/Lang")
    except DependencyError as error:
        raise DocumentError(f"the PDF is encrypted in a way that is not read: {error}") from error
    except (PyPdfError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OSError) as error:
        # what pypdf raises for the many ways in which a PDF can be broken
        raise DocumentError(f"the PDF is damaged: {type(error).__name__}") from error
    if len("".join(text.split())) < FEW * pages and _has_pictures(reader):
        raise DocumentError("the PDF only holds pictures of pages; recognise its text (OCR) first")
    return text, language if isinstance(language, str) else None


def _pages(reader: pypdf.PdfReader, limits: Limits) -> Iterator[str]:
    characters = 0
    for page in reader.pages:
        text = page.extract_text()
        characters += len(text)
        if characters > limits.characters:
            raise DocumentTooLarge(f"more than {limits.characters} characters of text")
        yield _lines(text)


def _has_pictures(reader: pypdf.PdfReader) -> bool:
    for page in reader.pages:
        resources = page.get("/Resources")
        drawn = resources.get_object().get("/XObject") if resources else None
        for drawing in drawn.get_object().values() if drawn else ():
            if drawing.get_object().get("/Subtype") == "/Image":
                return True
    return False


# DOCX (ECMA-376)


def _docx(data: bytes, media_type: str, limits: Limits) -> tuple[str, str | None]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            there = set(archive.namelist())
            if DOCX_PARTS[0] not in there:
                raise DocumentError("expected text, PDF, HTML or DOCX, found another kind of archive")
            reader = _DocxReader(limits)
            for part in DOCX_PARTS:
                if part in there:
                    with archive.open(part) as stream:
                        reader.read(stream)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, expat.ExpatError, EOFError, OSError) as error:
        raise DocumentError(f"the DOCX is damaged: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # a compression or an encryption that zipfile does not know
        raise DocumentError(f"the DOCX is encrypted or packed in a way that is not read: {error}") from error
    return _lines("".join(reader.parts)), None


class _DocxReader:
    """Collects the text of a document's parts, a line for each paragraph; what is marked as deleted is left out."""

    def __init__(self, limits: Limits) -> None:
        self.parts: list[str] = []
        self._limits = limits
        self._unpacked = 0
        self._inside = False

    def read(self, stream: IO[bytes]) -> None:
        """Read one part. DocumentTooLarge when the parts unpack to more than the limit, ExpatError for broken XML."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _no_doctype
        while chunk := stream.read(1 << 16):
            self._unpacked += len(chunk)
            if self._unpacked > self._limits.unpacked:
                raise DocumentTooLarge(f"it unpacks to more than {self._limits.unpacked} bytes")
            parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if namespace in (WORD, STRICT_WORD):
            self._inside = local == "t"
            if local in ("p", "br", "cr", "tab"):
                self.parts.append(" " if local == "tab" else "\n")

    def _end(self, name: str) -> None:
        self._inside = False

    def _characters(self, data: str) -> None:
        if self._inside:
            self.parts.append(data)


def _no_doctype(*declared: object) -> None:
    """No part of a DOCX has a document type (ECMA-376-2, 9.1.3); its entities could grow without bound."""
    raise DocumentError("the DOCX is damaged: a part declares a document type")
