"""Names of the properties and values that are taken from other vocabularies and have no label in the graph."""

from collections.abc import Mapping

from starlette.requests import Request

from endpoint import localisation
from endpoint.labels import Label
from endpoint.localisation import N_

ADMS, DCTERMS, DWC = "http://www.w3.org/ns/adms#", "http://purl.org/dc/terms/", "http://rs.tdwg.org/dwc/terms/"
ELI, FOAF, GEO = (
    "http://data.europa.eu/eli/ontology#",
    "http://xmlns.com/foaf/0.1/",
    "http://www.w3.org/2003/01/geo/wgs84_pos#",
)
ORG, PAV, PROV = "http://www.w3.org/ns/org#", "http://purl.org/pav/", "http://www.w3.org/ns/prov#"
RDF, RDFS = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2000/01/rdf-schema#"
SDO, SKOS, VCARD = "https://schema.org/", "http://www.w3.org/2004/02/skos/core#", "http://www.w3.org/2006/vcard/ns#"

BORROWED: Mapping[str, str] = {
    f"{RDF}type": N_("Type"),
    f"{RDFS}label": N_("Name"),
    f"{RDFS}seeAlso": N_("See also"),
    f"{ADMS}identifier": N_("Identifier in another registry"),
    f"{ADMS}status": N_("Status"),
    f"{DCTERMS}abstract": N_("Summary"),
    f"{DCTERMS}created": N_("First entered"),
    f"{DCTERMS}creator": N_("Author or creator"),
    f"{DCTERMS}date": N_("Date"),
    f"{DCTERMS}dateSubmitted": N_("Submitted"),
    f"{DCTERMS}description": N_("Description"),
    f"{DCTERMS}identifier": N_("Public identifier"),
    f"{DCTERMS}isPartOf": N_("Part of"),
    f"{DCTERMS}isReplacedBy": N_("Replaced by"),
    f"{DCTERMS}isVersionOf": N_("Revision of"),
    f"{DCTERMS}issued": N_("Issued"),
    f"{DCTERMS}modified": N_("Last changed"),
    f"{DCTERMS}publisher": N_("Publisher"),
    f"{DCTERMS}references": N_("Refers to"),
    f"{DCTERMS}relation": N_("Related to"),
    f"{DCTERMS}rights": N_("Rights"),
    f"{DCTERMS}source": N_("Source"),
    f"{DCTERMS}spatial": N_("Place"),
    f"{DCTERMS}subject": N_("Subject"),
    f"{DCTERMS}title": N_("Title"),
    f"{DCTERMS}type": N_("Kind"),
    f"{DWC}class": N_("Class of organisms"),
    f"{DWC}cultivarEpithet": N_("Cultivar"),
    f"{DWC}family": N_("Family"),
    f"{DWC}genus": N_("Genus"),
    f"{DWC}infraspecificEpithet": N_("Epithet below the species"),
    f"{DWC}kingdom": N_("Kingdom"),
    f"{DWC}order": N_("Order of organisms"),
    f"{DWC}phylum": N_("Phylum"),
    f"{DWC}scientificName": N_("Scientific name"),
    f"{DWC}specificEpithet": N_("Species epithet"),
    f"{DWC}subfamily": N_("Subfamily"),
    f"{DWC}vernacularName": N_("Common name"),
    f"{ELI}amends": N_("Amends"),
    f"{ELI}date_document": N_("Date of adoption"),
    f"{ELI}date_no_longer_in_force": N_("No longer in force from"),
    f"{ELI}first_date_entry_in_force": N_("Entry into force"),
    f"{ELI}in_force": N_("In force"),
    f"{ELI}type_document": N_("Type of document"),
    f"{FOAF}isPrimaryTopicOf": N_("Pages at the clearing-house"),
    f"{FOAF}name": N_("Name"),
    f"{GEO}lat": N_("Latitude"),
    f"{GEO}location": N_("Centre of the map"),
    f"{GEO}long": N_("Longitude"),
    f"{ORG}linkedTo": N_("Linked organisation"),
    f"{ORG}memberOf": N_("Member of"),
    f"{ORG}subOrganizationOf": N_("Part of the organisation"),
    f"{PAV}hasCurrentVersion": N_("Current revision"),
    f"{PAV}previousVersion": N_("Revision before"),
    f"{PROV}generatedAtTime": N_("Made at"),
    f"{SDO}EventCancelled": N_("Cancelled"),
    f"{SDO}alternateName": N_("Other name"),
    f"{SDO}description": N_("Description"),
    f"{SDO}email": N_("E-mail"),
    f"{SDO}encodingFormat": N_("Format"),
    f"{SDO}endDate": N_("End"),
    f"{SDO}eventStatus": N_("Status of the meeting"),
    f"{SDO}faxNumber": N_("Fax"),
    f"{SDO}inLanguage": N_("Languages"),
    f"{SDO}issuedBy": N_("Issued by"),
    f"{SDO}keywords": N_("Keywords"),
    f"{SDO}name": N_("Name"),
    f"{SDO}sameAs": N_("The same elsewhere"),
    f"{SDO}startDate": N_("Start"),
    f"{SDO}telephone": N_("Telephone"),
    f"{SDO}text": N_("Text"),
    f"{SDO}url": N_("Web address"),
    f"{SDO}validUntil": N_("Valid until"),
    f"{SKOS}altLabel": N_("Other label"),
    f"{SKOS}broader": N_("Broader concept"),
    f"{SKOS}definition": N_("Definition"),
    f"{SKOS}notation": N_("Notation"),
    f"{SKOS}prefLabel": N_("Name"),
    f"{VCARD}Individual": N_("Person"),
    f"{VCARD}Organization": N_("Organisation"),
    f"{VCARD}additional-name": N_("Middle name"),
    f"{VCARD}family-name": N_("Family name"),
    f"{VCARD}fn": N_("Name"),
    f"{VCARD}given-name": N_("Given name"),
    f"{VCARD}honorific-prefix": N_("Form of address"),
    f"{VCARD}locality": N_("City"),
    f"{VCARD}organization-name": N_("Organisation"),
    f"{VCARD}organization-unit": N_("Department"),
    f"{VCARD}postal-code": N_("Postal code"),
    f"{VCARD}region": N_("State or province"),
    f"{VCARD}street-address": N_("Street address"),
    f"{VCARD}title": N_("Position"),
}


def with_borrowed(request: Request, labels: Mapping[str, Label]) -> dict[str, Label]:
    """Labels, with the names of what other vocabularies define where the graph has none."""
    tongue = localisation.language(request)
    borrowed = {iri: Label(localisation.gettext(request, message), tongue) for iri, message in BORROWED.items()}
    return borrowed | dict(labels)
