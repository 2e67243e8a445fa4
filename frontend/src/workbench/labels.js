// Labels of IRIs in the page's language, asked for together and once.

const TOGETHER = 800;

export class Labels {
  #address;
  #known = new Map();

  constructor(address) {
    this.#address = address;
  }

  /** What is known of IRIs: to each its { label, language, path }, where it has any. */
  async of(iris) {
    const missing = iris.filter((iri) => !this.#known.has(iri));
    for (let start = 0; start < missing.length; start += TOGETHER) {
      const some = missing.slice(start, start + TOGETHER);
      const told = await this.#asked(some);
      for (const iri of some) this.#known.set(iri, told[iri] ?? null);
    }
    return new Map(iris.map((iri) => [iri, this.#known.get(iri)]).filter(([, known]) => known));
  }

  /** What is shown of a term right now. */
  text(term) {
    if (!term) return "";
    if (term.type !== "uri") return term.type === "bnode" ? `_:${term.value}` : plainValue(term);
    return this.#known.get(term.value)?.label || shortened(term.value);
  }

  async #asked(iris) {
    try {
      const body = JSON.stringify({ iris });
      const answer = await fetch(this.#address, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body });
      return answer.ok ? await answer.json() : {};
    } catch {
      return {}; // without labels IRIs are shown
    }
  }
}

function plainValue(term) {
  return typeof term.value === "string" ? term.value : JSON.stringify(term.value);
}

/** The last part of an IRI, by which people tell it from others. */
export function shortened(iri) {
  const last = /[#/]([^#/]+)[#/]?$/.exec(iri);
  return last ? last[1] : iri;
}
