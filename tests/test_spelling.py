"""Spelling: the nearest texts are those that Dice's coefficient says, in any script."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thesaurus.folding import folded, words
from thesaurus.spelling import Spellings

TEXTS = [
    "genetic resources",
    "resources",
    "森林管理",
    "森林",
    "الموارد الجينيه",
    "c++",
    "++",
    "",
    "genetic resources",
    "plans for the management of waste",
]


def trigrams(text: str) -> set[str]:
    spaced = f" {' '.join(words(text)) or text} "
    return {spaced[place : place + 3] for place in range(len(spaced) - 2)}


def likeness(one: str, other: str) -> float:
    common = len(trigrams(one) & trigrams(other))
    whole = 2 * common / (len(trigrams(one)) + len(trigrams(other)))
    return max(whole, 0.6 * common / len(trigrams(one)) + 0.4 * whole)


@given(
    st.lists(st.text(alphabet="abc 森林理\n", max_size=9).map(folded), max_size=30), st.text("abc 森林理", max_size=9)
)
@settings(deadline=None)
def test_what_is_found_is_what_is_like_enough_the_likest_first(texts: list[str], text: str) -> None:
    text = folded(text)
    if not trigrams(text) or not texts:
        return
    expected = sorted(
        (score for other in texts if trigrams(other) and (score := likeness(text, other)) >= 0.4), reverse=True
    )
    assert [score for _, score in Spellings(texts).nearest(text, 100)] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("genetc resources", 0),
        ("森林管哩", 2),
        ("الموارد الجنيه", 4),
        ("resource genetic", 0),
        ("++", 6),
        ("managment", 9),
    ],
)
def test_a_mistyped_text_finds_what_was_meant(text: str, found: int) -> None:
    assert Spellings(TEXTS).nearest(text, 1)[0][0] == found


def test_only_those_that_count_are_found() -> None:
    among = np.array([number == 8 for number in range(len(TEXTS))])
    assert [place for place, _ in Spellings(TEXTS).nearest("genetic resources", 9, among=among)] == [8]


def test_nothing_is_like_anything_among_no_texts() -> None:
    assert Spellings([]).nearest("text", 5) == []
    assert Spellings(["text"]).nearest("", 5) == []
