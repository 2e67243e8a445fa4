// The words of the page's language, as the server gave them.

/** A function from the name of a message and its values to text. */
export function phrases(words) {
  return (key, values = {}) => words[key].replace(/%\((\w+)\)s/g, (_, name) => String(values[name]));
}

/** Numbers as the language writes them, with the digits that the data have. */
export function figures(language) {
  const format = new Intl.NumberFormat(language, { numberingSystem: "latn", maximumFractionDigits: 2 });
  return (value) => format.format(value);
}

/** A number of bytes for people. */
export function size(bytes, figure) {
  if (bytes < 1000) return `${figure(bytes)} B`;
  return bytes < 1e6 ? `${figure(Math.round(bytes / 100) / 10)} kB` : `${figure(Math.round(bytes / 1e5) / 10)} MB`;
}
