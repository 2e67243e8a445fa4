"""How a conflict is resolved: what a proposed change becomes after a choice between it and what is there now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyoxigraph as ox

from endpoint.concept_form import MARKS
from endpoint.differences import conflict_key
from endpoint.localisation import N_
from ontology.errors import EditingError
from thesaurus.changes import Conflict, Delta, Node
from thesaurus.statements import PREF_LABEL

Choice = Literal["theirs", "mine", "other"]
CHOICES: dict[str, str] = {
    "theirs": N_("Keep what is there now"),
    "mine": N_("Take what this change wants"),
    "other": N_("Other words"),
}


@dataclass(frozen=True)
class Decision:
    """What somebody has chosen for one conflict; `text` is for other words."""

    choice: str
    text: str = ""


def resolved(
    now: Iterable[ox.Triple], change: Delta, conflicts: Iterable[Conflict], decisions: Mapping[str, Decision]
) -> Delta:
    """The change that fits the present statements `now`; the decisions go by `conflict_key`.

    EditingError for a conflict that nobody has decided on.
    """
    present = frozenset(now)
    added, removed = set(change.added), set(change.removed)
    for conflict in conflicts:
        key = conflict_key(conflict)
        decision = decisions.get(key, Decision(""))
        _settle(added, removed, present, conflict, _values(conflict, decision), decision.choice)
    return Delta(frozenset(added - present), frozenset(removed & present))


def _values(conflict: Conflict, decision: Decision) -> set[Node]:
    """The values that a place has in the end."""
    match decision.choice:
        case "theirs":
            return set(conflict.found)
        case "mine":
            return set(conflict.wanted)
        case "other" if text := decision.text.strip():
            language = conflict.language
            return {ox.Literal(text, language=language) if language else ox.Literal(text)}
        case _:
            raise EditingError(
                f"{conflict.subject.value}: {conflict.predicate.value}: expected one of {', '.join(CHOICES)},"
                " and words where it is other"
            )


def _settle(
    added: set[ox.Triple],
    removed: set[ox.Triple],
    present: frozenset[ox.Triple],
    conflict: Conflict,
    values: set[Node],
    choice: str,
) -> None:
    """Put the values of one place into a change; a mark of the standing goes with the label that it repeats."""
    places = (conflict.predicate, *(MARKS.values() if conflict.predicate == PREF_LABEL else ()))
    marks = {triple.predicate for triple in added if _is_at(triple, conflict) and triple.predicate in places[1:]}
    for triples in (added, removed):
        triples -= {triple for triple in triples if _is_at(triple, conflict) and triple.predicate in places}
    if choice == "theirs":
        return
    added |= {
        ox.Triple(conflict.subject, predicate, value) for predicate in (conflict.predicate, *marks) for value in values
    }
    removed |= {
        triple for triple in present if _is_at(triple, conflict) and triple.predicate in places and triple not in added
    }


def _is_at(triple: ox.Triple, conflict: Conflict) -> bool:
    value = triple.object
    language = value.language if isinstance(value, ox.Literal) else None
    return triple.subject == conflict.subject and language == conflict.language
