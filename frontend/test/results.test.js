// Answers become rows of terms, and columns are known by what they hold.

import assert from "node:assert/strict";
import test from "node:test";
import {
  comparison, coordinateColumns, country, countryIndex, moment, number, numericColumns, point, temporalColumns, thingColumns,
} from "../src/workbench/columns.js";
import { result, triples } from "../src/workbench/results.js";
import { limits } from "../src/workbench/running.js";
import { linked, nodesAndEdges } from "../src/workbench/views/graph.js";
import { phrases, figures, size } from "../src/workbench/words.js";

const XSD = "http://www.w3.org/2001/XMLSchema#";
const literal = (value, datatype) => ({ type: "literal", value, ...(datatype ? { datatype: XSD + datatype } : {}) });
const uri = (value) => ({ type: "uri", value });

test("the three forms of an answer are told apart", () => {
  const json = "application/sparql-results+json";
  assert.equal(result('{"head":{},"boolean":false}', json).boolean, false);
  assert.deepEqual(result('{"head":{"vars":["a"]},"results":{"bindings":[{}]}}', json), { kind: "table", columns: ["a"], rows: [{}] });
  assert.equal(result("", "application/n-triples").kind, "triples");
});

test("statements in N-Triples are read with every escape", () => {
  const { rows } = triples('<http://a/\\u00E9> <http://p> "one \\"two\\"\\n\\U0001F33F"@zh-Hans .\n_:b1 <http://p> "3"^^<http://int> .\n_:b1 <http://p> _:b2 .\n');
  assert.deepEqual(rows[0].subject, uri("http://a/é"));
  assert.deepEqual(rows[0].object, { type: "literal", value: 'one "two"\n🌿', "xml:lang": "zh-Hans" });
  assert.deepEqual(rows[1], { subject: { type: "bnode", value: "b1" }, predicate: uri("http://p"), object: { type: "literal", value: "3", datatype: "http://int" } });
  assert.equal(rows[2].object.value, "b2");
});

test("numbers, moments and points are known by datatype and form", () => {
  assert.equal(number(literal("3.5", "decimal")), 3.5);
  assert.ok(Number.isNaN(number(literal("2014"))));
  assert.equal(moment(literal("2014-10-12", "date")).toISOString(), "2014-10-12T00:00:00.000Z");
  assert.equal(moment(literal("2014", "gYear")).getUTCFullYear(), 2014);
  assert.equal(moment(literal("2014-10-12")).getUTCDate(), 12);
  assert.equal(moment(literal("2014")), null);
  assert.equal(moment(literal("2014-10-12 at noon")), null);
  assert.deepEqual(point(literal("<http://www.opengis.net/def/crs/EPSG/0/4326> POINT(36.8 -1.3)")), [36.8, -1.3]);
  assert.equal(point(literal("POLYGON((1 2))")), null);
});

test("columns are known by what most of them holds", () => {
  const rows = [{ n: literal("1", "integer"), lat: literal("1", "decimal"), long: literal("2", "decimal"), d: literal("2014-01-01", "date"), i: uri("http://a") }, { n: literal("many") }];
  const found = { columns: ["n", "lat", "long", "d", "i"], rows };
  assert.deepEqual(numericColumns(found), ["n", "lat", "long"]);
  assert.deepEqual(temporalColumns(found), ["d"]);
  assert.deepEqual(thingColumns(found), ["i"]);
  assert.deepEqual(coordinateColumns(found), { latitude: "lat", longitude: "long" });
});

test("a country is found by IRI, code or name in any case", () => {
  const index = countryIndex([{ iri: "https://c/KE", number: "404", codes: ["KE", "KEN"], names: ["Kenya", "肯尼亚"] }]);
  for (const name of ["https://c/KE", "ke", "KEN", " kenya ", "肯尼亚"]) assert.equal(country(literal(name), index)?.number, "404", name);
  assert.equal(country(literal("Narnia"), index), undefined);
  assert.equal(country(undefined, index), undefined);
});

test("rows are sorted by number where they have numbers, and those without a value come last", () => {
  const rows = [{ a: literal("10", "integer") }, {}, { a: literal("9", "integer") }];
  const order = comparison("a", (term) => term.value, new Intl.Collator("en"));
  assert.deepEqual(rows.sort(order).map((row) => row.a?.value), ["9", "10", undefined]);
});

test("a drawing keeps the best connected nodes and says how many there are", () => {
  const hub = uri("http://hub");
  const links = Array.from({ length: 9 }, (_, place) => ({ from: hub, by: null, to: uri(`http://leaf/${place}`) }));
  links.push({ from: hub, by: null, to: literal("text") });
  const { nodes, edges, all } = nodesAndEdges(links, false, 4);
  assert.equal(all, 10);
  assert.equal(nodes[0].term, hub);
  assert.equal(edges.length, 3);
  assert.equal(nodesAndEdges(links, true).nodes.length, 11);
});

test("triples and tables of things can be drawn, tables of numbers cannot", () => {
  const [a, b] = [uri("http://a"), uri("http://b")];
  assert.equal(linked({ columns: ["subject", "predicate", "object"], rows: [{ subject: a, predicate: b, object: literal("x") }] }).length, 1);
  assert.deepEqual(linked({ columns: ["x", "y"], rows: [{ x: a, y: b }, { x: a }] }), [{ from: a, by: null, to: b }]);
  assert.deepEqual(linked({ columns: ["x", "n"], rows: [{ x: a, n: literal("1", "integer") }] }), []);
});

test("words, figures and limits are put together", () => {
  const t = phrases({ rows: "%(n)s of %(n)s, $& and %(other)s" });
  assert.equal(t("rows", { n: "$1", other: "x" }), "$1 of $1, $& and x");
  assert.equal(size(1_234_567, figures("en")), "1.2 MB");
  assert.deepEqual(limits("seconds=10, rows=1000000, bytes=268435456"), { seconds: 10, rows: 1_000_000, bytes: 268_435_456 });
});
