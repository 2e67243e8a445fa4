// The views without a drawing: yes or no, the raw answer, the downloads, and the query as code.

import { copied, make } from "../../shared/dom.js";
import { save } from "../../shared/saving.js";
import { snippets } from "../snippets.js";
import { size } from "../words.js";

const MOST = 200_000; // characters of a raw answer that are shown
const LONGEST_ADDRESS = 30_000; // characters of an address that servers take
const FORMATS = {
  table: [["csv", "CSV", "csv"], ["tsv", "TSV", "tsv"], ["json", "JSON", "json"], ["xml", "XML", "xml"]],
  triples: [["turtle", "Turtle", "ttl"], ["ntriples", "N-Triples", "nt"], ["jsonld", "JSON-LD", "jsonld"], ["rdfxml", "RDF/XML", "rdf"], ["trig", "TriG", "trig"], ["nquads", "N-Quads", "nq"]],
  boolean: [["json", "JSON", "json"], ["xml", "XML", "xml"], ["csv", "CSV", "csv"]],
};

/** The answer to an ASK query. */
export function verdict(result, { t }) {
  return [make("p", { class: "big" }, t(result.boolean ? "yes" : "no"))];
}

/** The text of the answer as it came. */
export function raw(text, contentType, { t, figure }) {
  const told = contentType.includes("json") && text.length < MOST ? JSON.stringify(JSON.parse(text), null, 2) : text;
  const parts = [make("pre", { dir: "ltr", tabindex: "0", role: "region", "aria-label": t("raw") }, told.slice(0, MOST))];
  if (told.length > MOST) parts.push(make("p", { class: "quiet-text" }, t("rawCut", { size: size(MOST, figure) })));
  return parts;
}

/** A link for each format that the answer can take. */
export function downloads(kind, query, { t, addresses }) {
  const links = FORMATS[kind].map(([format, title, ending]) => {
    const address = `${addresses.sparql}?${new URLSearchParams({ query, format })}`;
    const name = `answer.${ending}`;
    if (address.length <= LONGEST_ADDRESS) return make("a", { class: "button quiet", href: address, download: name }, title);
    return make("button", { type: "button", class: "quiet", onclick: () => posted(addresses.sparql, query, format, name) }, title);
  });
  return [make("p", { class: "actions", "aria-label": t("downloads"), role: "group" }, links)];
}

async function posted(address, query, format, name) {
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ query, format }) });
  if (answer.ok) save(await answer.blob(), name);
}

/** The query in other languages, to copy. */
export function code(kind, query, { t, endpoint }) {
  return snippets(endpoint, query, kind).map(({ name, title, text }) => {
    const said = make("span", { role: "status" });
    const copy = async () => (said.textContent = (await copied(text)) ? t("copied") : "");
    const button = make("button", { type: "button", class: "quiet small", "aria-label": `${t("copy")}: ${title}`, onclick: copy }, t("copy"));
    return make(
      "section",
      { class: "snippet", "data-snippet": name },
      make("h3", {}, title, " ", button, " ", said),
      make("pre", { dir: "ltr", tabindex: "0", role: "region", "aria-label": title }, text),
    );
  });
}
