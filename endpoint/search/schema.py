"""The fields of the search index, which the process that builds it and those that read it share."""

from functools import cache

import tantivy

from endpoint.languages import UNITED_NATIONS
from endpoint.search.analysis import LANGUAGES
from endpoint.search.entries import FACETS

VERSION = 1
"""Of what is written; an index of another version is built again."""
PARTS = ("title", "label", "text")
"""What of a record is searched, each in a field for each language: titles, labels of its keywords, all other texts."""
IRI, IDENTIFIER, DATE, CARD, TEXTS = "iri", "identifier", "date", "card", "texts"
MANIFEST, CONCEPTS, WORDS = "search.json", "concepts.json", "words.txt"
"""The files that the index has beside those of tantivy: what it was made of, the concepts, the words it knows."""


def field(part: str, language: str) -> str:
    """The field of a part of the texts in a language."""
    return f"{part}_{language}"


def order(language: str) -> str:
    """The field with what a title is put in alphabetical order by for readers of a language."""
    return f"order_{language}"


@cache
def schema() -> tantivy.Schema:
    """The schema; what is told of a hit is stored as JSON: `card` in lists and feeds, `texts` to be quoted."""
    builder = tantivy.SchemaBuilder()
    for part in PARTS:
        for language in LANGUAGES:
            builder.add_text_field(field(part, language), tokenizer_name="raw", index_option="position")
    for name in FACETS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field(IRI, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(IDENTIFIER, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field(DATE, fast=True)
    for language in UNITED_NATIONS:
        builder.add_text_field(order(language), tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_bytes_field(CARD, stored=True)
    builder.add_bytes_field(TEXTS, stored=True)
    return builder.build()
