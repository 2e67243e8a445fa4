// What is typed finds what is meant: by name, by label in any language, and first what the place calls for.

import assert from "node:assert/strict";
import test from "node:test";
import { distance, matches, position, prepared, written } from "../src/workbench/completion.js";
import { language } from "../src/workbench/syntax.js";

const PREFIXES = { ch: "https://example.org/ns#", dcterms: "http://purl.org/dc/terms/" };
const TERMS = [
  { iri: "https://example.org/ns#Certificate", kind: "class", label: "شهادة الامتثال", english: "Certificate of compliance", uses: 39 },
  { iri: "https://example.org/ns#certificate", kind: "property", label: "الشهادة", english: "Certificate", uses: 200 },
  { iri: "https://example.org/ns#amendedCertificate", kind: "property", label: "", uses: 2 },
  { iri: "http://purl.org/dc/terms/issued", kind: "property", label: "发布日期", uses: 675 },
  { iri: "https://example.org/ns#Decision", kind: "class", label: "Décision relative à un organisme", uses: 7 },
  { iri: "https://example.org/ns#odd/name", kind: "class", label: "Odd", uses: 1 },
];
const VOCABULARY = prepared(TERMS, PREFIXES);
const names = (typed, place) => matches(VOCABULARY, typed, place).map((term) => term.name);

test("part of a name finds terms, first those of the kind that fits", () => {
  assert.deepEqual(names("certif", "class"), ["ch:Certificate", "ch:certificate", "ch:amendedCertificate"]);
  assert.deepEqual(names("certif", "property").slice(0, 2), ["ch:certificate", "ch:amendedCertificate"]);
});

test("labels find terms, whatever the script, case and diacritics", () => {
  assert.deepEqual(names("شهادة", "class"), ["ch:Certificate", "ch:certificate"]);
  assert.deepEqual(names("发布", "any"), ["dcterms:issued"]);
  assert.deepEqual(names("DECISION", "any"), ["ch:Decision"]);
  assert.deepEqual(names("organisme", "any"), ["ch:Decision"]);
});

test("a prefix narrows to its namespace", () => {
  assert.deepEqual(names("dcterms:", "any"), ["dcterms:issued"]);
  assert.deepEqual(names("ch:iss", "any"), []);
  assert.equal(distance(VOCABULARY[0], "other:Cert"), Infinity);
});

test("a name that would need escapes is offered as an IRI", () => {
  assert.deepEqual(names("odd", "class"), ["<https://example.org/ns#odd/name>"]);
});

test("the place before a word says what may stand there", () => {
  assert.equal(position("SELECT * { ?x a "), "class");
  assert.equal(position("{ ?x rdf:type "), "class");
  assert.equal(position("{ ?x a ch:Y ;\n  "), "property");
  assert.equal(position("{ ?x "), "property");
  assert.equal(position("{ ?x ch:y ?z . ch:w "), "property");
  assert.equal(position("{ ?x ch:y "), "any");
  assert.equal(position("SELECT "), "any");
});

test("a term is written as the query declares its namespace, or brings the declaration along", () => {
  const as = (text) => written(VOCABULARY[0], text, language.parser.parse(text));
  assert.deepEqual(as("PREFIX c: <https://example.org/ns#>\nASK {}"), { name: "c:Certificate", declaration: "" });
  assert.deepEqual(as("ASK {}"), { name: "ch:Certificate", declaration: "PREFIX ch: <https://example.org/ns#>\n" });
  assert.deepEqual(as("PREFIX ch: <http://other/>\nASK {}"), { name: "<https://example.org/ns#Certificate>", declaration: "" });
});
