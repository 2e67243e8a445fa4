// The figures of the charts: each is drawn from the table below it, and can be saved as SVG or PNG.

import { axisX, axisY, barX, barY, dot, geo, gridX, gridY, plot, ruleX, ruleY, text } from "@observablehq/plot";
import { feature } from "topojson-client";
import { draw as element } from "./shared/dom.js";
import { annotated, file, save } from "./shared/saving.js";

const INK = "#1c2b24";
const LINE = "#75857b";
const FONT = 'system-ui, "Noto Sans", "Noto Sans Arabic", "Noto Sans CJK SC", sans-serif';
const FILLS = ["#14532d", "#d69e2e", "#5b8fb9", "#8b6bb1"]; // these differ in lightness too, and each has a pattern of its own
const STEPS = ["#e3efe6", "#b5d6bf", "#78b28b", "#3a8257", "#14532d"];
const MOST_BARS = 35;

/** What the table says: the columns, and for each row its key, label, area code and values. */
function tableData(table) {
  const label = (cell) => (cell.querySelector("bdi") ?? cell).textContent.trim();
  const columns = [...table.tHead.rows[0].cells].filter((cell) => cell.dataset.key !== undefined).map(label);
  const rows = [...table.tBodies[0].rows].map((row) => ({
    key: row.cells[0].dataset.key,
    area: row.cells[0].dataset.area,
    label: label(row.cells[0]),
    values: [...row.cells].filter((cell) => cell.dataset.value !== undefined).map((cell) => cell.dataset.value),
    shown: [...row.cells].slice(1).map((cell) => cell.textContent.trim()),
  }));
  return { columns, rows };
}

/** The same data, a datum for each cell that is not zero. */
function cells({ columns, rows }) {
  return rows.flatMap((row) =>
    columns.map((series, place) => ({ key: row.key, label: row.label, series, place, value: Number(row.values[place]) })),
  ).filter((cell) => cell.value > 0);
}

/** How a page writes numbers. */
function numbers(language) {
  const format = new Intl.NumberFormat(`${language}-u-nu-latn`);
  return (value) => format.format(value);
}

/** Patterns that tell the series apart without colour. */
function patterns() {
  const lines = ["", "M0 6L6 0", "M0 3H6", "M1 1h2v2h-2z"];
  return element("defs", {}, ...FILLS.map((fill, place) =>
    element("pattern", { id: `series-${place}`, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
      element("rect", { width: 6, height: 6, fill }),
      element("path", { d: lines[place], stroke: "#fff", "stroke-width": 1.4, fill: "none" }),
    )), element("pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse" },
    element("rect", { width: 5, height: 5, fill: "#fff" }),
    element("path", { d: "M0 5L5 0", stroke: LINE, "stroke-width": 1 }),
  ));
}

const paint = (place) => `url(#series-${Math.min(place, FILLS.length - 1)})`;
const short = (label, most) => (label.length > most ? `${label.slice(0, most - 1)}…` : label);

/** What all plots have in common. */
function common(figure, width) {
  const isRtl = getComputedStyle(figure).direction === "rtl";
  return {
    width,
    isRtl,
    side: isRtl ? "right" : "left",
    number: numbers(figure.dataset.language),
    style: { fontFamily: FONT, fontSize: "12px", background: "none", color: INK, overflow: "visible" },
  };
}

