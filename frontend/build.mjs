// From the sources in src/ to what the pages load: bundles, shared chunks, the outlines of countries, and the licences of it all.
//
//     node build.mjs [folder to write]        (default: ../endpoint/static/built)

import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { redrawn } from "./atlas.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const built = path.resolve(process.argv[2] ?? path.join(here, "..", "endpoint", "static", "built"));
const ATLAS = "world-atlas";

/** The paths of the entry points: each script and style sheet directly in src/. */
async function entryPoints() {
  const names = await readdir(path.join(here, "src"));
  return names.filter((name) => /\.(js|css)$/.test(name)).map((name) => path.join(here, "src", name));
}

/** The names of the packages that a build took something from. */
function packages(metafile) {
  const names = Object.keys(metafile.inputs).map((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]);
  return [...new Set([...names.filter(Boolean), ATLAS])].sort();
}

/** Name, version and licence text of a package, as its licence wants them to go along with copies. */
async function licence(name) {
  const folder = path.join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? await readFile(path.join(folder, file), "utf8") : "";
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

await rm(built, { recursive: true, force: true });
await mkdir(built, { recursive: true });
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: await entryPoints(),
  outdir: built,
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  charset: "utf8",
  minify: true,
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});
const world = JSON.parse(await readFile(path.join(here, "node_modules", ATLAS, "countries-110m.json"), "utf8"));
await writeFile(path.join(built, "countries-110m.json"), JSON.stringify(redrawn(world)));
const licences = await Promise.all(packages(metafile).map(licence));
await writeFile(path.join(built, "LICENCES.txt"), licences.join(`\n${"-".repeat(78)}\n\n`));

for (const output of Object.keys(metafile.outputs).filter((name) => /\.(js|css)$/.test(name)).sort()) {
  const { size } = await stat(path.resolve(here, output));
  console.log(`${path.relative(built, path.resolve(here, output))}  ${(size / 1024).toFixed(1)} KB`);
}
