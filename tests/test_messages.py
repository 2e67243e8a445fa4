"""The words of the pages: all of them are messages, and every message is translated into every language."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from endpoint.languages import UNITED_NATIONS
from endpoint.localisation import DEFAULT

ROOT = Path(__file__).parents[1]
ENDPOINT, LOCALES = ROOT / "endpoint", ROOT / "endpoint" / "locales"
TEMPLATES = sorted((ENDPOINT / "templates").glob("*.html"))
TRANSLATED = [tag for tag in UNITED_NATIONS if tag != DEFAULT]
PLACEHOLDER, TAG = re.compile(r"%\((\w+)\)s"), re.compile(r"</?\w+[^>]*>")
NAMES = frozenset(
    {"Atom", "BibTeX", "CSV", "DCAT", "DOCX", "GUID", "HTML", "IRI", "JSON", "JSON-LD", "N-Quads", "N-Triples", "RDF"}
    | {"RDF/XML", "RIS", "SPARQL", "TriG", "Turtle", "UID", "VoID", "XML", "en"}
)
"""What is called the same in every language."""


@cache
def extracted() -> Catalog:
    """The messages of code, templates and queries, by the commands of `make messages`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.pot"
        subprocess.run([*_command("extract"), "--output", str(path), "endpoint"], cwd=ROOT, check=True)
        with path.open("rb") as file:
            return read_po(file)


def _command(name: str) -> list[str]:
    """The command of a name in the Makefile, as far as its options."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if f"pybabel --quiet {name}" in line]
    options = re.sub(r"\s--(?:in|out)put-?\w*\s\S+|\s[a-z]\w*$", "", line.partition("pybabel")[2])
    return [str(Path(sys.executable).parent / "pybabel"), *options.split()]


@cache
def catalogue(tag: str) -> Catalog:
    with (LOCALES / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=tag)


def messages(found: Catalog) -> Iterator[Message]:
    return (message for message in found if message.id)


def texts(message: Message) -> list[str]:
    """The translations of a message: one for each form of its number."""
    return [message.string] if isinstance(message.string, str) else list(message.string)


def forms(message: Message) -> list[str]:
    """The message itself, in the singular and in the plural."""
    return [message.id] if isinstance(message.id, str) else list(message.id)


# ---------------------------------------------------------------------------------------------------------- catalogues


def test_messages_are_found_in_code_templates_and_questions() -> None:
    found = {message.id if isinstance(message.id, str) else message.id[0] for message in messages(extracted())}
    assert {"Approve", "Preferred label", "reader", "The query took too long"} <= found
    assert any(one.startswith("Which certificates") for one in found)
    assert len(found) > 500


@pytest.mark.parametrize("tag", TRANSLATED)
def test_every_message_is_translated(tag: str) -> None:
    known = catalogue(tag)
    missing = [
        message.id for message in messages(extracted()) if (one := known.get(message.id)) is None or not one.string
    ]
    assert missing == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_no_translation_is_of_a_message_that_is_gone_or_uncertain(tag: str) -> None:
    known = catalogue(tag)
    assert [message.id for message in messages(known) if extracted().get(message.id) is None] == []
    assert [message.id for message in known if message.fuzzy] == []
    assert list(known.obsolete) == []


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_has_a_text_for_each_form_of_a_number(tag: str) -> None:
    known = catalogue(tag)
    for message in messages(known):
        if isinstance(message.id, tuple) and any(texts(message)):
            assert len(texts(message)) == known.num_plurals, message.id
            assert all(texts(message)), message.id


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_translation_has_the_values_and_the_markup_of_its_message(tag: str) -> None:
    """Of a form for one number only, the number itself may be left out."""
    for message in messages(catalogue(tag)):
        expected = {name for form in forms(message) for name in PLACEHOLDER.findall(form)}
        required = expected - ({"num", "count"} if isinstance(message.id, tuple) else set())
        for text in filter(None, texts(message)):
            found = set(PLACEHOLDER.findall(text))
            assert required <= found <= expected, (message.id, text)
            assert "%" not in PLACEHOLDER.sub("", text).replace("%%", "") or not expected, (message.id, text)
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(forms(message)[-1])), (message.id, text)
            assert text == text.strip(), (message.id, text)


@pytest.mark.parametrize("tag", TRANSLATED)
def test_a_catalogue_is_as_its_tools_write_it(tag: str) -> None:
    """Sorted, each message in one line, without places: a difference shows words only."""
    written = BytesIO()
    write_po(written, catalogue(tag), width=0, sort_output=True, no_location=True)
    tool = re.compile(rb'^"Generated-By: .*\n', re.MULTILINE)
    kept = (LOCALES / tag / "LC_MESSAGES" / "messages.po").read_bytes()
    assert tool.sub(b"", kept) == tool.sub(b"", written.getvalue())


# ------------------------------------------------------------------------------------------------------------- sources


def words_outside(template: str) -> set[str]:
    """The words of a template that are no messages: between tags, and in attributes that people read or hear."""
    text = re.sub(r"\{#.*?#\}|<(code|pre|script|style)\b.*?</\1>", " ", template, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", " ", text, flags=re.DOTALL)
    spoken = re.findall(r'\b(?:aria-label|alt|title|placeholder|data-name)="([^"]*)"', text)
    text = re.sub(r"&\w+;|&#\w+;", " ", re.sub(r"<[^>]*>", " ", text))
    return set(re.findall(r"[^\W\d_][\w/-]+", " ".join([text, *spoken]))) - NAMES


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_is_a_message(template: Path) -> None:
    assert words_outside(template.read_text(encoding="utf-8")) == set()


def test_a_word_outside_the_messages_is_seen() -> None:
    assert words_outside('<p title="Hello">{{ _("x") }} world {# not this #}<code>nor this</code> Turtle</p>') == {
        "Hello",
        "world",
    }


def test_a_message_in_code_is_marked_where_it_is_written() -> None:
    """`gettext(request, "…")` would be looked for in vain: what is shown is marked by `N_`."""
    unmarked = [
        f"{path.name}: {found}"
        for path in ENDPOINT.rglob("*.py")
        for found in re.findall(r'gettext\(\s*request,\s*f?"[^"]*"', path.read_text(encoding="utf-8"))
    ]
    assert unmarked == []
