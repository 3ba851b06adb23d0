// Journeys of fhir-kit-client, unmodified: https://github.com/Vermonster/fhir-kit-client
// Given as JSON on stdin: {journey, base, token, other, …}. Told as JSON on stdout.
import { Client } from "fhir-kit-client";

const text = await new Promise((resolve) => {
  let read = "";
  process.stdin.on("data", (part) => (read += part)).on("end", () => resolve(read));
});
const given = JSON.parse(text);
const client = new Client({ baseUrl: given.base, bearerToken: given.token });
const other = given.other && new Client({ baseUrl: given.base, bearerToken: given.other });

const refused = async (asked) => {
  try {
    await asked();
  } catch (problem) {
    return { status: problem.response.status, type: problem.response.data?.resourceType };
  }
  return { status: 200 };
};
const etag = (resource) => ({ headers: { "If-Match": Client.httpFor(resource).response.headers.get("etag") } });

const journeys = {
  async discovery() {
    const { tokenUrl } = await client.smartAuthMetadata();
    const { fhirVersion } = await client.capabilityStatement();
    return { tokenUrl: String(tokenUrl), fhirVersion };
  },

  async keeping() {
    const made = await client.create({ resourceType: "Patient", body: given.survivor });
    const read = await client.read({ resourceType: "Patient", id: made.id });
    const body = { ...read, birthDate: "1991-01-01" };
    const changed = await client.update({ resourceType: "Patient", id: made.id, body, options: etag(read) });
    const stale = await refused(() => client.update({ resourceType: "Patient", id: made.id, body, options: etag(read) }));
    const jsonPatch = [{ op: "replace", path: "/birthDate", value: "1992-02-02" }];
    const patched = await client.patch({ resourceType: "Patient", id: made.id, jsonPatch });
    const hidden = await refused(() => other.read({ resourceType: "Patient", id: made.id }));
    return { made, changed, patched, stale, hidden };
  },

  async searching() {
    let page = await client.search({ resourceType: "Patient", searchParams: { gender: "female", _count: 15 } });
    const { total } = page;
    const ids = [];
    while (page) {
      ids.push(...page.entry.map((entry) => entry.resource.id));
      page = await client.nextPage({ bundle: page });
    }
    const form = { resourceType: "Patient", searchParams: { identifier: given.identifier }, options: { postSearch: true } };
    const posted = await client.search(form);
    return { total, ids, posted: posted.total };
  },

  async answering() {
    const task = await client.read({ resourceType: "Task", id: given.task });
    const before = await refused(() => client.resolve({ reference: task.for.reference }));
    const body = { ...task, status: "accepted" };
    const unsaid = await refused(() => client.update({ resourceType: "Task", id: task.id, body }));
    const accepted = await client.update({ resourceType: "Task", id: task.id, body, options: etag(task) });
    const her = await client.resolve({ reference: task.for.reference });
    return { before, unsaid, accepted, her };
  },

  async consenting() {
    const before = await refused(() => other.read({ resourceType: "Task", id: given.task }));
    await client.create({ resourceType: "Consent", body: given.consent });
    const task = await other.read({ resourceType: "Task", id: given.task });
    return { before, status: task.status };
  },

  async refusals() {
    const stranger = new Client({ baseUrl: given.base, bearerToken: "no-token-of-this-hub" });
    const body = { ...given.survivor, gender: "moon" };
    return {
      absent: await refused(() => client.read({ resourceType: "Patient", id: "never" })),
      invalid: await refused(() => client.create({ resourceType: "Patient", body })),
      notTheirs: await refused(() => other.create({ resourceType: "Patient", body: given.survivor })),
      stranger: await refused(() => stranger.read({ resourceType: "Patient", id: "never" })),
    };
  },

  async operation() {
    const input = { resourceType: "Parameters", parameter: [{ name: "resource", resource: given.survivor }] };
    return client.operation({ name: "$validate", resourceType: "Patient", input });
  },

  async versions() {
    const made = await client.create({ resourceType: "Patient", body: given.survivor });
    const body = { ...made, birthDate: "1991-01-01" };
    await client.update({ resourceType: "Patient", id: made.id, body });
    const first = await client.vread({ resourceType: "Patient", id: made.id, version: "1" });
    const history = await client.history({ resourceType: "Patient", id: made.id });
    return { first, versions: history.entry.map((entry) => entry.resource.meta.versionId) };
  },

  async deleting() {
    const her = await client.create({ resourceType: "Patient", body: given.survivor });
    const body = { ...given.case, patient: { reference: `Patient/${her.id}` } };
    const made = await client.create({ resourceType: "EpisodeOfCare", body });
    await client.delete({ resourceType: "EpisodeOfCare", id: made.id });
    return refused(() => client.read({ resourceType: "EpisodeOfCare", id: made.id }));
  },

  async transaction() {
    const entry = given.survivors.map((resource) => ({ resource, request: { method: "POST", url: "Patient" } }));
    const done = await client.transaction({ body: { resourceType: "Bundle", type: "transaction", entry } });
    return done.entry.map(({ response }) => response.status);
  },
};

process.stdout.write(JSON.stringify(await journeys[given.journey]()));
