"""The slots of SSSOM, as its data model defines them: what files of mappings and statements about mappings consist of.

Each line has the name of a slot; what has it, a mapping (M), a mapping set (S) or both; what its values are; and the
property it is in RDF, where that is not the one of the same name in the namespace of SSSOM. `ids` are identifiers,
CURIEs in a file; `many` slots have several values; `common` ones, of a set, hold for all its mappings.
"""

from dataclasses import dataclass

import pyoxigraph as ox

from thesaurus.turtle import DCTERMS, OWL

SSSOM = "https://w3id.org/sssom/"
PAV = "http://purl.org/pav/"
PROV = "http://www.w3.org/ns/prov#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"

_TABLE = """
mapping_set_id              S   iri
mapping_set_version         S   text                owl:versionInfo
mapping_set_source          S   iri many            prov:wasDerivedFrom
mapping_set_title           S   text                dcterms:title
mapping_set_description     S   text                dcterms:description
subject_id                  M   ids                 owl:annotatedSource
subject_label               M   text
subject_category            M   text
predicate_id                M   ids                 owl:annotatedProperty
predicate_label             M   text
predicate_modifier          M   modifier
object_id                   M   ids                 owl:annotatedTarget
object_label                M   text
object_category             M   text
mapping_justification       M   ids
author_id                   M   ids many            pav:authoredBy
author_label                M   text many
reviewer_id                 M   ids many
reviewer_label              M   text many
creator_id                  MS  ids many            dcterms:creator
creator_label               MS  text many
license                     MS  iri                 dcterms:license
subject_type                MS  text common
subject_source              MS  ids common
subject_source_version      MS  text common
object_type                 MS  text common
object_source               MS  ids common
object_source_version       MS  text common
mapping_provider            MS  iri common
mapping_source              M   ids
mapping_cardinality         M   text
mapping_tool                MS  text common
mapping_tool_version        MS  text common
mapping_date                MS  date common         pav:authoredOn
publication_date            MS  date                dcterms:created
confidence                  M   number
curation_rule               M   ids many
curation_rule_text          M   text many
subject_match_field         MS  ids many common
object_match_field          MS  ids many common
match_string                M   text many
subject_preprocessing       MS  ids many common
object_preprocessing        MS  ids many common
similarity_score            M   number
similarity_measure          M   text
see_also                    MS  text many           rdfs:seeAlso
issue_tracker               S   iri
issue_tracker_item          M   ids
other                       MS  text
comment                     MS  text                rdfs:comment
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot: of what, the kind of its values (`ids`, `iri`, `text`, `date`, `number`, `modifier`) and how many."""

    name: str
    of_mapping: bool
    of_set: bool
    kind: str
    is_many: bool
    is_common: bool
    property: ox.NamedNode


def _slot(line: str) -> Slot:
    name, owners, kind, *more = line.split()
    prefixes = {"dcterms": DCTERMS, "owl": OWL, "pav": PAV, "prov": PROV, "rdfs": RDFS}
    curie = next((word for word in more if ":" in word), None)
    prefix, _, local = (curie or f":{name}").partition(":")
    iri = ox.NamedNode(prefixes.get(prefix, SSSOM) + local)
    return Slot(name, "M" in owners, "S" in owners, kind, "many" in more, "common" in more, iri)


SLOTS = {slot.name: slot for slot in map(_slot, _TABLE.strip().splitlines())}
"""Every slot by its name, in the order of the standard."""
OF_MAPPING = tuple(slot for slot in SLOTS.values() if slot.of_mapping)
OF_SET = tuple(slot for slot in SLOTS.values() if slot.of_set)
REQUIRED = ("subject_id", "predicate_id", "object_id", "mapping_justification")
