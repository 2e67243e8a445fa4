// An answer of the endpoint as rows of terms, whatever form of query it answers.
//
// A term is as SPARQL's JSON results have it: { type: "uri" | "literal" | "bnode" | "triple", value, datatype, "xml:lang" }.

const SUBJECT = String.raw`(<[^<>\s]*>|_:\S+)`;
const LITERAL = String.raw`"(?:[^"\\]|\\.)*"(?:@[A-Za-z0-9-]+|\^\^<[^<>\s]*>)?`;
const STATEMENT = new RegExp(String.raw`^\s*${SUBJECT}\s+(<[^<>\s]*>)\s+(<[^<>\s]*>|_:[^\s.]+|${LITERAL})\s*\.\s*$`, "u");
const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/gsu;
const LETTERS = { t: "\t", n: "\n", r: "\r", b: "\b", f: "\f" };

/** The result in an answer: its kind (`table`, `triples` or `boolean`), columns and rows; `boolean` for an ASK query. */
export function result(text, contentType) {
  if (contentType.includes("n-triples")) return triples(text);
  const answer = JSON.parse(text);
  if (typeof answer.boolean === "boolean") return { kind: "boolean", boolean: answer.boolean, columns: [], rows: [] };
  return { kind: "table", columns: answer.head.vars, rows: answer.results.bindings };
}

/** A graph in N-Triples as a table of its statements. */
export function triples(text) {
  const columns = ["subject", "predicate", "object"];
  const rows = [];
  for (const line of text.split("\n")) {
    const found = STATEMENT.exec(line);
    if (found) rows.push({ subject: term(found[1]), predicate: term(found[2]), object: term(found[3]) });
  }
  return { kind: "triples", columns, rows };
}

function term(text) {
  if (text.startsWith("<")) return { type: "uri", value: unescaped(text.slice(1, -1)) };
  if (text.startsWith("_:")) return { type: "bnode", value: text.slice(2) };
  const end = text.lastIndexOf('"');
  const [value, mark] = [unescaped(text.slice(1, end)), text.slice(end + 1)];
  if (mark.startsWith("@")) return { type: "literal", value, "xml:lang": mark.slice(1) };
  return mark ? { type: "literal", value, datatype: mark.slice(3, -1) } : { type: "literal", value };
}

function unescaped(text) {
  return text.replace(ESCAPE, (_, four, eight, letter) => {
    if (letter) return LETTERS[letter] ?? letter;
    return String.fromCodePoint(Number.parseInt(four ?? eight, 16));
  });
}

/** The IRIs of a row or of many, each once. */
export function iris(rows, columns) {
  const found = new Set();
  for (const row of rows) for (const column of columns) if (row[column]?.type === "uri") found.add(row[column].value);
  return [...found];
}
