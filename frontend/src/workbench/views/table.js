// The result as a table: labels instead of IRIs, sorted, filtered, a page at a time.

import { copied, make, visible } from "../../shared/dom.js";
import { comparison, moment, number, numericColumns } from "../columns.js";
import { folded } from "../completion.js";
import { iris } from "../results.js";

const SIZES = [50, 100, 500];
const LONGEST = 400; // characters of a text that are shown at first

/** The view of a table of terms. */
export async function table(result, { t, labels, figure, language }) {
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: "base" });
  const state = { page: 0, size: SIZES[0], sorted: "", down: false, wanted: "", showsIris: false };
  const body = make("tbody");
  const status = make("p", { role: "status", class: "quiet-text" });
  const [before, after] = [turner(t("previous"), -1), turner(t("next"), 1)];
  const numeric = numericColumns(result);
  const headings = new Map(result.columns.map((column) => [column, heading(column)]));
  let rows = result.rows;

  function turner(text, step) {
    return make("button", { type: "button", class: "quiet", onclick: () => ((state.page += step), show()) }, text);
  }

  function heading(column) {
    const button = make("button", { type: "button", class: "sort", dir: "ltr", title: t("sortBy", { column }), onclick: () => sort(column) }, column);
    return make("th", { scope: "col", class: numeric.includes(column) ? "number" : null }, button);
  }

  async function sort(column) {
    state.down = state.sorted === column && !state.down;
    state.sorted = column;
    await labels.of(iris(result.rows.slice(0, 20_000), [column]));
    arrange();
  }

  function arrange() {
    const shown = (term) => labels.text(term);
    const wanted = folded(state.wanted);
    const contains = (row) => result.columns.some((name) => row[name] && folded(`${shown(row[name])} ${row[name].value}`).includes(wanted));
    rows = wanted ? result.rows.filter(contains) : [...result.rows];
    if (state.sorted) {
      const order = comparison(state.sorted, shown, collator);
      rows.sort(state.down ? (a, b) => (a[state.sorted] && b[state.sorted] ? order(b, a) : order(a, b)) : order);
    }
    for (const [column, th] of headings) {
      if (column === state.sorted) th.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    }
    state.page = 0;
    return show();
  }

  async function show() {
    const from = state.page * state.size;
    const shown = rows.slice(from, from + state.size);
    const known = await labels.of(iris(shown, result.columns));
    body.replaceChildren(...shown.map((row) => make("tr", {}, result.columns.map((column) => cell(row[column], column, known)))));
    const to = from + shown.length;
    status.textContent = rows.length ? t("rows", { from: figure(from + 1), to: figure(to), all: figure(rows.length) }) : t("nothing");
    before.disabled = from === 0;
    after.disabled = to >= rows.length;
  }

  function cell(term, column, known) {
    const attributes = { class: Number.isFinite(number(term)) ? "number" : moment(term) ? "moment" : null };
    if (!term) return make("td", attributes);
    if (term.type === "uri") return make("td", attributes, thing(term.value, known.get(term.value)));
    if (term.type === "literal") return make("td", attributes, literal(term));
    return make("td", attributes, make("bdi", { dir: "ltr" }, visible(labels.text(term))));
  }

  function thing(iri, told) {
    const shown = told?.label ? make("bdi", { lang: told.language, dir: "auto" }, visible(told.label)) : make("bdi", { dir: "ltr" }, visible(iri));
    const isOther = told?.label && told.language && told.language.split("-")[0] !== language;
    const parts = [link(iri, told, shown), isOther ? make("span", { class: "language" }, told.language) : null];
    if (!state.showsIris) return parts;
    const copy = make("button", { type: "button", class: "quiet small", "aria-label": t("copyIri", { iri }), onclick: () => copied(iri) }, t("copy"));
    return [...parts, make("div", { class: "iri" }, told?.label ? make("code", { dir: "ltr" }, visible(iri)) : null, copy)];
  }

  function link(iri, told, shown) {
    if (told?.path) return make("a", { href: told.path, title: iri }, shown);
    return /^https?:/.test(iri) ? make("a", { href: iri, title: iri, rel: "noreferrer" }, shown) : make("span", { title: iri }, shown);
  }

  function literal(term) {
    const tag = term["xml:lang"];
    const attributes = { lang: tag, dir: tag || !Number.isFinite(number(term)) ? "auto" : "ltr", title: term.datatype };
    const text = make("bdi", attributes, visible(term.value.slice(0, LONGEST)));
    const parts = [text];
    if (term.value.length > LONGEST) {
      const more = make("button", { type: "button", class: "quiet small", onclick: () => (text.replaceChildren(...visible(term.value)), more.remove()) }, t("showAll"));
      parts.push(more);
    }
    if (tag && tag.split("-")[0] !== language) parts.push(" ", make("span", { class: "language" }, tag));
    return parts;
  }

  const find = make("input", { type: "search", dir: "auto", oninput: (event) => ((state.wanted = event.target.value), arrange()) });
  const sizes = make("select", { onchange: (event) => ((state.size = Number(event.target.value)), (state.page = 0), show()) }, SIZES.map((one) => make("option", {}, String(one))));
  const box = make("input", { type: "checkbox", onchange: (event) => ((state.showsIris = event.target.checked), show()) });
  await show();
  return [
    make("div", { class: "actions" }, make("label", { class: "menu" }, `${t("filter")} `, find), make("label", { class: "menu" }, `${t("perPage")} `, sizes), make("label", { class: "choice" }, box, t("showIris"))),
    make("div", { class: "wide", role: "region", "aria-label": t("table"), tabindex: "0" }, make("table", {}, make("thead", {}, make("tr", {}, [...headings.values()])), body)),
    make("div", { class: "actions" }, before, after, status),
  ];
}
