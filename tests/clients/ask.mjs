// Asks an endpoint by one of the Node clients and prints what came back as JSON: `ask.mjs CLIENT FIRST SECOND`.
// Run in the directory where the clients are installed.

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.cwd()}/`);
const installed = (name) => import(pathToFileURL(require.resolve(name)));

const LABEL = 'http://www.w3.org/2000/01/rdf-schema#label';
const ROWS = `SELECT ?s ?l { ?s <${LABEL}> ?l }`;
const JOIN = `SELECT ?s ?l { ?s <https://example.org/country> ?c . ?c <${LABEL}> ?l }`;
const GRAPH = 'CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }';
const FOUND = 'https://w3id.org/clearinghouse/search#';
const SEARCH = `SELECT ?s ?l { ?s <${FOUND}query> "mangrove" . ?s <${FOUND}snippet> ?l }`;
const YES = 'ASK { ?s ?p ?o }';

async function comunica() {
  const { QueryEngine } = await installed('@comunica/query-sparql');
  return new QueryEngine();
}

async function fetcher() {
  const { SparqlEndpointFetcher } = await installed('fetch-sparql-endpoint');
  return new SparqlEndpointFetcher();
}

async function parsing(endpointUrl) {
  const { default: Client } = await installed('sparql-http-client/ParsingClient.js');
  return new Client({ endpointUrl });
}

async function bindings(query, sources) {
  const found = await (await (await comunica()).queryBindings(query, { sources })).toArray();
  return found.map((row) => [row.get('s').value, row.get('l').value]);
}

async function all(stream) {
  const items = [];
  for await (const item of stream) {
    items.push(item);
  }
  return items;
}

const rows = (found) => found.map((row) => [row.s.value, row.l.value]);

const CLIENTS = {
  'Comunica': (first) => bindings(ROWS, [{ type: 'sparql', value: first }]),
  'Comunica joining two sources': (...both) => bindings(JOIN, both.map((value) => ({ type: 'sparql', value }))),
  'Comunica joining two sources of a kind it finds out': (...both) => bindings(JOIN, both),
  'Comunica searching': (first) => bindings(SEARCH, [{ type: 'sparql', value: first }]),
  'Comunica CONSTRUCT': async (first) =>
    (await (await (await comunica()).queryQuads(GRAPH, { sources: [first] })).toArray()).length,
  'Comunica ASK': async (first) => (await comunica()).queryBoolean(YES, { sources: [first] }),
  'fetch-sparql-endpoint': async (first) => rows(await all(await (await fetcher()).fetchBindings(first, ROWS))),
  'fetch-sparql-endpoint CONSTRUCT': async (first) =>
    (await all(await (await fetcher()).fetchTriples(first, GRAPH))).length,
  'fetch-sparql-endpoint ASK': async (first) => (await fetcher()).fetchAsk(first, YES),
  'sparql-http-client': async (first) => rows(await (await parsing(first)).query.select(ROWS)),
  'sparql-http-client CONSTRUCT': async (first) => (await (await parsing(first)).query.construct(GRAPH)).size,
  'sparql-http-client ASK': async (first) => (await parsing(first)).query.ask(YES),
};

const [client, ...endpoints] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await CLIENTS[client](...endpoints)));
