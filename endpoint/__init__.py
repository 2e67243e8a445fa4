"""The way out: graph generations, query workers, the SPARQL protocol and the command line."""