/** Bars, one for each category; of several series one behind the other, with their sum at the end. */
function bars(data, { width, isRtl, side, number, style }) {
  const shown = data.rows.slice(0, MOST_BARS);
  const found = cells({ ...data, rows: shown });
  const sums = shown.map((row) => ({ key: row.key, value: row.values.reduce((sum, value) => sum + Number(value), 0) }));
  const names = new Map(shown.map((row) => [row.key, row.label]));
  const wide = width > 560;
  const most = wide ? 44 : 20;
  const margin = Math.min(Math.max(...shown.map((row) => Math.min(row.label.length, most))) * (/[\u3000-\u9fff]/.test(shown[0].label) ? 12.5 : 7) + 14, width * 0.5);
  return plot({
    width,
    height: shown.length * 24 + 50,
    style,
    marginLeft: isRtl ? 56 : margin,
    marginRight: isRtl ? margin : 56,
    x: { reverse: isRtl, label: null },
    y: { domain: shown.map((row) => row.key), label: null },
    marks: [
      gridX({ ticks: wide ? 8 : 4, stroke: "#b6c4ba", strokeOpacity: 0.6 }),
      axisX({ ticks: wide ? 8 : 4, tickFormat: number, label: null }),
      axisY({ anchor: side, tickSize: 0, label: null, tickFormat: (key) => short(names.get(key), most) }),
      ...data.columns.map((_, place) => barX(found.filter((cell) => cell.place === place), {
        y: "key", fill: paint(place), insetTop: 2, insetBottom: 2, title: (cell) => `${cell.label}${cell.series ? `, ${cell.series}` : ""}: ${number(cell.value)}`,
        x1: (cell) => before(found, cell), x2: (cell) => before(found, cell) + cell.value,
      })),
      text(sums, { x: "value", y: "key", text: (sum) => number(sum.value), textAnchor: isRtl ? "end" : "start", dx: isRtl ? -5 : 5, fill: INK }),
      ruleX([0], { stroke: LINE }),
    ],
  });
}

/** The sum of what stands before a cell in its row. */
function before(found, cell) {
  return found.filter((other) => other.key === cell.key && other.place < cell.place).reduce((sum, other) => sum + other.value, 0);
}

/** Columns over time, those of several series on each other, since they are parts of a whole. */
function columns(data, { width, isRtl, side, number, style }) {
  const found = cells(data);
  const domain = yearsOf(data);
  const every = Math.ceil(domain.length / (width / 48));
  return plot({
    width,
    height: Math.min(360, Math.max(240, width * 0.45)),
    style,
    marginLeft: isRtl ? 16 : 52,
    marginRight: isRtl ? 52 : 16,
    x: { domain, reverse: isRtl, label: null, padding: 0.15 },
    y: { label: null },
    marks: [
      gridY({ ticks: 6, stroke: "#b6c4ba", strokeOpacity: 0.6 }),
      axisX({ label: null, tickSize: 0, tickFormat: (year) => (domain.indexOf(year) % every ? "" : year) }),
      axisY({ anchor: side, ticks: 6, tickFormat: number, label: null }),
      ...data.columns.map((_, place) => barY(found.filter((cell) => cell.place === place), {
        x: "key", fill: paint(place), y1: (cell) => before(found, cell), y2: (cell) => before(found, cell) + cell.value,
        title: (cell) => `${cell.key}${cell.series ? `, ${cell.series}` : ""}: ${number(cell.value)}`,
      })),
      ruleY([0], { stroke: LINE }),
    ],
  });
}

/** Columns over time, those of several series side by side: each year has a place for each of them and a gap. */
function groups(data, { width, isRtl, side, number, style }) {
  const years = yearsOf(data);
  const every = Math.ceil(years.length / (width / 48));
  const places = [...data.columns.keys(), "gap"];
  const middle = Math.floor((data.columns.length - 1) / 2);
  const found = cells(data);
  return plot({
    width,
    height: Math.min(360, Math.max(240, width * 0.45)),
    style,
    marginLeft: isRtl ? 16 : 52,
    marginRight: isRtl ? 52 : 16,
    x: { domain: years.flatMap((year) => places.map((place) => `${year} ${place}`)), reverse: isRtl, label: null, padding: 0 },
    y: { label: null },
    marks: [
      gridY({ ticks: 6, stroke: "#b6c4ba", strokeOpacity: 0.6 }),
      axisX(years.filter((_, place) => place % every === 0).map((year) => `${year} ${middle}`), { label: null, tickSize: 0, tickFormat: (key) => key.slice(0, 4) }),
      axisY({ anchor: side, ticks: 6, tickFormat: number, label: null }),
      ...data.columns.map((_, place) => barY(found.filter((cell) => cell.place === place), {
        x: (cell) => `${cell.key} ${place}`, y: "value", fill: paint(place), title: (cell) => `${cell.key}, ${cell.series}: ${number(cell.value)}`,
      })),
      ruleY([0], { stroke: LINE }),
    ],
  });
}

/** Every year from the first to the last. */
function yearsOf(data) {
  const years = data.rows.map((row) => Number(row.key));
  const first = Math.min(...years);
  return Array.from({ length: Math.max(...years) - first + 1 }, (_, place) => String(first + place));
}

