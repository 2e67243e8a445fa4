// One query on its way to the endpoint and back, with what people want to know of it: time, size, generation, limits.

const MOST = 32e6; // bytes that a page can still show

/** What the endpoint said instead of an answer; `line` and `column` where it knows them. */
export class Problem extends Error {
  constructor({ title, detail, line, column, status }) {
    super(detail || title);
    Object.assign(this, { title, line, column, status });
  }
}

/** The answer is larger than a page can show. */
export class TooLarge extends Error {
  constructor() {
    super("too large");
    this.most = MOST;
  }
}

/** The answer ended before its end. */
export class BrokenOff extends Error {}

/** The answer to a query: its text, type, bytes, seconds, generation and limits. `progress(bytes)` hears of each part. */
export async function answer(address, query, { signal, progress }) {
  const began = performance.now();
  const response = await fetch(address, {
    method: "POST",
    signal,
    headers: { Accept: "application/sparql-results+json, application/n-triples", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ query }),
  });
  if (!response.ok) throw new Problem(await problem(response));
  const { text, bytes } = await body(response, progress);
  return {
    text,
    bytes,
    seconds: (performance.now() - began) / 1000,
    contentType: response.headers.get("Content-Type") ?? "",
    generation: response.headers.get("Clearinghouse-Generation") ?? "",
    limits: limits(response.headers.get("Clearinghouse-Limits") ?? ""),
  };
}

async function body(response, progress) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parts = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : new BrokenOff();
    });
    if (done) break;
    bytes += value.length;
    if (bytes > MOST) {
      await reader.cancel();
      throw new TooLarge();
    }
    parts.push(decoder.decode(value, { stream: true }));
    progress(bytes);
  }
  return { text: parts.join("") + decoder.decode(), bytes };
}

async function problem(response) {
  try {
    return await response.json();
  } catch {
    return { title: `${response.status} ${response.statusText}`, status: response.status };
  }
}

/** `seconds=10, rows=1000000` as an object of numbers. */
export function limits(text) {
  return Object.fromEntries([...text.matchAll(/(\w+)=(\d+(?:\.\d+)?)/g)].map(([, name, value]) => [name, Number(value)]));
}
