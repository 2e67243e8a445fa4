// Faults of queries are told at their place, and only where there are any.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { declared, faults, language, offset, placeOfDeclarations } from "../src/workbench/syntax.js";

const QUERIES = new URL("../../endpoint/queries/", import.meta.url);
const line = (text, at) => text.slice(0, at).split("\n").length;

test("no question of the library has a fault", () => {
  const names = [...readdirSync(QUERIES), ...readdirSync(new URL("pages/", QUERIES)).map((name) => `pages/${name}`)].filter((name) => name.endsWith(".rq"));
  assert.ok(names.length > 50);
  for (const name of names) assert.deepEqual(faults(readFileSync(new URL(name, QUERIES), "utf8")), [], name);
});

const WRONG = [
  ["SELECT * {\n  ?s ?p\n}", "incomplete", 2],
  ["SELECT * {\n  ?s ?p ?o\n  FILTER(?o > )\n  ?s a ?t\n}", "incomplete", 3],
  ["SELECT * {\n  ?s ?p ?o . .\n}", "unexpected", 2],
  ["SELEC *\n{ ?s ?p ?o }", "unexpected", 1],
  ["SELECT * {\n  ?s ?p 'open\n}", "unexpected", 2],
  ["SELECT * {\n ?s a ch:Certificate }", "undeclared", 2],
];
for (const [text, kind, where] of WRONG) {
  test(`${JSON.stringify(text)} is ${kind} in line ${where}`, () => {
    const [first] = faults(text);
    assert.equal(first.kind, kind);
    assert.equal(line(text, first.from), where);
    assert.ok(first.to > first.from);
  });
}

test("an empty query has no fault yet", () => assert.deepEqual(faults("# only words\n"), []));

test("a prefix in a text or a comment is none", () => {
  assert.deepEqual(faults('SELECT * { ?s ?p "ch:Certificate" } # ch:Certificate'), []);
});

test("declared prefixes are known, the empty one too", () => {
  const text = "PREFIX : <http://a/>\nPREFIX b: <http://b/>\nASK { :x b:y :z }";
  assert.deepEqual([...declared(text, language.parser.parse(text))], [["", "http://a/"], ["b", "http://b/"]]);
});

test("a line and column from one are an offset within the text", () => {
  assert.equal(offset("ab\ncd\n", 2, 2), 4);
  assert.equal(offset("ab\ncd", 1, 99), 2);
  assert.equal(offset("ab\ncd", 99, 1), 3);
});

test("declarations go before the first one, or behind the opening comment", () => {
  assert.equal(placeOfDeclarations("# Who?\n\nPREFIX a: <b>\n"), 8);
  assert.equal(placeOfDeclarations("# Who?\nSELECT"), 7);
  assert.equal(placeOfDeclarations("SELECT"), 0);
});
