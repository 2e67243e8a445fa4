// Elements of a page, made without HTML text, so that nothing that comes as data is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";
// What turns or hides the text around it, and control characters: told by their code points.
const TURNING = /[\u202A-\u202E\u2066-\u2069\u200B\u2060\uFEFF\u00AD\u0000-\u0008\u000B-\u001F\u007F-\u009F]/gu;

/** An element with attributes, listeners (`onclick`), properties that start with a dot (`.value`), and children. */
export function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key.startsWith(".")) element[key.slice(1)] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Text as nodes, in which characters that would turn or hide other text are told by name. */
export function visible(text) {
  const nodes = [];
  let end = 0;
  for (const found of String(text).matchAll(TURNING)) {
    nodes.push(text.slice(end, found.index));
    const code = found[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    nodes.push(make("span", { class: "control" }, `U+${code}`));
    end = found.index + found[0].length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/** The same as a string, for the texts in drawings. */
export function plain(text) {
  return String(text).replace(TURNING, (found) => `[U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/** A menu with a label; `choices` are pairs of value and text. */
export function menu(label, choices, value, changed) {
  const options = choices.map(([key, text]) => make("option", { value: key, ".selected": key === value }, text));
  return make("label", { class: "menu" }, `${label} `, make("select", { onchange: (event) => changed(event.target.value) }, options));
}

/** Write to the clipboard; whether that was possible. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", { ".value": text, class: "hidden" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy"); // where the page is not served over TLS
    area.remove();
    return done;
  }
}
