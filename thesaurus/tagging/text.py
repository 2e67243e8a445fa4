"""Text becomes tokens: where each stands in the original text, and the stem by which it is compared.

One rule for all languages: a run of letters and digits is a token, and every Chinese or Japanese character is one by
itself, so that no segmenter is needed; a label is then found by the sequence of its tokens, also inside a sentence
without spaces. Stems: Snowball for the languages it knows, in Russian after Simplemma's lemma; in Arabic the folded
word without its article, its conjunction and up to two endings; in Chinese the character.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import simplemma
import snowballstemmer

from thesaurus.folding import folded, is_unspaced
from thesaurus.tagging.words import FUNCTION_WORDS

_SPACELESS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
# Marks on letters, soft hyphens and joiners stand inside words; `\w` has none of them.
_INNER = r"\u00ad\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u200c\u200d"
_TOKEN = re.compile(rf"[{_SPACELESS}]|(?:(?![{_SPACELESS}])[^\W_]|[{_INNER}])+")
_BREAK = re.compile(r"[.;:!?。；：！？؛؟]|\n\s*\n")
_INVISIBLE = re.compile(r"[\u00ad\u200c\u200d]")
_ARABIC_ENDING = re.compile(r"(?<=...)(?:يات|يه|ات|ون|ين|ان|ها|هم|ه|ي)$")
_ARABIC_PREFIX = re.compile(r"^(?:[وف]?(?:[بك]?ال|لل)|و)(?=..)")
_SCRIPTS = (
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("ar", re.compile("[\u0620-\u064a]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
)
_SNOWBALL = {
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
_DETECTED_LENGTH = 5000  # characters


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text, one place for each in all lists; function words are left out.

    `starts` and `ends` count characters of the original text; `surfaces` are the folded words, `stems` what is
    compared; `sentences` says in which part between two punctuation marks a token stands, counted from 0.
    """

    starts: list[int]
    ends: list[int]
    surfaces: list[str]
    stems: list[str]
    sentences: list[int]

    def __len__(self) -> int:
        return len(self.stems)


def tokens(text: str, language: str) -> Tokens:
    """The tokens of a text in a language (a primary subtag such as "en", or "" where none is known)."""
    found = Tokens([], [], [], [], [])
    end = sentence = 0
    for match in _TOKEN.finditer(text):
        if _BREAK.search(text, end, match.start()):
            sentence += 1
        end = match.end()
        surface, stem = _word(match.group(), language)
        if not stem:
            continue
        found.starts.append(match.start())
        found.ends.append(end)
        found.surfaces.append(surface)
        found.stems.append(stem)
        found.sentences.append(sentence)
    return found


def units(stems: Iterable[str]) -> list[str]:
    """What bags of words are made of: the stems, but pairs of Chinese characters in place of single ones."""
    bag: list[str] = []
    before, is_paired = "", False
    for stem in [*stems, ""]:
        is_character = len(stem) == 1 and is_unspaced(stem)
        if before and is_character:
            bag.append(before + stem)
        elif before and not is_paired:
            bag.append(before)
        is_paired = bool(before and is_character)
        before = stem if is_character else ""
        if stem and not is_character:
            bag.append(stem)
    return bag


def primary(tag: str | None) -> str:
    """The primary subtag of a language tag, "zh" for "zh-Hans"; empty for none."""
    return re.split("[-_]", tag or "", maxsplit=1)[0].lower()


def language_of(text: str, languages: Iterable[str]) -> str:
    """The language of a text, out of those given: by its script, else by whose function words are in it most.

    Looks at the first 5,000 characters. English, or the first by name, where nothing tells them apart.
    """
    known = sorted(set(languages)) or ["en"]
    sample = text[:_DETECTED_LENGTH]
    letters = sum(map(str.isalpha, sample))
    for language, script in _SCRIPTS:
        # One Chinese character says as much as several letters.
        if language in known and len(script.findall(sample)) > letters * (0.2 if language == "zh" else 0.4):
            return language
    words = Counter(unicodedata.normalize("NFC", word).lower() for word in re.findall(r"[^\W\d_]+", sample))
    hits = {
        language: sum(words[word] for word in FUNCTION_WORDS[language])
        for language in known
        if language in FUNCTION_WORDS
    }
    best = max(hits.values(), default=0)
    likeliest = [language for language, count in hits.items() if count == best] if best else known
    return "en" if "en" in likeliest else likeliest[0]


@lru_cache(400_000)
def _word(word: str, language: str) -> tuple[str, str]:
    """The folded form of a word and its stem; an empty stem for a function word."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", word)).lower()
    if plain in FUNCTION_WORDS.get(language, ()):
        return "", ""
    return folded(plain), _stem(plain, language)


def _stem(word: str, language: str) -> str:
    if language == "ar":
        return _ARABIC_ENDING.sub("", _ARABIC_ENDING.sub("", _ARABIC_PREFIX.sub("", folded(word))))
    if language == "ru":
        word = simplemma.lemmatize(word, lang="ru")
    algorithm = _SNOWBALL.get(language)
    return folded(_stemmer(algorithm).stemWord(word)) if algorithm else folded(word)


@cache
def _stemmer(algorithm: str) -> "snowballstemmer.basestemmer.BaseStemmer":
    return snowballstemmer.stemmer(algorithm)
