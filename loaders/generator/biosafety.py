"""Writers of the Biosafety Clearing-House: organism, gene, modified organism, law, risk assessment, decision."""

from typing import Any

from loaders.generator.draft import Draft
from loaders.generator.terms import CROPS, NATIONAL

Fields = dict[str, Any]
TECHNIQUES = "ABE9DCE3-92BA-4D5D-8948-7F7E541EEC6B"
GENE_FAMILIES = "82DAAF04-6698-4CA6-81D5-F200AE64C63A"
FOOD_AND_FEED = "BE64016A-C3BD-4C61-9620-C3FEF96B2A24"
WITH_CONDITIONS = "3EFF4792-A896-4DC7-9945-04FE9C8B5B4F"


def organism(draft: Draft) -> Fields:
    name, family, common = CROPS[draft.number % len(CROPS)]
    genus, species = name.split()
    return {
        "scientificName": name,
        "kingdom": "Plantae",
        "family": family,
        "genus": genus,
        "species": species,
        "commonNames": [{"en": f"{common} (synthetic)"}] if "en" in draft.languages else [draft.name("gene.name")],
        "plantCultivar": f"SYN-{draft.serial}",
        "taxonomicClassification": [draft.taxonomy()],
        "organismType": draft.term("TypeOfOrganisms"),
        "habitat": draft.rich("organism.habitat"),
        "commonUses": draft.terms("OrganismCommonUses", 1),
    }


def gene(draft: Draft) -> Fields:
    return {
        "name": draft.name("gene.name"),
        "synonymNames": [draft.text("gene.name", n=f"SYN-{draft.serial}")],
        "abbreviation": {draft.languages[0]: f"SYN-{draft.serial}"},
        "family": draft.term(GENE_FAMILIES),
        "isSynthetic": False,
        "donorOrganisms": draft.references("organism", 1),
        "proteinName": draft.text("gene.name", n=f"P{draft.serial}"),
        "biologicalFunction": draft.text("gene.function"),
        "traits": [draft.other("other.trait")],
    }


def modified_organism(draft: Draft) -> Fields:
    taxon = CROPS[draft.number % len(CROPS)][0]
    genes = draft.references("dnaSequence", 2)
    return {
        "identity": draft.name("lmo.identity", taxon=taxon),
        "transformationEvent": f"SYN-{draft.serial:05d}",
        "hasUniqueIdentification": True,
        "uniqueIdentification": unique_identifier(draft.serial),
        "developers": draft.references("organization", 1),
        "description": draft.rich("lmo.description"),
        "recipientOrganisms": draft.references("organism", 1),
        "vector": {draft.languages[0]: f"pSYN{draft.serial}"},
        "techniqueUsed": draft.terms(TECHNIQUES, 1),
        "genes": genes,
        "geneConstructs": [[{"type": "sense", "identifier": gene["identifier"], "size": 1.2} for gene in genes]],
        "traits": [draft.other("other.trait")],
        "commonUses": draft.terms("OrganismCommonUses", 1),
        "detectionMethod": draft.rich("lmo.description"),
    }


def unique_identifier(serial: int) -> str:
    """An identifier in the form of the OECD (`SYN-ØØ123-4`), zero written as Ø; the applicant SYN does not exist."""
    digits = f"{serial % 100_000:05d}"
    check = sum(int(digit) for digit in digits) % 9 + 1
    return f"SYN-{digits.replace('0', 'Ø')}-{check}"


def authority(draft: Draft) -> Fields:
    return {
        "name": draft.name("biosafety.authority"),
        **draft.address(),
        "contacts": draft.references("contact.person", 1),
        "functions": draft.terms("Subject Areas", 2),
        "cpbOrganismTypes": draft.terms("TypeOfOrganisms", 2),
    }


def law(draft: Draft) -> Fields:
    fields = {
        "isAmendment": False,
        "title": draft.name("law.title"),
        "type": draft.term("Legislation And Agreement Types"),
        "jurisdiction": {"identifier": NATIONAL},
        "cpbSubjectAreas": draft.terms("Subject Areas", 2),
        "cpbOrganismTypes": draft.terms("TypeOfOrganisms", 2),
        "description": draft.rich("law.description"),
        "entryIntoForce": draft.date(-500),
        "documents": [draft.attachment("law")],
        "authorities": draft.references("authority.BCH", 1),
        "expires": False,
    }
    earlier = draft.known("biosafetyLaw")
    if earlier and draft.number % 3 == 0:
        fields["isAmendment"] = True
        fields["amendedRecords"] = [{"identifier": earlier[-1]}]
        fields["amendmentsDetails"] = draft.rich("measure.amendment")
    elif earlier:
        fields["relatedRecords"] = [{"identifier": earlier[0]}]
        fields["relationDetails"] = draft.rich("authority.basis")
    return fields


def risk_assessment(draft: Draft) -> Fields:
    return {
        "title": draft.name("assessment.title", taxon=CROPS[draft.number % len(CROPS)][0]),
        "date": draft.date(-200),
        "authorities": draft.references("authority.BCH", 1),
        "contacts": draft.references("contact.person", 1),
        "modifiedOrganisms": draft.references("modifiedOrganism", 1),
        "scopes": draft.terms("RiskAssessmentScope", 2),
        "documents": [draft.attachment("assessment")],
        "documentsSummary": draft.rich("decision.reasons"),
        "adverseEffects": draft.rich("assessment.effects"),
        "riskManagementStrategies": draft.rich("assessment.management"),
        "isForCommercialUse": draft.chance(0.5),
        "expires": False,
    }


def decision(draft: Draft) -> Fields:
    kind, result = draft.term("DecisionTypes"), draft.term("DecisionResults")
    fields = {
        "isAmendment": False,
        "authorities": draft.references("authority.BCH", 1),
        "title": draft.name("decision.title"),
        "date": draft.date(-60),
        "decisionTypes": [kind],
        "decisionResult": result,
        "reasons": draft.rich("decision.reasons"),
        "modifiedOrganisms": draft.references("modifiedOrganism", 1),
        "riskAssessments": draft.references("nationalRiskAssessment", 1),
        "documents": [draft.attachment("decision")],
        "expires": False,
    }
    if result["identifier"] == WITH_CONDITIONS:
        fields["conditions"] = draft.rich("decision.conditions")
    earlier = draft.known("biosafetyDecision")
    if earlier and draft.number % 4 == 0:
        fields["isAmendment"] = True
        fields["amendedRecords"] = [{"identifier": earlier[-1]}]
        fields["amendmentsDetails"] = draft.rich("measure.amendment")
    return fields | _movement(draft, kind["identifier"])


def _movement(draft: Draft, kind: str) -> Fields:
    """What a decision on food and feed, or on introduction into the environment, has to tell besides."""
    if kind == FOOD_AND_FEED:
        return {"uses": draft.terms("DecisionLMOFFPSubject", 2), "takenInAccordanceWithA116": False}
    return {
        "addressesTransboundaryMovement": True,
        "receiptDate": draft.date(-330),
        "receiptAcknowledgementDate": draft.date(-300),
        "communicationDate": draft.date(-50),
        "exporters": draft.references("contact.user", 1),
        "importers": draft.references("contact.organization", 1),
        "involvesFieldTrial": False,
        "involvesCommercialRelease": True,
        "appliesToSubsequentIntroductions": True,
    }