/** A circle for each month and series, as large as its number. */
function dots(data, { width, isRtl, side, number, style }) {
  const found = cells(data);
  const year = data.rows[0].key.slice(0, 4);
  const domain = Array.from({ length: 12 }, (_, place) => `${year}-${String(place + 1).padStart(2, "0")}`);
  const most = width > 560 ? 40 : 18;
  const margin = Math.min(Math.max(...data.columns.map((label) => Math.min(label.length, most))) * (/[\u3000-\u9fff]/.test(data.columns[0]) ? 12.5 : 7) + 14, width * 0.48);
  return plot({
    width,
    height: data.columns.length * 26 + 50,
    style,
    marginLeft: isRtl ? 20 : margin,
    marginRight: isRtl ? margin : 20,
    x: { type: "point", domain, reverse: isRtl, label: null },
    y: { type: "point", domain: data.columns, label: null },
    r: { range: [0, 11] },
    marks: [
      gridY({ stroke: "#b6c4ba", strokeOpacity: 0.6 }),
      axisX({ label: null, tickSize: 0, tickFormat: (month) => month.slice(5) }),
      axisY({ anchor: side, tickSize: 0, label: null, tickFormat: (label) => short(label, most) }),
      dot(found, { x: "key", y: "series", r: "value", fill: FILLS[0], stroke: "#fff", title: (cell) => `${cell.series}, ${cell.key}: ${number(cell.value)}` }),
      width > 560 ? text(found.filter((cell) => cell.value > 0), { x: "key", y: "series", text: (cell) => number(cell.value), dx: 14, fontSize: 10, fill: INK, textAnchor: "start" }) : null,
    ],
  });
}

/** The upper ends of classes of numbers, about as many countries in each. */
function classes(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const ends = STEPS.map((_, place) => sorted[Math.ceil(((place + 1) * sorted.length) / STEPS.length) - 1]);
  return [...new Set(ends)];
}

/** A map of the world with a fill and a tooltip for each country. */
function world(outlines, fill, title, width, style) {
  return plot({
    width,
    height: width * 0.5,
    style,
    margin: 2,
    projection: { type: "equal-earth", domain: { type: "Sphere" } },
    marks: [
      geo({ type: "Sphere" }, { fill: "#eef3f0", stroke: "#b6c4ba" }),
      geo(outlines, { fill, stroke: LINE, strokeWidth: 0.5, title }),
    ],
  });
}

/** What a figure is made of: the plot, the legend, and the countries that the map is too coarse for. */
async function drawn(figure, data, width) {
  const setting = common(figure, width);
  const { kind, none, party, other, outside } = figure.dataset;
  if (kind === "map" || kind === "status") {
    const outlines = await atlas(figure.dataset.atlas);
    const known = new Map(data.rows.filter((row) => row.area).map((row) => [row.area, row]));
    const placed = new Set(outlines.map((outline) => outline.id));
    const small = data.rows.filter((row) => !row.area || !placed.has(row.area)).map((row) => row.label);
    const title = (outline) => {
      const row = known.get(outline.id);
      return row ? `${row.label}: ${row.shown[0]}` : kind === "map" ? none : `${other} · ${outside}`; // names are those of the graph only
    };
    if (kind === "status") {
      const fill = (outline) => (known.has(outline.id) ? FILLS[0] : "url(#hatch)");
      return { svg: world(outlines, fill, title, width, setting.style), legend: [[FILLS[0], party], ["url(#hatch)", `${other} · ${outside}`]], small };
    }
    const ends = classes(data.rows.map((row) => Number(row.values[0])));
    const step = (row) => STEPS[ends.findIndex((end) => Number(row.values[0]) <= end) + STEPS.length - ends.length];
    const fill = (outline) => (known.has(outline.id) ? step(known.get(outline.id)) : "#fff");
    const starts = [Math.min(...data.rows.map((row) => Number(row.values[0]))), ...ends.slice(0, -1).map((end) => end + 1)];
    const range = (place) => (starts[place] === ends[place] ? setting.number(ends[place]) : `${setting.number(starts[place])}–${setting.number(ends[place])}`);
    const legend = [["#fff", none], ...ends.map((_, place) => [STEPS[place + STEPS.length - ends.length], range(place)])];
    return { svg: world(outlines, fill, title, width, setting.style), legend, small };
  }
  const svg = { bars, columns, groups, dots }[kind](data, setting);
  const legend = data.columns.length > 1 && kind !== "dots" ? data.columns.map((label, place) => [paint(place), label]) : [];
  return { svg, legend, small: [] };
}

