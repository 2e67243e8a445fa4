"""Documents to be tagged: their text and language from every kind of file, and a clear word where there is none."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DictionaryObject, NameObject, NumberObject, StreamObject, TextStringObject

from ontology.errors import DocumentError, DocumentTooLarge
from thesaurus.tagging.documents import Limits, language_of, text_document

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
ENGLISH = "The benefits that arise from the use of genetic resources are shared with the country of origin."


def pdf(*pages: str, language: str | None = None, locked: str | None = None, picture: bool = False) -> bytes:
    """A PDF with a line of text on each page."""
    writer = pypdf.PdfWriter()
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    for text in pages:
        page = writer.add_blank_page(595, 842)
        drawn = StreamObject()
        drawn.set_data(f"BT /F1 12 Tf 50 800 Td ({text}) Tj ET".encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(drawn)
        resources = DictionaryObject({NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})})
        if picture:
            image = StreamObject()
            image.update({NameObject("/Subtype"): NameObject("/Image"), NameObject("/Width"): NumberObject(1)})
            resources[NameObject("/XObject")] = DictionaryObject({NameObject("/I"): writer._add_object(image)})
        page[NameObject("/Resources")] = resources
    if language:
        writer.root_object[NameObject("/Lang")] = TextStringObject(language)
    if locked is not None:
        writer.encrypt(locked, algorithm="RC4-128")
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def docx(*paragraphs: str, inside: str = "", **parts: str) -> bytes:
    """A DOCX with some paragraphs, `inside` as more of its XML; further parts by their names in `word/`."""
    text = "".join(f"<w:p><w:r><w:t>{paragraph}</w:t></w:r></w:p>" for paragraph in paragraphs)
    written = f'<w:document xmlns:w="{WORD}"><w:body>{text}{inside}</w:body></w:document>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", written)
        for name, part in parts.items():
            archive.writestr(f"word/{name}.xml", part)
    return file.getvalue()


# Plain text


@pytest.mark.parametrize("encoded", [ENGLISH.encode(), ENGLISH.encode("utf-16"), ENGLISH.encode("utf-8-sig")])
def test_plain_text_is_read_as_its_byte_order_mark_says(encoded: bytes) -> None:
    found = text_document(encoded, "note.txt")
    assert (found.text, found.language, found.kind) == (ENGLISH, "en", "text")


def test_plain_text_is_read_in_the_charset_that_its_media_type_names() -> None:
    russian = "Доступ к генетическим ресурсам"
    assert text_document(russian.encode("cp1251"), "", "text/plain; charset=windows-1251").text == russian


def test_text_in_another_encoding_is_refused_with_the_place() -> None:
    with pytest.raises(DocumentError, match=r"accès\.txt: expected text in UTF-8, found other bytes at 3; name its"):
        text_document("accès".encode("latin-1"), "folder/accès.txt")


@pytest.mark.parametrize("data", [b"", b" \n\t ", b"<html><body><script>x()</script></body></html>"])
def test_a_file_without_text_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="holds no text"):
        text_document(data, "empty.txt")


# HTML


def test_a_page_loses_what_is_not_its_text() -> None:
    page = """<!DOCTYPE html><html lang="fr-CA"><head><title>Accès</title><style>p {}</style><meta charset=utf-8>
    <body><nav><a href="/">Menu</a></nav><script>track("genes")</script><p>Partage <b>juste</b> et
    &eacute;quitable</p><ul><li>un<li>deux</ul><svg><text>logo</text></svg></body></html>"""
    found = text_document(page.encode(), "page")
    assert found.text.splitlines() == ["Accès", "Partage juste et équitable", "un", "deux"]
    assert (found.language, found.kind) == ("fr", "html")


def test_a_page_is_read_in_the_charset_that_it_declares() -> None:
    page = '<html><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>遗传资源</p></html>'
    found = text_document(page.encode("gb2312"), "", "text/html")
    assert (found.text, found.language) == ("遗传资源", "zh")


def test_what_is_only_a_piece_of_a_page_is_read_as_such_where_its_name_says_so() -> None:
    assert text_document(b"<p>one<br>two</p>", "piece.html").text == "one\ntwo"
    assert text_document(b"5 <p> 3", "piece.txt").text == "5 <p> 3"


# PDF


def test_a_pdf_gives_its_pages_and_its_language() -> None:
    found = text_document(pdf("Genetic resources", "Fair and equitable sharing", language="en-GB"))
    assert found.text.splitlines() == ["Genetic resources", "Fair and equitable sharing"]
    assert (found.language, found.kind) == ("en", "pdf")


def test_a_pdf_with_only_an_owner_password_can_be_read() -> None:
    assert text_document(pdf(ENGLISH, locked="")).text.strip() == ENGLISH


def test_an_encrypted_pdf_is_refused_as_such() -> None:
    with pytest.raises(DocumentError, match=r"report\.pdf: the PDF is encrypted"):
        text_document(pdf(ENGLISH, locked="a word"), "report.pdf")


def test_a_scanned_pdf_is_refused_as_such() -> None:
    with pytest.raises(DocumentError, match="only holds pictures of pages"):
        text_document(pdf("", "", picture=True), "scan.pdf")
    assert text_document(pdf(ENGLISH, ENGLISH, picture=True)).text  # pictures beside text are no scan


def test_a_damaged_pdf_is_refused_as_such() -> None:
    whole = pdf(ENGLISH)
    for broken in (whole[: len(whole) // 3], b"%PDF-1.7\n" + b"\x00\xff" * 500, whole.replace(b"/Pages", b"/Sages")):
        with pytest.raises(DocumentError, match=r"broken\.pdf: the (PDF is damaged|pdf file holds no text)"):
            text_document(broken, "broken.pdf")
    with pytest.raises(DocumentError, match="damaged, or not a PDF file"):
        text_document(b"no PDF at all", "broken.pdf")


def test_a_pdf_has_a_limit_of_pages() -> None:
    with pytest.raises(DocumentTooLarge, match="3 pages, at most 2 are read"):
        text_document(pdf("a", "b", "c"), limits=Limits(pages=2))


# DOCX


def test_a_docx_gives_its_paragraphs_tables_and_notes_but_not_what_was_deleted() -> None:
    inside = (
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        "<w:p><w:del><w:r><w:delText>secret</w:delText></w:r></w:del><w:r><w:t>left</w:t><w:tab/><w:t>right</w:t></w:r>"
        "<w:r><w:instrText>HYPERLINK</w:instrText></w:r></w:p>"
    )
    notes = f'<w:footnotes xmlns:w="{WORD}"><w:p><w:r><w:t>a note</w:t></w:r></w:p></w:footnotes>'
    found = text_document(docx("Genetic", "resources", inside=inside, footnotes=notes))
    assert found.text.splitlines() == ["Genetic", "resources", "cell", "left right", "a note"]
    assert found.kind == "docx"


def test_a_docx_that_unpacks_without_end_is_refused_before_it_does() -> None:
    bomb = docx("resources " * 1_000_000)
    assert len(bomb) < 50_000
    with pytest.raises(DocumentTooLarge, match="unpacks to more than 1000000 bytes"):
        text_document(bomb, limits=Limits(unpacked=1_000_000))


def test_entities_of_a_docx_are_never_expanded() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    with pytest.raises(DocumentError, match="declares a document type"):
        text_document(file.getvalue())


def other_archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return file.getvalue()


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "half a file": (lambda: docx("text" * 500)[:200], "the DOCX is damaged"),
    "broken XML": (lambda: docx("<w:p>"), "the DOCX is damaged"),
    "a spreadsheet": (other_archive, "another kind of archive"),
    "a password": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "encrypted, or in the old .doc format"),
    "something else": (lambda: b"hello", "not a DOCX file"),
}


@pytest.mark.parametrize(("data", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_readable_docx_is_refused_as_such(data: Callable[[], bytes], said: str) -> None:
    with pytest.raises(DocumentError, match=said) as refused:
        text_document(data(), "file.docx")
    assert str(refused.value).startswith("file.docx: ")


# Bounds and languages


def test_a_file_has_a_limit_of_bytes_and_of_characters() -> None:
    with pytest.raises(DocumentTooLarge, match=r"note: 11 bytes, at most 10 are read"):
        text_document(b"a" * 11, "note", limits=Limits(size=10))
    with pytest.raises(DocumentTooLarge, match="characters"):
        text_document(b"a" * 11, limits=Limits(characters=10))
    with pytest.raises(DocumentTooLarge, match="characters"):
        text_document(pdf(ENGLISH), limits=Limits(characters=10))


def test_binary_data_is_refused() -> None:
    with pytest.raises(DocumentError, match="found binary data"):
        text_document(b"GIF89a\x00\x00\x01")


LANGUAGES: Sequence[tuple[str, str | None, str]] = [
    (ENGLISH, None, "en"),
    ("Les ressources génétiques et le partage des avantages dans les pays", None, "fr"),
    ("Los recursos genéticos y la participación en los beneficios que se derivan", None, "es"),
    ("Доступ к генетическим ресурсам", None, "ru"),
    ("公平和公正地分享利用遗传资源 (ABS)", None, "zh"),
    ("الحصول على الموارد الجينية", None, "ar"),
    ("公平和公正地分享利用遗传资源", "en-US", "zh"),
    ("Zugang zu genetischen Ressourcen und gerechte Aufteilung der Vorteile", None, "de"),
    ("Zugang zu genetischen Ressourcen", "de-CH", "de"),
    ("Доступ до генетичних ресурсів", "uk", "uk"),
    ("The use of genetic resources", "ru", "en"),
    (ENGLISH, "not a tag", "en"),
]


@pytest.mark.parametrize(("text", "declared", "expected"), LANGUAGES)
def test_the_language_is_the_declared_one_unless_the_script_speaks_against_it(
    text: str, declared: str | None, expected: str
) -> None:
    assert language_of(text, declared) == expected


def test_the_modules_of_a_file_name_never_show_its_folder(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as refused:
        text_document(b"", str(tmp_path / "empty.txt"))
    assert str(tmp_path) not in str(refused.value)
