// What a query says wrongly, told while it is typed: where the grammar gave up, and prefixes that nobody declared.

import { sparql } from "codemirror-lang-sparql";
import { styleTags, tags } from "@lezer/highlight";

/** The language, in which names with a prefix are marked too. */
export const language = sparql().language.configure({
  props: [styleTags({ "Pname_ln Pname_ns": tags.propertyName, A_predicate: tags.keyword, Langtag: tags.string })],
});

/** The prefixes that a query declares, by name. */
export function declared(text, tree) {
  const found = new Map();
  tree.iterate({
    enter(node) {
      if (node.name !== "PrefixDecl") return;
      const name = node.node.getChild("Pname_ns");
      const iri = node.node.getChild("IriRef");
      if (name && iri) found.set(text.slice(name.from, name.to - 1), text.slice(iri.from + 1, iri.to - 1));
    },
  });
  return found;
}

/** The faults of a query: kind (`unexpected`, `incomplete`, `undeclared`), from, to, and the text or prefix in question.

Of the places where the grammar gave up only the first is told: what follows it is seldom more than its consequence.
*/
export function faults(text, tree = language.parser.parse(text)) {
  const found = [];
  const prefixes = declared(text, tree);
  let broken = null;
  tree.iterate({
    enter(node) {
      if (node.type.isError && !broken) broken = { from: node.from, to: node.to };
      if (node.name !== "Pname_ln" && node.name !== "Pname_ns") return;
      if (node.node.parent?.name === "PrefixDecl") return;
      const prefix = text.slice(node.from, node.to).split(":", 1)[0];
      if (!prefixes.has(prefix)) found.push({ kind: "undeclared", from: node.from, to: node.from + prefix.length + 1, prefix });
    },
  });
  if (broken) found.unshift(widened(text, broken));
  return found.sort((left, right) => left.from - right.from);
}

/** A fault that can be seen: of one without length the letter before it is marked. */
function widened(text, { from, to }) {
  if (to > from) return { kind: "unexpected", from, to, text: text.slice(from, Math.min(to, from + 40)) };
  const seen = text.slice(0, from).trimEnd().length;
  return { kind: "incomplete", from: Math.max(0, Math.min(seen, text.length) - 1), to: Math.max(seen, 1) };
}

/** The offset of a line and column that count from 1, within the text. */
export function offset(text, line, column) {
  const lines = text.split("\n");
  const before = lines.slice(0, Math.min(line, lines.length) - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return Math.min(before + Math.max(column - 1, 0), before + (lines[Math.min(line, lines.length) - 1]?.length ?? 0));
}

/** Where a declaration is put: before the first one, or behind the comment that a query opens with. */
export function placeOfDeclarations(text) {
  const first = /^[ \t]*(?:PREFIX|BASE)\b/im.exec(text);
  if (first) return first.index;
  return /^(?:[ \t]*#.*\n|[ \t]*\n)*/.exec(text)[0].length;
}
