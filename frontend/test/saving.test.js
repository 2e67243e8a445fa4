import assert from "node:assert/strict";
import test from "node:test";
import { broken } from "../src/shared/saving.js";

const ADDRESS = `https://example.org/en/explore/records-by-country?${"year=2020&".repeat(20)}`;

test("words stay whole and in their order", () => {
  const text = "The boundaries and names shown on this map imply nothing.";
  const lines = broken(text, 110);
  assert.ok(lines.length > 2);
  assert.equal(lines.join(" "), text);
  for (const line of lines) assert.ok(line.length * 5.5 <= 110, line);
});

test("ideographs are counted as wide as they are", () => {
  const text = "本地图所示边界和名称以及所用称号，不意味着得到任何一方的正式认可或接受。";
  const lines = broken(text, 100);
  assert.equal(lines.join(""), text);
  for (const line of lines) assert.ok(line.length <= 10, line);
});

test("an address that is longer than a line goes on in the next", () => {
  const lines = broken(ADDRESS, 340);
  assert.equal(lines.join(""), ADDRESS);
  for (const line of lines) assert.ok(line.length * 5.5 <= 340, line);
});

test("nothing has no lines", () => assert.deepEqual(broken("  ", 300), []));
