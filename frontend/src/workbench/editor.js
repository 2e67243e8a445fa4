// The editor: CodeMirror with SPARQL, faults, completion, and labels on hovering.
//
// It stands in a shadow tree, where CodeMirror adopts constructed style sheets: in the page itself it would write <style>
// elements, which the Content-Security-Policy forbids. The colours come in as custom properties of the page.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, toggleComment } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, LanguageSupport, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { linter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { make } from "../shared/dom.js";
import { source } from "./completion.js";
import { declared, faults, language, offset, placeOfDeclarations } from "./syntax.js";

const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: "#7a1f5c", fontWeight: "600" },
  { tag: tags.variableName, color: "#0b4f8a" },
  { tag: tags.propertyName, color: "#14532d" },
  { tag: tags.namespace, color: "#4c5d54" },
  { tag: [tags.string, tags.integer, tags.number], color: "#8a3b00" },
  { tag: tags.comment, color: "#5a6a61", fontStyle: "italic" },
]);
const LOOK = EditorView.theme({
  "&": { border: "1px solid var(--field)", borderRadius: ".4rem", background: "var(--card)", color: "var(--ink)", fontSize: ".9rem" },
  "&.cm-focused": { outline: "3px solid var(--green)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace", lineHeight: "1.5", minHeight: "16rem", maxHeight: "55vh", overflow: "auto" },
  ".cm-gutters": { background: "var(--soft)", color: "var(--quiet)", border: "none", borderRadius: ".4rem 0 0 .4rem" },
  ".cm-activeLine, .cm-activeLineGutter": { background: "#f1f6f266" },
  ".cm-tooltip": { background: "var(--card)", color: "var(--ink)", border: "1px solid var(--field)", borderRadius: ".4rem", maxWidth: "min(34rem, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "ui-monospace, monospace", maxHeight: "18rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: ".25rem .5rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--green)", color: "#fff" },
  ".cm-completionDetail": { fontFamily: "system-ui, sans-serif", fontStyle: "normal", color: "var(--quiet)" },
  "li[aria-selected] .cm-completionDetail": { color: "#fff" },
  ".cm-completionInfo": { whiteSpace: "pre-line", padding: ".5rem" },
  ".cm-hover": { padding: ".35rem .6rem" },
  ".cm-completionIcon": { display: "none" },
});

/** The editor in place of an element. `given` has text, words, and what is known: see `source` of completion.js. */
export function editor(parent, given) {
  const { t, run } = given;
  const root = parent.attachShadow({ mode: "open" });
  let reported = []; // faults that the engine told, until the query is changed

  const faultsOf = (view) => {
    const text = view.state.doc.toString();
    const found = faults(text, syntaxTree(view.state)).map((fault) => told(fault, t, given.prefixes));
    return [...found, ...reported.filter((one) => one.to <= text.length)];
  };
  const known = {
    ...given,
    tree: (state) => syntaxTree(state),
    isInText: (state, at) => ["String", "Comment", "IriRef"].includes(syntaxTree(state).resolveInner(at, -1).name),
  };
  const running = { key: "Mod-Enter", run: () => (run(), true) };
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: given.text,
      extensions: [
        Prec.highest([keymap.of([running]), EditorView.domEventHandlers({ beforeinput: replacing })]),
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        EditorView.lineWrapping,
        new LanguageSupport(language),
        language.data.of({ commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } }),
        syntaxHighlighting(COLOURS),
        autocompletion({ override: [source(known)], maxRenderedOptions: 60, aboveCursor: false }),
        linter(faultsOf, { delay: 400 }),
        hoverTooltip(hover(known)),
        keymap.of([
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...completionKeymap,
          ...lintKeymap,
          { key: "Mod-/", run: toggleComment },
        ]),
        EditorState.phrases.of({ Completions: t("completions") }),
        EditorView.contentAttributes.of({ "aria-label": t("editor"), tabindex: "0", lang: "en", dir: "ltr", spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          reported = [];
          given.changed(update.state.doc.toString());
        }),
        LOOK,
      ],
    }),
  });

  return {
    text: () => view.state.doc.toString(),
    write(text) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: 0 }, scrollIntoView: true });
    },
    /** Mark a place that the engine told: line and column from 1. */
    mark(line, column, message) {
      const text = view.state.doc.toString();
      const from = offset(text, line, column);
      const length = /^[^\s]*/.exec(text.slice(from))[0].length;
      const place = length ? { from, to: from + length } : { from: Math.max(0, from - 1), to: Math.max(from, Math.min(1, text.length)) };
      reported = [{ ...place, severity: "error", message }];
      view.dispatch(setDiagnostics(view.state, faultsOf(view)));
    },
    /** The line and the words of the first fault that the grammar tells, undefined for none. */
    fault() {
      const [first] = faults(view.state.doc.toString());
      return first && { line: view.state.doc.lineAt(first.from).number, at: first.from, message: t(first.kind, first) };
    },
    goTo(anchor) {
      view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
      view.focus();
    },
    place: (line, column) => offset(view.state.doc.toString(), line, column),
    focus: () => view.focus(),
  };
}

/** Typing over a selection. Left to Chromium, it would keep the look of what was selected in a style attribute, which the
Content-Security-Policy forbids. */
function replacing(event, view) {
  const { from, to, empty } = view.state.selection.main;
  if (event.inputType !== "insertText" || event.isComposing || empty || view.state.selection.ranges.length > 1) return false;
  event.preventDefault();
  const inserted = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  const isHandled = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, event.data, inserted));
  if (!isHandled) view.dispatch(inserted());
  return true;
}

/** A fault as CodeMirror tells it; a prefix that we know can be declared at once. */
function told(fault, t, prefixes) {
  const one = { from: fault.from, to: fault.to, severity: "error", message: t(fault.kind, fault) };
  if (fault.kind === "undeclared" && prefixes[fault.prefix]) {
    one.actions = [
      {
        name: t("declare"),
        apply(view) {
          const from = placeOfDeclarations(view.state.doc.toString());
          view.dispatch({ changes: { from, insert: `PREFIX ${fault.prefix}: <${prefixes[fault.prefix]}>\n` } });
        },
      },
    ];
  }
  return one;
}

/** The label and the definition of the name under the pointer. */
function hover(known) {
  return async (view, at, side) => {
    const node = syntaxTree(view.state).resolveInner(at, side);
    if (!["Pname_ln", "IriRef"].includes(node.name)) return null;
    const text = view.state.doc.toString();
    const iri = expanded(text.slice(node.from, node.to), declared(text, syntaxTree(view.state)));
    const term = known.vocabulary().find((one) => one.iri === iri);
    const label = term?.label || (await known.labels.of([iri])).get(iri)?.label;
    if (!label) return null;
    const dom = make("div", { class: "cm-hover" }, make("strong", { dir: "auto" }, label));
    if (term?.definition) dom.append(make("div", { dir: "auto" }, term.definition));
    return { pos: node.from, end: node.to, create: () => ({ dom }) };
  };
}

function expanded(name, prefixes) {
  if (name.startsWith("<")) return name.slice(1, -1);
  const [prefix, local] = name.split(/:(.*)/s);
  return (prefixes.get(prefix) ?? "") + local;
}
