// What somebody who is typing may mean: terms of the vocabulary by name or label, variables, prefixes, keywords.

import { declared, placeOfDeclarations } from "./syntax.js";

const WORD = /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_:.-]*$/u;
const LOCAL = /^[\p{L}_][\p{L}\p{N}_-]*$/u; // names that need no escape behind a prefix
const KEYWORDS = (
  "SELECT CONSTRUCT ASK DESCRIBE WHERE FROM OPTIONAL UNION MINUS FILTER BIND VALUES GRAPH SERVICE EXISTS DISTINCT REDUCED LIMIT OFFSET " +
  "HAVING PREFIX BASE COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT STR LANG LANGMATCHES DATATYPE BOUND IRI CONTAINS STRSTARTS STRENDS " +
  "REGEX REPLACE LCASE UCASE STRLEN SUBSTR CONCAT COALESCE IF YEAR MONTH DAY NOW STRDT STRLANG isIRI isLiteral isBlank UNDEF"
).split(" ").concat(["NOT EXISTS", "ORDER BY", "GROUP BY", "DESC", "ASC"]);
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-/; // of schemes that have no name to speak of
const MOST = 60;

/** Text without case and diacritics, so that what is typed finds what is meant. */
export function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The vocabulary made ready for searching: each term with its prefix, local name and folded texts. */
export function prepared(terms, prefixes) {
  const spaces = Object.entries(prefixes).sort((left, right) => right[1].length - left[1].length);
  return terms.flatMap((term) => {
    const space = spaces.find(([, iri]) => term.iri.startsWith(iri));
    const local = space ? term.iri.slice(space[1].length) : "";
    const isNamed = space && LOCAL.test(local);
    const name = isNamed ? `${space[0]}:${local}` : `<${term.iri}>`;
    const words = [local, term.label, term.english ?? ""].map(folded);
    return [{ ...term, name, space: isNamed ? space : null, local, words }];
  });
}

/** What the place before a word calls for: `class`, `property`, or `any`. */
export function position(before) {
  if (/(?:^|[\s;{.])(?:a|rdf:type)\s+$/.test(before)) return "class";
  if (/;\s*$/.test(before)) return "property";
  if (/(?:[{.]|^)\s*(?:[?$]\w+|<[^<>\s]*>|[\w-]*:[\w.-]*\w)\s+$/.test(before)) return "property";
  return "any";
}

/** How well a term fits what is typed: the lower the better, Infinity for not at all. */
export function distance(term, typed) {
  const [prefix, rest] = typed.includes(":") ? typed.split(/:(.*)/s) : [null, typed];
  if (prefix !== null && term.space?.[0].toLowerCase() !== prefix.toLowerCase()) return Infinity;
  const wanted = folded(rest);
  if (!wanted) return 3;
  const [local, ...labels] = term.words;
  if (local.startsWith(wanted) || labels.some((label) => label.startsWith(wanted))) return 0;
  if (labels.some((label) => ` ${label}`.includes(` ${wanted}`))) return 1;
  return local.includes(wanted) || labels.some((label) => label.includes(wanted)) ? 2 : Infinity;
}

/** The terms of a vocabulary for what is typed at a place, the best first. */
export function matches(vocabulary, typed, place) {
  const away = (term) => (place === "any" || term.kind === place ? 0 : 1);
  return vocabulary
    .map((term) => ({ term, far: distance(term, typed) }))
    .filter(({ far }) => far < Infinity)
    .sort((a, b) => away(a.term) - away(b.term) || a.far - b.far || b.term.uses - a.term.uses || (a.term.name < b.term.name ? -1 : 1))
    .slice(0, MOST)
    .map(({ term }) => term);
}

/** The name of a term with the prefix that the query itself declares for its namespace, and the declaration to add. */
export function written(term, text, tree) {
  if (!term.space) return { name: term.name, declaration: "" };
  const prefixes = declared(text, tree);
  const own = [...prefixes].find(([, iri]) => iri === term.space[1]);
  if (own) return { name: `${own[0]}:${term.local}`, declaration: "" };
  if (prefixes.has(term.space[0])) return { name: `<${term.iri}>`, declaration: "" };
  return { name: term.name, declaration: `PREFIX ${term.space[0]}: <${term.space[1]}>\n` };
}

/** A source of completions for CodeMirror. `knowledge` has the vocabulary, prefixes, words and `concepts(typed)`. */
export function source(knowledge) {
  const { t, figure } = knowledge;

  function ofTerm(term) {
    return {
      label: term.name,
      detail: term.label,
      type: term.kind,
      info: [t(term.kind), term.uses ? t("uses", { count: figure(term.uses) }) : "", term.definition ?? ""].filter(Boolean).join("\n"),
      apply(view, _completion, from, to) {
        const text = view.state.doc.toString();
        const { name, declaration } = written(term, text, knowledge.tree(view.state));
        insert(view, from, to, name, declaration);
      },
    };
  }

  return async (context) => {
    const text = context.state.doc.toString();
    const line = text.slice(text.lastIndexOf("\n", context.pos - 1) + 1, context.pos);
    const prefix = /^\s*PREFIX\s+([\w-]*)$/i.exec(line);
    if (prefix) return declarations(knowledge.prefixes, context.pos - prefix[1].length);
    const variable = context.matchBefore(/[?$]\w*/);
    if (variable) return variables(text, variable, t);
    if (knowledge.isInText(context.state, context.pos)) return null;
    const word = WORD.exec(line)?.[0] ?? "";
    if (!word && !context.explicit) return null;
    const from = context.pos - word.length;
    const place = position(text.slice(Math.max(0, from - 300), from));
    const options = matches(knowledge.vocabulary(), word, place).map(ofTerm);
    if (place === "any" && word && !word.includes(":")) options.push(...keywords(word, t));
    if (place !== "property" && word.length > 2 && !word.includes(":")) {
      const concepts = await knowledge.concepts(word, context);
      options.push(...concepts.map((one) => ofConcept(one, t)));
    }
    return options.length ? { from, options, filter: false } : null;
  };
}

function insert(view, from, to, name, declaration) {
  const at = placeOfDeclarations(view.state.doc.toString());
  const changes = [{ from, to, insert: name }];
  if (declaration) changes.push({ from: Math.min(at, from), insert: declaration });
  const anchor = from + name.length + declaration.length;
  view.dispatch({ changes, selection: { anchor }, userEvent: "input.complete", scrollIntoView: true });
}

function ofConcept({ uri, label, prefLabel, schemes }, t) {
  const shown = label === prefLabel ? label : `${label} (${prefLabel})`;
  return { label: shown, detail: schemes.filter((slug) => !GUID.test(slug)).join(", "), type: "concept", apply: `<${uri}>`, info: `${t("concept")}\n${uri}` };
}

function declarations(prefixes, from) {
  const options = Object.entries(prefixes).map(([name, iri]) => ({ label: `${name}:`, detail: iri, apply: `${name}: <${iri}>`, type: "namespace" }));
  return { from, options, validFor: /^[\w-]*$/ };
}

function variables(text, word, t) {
  const names = new Set(text.match(/[?$]\w+/g));
  names.delete(word.text);
  const options = [...names].map((name) => ({ label: `${word.text[0]}${name.slice(1)}`, detail: t("variable"), type: "variable" }));
  return options.length ? { from: word.from, options, validFor: /^[?$]\w*$/ } : null;
}

function keywords(word, t) {
  const wanted = word.toUpperCase();
  return KEYWORDS.filter((keyword) => keyword.toUpperCase().startsWith(wanted)).map((label) => ({ label, detail: t("keyword"), type: "keyword" }));
}
