import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { geoArea, geoContains } from "d3-geo";
import { feature } from "topojson-client";
import { redrawn } from "../atlas.mjs";

const original = JSON.parse(await readFile(new URL("../node_modules/world-atlas/countries-110m.json", import.meta.url)));
const world = redrawn(original);
const outlines = feature(world, world.objects.countries).features;

/** The code of the country, or countries, that a place is drawn in. */
const countries = (...place) => outlines.filter((outline) => geoContains(outline, place)).map((outline) => outline.id);

const PLACES = {
  Sevastopol: [33.6, 44.65, "804"], Kyiv: [30.5, 50.4, "804"], Moscow: [37.6, 55.7, "643"], Krasnodar: [39, 45.05, "643"],
  Smara: [-11.7, 26.7, "732"], Tifariti: [-10.6, 26.2, "732"], Dakhla: [-15, 23.7, "732"], Marrakesh: [-8, 31.6, "504"], Guelmim: [-10, 29, "504"],
  Hargeisa: [44.1, 9.6, "706"], Mogadishu: [45.2, 2.3, "706"], Kyrenia: [33.4, 35.25, "196"], Taichung: [120.9, 24.1, "156"], Beijing: [116.4, 39.9, "156"],
  Nouadhibou: [-15.9, 20.3, "478"], Tindouf: [-8.1, 27.5, "012"],
};

for (const [name, [longitude, latitude, code]] of Object.entries(PLACES)) {
  test(`${name} is drawn in ${code}`, () => assert.deepEqual(countries(longitude, latitude), [code]));
}

test("every other outline stays", () => {
  const before = feature(original, original.objects.countries).features;
  assert.equal(outlines.length, before.length - 3);
  const codes = outlines.map(({ id }) => id).filter(Boolean);
  assert.equal(new Set(codes).size, codes.length);
  assert.deepEqual(outlines.filter(({ id }) => !id).map(({ properties }) => properties.name), ["Kosovo"]);
  const changed = new Set(["156", "196", "504", "643", "706", "732", "804"]);
  for (const outline of outlines.filter(({ id }) => !changed.has(id))) {
    const as = before.find(({ properties }) => properties.name === outline.properties.name);
    assert.ok(Math.abs(geoArea(outline) / geoArea(as) - 1) < 1e-3, outline.properties.name);
  }
  const whole = (all) => all.reduce((sum, outline) => sum + geoArea(outline), 0);
  assert.ok(Math.abs(whole(outlines) / whole(before) - 1) < 1e-4, "no land is lost or drawn twice");
});

test("outlines without what is to be changed are refused", () => {
  const without = structuredClone(original);
  without.objects.countries.geometries = without.objects.countries.geometries.filter(({ id }) => id !== "732");
  assert.throws(() => redrawn(without), /no 732/);
});
