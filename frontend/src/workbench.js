// The SPARQL workbench: makes the editor of the page's form, and shows what a query answers.

import { copied, make } from "./shared/dom.js";
import { prepared } from "./workbench/completion.js";
import { editor } from "./workbench/editor.js";
import { Labels } from "./workbench/labels.js";
import { library } from "./workbench/questions.js";
import { result } from "./workbench/results.js";
import { answer, BrokenOff, Problem, TooLarge } from "./workbench/running.js";
import { tabs } from "./workbench/tabs.js";
import { code, downloads, raw, verdict } from "./workbench/views/other.js";
import { table } from "./workbench/views/table.js";
import { figures, phrases, size } from "./workbench/words.js";

const given = JSON.parse(document.getElementById("workbench-data").textContent);
const { addresses, language, endpoint } = given;
const [t, figure, labels] = [phrases(given.words), figures(language), new Labels(addresses.labels)];
const part = (name) => document.getElementById(name);
const [form, field, cancel, share, asked] = ["ask", "text", "cancel", "share", "asked"].map(part);
const [section, progress, problem, views] = ["result", "progress", "problem", "views"].map(part);
const context = { t, figure, labels, language, addresses, endpoint };
const LONGEST_LINK = 8000; // characters that mail and chat programs leave whole

let vocabulary = [];
let running = null;
let opened = "table";
let opening = firstLine(field.value); // of the question in the editor

const holder = make("div", { class: "editor", dir: "ltr" });
field.before(holder);
field.hidden = true;
form.querySelector('label[for="text"]').hidden = true;
for (const element of document.querySelectorAll(".script-only")) element.hidden = false;
for (const element of document.querySelectorAll(".plain-only")) element.hidden = true;

const writing = editor(holder, {
  t,
  figure,
  labels,
  text: field.value,
  prefixes: given.prefixes,
  vocabulary: () => vocabulary,
  concepts,
  run,
  changed(text) {
    field.value = text;
    asked.hidden = !asked.textContent || !text.startsWith(opening);
  },
});

fetch(addresses.vocabulary)
  .then((told) => (told.ok ? told.json() : []))
  .then((terms) => {
    vocabulary = prepared(terms, given.prefixes);
    document.documentElement.dataset.vocabulary = String(vocabulary.length);
  });

