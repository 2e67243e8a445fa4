// The same query in other places: for a shell, for Python, for R. Every text of a query comes out as it was put in.

/** The snippets for a query whose answer has a form: name, title, text. */
export function snippets(endpoint, query, kind) {
  return [
    { name: "curl", title: "curl", text: curl(endpoint, query, kind) },
    { name: "sparqlwrapper", title: "Python (SPARQLWrapper)", text: sparqlWrapper(endpoint, query, kind) },
    { name: "pandas", title: kind === "table" ? "Python (pandas)" : "Python (rdflib)", text: pandas(endpoint, query, kind) },
    { name: "r", title: "R (httr2)", text: r(endpoint, query, kind) },
  ].filter((one) => one.text);
}

const accepted = (kind) =>
  kind === "table" ? "text/csv" : kind === "triples" ? "text/turtle" : "application/sparql-results+json";

/** For a POSIX shell. */
export function curl(endpoint, query, kind) {
  return `curl ${shell(endpoint)} \\\n  --header ${shell(`Accept: ${accepted(kind)}`)} \\\n  --data-urlencode ${shell(`query=${query}`)}\n`;
}

function shell(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A Python string that may span lines. */
export function python(text) {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"""', String.raw`\"\"\"`).replaceAll("\r", "\\r").replaceAll("\0", "\\0");
  return `"""${escaped.endsWith('"') ? `${escaped.slice(0, -1)}\\"` : escaped}"""`;
}

function sparqlWrapper(endpoint, query, kind) {
  const format = kind === "triples" ? "TURTLE" : "JSON";
  const told = {
    table: 'for row in answer["results"]["bindings"]:\n    print({name: term["value"] for name, term in row.items()})\n',
    triples: "print(answer.decode())\n",
    boolean: 'print(answer["boolean"])\n',
  };
  return `from SPARQLWrapper import ${format}, POST, SPARQLWrapper

endpoint = SPARQLWrapper(${JSON.stringify(endpoint)})
endpoint.setMethod(POST)
endpoint.setReturnFormat(${format})
endpoint.setQuery(${python(query)})
answer = endpoint.queryAndConvert()
${told[kind]}`;
}

function pandas(endpoint, query, kind) {
  if (kind === "boolean") return "";
  const [imported, read] =
    kind === "table"
      ? ["import pandas", "    rows = pandas.read_csv(answer)\nprint(rows)\n"]
      : ["import rdflib", "    graph = rdflib.Graph().parse(answer, format=\"turtle\")\nprint(len(graph))\n"];
  return `from urllib.parse import urlencode
from urllib.request import Request, urlopen

${imported}

query = ${python(query)}
request = Request(${JSON.stringify(endpoint)}, urlencode({"query": query}).encode(), {"Accept": "${accepted(kind)}"})
with urlopen(request) as answer:
${read}`;
}

/** An R raw string (R 4.0), with as many dashes as the text calls for. */
export function rString(text) {
  let dashes = "";
  while (text.includes(`)${dashes}"`)) dashes += "-";
  return `r"${dashes}(${text})${dashes}"`;
}

function r(endpoint, query, kind) {
  const read = { table: "read.csv(text = resp_body_string(answer))", triples: "resp_body_string(answer)", boolean: "resp_body_json(answer, check_type = FALSE)$boolean" };
  return `library(httr2)

query <- ${rString(query)}
answer <- request(${JSON.stringify(endpoint)}) |>
  req_headers(Accept = "${accepted(kind)}") |>
  req_body_form(query = query) |>
  req_perform()
${read[kind]}
`;
}
