// Drawings and texts of a page as files for its reader.

import { draw } from "./dom.js";

const RULES = ".plot{background:#fff;font-family:system-ui,sans-serif}.plot text{white-space:pre}";
const [LINE, EDGE] = [18, 28]; // pixels: from line to line of remarks, below the last line
const [LETTER, IDEOGRAPH] = [5.5, 10]; // pixels across
const PIECES = /[\u2e80-\uffff]\s*|[^\s\u2e80-\uffff]{1,40}\s*/gu; // that may end a line: ideographs, words, parts of long addresses
const SCALE = 2; // pixels of a picture for each of the page

/** The drawings in an element as one, below each other, and remarks below them: a legend is a drawing of its own. Not in the document. */
export function composed(element, remarks) {
  const whole = draw("svg", { "font-family": "system-ui, sans-serif" }, draw("style", {}, RULES)); // outside the document no rule of its policy is broken
  let [width, height] = [0, 0];
  for (const svg of element.querySelectorAll(":scope > svg, figure > svg")) {
    const copy = svg.cloneNode(true);
    const size = svg.viewBox.baseVal;
    for (const [name, value] of Object.entries({ x: 0, y: height, width: size.width, height: size.height })) copy.setAttribute(name, value);
    whole.append(copy);
    [width, height] = [Math.max(width, size.width), height + size.height];
  }
  height = annotated(whole, remarks, width, height);
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) whole.setAttribute(name, value);
  return whole;
}

/** Puts remarks below a drawing of a width and height, in lines that are no wider; returns the height with them. */
export function annotated(svg, remarks, width, height) {
  const lines = remarks.flatMap((remark) => broken(remark, width));
  const setting = { x: width / 2, "font-size": 10, "text-anchor": "middle", "unicode-bidi": "plaintext" };
  lines.forEach((line, place) => svg.append(draw("text", { ...setting, y: height + LINE * (place + 1) }, line)));
  return lines.length ? height + LINE * lines.length + EDGE : height;
}

/** Text in lines that are about as wide as a width in pixels at most. */
export function broken(text, width) {
  const lines = [];
  for (const piece of text.trim().match(PIECES) ?? []) {
    const longer = (lines.at(-1) ?? "") + piece;
    if (lines.length && across(longer.trimEnd()) <= width) lines[lines.length - 1] = longer;
    else lines.push(piece);
  }
  return lines.map((line) => line.trimEnd());
}

function across(text) {
  return [...text].reduce((sum, character) => sum + (character > "\u2e7f" ? IDEOGRAPH : LETTER), 0);
}

/** A drawing, whose width and height it says, as a file: "svg", or "png" on white, finer than on the page. */
export async function file(svg, kind) {
  const drawing = new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
  if (kind === "svg") return drawing;
  const [width, height] = ["width", "height"].map((name) => Number(svg.getAttribute(name)));
  const address = URL.createObjectURL(drawing);
  try {
    const image = new Image(width, height);
    image.src = address;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: width * SCALE, height: height * SCALE });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Hand a file to the reader. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
