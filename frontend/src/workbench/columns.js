// What the columns of a table hold: numbers, days, places, things. Each view asks here which columns it can use.

const XSD = "http://www.w3.org/2001/XMLSchema#";
const NUMERIC = new Set(
  ["integer", "decimal", "double", "float", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger",
    "negativeInteger", "nonPositiveInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"].map((name) => XSD + name),
);
const TEMPORAL = new Set(["date", "dateTime", "dateTimeStamp", "gYear", "gYearMonth"].map((name) => XSD + name));
const ISO = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T[\d:.]+)?)?)?(?:Z|[+-]\d\d:\d\d)?$/;
const POINT = /^\s*(?:<[^>]*>\s*)?POINT\s*(?:Z\s*)?\(\s*([-+\d.eE]+)\s+([-+\d.eE]+)/i;
const SAMPLE = 2000; // rows that are looked at to tell what a column holds

/** The number a term stands for, NaN for none. */
export function number(term) {
  return term?.type === "literal" && NUMERIC.has(term.datatype) ? Number(term.value) : NaN;
}

/** The moment a term stands for, null for none. */
export function moment(term) {
  if (term?.type !== "literal" || (term.datatype && !TEMPORAL.has(term.datatype) && term.datatype !== `${XSD}string`)) return null;
  const found = ISO.exec(term.value);
  if (!found || (!term.datatype && !found[3])) return null; // a bare number of four digits is no year
  const time = Date.UTC(Number(found[1]), Number(found[2] ?? 1) - 1, Number(found[3] ?? 1));
  return Number.isNaN(time) ? null : new Date(time);
}

/** Longitude and latitude of a point in well-known text, null for anything else. */
export function point(term) {
  const found = term?.type === "literal" ? POINT.exec(term.value) : null;
  return found ? [Number(found[1]), Number(found[2])] : null;
}

/** The columns of which at least half of the values given, and at least one, pass. */
export function columnsWith(result, passes) {
  const rows = result.rows.slice(0, SAMPLE);
  return result.columns.filter((column) => {
    const given = rows.map((row) => row[column]).filter(Boolean);
    const good = given.filter(passes).length;
    return good > 0 && good * 2 >= given.length;
  });
}

export const numericColumns = (result) => columnsWith(result, (term) => Number.isFinite(number(term)));
export const temporalColumns = (result) => columnsWith(result, (term) => moment(term) !== null);
export const thingColumns = (result) => columnsWith(result, (term) => term.type === "uri" || term.type === "bnode");

/** The columns with latitudes and longitudes, undefined without both. */
export function coordinateColumns(result) {
  const numeric = numericColumns(result);
  const latitude = numeric.find((name) => /^(lat|latitude)$|_lat$|Lat(itude)?$/.test(name));
  const longitude = numeric.find((name) => /^(lon|long|lng|longitude)$|_(lon|long|lng)$|Lon(g|gitude)?$/.test(name));
  return latitude && longitude ? { latitude, longitude } : undefined;
}

/** Names of countries to their entries, by IRI, code and name. */
export function countryIndex(countries) {
  const index = new Map();
  for (const country of countries) {
    for (const name of [country.iri, ...country.codes, ...country.names]) index.set(name.toLowerCase(), country);
  }
  return index;
}

/** The country that a term names, undefined for none. */
export function country(term, index) {
  return term ? index.get(term.value.trim().toLowerCase()) : undefined;
}

/** An order of terms: numbers by value, moments by time, the rest by what is shown of them. */
export function comparison(column, shown, collator) {
  return (left, right) => {
    const [a, b] = [left[column], right[column]];
    if (!a || !b) return a ? -1 : b ? 1 : 0; // rows without a value come last
    const [x, y] = [number(a), number(b)];
    if (Number.isFinite(x) && Number.isFinite(y)) return x - y;
    return collator.compare(shown(a), shown(b));
  };
}