library(document.querySelector(".library"), {
  t,
  load(name, words) {
    asked.textContent = words;
    opening = firstLine(given.questions[name]);
    writing.write(given.questions[name]);
    remember(given.questions[name]);
    progress.textContent = t("loaded", { words });
    writing.focus();
  },
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
cancel.addEventListener("click", () => running?.abort());
share.addEventListener("click", async () => {
  const address = new URL(link(writing.text()), location.href).href;
  const isShort = address.length <= LONGEST_LINK;
  share.textContent = isShort && (await copied(address)) ? t("copied") : t("shareLong");
  setTimeout(() => (share.textContent = t("share")), 3000);
});

function firstLine(text) {
  return text.split("\n", 1)[0];
}

/** The address that opens a query: by name where it is a question of the library as it stands there. */
function link(query) {
  const name = Object.keys(given.questions).find((one) => given.questions[one] === query);
  return `${addresses.workbench}?${new URLSearchParams(name ? { name } : { query })}`;
}

/** The concepts whose labels begin with what is typed. */
async function concepts(typed, completion) {
  const stop = new AbortController();
  completion.addEventListener("abort", () => stop.abort());
  try {
    const told = await fetch(`${addresses.complete}?${new URLSearchParams({ q: typed, lang: language === "en" ? "en" : `${language} en`, limit: "8" })}`, { signal: stop.signal });
    return told.ok ? await told.json() : [];
  } catch {
    return []; // the vocabulary is offered all the same
  }
}

/** Ask what the editor holds, and show the answer. */
async function run() {
  running?.abort();
  const query = writing.text();
  const mine = (running = new AbortController());
  const began = performance.now();
  let bytes = 0;
  const tell = () => (progress.textContent = t("running", { seconds: figure((performance.now() - began) / 1000), size: size(bytes, figure) }));
  section.hidden = false;
  problem.replaceChildren();
  views.replaceChildren();
  cancel.disabled = false;
  tell();
  const ticking = setInterval(tell, 500);
  remember(query);
  try {
    const told = await answer(addresses.sparql, query, { signal: mine.signal, progress: (read) => (bytes = read) });
    if (running === mine) show(query, told);
    if (section.getBoundingClientRect().top > innerHeight - 200) section.scrollIntoView();
  } catch (error) {
    if (running === mine) fail(error, query);
  } finally {
    clearInterval(ticking);
    if (running === mine) {
      running = null;
      cancel.disabled = true;
    }
  }
}

/** Put a query into the address of the page, and into those of the page in other languages. */
function remember(query) {
  const address = link(query);
  history.replaceState(null, "", address.length <= LONGEST_LINK ? address : addresses.workbench);
  for (const other of document.querySelectorAll("a[hreflang]")) other.search = location.search;
}

function show(query, told) {
  const found = result(told.text, told.contentType);
  const { kind } = found;
  const done = { table: "finished", triples: "finishedTriples", boolean: "finishedBoolean" }[kind];
  const figuresOfRun = { rows: figure(found.rows.length), size: size(told.bytes, figure), seconds: figure(told.seconds) };
  const { seconds, rows, bytes } = told.limits;
  progress.replaceChildren(make("strong", {}, t(done, figuresOfRun)), ` · ${t("generation", { name: told.generation })}`);
  if (seconds) part("limits").textContent = t("limits", { seconds: figure(seconds), rows: figure(rows), size: size(bytes, figure) });
  const drawn = (name, module, view) => ({ name, title: t(name), show: async () => (await module())[view](found, context) });
  const first = kind === "boolean" ? [{ name: "table", title: t("results"), show: () => verdict(found, context) }] : [{ name: "table", title: t("table"), show: () => table(found, context) }];
  const drawings = [
    drawn("chart", () => import("./workbench/views/chart.js"), "chart"),
    drawn("map", () => import("./workbench/views/map.js"), "map"),
    drawn("timeline", () => import("./workbench/views/timeline.js"), "timeline"),
    drawn("graph", () => import("./workbench/views/graph.js"), "graph"),
  ];
  const last = [
    { name: "raw", title: t("raw"), show: () => raw(told.text, told.contentType, context) },
    { name: "downloads", title: t("downloads"), show: () => downloads(kind, query, context) },
    { name: "code", title: t("code"), show: () => code(kind, query, context) },
  ];
  const offered = kind === "boolean" ? [] : kind === "triples" ? drawings.slice(3) : drawings;
  views.replaceChildren(...tabs(t("views"), [...first, ...offered, ...last], opened, (name) => (opened = name)));
}

function fail(error, query) {
  progress.textContent = "";
  if (error.name === "AbortError") {
    progress.textContent = t("cancelled");
    return;
  }
  const parts = [make("p", {}, make("strong", {}, t("failed")))];
  if (error instanceof Problem) {
    parts.push(make("p", { lang: "en", dir: "ltr" }, error.message));
    parts.push(...places(error));
  } else if (error instanceof TooLarge) {
    parts.push(make("p", {}, t("tooLarge", { size: size(error.most, figure) })), ...downloads(formOf(query), query, context));
  } else {
    parts.push(make("p", {}, t(error instanceof BrokenOff ? "brokenOff" : "unreachable")));
    if (!(error instanceof BrokenOff || error instanceof TypeError)) console.error(error);
  }
  problem.replaceChildren(make("div", { class: "notice bad" }, parts));
}

/** Where a query is wrong: as the grammar sees it, which is nearer than where the engine gave up, else as the engine does. */
function places({ line, column, message }) {
  if (!line) return [];
  writing.mark(line, column ?? 1, message);
  const fault = writing.fault();
  const [there, at] = fault ? [fault.line, fault.at] : [line, writing.place(line, column ?? 1)];
  const button = make("button", { type: "button", class: "quiet", onclick: () => writing.goTo(at) }, t("goToLine", { line: there }));
  return [make("p", {}, fault ? `${fault.message} ` : "", button)];
}

const formOf = (query) => (/^\s*(?:CONSTRUCT|DESCRIBE)\b/im.test(query) ? "triples" : "table");
