// The result as a chart: bars, a line or points, of the columns that the reader picks.

import * as Plot from "@observablehq/plot";
import { make, menu, plain } from "../../shared/dom.js";
import { plotted } from "../../shared/plot.js";
import { moment, number, numericColumns, temporalColumns } from "../columns.js";
import { iris } from "../results.js";
import { frame } from "./frame.js";

const MOST_BARS = 60;
const MOST_COLOURS = 10;
const LONGEST = 40; // characters of a name on an axis

export async function chart(result, { t, labels, figure }) {
  const numeric = numericColumns(result);
  if (!numeric.length) return [make("p", { class: "none" }, t("noNumbers"))];
  const temporal = temporalColumns(result);
  const named = result.columns.filter((column) => !numeric.includes(column));
  const choice = { kind: temporal.length ? "line" : "bars", x: temporal[0] ?? named[0] ?? numeric[0], y: numeric.at(-1), colour: "" };
  if (!named.length && numeric.length > 1) Object.assign(choice, { kind: "points", x: numeric[0], y: numeric[1] });
  await labels.of(iris(result.rows.slice(0, 5000), result.columns));

  const shown = (term) => shortened(plain(labels.text(term)));
  const columns = (list) => list.map((column) => [column, column]);
  const menus = (redraw) => {
    const pick = (name) => (value) => ((choice[name] = value), redraw());
    return [
      menu(t("kind"), [["bars", t("bars")], ["line", t("line")], ["points", t("points")]], choice.kind, pick("kind")),
      menu(t("horizontal"), columns(result.columns), choice.x, pick("x")),
      menu(t("vertical"), columns(numeric), choice.y, pick("y")),
      menu(t("colour"), [["", t("none")], ...columns(result.columns)], choice.colour, pick("colour")),
    ];
  };
  return frame({ t, menus, name: "chart", drawing: () => drawing(result, choice, { t, figure, shown, temporal, numeric }) });
}

function drawing(result, choice, { t, figure, shown, temporal, numeric }) {
  const isTime = temporal.includes(choice.x);
  const across = (term) => {
    if (isTime) return choice.kind === "bars" ? moment(term).toISOString().slice(0, 10) : moment(term);
    return numeric.includes(choice.x) && choice.kind !== "bars" ? number(term) : shown(term);
  };
  const rows = result.rows
    .filter((row) => row[choice.x] && (!isTime || moment(row[choice.x])) && Number.isFinite(number(row[choice.y])))
    .map((row) => ({ x: across(row[choice.x]), y: number(row[choice.y]), colour: choice.colour ? shown(row[choice.colour]) : null }));
  const told = [];
  const colours = new Set(rows.map((row) => row.colour));
  const fill = choice.colour && colours.size <= MOST_COLOURS ? "colour" : "#14532d";
  const labelled = { [choice.kind === "bars" ? "y" : "x"]: { label: choice.x }, [choice.kind === "bars" ? "x" : "y"]: { label: choice.y, grid: true } };
  const legend = fill === "colour" ? { color: { legend: true, scheme: "Dark2", label: choice.colour } } : {};
  const options = { ...labelled, ...legend, width: 900, ariaLabel: `${choice.y} / ${choice.x}` };
  if (choice.kind === "bars") return { drawn: bars(rows, fill, options, told, { t, figure, isTime }), told };
  if (choice.kind === "line") rows.sort((a, b) => (a.x < b.x ? -1 : a.x > b.x ? 1 : 0));
  const mark =
    choice.kind === "line"
      ? [Plot.lineY(rows, { x: "x", y: "y", stroke: fill, z: choice.colour ? "colour" : null, marker: rows.length < 200 })]
      : [Plot.dot(rows, { x: "x", y: "y", fill, fillOpacity: 0.7, tip: false })];
  return { drawn: plotted({ ...options, height: 480, marginLeft: 70, marginBottom: 50, marks: [...mark, Plot.ruleY([0])] }), told };
}

/** Bars lie, so that their names can be read; the largest stand on top, those of a time in its order. */
function bars(rows, fill, options, told, { t, figure, isTime }) {
  const sums = totals(rows, (row) => row.x);
  const order = [...sums].sort((a, b) => b[1] - a[1]).slice(0, MOST_BARS).map(([name]) => name);
  if (isTime) order.sort();
  if (sums.size > order.length) told.push(t("barsCut", { shown: figure(order.length), all: figure(sums.size) }));
  const kept = new Set(order);
  const longest = Math.max(0, ...order.map((name) => [...String(name)].length));
  const parts = [...totals(rows, (row) => JSON.stringify([row.x, row.colour]))].map(([key, y]) => ({ ...named(key), y }));
  const marks = [Plot.barX(parts.filter((part) => kept.has(part.x)), { y: "x", x: "y", fill }), Plot.ruleX([0])];
  return plotted({ ...options, y: { ...options.y, domain: order }, height: 60 + 22 * order.length, marginLeft: 30 + 7 * Math.min(longest, LONGEST), marginTop: 40, marks });
}

function named(key) {
  const [x, colour] = JSON.parse(key);
  return { x, colour };
}

/** The sum of y for each key. */
function totals(rows, key) {
  const sums = new Map();
  for (const row of rows) sums.set(key(row), (sums.get(key(row)) ?? 0) + row.y);
  return sums;
}

function shortened(text) {
  const letters = [...text];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : text;
}