let outlined;
/** The outlines of all countries, fetched once. */
function atlas(address) {
  outlined ??= fetch(address).then((answer) => {
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return answer.json();
  }).then((world) => feature(world, world.objects.countries).features);
  return outlined;
}

/** The picture as one SVG that needs no style sheet: title, legend, plot, source. */
function composed(figure, { svg, legend }, width) {
  const isRtl = getComputedStyle(figure).direction === "rtl";
  const along = (x) => (isRtl ? width - x : x);
  const whole = element("svg", { width, direction: "ltr", "font-family": FONT, "font-size": 12, fill: INK });
  whole.append(patterns(), element("text", { x: along(0), y: 16, "font-size": 15, "font-weight": 700, "text-anchor": isRtl ? "end" : "start" }, figure.dataset.title));
  let y = 30;
  let x = 0;
  for (const [fill, label] of legend) {
    const needed = 26 + [...label].reduce((sum, character) => sum + (character > "\u2e7f" ? 13 : 7), 0);
    if (x && x + needed > width) [x, y] = [0, y + 20];
    whole.append(
      element("rect", { x: along(x) - (isRtl ? 14 : 0), y, width: 14, height: 14, fill, stroke: LINE }),
      element("text", { x: along(x + 20), y: y + 11, "text-anchor": isRtl ? "end" : "start" }, label),
    );
    x += needed;
  }
  y += legend.length ? 26 : 0;
  svg.querySelectorAll("style").forEach((style) => style.remove()); // which the Content-Security-Policy would refuse
  svg.querySelectorAll("[aria-label]").forEach((part) => part.removeAttribute("aria-label")); // the figure has one name
  svg.setAttribute("y", y);
  svg.setAttribute("fill", "currentColor");
  svg.setAttribute("text-anchor", "middle");
  const height = y + Number(svg.getAttribute("height"));
  whole.append(svg);
  whole.setAttribute("height", height);
  whole.setAttribute("viewBox", `0 0 ${width} ${height}`);
  return whole;
}

/** The picture by itself, on white, with its source and, of a map, the disclaimer. */
function standalone(figure) {
  const copy = figure.querySelector(".drawing > svg").cloneNode(true);
  const [width, height] = ["width", "height"].map((name) => Number(copy.getAttribute(name)));
  const disclaimer = figure.querySelector(".disclaimer")?.textContent ?? "";
  const whole = annotated(copy, [`${figure.dataset.source}, ${location.href}`, disclaimer], width, height);
  copy.setAttribute("height", whole + 16);
  copy.setAttribute("width", width + 32);
  copy.setAttribute("viewBox", `-16 -12 ${width + 32} ${whole + 16}`);
  copy.setAttribute("color", INK);
  copy.prepend(element("rect", { x: -16, y: -12, width: width + 32, height: whole + 16, fill: "#fff" }));
  return copy;
}

/** Draw a figure, again whenever the width of the page changes, and make its buttons work. */
async function show(figure) {
  const data = tableData(document.getElementById("data"));
  const place = figure.querySelector(".drawing");
  figure.hidden = false;
  let last = 0;
  const draw = async () => {
    const width = Math.floor(place.clientWidth);
    if (!width || width === last) return;
    last = width;
    const made = await drawn(figure, data, width);
    place.replaceChildren(composed(figure, made, width));
    const small = figure.querySelector(".small-countries");
    if (small && made.small.length) small.textContent = ` ${figure.dataset.small} ${made.small.join(", ")}.`;
  };
  await draw();
  new ResizeObserver(draw).observe(place);
  for (const button of figure.querySelectorAll("[data-save]")) {
    button.addEventListener("click", async () => {
      save(await file(standalone(figure), button.dataset.save), `${figure.dataset.file}.${button.dataset.save}`);
    });
  }
}

for (const figure of document.querySelectorAll("figure.chart")) {
  show(figure).catch((error) => {
    figure.querySelector(".drawing").textContent = figure.dataset.failed;
    figure.querySelector(".actions").hidden = true;
    console.error(error);
  });
}
