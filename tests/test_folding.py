"""Folding makes the spellings that readers use for one label the same, and keeps apart what differs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thesaurus.folding import folded, is_unspaced, without_article, words


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("educacion", "Educación"),
        ("STRASSE", "Straße"),
        ("acces", "Accès"),
        ("Lodz", "Łódź"),
        ("istanbul", "İstanbul"),
        ("l'eau", "L’eau"),
        ("еж", "Ёж"),
        ("dna", "ＤＮＡ"),
        ("الاحيا", "الأَحْيَاء"),
        ("الجينيه", "الجينيّة"),
        ("مستوي", "مستوى"),
        ("كتاب", "كـتـاب"),
        ("2030", "٢٠٣٠"),
        ("a b", "  A \t\n B "),
        ("co-operation", "co\u2011operation"),
    ],
)
def test_what_readers_leave_out_or_type_otherwise_makes_no_difference(typed: str, label: str) -> None:
    assert folded(typed) == folded(label)


@pytest.mark.parametrize(("one", "other"), [("क", "कि"), ("か", "が"), ("生物", "生態"), ("мир", "мер"), ("ب", "ت")])
def test_what_makes_another_word_is_kept(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(st.characters(codec=None, categories=None)))
def test_every_folded_text_can_be_written(text: str) -> None:
    assert folded(text + "\ud800\x00").encode("utf-8").count(b"\x00") == 0


@given(st.text())
def test_words_hold_letters_marks_and_digits_only(text: str) -> None:
    assert not set('"*^(){}:+- \t\x00') & set("".join(words(folded(text))))


def test_a_script_without_spaces_gives_a_word_for_each_character() -> None:
    assert words(folded("DNA序列 (2)")) == ["dna", "序", "列", "2"]
    assert [is_unspaced(word) for word in ("dna", "序", "ガ", "ม", "글")] == [False, True, True, True, False]


def test_an_arabic_word_is_known_without_its_article() -> None:
    assert without_article("الموارد") == "موارد"
    assert without_article("موارد") is None
    assert without_article("الى") is None
