"""The quality gate: what an editor must mend, or should look at, before a thesaurus is published.

Each check is a SPARQL query, `*.rq`, whose comments say what it is for; `skos.ttl` says the same in SHACL for the tools
of others. What a query is slow at or cannot say is finished in `closures`.
"""

from thesaurus.checks.catalogue import Check, Level, catalogue
from thesaurus.checks.gate import Finding, checked, findings, store, touched

__all__ = ["Check", "Finding", "Level", "catalogue", "checked", "findings", "store", "touched"]
