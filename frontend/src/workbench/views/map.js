// The result on a map: points by coordinates, or countries shaded by a number.

import * as Plot from "@observablehq/plot";
import { feature, mesh } from "topojson-client";
import { make, menu, plain } from "../../shared/dom.js";
import { plotted } from "../../shared/plot.js";
import { columnsWith, coordinateColumns, country, countryIndex, number, numericColumns, point } from "../columns.js";
import { frame } from "./frame.js";

const MOST_NAMES = 20; // of countries without an outline

export async function map(result, context) {
  const { t, addresses } = context;
  const [atlas, countries] = await Promise.all([fetched(addresses.atlas), fetched(addresses.countries)]);
  const index = countryIndex(countries);
  const coordinates = coordinateColumns(result);
  const drawn = coordinates ? points(result, (row) => [number(row[coordinates.longitude]), number(row[coordinates.latitude])], atlas, context) : null;
  if (drawn) return drawn;
  const [wkt] = columnsWith(result, (term) => point(term) !== null);
  if (wkt) return points(result, (row) => point(row[wkt]), atlas, context);
  const places = columnsWith(result, (term) => country(term, index) !== undefined);
  if (!places.length) return [make("p", { class: "none" }, t("noPlaces"))];
  return shaded(result, places, index, atlas, context);
}

function shaded(result, places, index, atlas, { t, figure }) {
  const numeric = numericColumns(result);
  const choice = { place: places[0], value: numeric.at(-1) ?? "" };
  const menus = (redraw) => [
    menu(t("place"), places.map((name) => [name, name]), choice.place, (value) => ((choice.place = value), redraw())),
    menu(t("value"), [...numeric.map((name) => [name, name]), ["", t("recordsHere")]], choice.value, (value) => ((choice.value = value), redraw())),
  ];
  const land = feature(atlas, atlas.objects.countries).features;
  const outlined = new Set(land.map((one) => one.id));

  function drawing() {
    const sums = new Map();
    const names = new Map();
    for (const row of result.rows) {
      const found = country(row[choice.place], index);
      const value = choice.value ? number(row[choice.value]) : 1;
      if (!found || !Number.isFinite(value)) continue;
      sums.set(found.number, (sums.get(found.number) ?? 0) + value);
      names.set(found.number, found.names.at(-1));
    }
    const missing = [...names].filter(([code]) => !outlined.has(code)).map(([, name]) => name);
    const told = [t("mapDisclaimer")];
    if (missing.length) told.unshift(t("notOnMap", { names: missing.slice(0, MOST_NAMES).join(", ") + (missing.length > MOST_NAMES ? ", …" : "") }));
    const shades = { type: "sqrt", scheme: "YlGn", unknown: "#eef1ee", legend: true, width: 264, marginLeft: 12, marginRight: 12, label: choice.value || t("recordsHere"), domain: [0, Math.max(1, ...sums.values())] };
    const marks = [
      Plot.geo(land, { fill: (one) => sums.get(one.id), title: (one) => (sums.has(one.id) ? `${plain(names.get(one.id))}: ${figure(sums.get(one.id))}` : null) }),
    ];
    return { drawn: world(atlas, marks, { color: shades, ariaLabel: choice.place }), told };
  }
  return frame({ t, menus, name: "map", drawing });
}

function points(result, place, atlas, { t, labels }) {
  const named = result.columns.find((column) => result.rows.some((row) => row[column]?.type === "uri" || row[column]?.["xml:lang"])) ?? result.columns[0];
  const found = result.rows
    .map((row) => ({ at: place(row), name: plain(labels.text(row[named])) }))
    .filter(({ at }) => at && at.every(Number.isFinite) && Math.abs(at[0]) <= 180 && Math.abs(at[1]) <= 90);
  if (!found.length) return null;
  const land = feature(atlas, atlas.objects.countries).features;
  const marks = [
    Plot.geo(land, { fill: "#eef1ee" }),
    Plot.dot(found, { x: (one) => one.at[0], y: (one) => one.at[1], r: 4, fill: "#14532d", fillOpacity: 0.75, stroke: "#fff", title: "name" }),
  ];
  return frame({ t, menus: () => [], name: "map", drawing: () => ({ drawn: world(atlas, marks, { ariaLabel: named }), told: [t("mapDisclaimer")] }) });
}

function world(atlas, marks, options) {
  const borders = mesh(atlas, atlas.objects.countries, (a, b) => a !== b);
  return plotted({
    ...options,
    projection: "equal-earth",
    width: 960,
    height: 480,
    marks: [...marks.slice(0, 1), Plot.geo(borders, { stroke: "#75857b", strokeWidth: 0.5 }), ...marks.slice(1), Plot.sphere({ stroke: "#b6c4ba" })],
  });
}

const kept = new Map();

/** A JSON document, asked for once. */
function fetched(address) {
  if (!kept.has(address)) {
    kept.set(
      address,
      fetch(address).then((answer) => {
        if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
        return answer.json();
      }),
    );
    kept.get(address).catch(() => kept.delete(address));
  }
  return kept.get(address);
}
