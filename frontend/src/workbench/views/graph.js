// The result as nodes and links: the triples of a graph, or two columns of things that belong together.

import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";
import { draw, make, plain } from "../../shared/dom.js";
import { thingColumns } from "../columns.js";
import { shortened } from "../labels.js";
import { iris } from "../results.js";
import { frame } from "./frame.js";

const MOST = 120; // nodes
const NAMED_LINKS = 60; // up to so many links are named in the drawing
const LONGEST = 26;
const ROUNDS = 300;

export async function graph(result, context) {
  const { t, labels } = context;
  const links = linked(result);
  if (!links.length) return [make("p", { class: "none" }, t("noGraph"))];
  await labels.of(iris(result.rows.slice(0, 2000), result.columns));
  const choice = { values: links.length <= MOST };
  const box = (redraw) => make("input", { type: "checkbox", ".checked": choice.values, onchange: (event) => ((choice.values = event.target.checked), redraw()) });
  const menus = (redraw) => [make("label", { class: "choice" }, box(redraw), t("values"))];
  return frame({ t, menus, name: "graph", drawing: () => drawing(links, choice, context) });
}

/** The links of a result: from one term to another, with what connects them. */
export function linked(result) {
  const { columns } = result;
  const spo = ["subject", "predicate", "object"].every((name) => columns.includes(name)) ? ["subject", "predicate", "object"] : ["s", "p", "o"].every((name) => columns.includes(name)) ? ["s", "p", "o"] : null;
  if (spo) {
    return result.rows
      .filter((row) => spo.every((name) => row[name]))
      .map((row) => ({ from: row[spo[0]], by: row[spo[1]], to: row[spo[2]] }));
  }
  const things = thingColumns(result);
  if (things.length < 2) return [];
  const [first, second, third] = things;
  const [from, by, to] = third ? [first, second, third] : [first, null, second];
  return result.rows.filter((row) => row[from] && row[to]).map((row) => ({ from: row[from], by: by ? row[by] : null, to: row[to] }));
}

const key = (term) => `${term.type} ${term.value} ${term["xml:lang"] ?? ""}`;

/** Nodes and edges for a drawing: the best connected nodes, and the edges between them. */
export function nodesAndEdges(links, showsValues, most = MOST) {
  const nodes = new Map();
  const edges = [];
  for (const { from, by, to } of links) {
    if (to.type === "literal" && !showsValues) continue;
    for (const term of [from, to]) {
      if (!nodes.has(key(term))) nodes.set(key(term), { id: key(term), term, degree: 0 });
      nodes.get(key(term)).degree += 1;
    }
    edges.push({ source: key(from), target: key(to), by });
  }
  const kept = [...nodes.values()].sort((a, b) => b.degree - a.degree).slice(0, most);
  const ids = new Set(kept.map((node) => node.id));
  return { nodes: kept, edges: edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target)), all: nodes.size };
}

async function drawing(links, choice, { t, labels, figure }) {
  const { nodes, edges, all } = nodesAndEdges(links, choice.values);
  const known = await labels.of(nodes.filter((node) => node.term.type === "uri").map((node) => node.term.value));
  forceSimulation(nodes)
    .force("link", forceLink(edges).id((node) => node.id).distance(({ source, target }) => 90 + 5 * Math.min(30, Math.max(source.degree, target.degree))))
    .force("charge", forceManyBody().strength(-260))
    .force("collide", forceCollide(46))
    .force("x", forceX().strength(0.06))
    .force("y", forceY().strength(0.09))
    .stop()
    .tick(ROUNDS);
  const told = [t("summary", { nodes: figure(nodes.length), links: figure(edges.length) })];
  if (all > nodes.length) told.push(t("graphCut", { shown: figure(nodes.length), all: figure(all) }));
  return { drawn: picture(nodes, edges, { labels, known, title: told[0] }), told };
}

function picture(nodes, edges, { labels, known, title }) {
  const [xs, ys] = [nodes.map((node) => node.x), nodes.map((node) => node.y)];
  const [left, top] = [Math.min(...xs) - 120, Math.min(...ys) - 40];
  const [width, height] = [Math.max(...xs) + 120 - left, Math.max(...ys) + 50 - top];
  const attributes = { class: "network", viewBox: `${left} ${top} ${width} ${height}`, width, height, role: "group", "aria-label": title };
  const arrow = draw("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 16, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, draw("path", { d: "M0 0 8 4 0 8z", fill: "#75857b" }));
  return draw(
    "svg",
    attributes,
    draw("defs", {}, arrow),
    edges.map((edge) => line(edge, edges.length <= NAMED_LINKS ? named(edge.by, labels) : "")),
    nodes.map((node) => dot(node, labels, known)),
  );
}

const named = (term, labels) => (term ? cut(labels.text(term) || shortened(term.value)) : "");

function line({ source, target }, name) {
  const stroke = draw("line", { x1: source.x, y1: source.y, x2: target.x, y2: target.y, stroke: "#9aa8a0", "stroke-width": 1, "marker-end": "url(#arrow)" });
  if (!name) return stroke;
  const text = draw("text", { x: 0.35 * source.x + 0.65 * target.x, y: 0.35 * source.y + 0.65 * target.y - 3, "text-anchor": "middle", "font-size": 9, fill: "#4c5d54", ...HALO }, name);
  return draw("g", {}, stroke, text);
}

const HALO = { "paint-order": "stroke", stroke: "#fff", "stroke-width": 3 };

function dot(node, labels, known) {
  const { term, x, y } = node;
  const isThing = term.type === "uri";
  const shape = isThing
    ? draw("circle", { cx: x, cy: y, r: 7, fill: "#14532d" })
    : draw("rect", { x: x - 5, y: y - 5, width: 10, height: 10, fill: term.type === "bnode" ? "#75857b" : "#d69e2e" });
  const text = draw("text", { x, y: y + 20, "text-anchor": "middle", "font-size": 11, fill: "#1c2b24", ...HALO }, cut(labels.text(term)));
  const whole = draw("title", {}, plain(isThing ? `${labels.text(term)}\n${term.value}` : term.value.slice(0, 500)));
  const href = isThing ? (known.get(term.value)?.path ?? (/^https?:/.test(term.value) ? term.value : null)) : null;
  return href ? draw("a", { href }, whole, shape, text) : draw("g", {}, whole, shape, text);
}

function cut(text) {
  const letters = [...plain(text).replace(/\s+/g, " ")];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : letters.join("");
}
