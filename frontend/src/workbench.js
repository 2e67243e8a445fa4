// The SPARQL workbench.
