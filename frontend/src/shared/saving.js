// Drawings and texts of a page as files for its reader.

const RULES = ".plot{background:#fff;font-family:system-ui,sans-serif}.plot text{white-space:pre}";

const SVG = "http://www.w3.org/2000/svg";

const [LINE, LETTER, EDGE] = [18, 5.5, 28];

/** The drawings in an element as one, below each other, and remarks below them: a legend is a drawing of its own. Not in the document. */
function composed(element, remarks) {
  const whole = document.createElementNS(SVG, "svg");
  const style = document.createElementNS(SVG, "style"); // outside the document no rule of its policy is broken
  style.textContent = RULES;
  whole.append(style);
  let [width, height] = [0, 0];
  for (const svg of element.matches("svg") ? [element] : element.querySelectorAll(":scope > svg, figure > svg")) {
    const copy = svg.cloneNode(true);
    const size = svg.viewBox.baseVal;
    for (const [name, value] of Object.entries({ x: 0, y: height, width: size.width, height: size.height })) copy.setAttribute(name, value);
    whole.append(copy);
    [width, height] = [Math.max(width, size.width), height + size.height];
  }
  for (const line of remarks.flatMap((text) => broken(text, Math.floor(width / LETTER)))) {
    height += LINE;
    const text = document.createElementNS(SVG, "text");
    for (const [name, value] of Object.entries({ x: width / 2, y: height, "font-family": "system-ui, sans-serif", "font-size": 10, "text-anchor": "middle" })) text.setAttribute(name, value);
    text.textContent = line;
    whole.append(text);
  }
  if (remarks.length) height += EDGE;
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) whole.setAttribute(name, value);
  return { whole, width, height };
}

/** Text in lines of so many characters. */
export function broken(words, most) {
  return words.trim() ? words.trim().match(new RegExp(`.{1,${most}}(?:\\s|$)|.{1,${most}}`, "gu")) : [];
}

/** The text of an SVG file of a drawing, or of those in an element, with remarks below it. */
export function svgText(element, remarks = []) {
  return new XMLSerializer().serializeToString(composed(element, remarks).whole);
}

/** The same as the bytes of a PNG picture, twice as fine as on the page. */
export async function pngBlob(element, remarks = [], scale = 2) {
  const { whole, width, height } = composed(element, remarks);
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(whole)], { type: "image/svg+xml" }));
  try {
    const image = new Image(width, height);
    image.src = address;
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: width * scale, height: height * scale });
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
