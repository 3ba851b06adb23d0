// What Medplum's validator thinks.
// In: {structures: [StructureDefinition], resources: [{name, profile, resource}]}. Out: {name: [{severity, code, expression, text}]}.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { indexStructureDefinitionBundle, loadDataType, OperationOutcomeError, validateResource } from '@medplum/core';

const R4 = 'http://hl7.org/fhir/StructureDefinition/';
const folder = fileURLToPath(new URL('node_modules/hl7.fhir.r4.examples/', import.meta.url));

const read = (path) => JSON.parse(readFileSync(path, 'utf-8'));

function readTypes() {
  const names = readdirSync(folder).filter((name) => name.startsWith('StructureDefinition-'));
  return names.map((name) => read(folder + name)).filter((one) => one.derivation !== 'constraint');
}

// Medplum holds a whole list against the pattern of its items: such patterns are left out, and our test says so. And it tells
// extensions apart by the url that stands in the snapshot: where the profile of an extension was not unfolded, it is put there.
function readable(structure) {
  const element = structure.snapshot.element.flatMap((one) => {
    const repeats = !['0', '1'].includes(one.base.max) && !one.sliceName;
    const kept = repeats ? Object.fromEntries(Object.entries(one).filter(([key]) => !key.startsWith('pattern'))) : one;
    return [kept, ...urlOf(one, structure)];
  });
  return { ...structure, snapshot: { element } };
}

function urlOf(slice, structure) {
  const profile = slice.sliceName && slice.type?.[0].code === 'Extension' && slice.type[0].profile?.[0];
  const id = `${slice.id}.url`;
  if (!profile || structure.snapshot.element.some((one) => one.id === id)) return [];
  const once = { min: 1, max: '1' };
  return [{ ...once, id, path: `${slice.path}.url`, base: { ...once, path: 'Extension.url' }, type: [{ code: 'uri' }], fixedUri: profile }];
}

function issuesOf(resource, profile) {
  try {
    return validateResource(resource, { profile });
  } catch (error) {
    if (error instanceof OperationOutcomeError) return error.outcome.issue;
    return [{ severity: 'fatal', code: 'exception', details: { text: String(error) } }];
  }
}

const shown = ({ severity, code, expression, details }) => ({ severity, code, expression: expression?.[0], text: details?.text });

const { structures, resources } = read(0);
const ours = new Map(structures.map((one) => [one.url, readable(one)]));
const types = new Map(readTypes().map((one) => [one.url, one]));
indexStructureDefinitionBundle([...types.values(), ...ours.values()]);

const found = {};
for (const [url, profile] of ours) {
  // Below a backbone element Medplum reads the type's own definition: for as long as this profile is asked about, that is the profile.
  const type = types.get(R4 + profile.type);
  loadDataType({ ...profile, url: type.url });
  for (const one of resources.filter((each) => each.profile === url)) {
    found[one.name] = issuesOf(one.resource, profile).map(shown);
  }
  loadDataType(type);
}
process.stdout.write(JSON.stringify(found));
