// The result by time: each row on a line of its own, or counted by year or month where there are many.

import * as Plot from "@observablehq/plot";
import { make, menu, plain } from "../../shared/dom.js";
import { plotted } from "../../shared/plot.js";
import { moment, temporalColumns } from "../columns.js";
import { iris } from "../results.js";
import { frame } from "./frame.js";

const MOST = 60; // rows that get a line of their own
const MONTHLY = 5 * 366 * 86_400_000; // milliseconds up to which months are counted
const LONGEST = 40;

export async function timeline(result, { t, labels, figure }) {
  const temporal = temporalColumns(result);
  if (!temporal.length) return [make("p", { class: "none" }, t("noDates"))];
  const named = result.columns.filter((column) => !temporal.includes(column));
  const choice = { start: temporal[0], end: temporal[1] ?? "", label: named[0] ?? temporal[0] };
  await labels.of(iris(result.rows.slice(0, 2000), named));
  const options = (list) => list.map((column) => [column, column]);
  const menus = (redraw) => {
    const pick = (name) => (value) => ((choice[name] = value), redraw());
    return [
      menu(t("start"), options(temporal), choice.start, pick("start")),
      menu(t("end"), [["", t("none")], ...options(temporal)], choice.end, pick("end")),
      menu(t("label"), options(result.columns), choice.label, pick("label")),
    ];
  };
  return frame({ t, menus, name: "timeline", drawing: () => drawing(result, choice, { t, labels, figure }) });
}

function drawing(result, choice, { t, labels, figure }) {
  const rows = result.rows
    .map((row) => ({ start: moment(row[choice.start]), end: choice.end ? moment(row[choice.end]) : null, name: name(labels.text(row[choice.label])) }))
    .filter(({ start }) => start)
    .sort((a, b) => a.start - b.start);
  if (rows.length > MOST) return { drawn: counted(rows), told: [t("timelineCut", { shown: figure(MOST) })] };
  const lines = rows.map((row, place) => ({ ...row, place, end: row.end && row.end > row.start ? row.end : row.start }));
  const longest = Math.max(0, ...lines.map((row) => [...row.name].length));
  return {
    drawn: plotted({
      ariaLabel: choice.start,
      width: 960,
      height: 70 + 24 * lines.length,
      marginLeft: 30 + 7 * longest,
      marginTop: 40,
      x: { type: "utc", axis: "top", grid: true, label: null },
      y: { domain: lines.map((row) => row.place), tickFormat: (place) => lines[place].name, tickSize: 0, label: null },
      marks: [
        Plot.ruleY(lines, { y: "place", x1: "start", x2: "end", stroke: "#14532d", strokeWidth: 4 }),
        Plot.dot(lines, { y: "place", x: "start", fill: "#14532d", r: 5, title: (row) => `${row.name}: ${day(row.start)}${row.end > row.start ? ` – ${day(row.end)}` : ""}` }),
      ],
    }),
  };
}

/** How many rows there are in each year, or month of a short time. */
function counted(rows) {
  const interval = rows.at(-1).start - rows[0].start > MONTHLY ? "year" : "month";
  const marks = [Plot.rectY(rows, Plot.binX({ y: "count" }, { x: "start", interval, fill: "#14532d" })), Plot.ruleY([0])];
  return plotted({ width: 960, height: 360, marginLeft: 60, x: { type: "utc", label: null }, y: { grid: true, label: null }, marks });
}

const day = (time) => time.toISOString().slice(0, 10);

function name(text) {
  const letters = [...plain(text)];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : letters.join("");
}
