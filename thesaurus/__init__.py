"""The keywords: controlled vocabularies as SKOS in six languages."""

from thesaurus.turtle import ThesaurusError
from thesaurus.vocabulary import Thesaurus

__all__ = ["Thesaurus", "ThesaurusError"]
