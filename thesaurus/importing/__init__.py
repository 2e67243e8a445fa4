"""The ways into the thesaurus: terms of the API, SKOS files and editors' sheets become statements or changes."""
