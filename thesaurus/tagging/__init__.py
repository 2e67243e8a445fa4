"""Keywords for texts: a tagger that suggests concepts of any SKOS thesaurus and shows what speaks for them."""

from thesaurus.tagging.analysis import Span
from thesaurus.tagging.engine import Suggestion, Tagged, Tagger

__all__ = ["Span", "Suggestion", "Tagged", "Tagger"]
