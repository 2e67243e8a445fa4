// The outlines of countries by their codes in UN M49 (https://unstats.un.org/unsd/methodology/m49/), from those of Natural Earth, which draws
// who is in control rather than what the United Nations lists:
//
// - what has no code of its own goes to the country that M49 has it in, Kosovo apart, which is shaded with none;
// - Crimea goes to Ukraine (General Assembly resolution 68/262);
// - Western Sahara, a Non-Self-Governing Territory, is whole: all that lies south of 27°40′ N.

import { feature, merge } from "topojson-client";
import { topology } from "topojson-server";

const JOINED = [["706", "Somaliland"], ["196", "N. Cyprus"], ["156", "Taiwan"]];
const [MOROCCO, WESTERN_SAHARA, RUSSIA, UKRAINE] = ["504", "732", "643", "804"];
const BORDER = [27.65, 27.7]; // degrees north: between them are the two points where the outlines cross 27°40′
const ROUND_CRIMEA = { west: 32, east: 37, south: 44, north: 47 }; // degrees
const STEPS = 1e5; // to which coordinates are rounded, as in the original

/** A topology with the object `countries`, as world-atlas has it, drawn so. Throws an Error where what is to be changed is not there. */
export function redrawn(world) {
  const { geometries } = world.objects.countries;
  const named = (name) => {
    const found = geometries.find(({ id, properties }) => id === name || properties.name === name);
    if (!found) throw new Error(`the outlines of countries have no ${name}`);
    return found;
  };
  const changed = new Map(JOINED.map(([id, part]) => [id, merge(world, [named(id), named(part)])]));

  const russian = feature(world, named(RUSSIA)).geometry.coordinates;
  const crimea = russian.findIndex(([ring]) => ring.every(within(ROUND_CRIMEA)));
  if (crimea < 0) throw new Error("the outline of Russia has no Crimea");
  changed.set(RUSSIA, { type: "MultiPolygon", coordinates: russian.toSpliced(crimea, 1) });
  changed.set(UKRAINE, merge(world, [named(UKRAINE), { type: "Polygon", arcs: named(RUSSIA).arcs[crimea] }]));

  const [[ring]] = merge(world, [named(MOROCCO), named(WESTERN_SAHARA)]).coordinates;
  const [south, north] = [ring.filter(([, y]) => y < BORDER[1]), ring.filter(([, y]) => y > BORDER[0])];
  changed.set(MOROCCO, { type: "Polygon", coordinates: [[...north, north[0]]] });
  changed.set(WESTERN_SAHARA, { type: "Polygon", coordinates: [south] });

  const gone = new Set(JOINED.map(([, part]) => named(part)));
  const features = geometries
    .filter((geometry) => !gone.has(geometry))
    .map((geometry) => feature(world, geometry))
    .map((found) => ({ ...found, geometry: changed.get(found.id) ?? found.geometry }));
  return topology({ countries: { type: "FeatureCollection", features } }, STEPS);
}

function within({ west, east, south, north }) {
  return ([x, y]) => x > west && x < east && y > south && y < north;
}
