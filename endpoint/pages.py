"""Pages: what the service says of itself to people."""

import html

from fastapi.responses import HTMLResponse, Response

from endpoint.negotiation import GRAPH_FORMATS, RESULT_FORMATS


def home(address: str, generation: str | None, query_timeout: float) -> Response:
    """The first page: what is here and how to ask."""
    options = "".join(f'<option value="{f.name}">{f.media_type}</option>' for f in (*RESULT_FORMATS, *GRAPH_FORMATS))
    page = _HOME.format(
        address=html.escape(address),
        generation=html.escape(generation or "none yet"),
        timeout=f"{query_timeout:g}",
        options=options,
        results=", ".join(format_.name for format_ in RESULT_FORMATS),
        graphs=", ".join(format_.name for format_ in GRAPH_FORMATS),
    )
    return HTMLResponse(page, headers={"Content-Security-Policy": _HOME_POLICY})


_HOME_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
_HOME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Clearing-House Graph</title>
<style>
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }}
body {{ color: #1c2b24; background: #fbfcfa }}
h1 {{ color: #14532d }} a {{ color: #14532d }} code, pre, textarea {{ font: .9rem/1.45 ui-monospace, monospace }}
pre, textarea {{ box-sizing: border-box; width: 100%; padding: .75rem; overflow: auto }}
pre, textarea {{ border: 1px solid #b6c4ba; border-radius: .4rem; background: #fff }}
dt {{ font-weight: 600 }} dd {{ margin: 0 0 .5rem }}
button {{ padding: .45rem 1.1rem; border: 0; border-radius: .4rem; font: inherit; color: #fff; background: #14532d }}
select {{ padding: .4rem; font: inherit }}
</style>
</head>
<body>
<main>
<h1>Clearing-House Graph</h1>
<p>The records of the clearing-houses of the Convention on Biological Diversity and its Protocols, as linked data.</p>
<dl>
<dt>SPARQL endpoint</dt><dd><a href="sparql"><code>{address}</code></a></dd>
<dt>Generation of the graph</dt><dd><code>{generation}</code></dd>
<dt>Time for one query</dt><dd>{timeout} seconds</dd>
</dl>
<h2>Ask</h2>
<form action="sparql" method="post">
<p><label for="query">A SPARQL 1.1 query. The default graph is the union of all records,
each of which is a named graph.</label></p>
<textarea id="query" name="query" rows="9" spellcheck="false" required>
SELECT ?type (COUNT(?record) AS ?records)
WHERE {{ ?record a ?type }}
GROUP BY ?type
ORDER BY DESC(?records)
LIMIT 20
</textarea>
<p><label>Answer as <select name="format"><option value="">the usual format</option>{options}</select></label>
<button type="submit">Run</button></p>
</form>
<h2>From a program</h2>
<pre>curl {address} --header 'Accept: text/csv' \\
  --data-urlencode 'query=SELECT * {{ ?s ?p ?o }} LIMIT 5'</pre>
<p>SELECT and ASK answer as {results}; CONSTRUCT and DESCRIBE as {graphs}.
Say which with the <code>Accept</code> header, or with the parameter <code>format</code>.</p>
<p><a href="thesaurus/">The thesaurus</a>, its <a href="thesaurus/translations">translations</a>, and
<a href="tag">keywords</a> for your text</p>
<p><a href="void">What the graph holds</a> (VoID) · <a href="dumps/">Dumps</a> ·
<a href="partners">Partners</a> that queries may call</p>
</main>
</body>
</html>
"""
