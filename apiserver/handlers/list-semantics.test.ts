/** What LIST and WATCH do with every combination of their parameters (upstream's API concepts, "Resource versions"). */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Status } from "../../shared/api/generated/meta/v1.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { configMaps, namespaces, secrets } from "../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";

interface ListAnswer extends Status {
  readonly httpStatus: number;
  readonly retryAfter: string | undefined;
  readonly items: readonly { readonly metadata: { readonly name: string; readonly resourceVersion: string } }[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

interface Line {
  readonly type: string;
  readonly object: Status & {
    readonly metadata: { readonly name?: string; readonly resourceVersion?: string; readonly annotations?: object };
  };
}

const PATH = "/api/v1/namespaces/ns/configmaps";
const FUTURE = 900_000;

let api: TestApiServer;
const storage = new MemoryStorage(systemClock);
/** Revisions of the script: a to e are created, then b is deleted and c changed. */
const at = { created: 0, deleted: 0, changed: 0 };

beforeAll(async () => {
  api = await startTestApiServer({ storage });
  await api.client.create(namespaces, { metadata: { name: "ns" } });
  for (const name of ["a", "b", "c", "d", "e"]) {
    const metadata = { name, labels: { vowel: String("aeiou".includes(name)) } };
    const made = await api.client.create(configMaps, { metadata }, { namespace: "ns" });
    at.created = Number(made.metadata.resourceVersion);
  }
  await api.client.delete(configMaps, { namespace: "ns", name: "b" });
  at.deleted = await storage.currentRevision();
  const patch = { data: { changed: "yes" } };
  const changed = await api.client.patch(configMaps, { namespace: "ns", name: "c" }, "merge", patch);
  at.changed = Number(changed.metadata.resourceVersion);
});
afterAll(() => api.stop());

const tls = () => ({ ca: api.authority.certificate, cert: api.admin.certificate, key: api.admin.key });

async function send(path: string, method = "GET", headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const request = httpsRequest(`${api.url}${path}`, { ...tls(), method, headers, agent: false });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

async function list(query: string): Promise<ListAnswer> {
  const response = await send(`${PATH}?${query}`);
  let text = "";
  for await (const chunk of response) text += String(chunk);
  const answer = JSON.parse(text) as ListAnswer;
  return { ...answer, httpStatus: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] };
}

/** Everything that a watch says until the server ends it. */
async function watch(path: string): Promise<{ status: number; lines: Line[] }> {
  const response = await send(path);
  let text = "";
  for await (const chunk of response) text += String(chunk);
  const lines = text.split("\n").filter((line) => line !== "");
  return { status: response.statusCode ?? 0, lines: lines.map((line) => JSON.parse(line) as Line) };
}

const names = ({ items }: ListAnswer): string => items.map(({ metadata }) => metadata.name).join("");
const told = (lines: readonly Line[]): string[] =>
  lines.map(
    ({ type, object }) => `${type} ${object.metadata.name ?? JSON.stringify(object.metadata.annotations ?? {})}`,
  );
/** `N` stands for the revision at which all five had been created. */
const withRevisions = (query: string): string =>
  query.replace(/=N(?=&|$)/u, `=${at.created}`).replace("=FUTURE", `=${FUTURE}`);
const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("LIST answers", () => {
  // Query, names, "latest" or "N", and the count of what remains: nothing, "uncounted" with a token but no count.
  it.each([
    ["", "acde", "latest", undefined],
    ["limit=2", "ac", "latest", 2],
    ["limit=4", "acde", "latest", undefined],
    ["limit=-1", "acde", "latest", undefined],
    ["resourceVersion=0", "acde", "latest", undefined],
    ["resourceVersion=0&limit=2", "acde", "latest", undefined],
    ["resourceVersion=0&resourceVersionMatch=NotOlderThan&limit=2", "acde", "latest", undefined],
    ["resourceVersion=N", "acde", "latest", undefined],
    ["resourceVersion=N&resourceVersionMatch=NotOlderThan", "acde", "latest", undefined],
    ["resourceVersion=N&resourceVersionMatch=NotOlderThan&limit=3", "acd", "latest", 1],
    ["resourceVersion=N&limit=2", "ab", "N", 3],
    ["resourceVersion=N&resourceVersionMatch=Exact", "abcde", "N", undefined],
    ["resourceVersion=N&resourceVersionMatch=Exact&limit=4", "abcd", "N", 1],
    ["resourceVersion=N&resourceVersionMatch=Exact&limit=5", "abcde", "N", undefined],
    ["limit=1&labelSelector=vowel%3Dtrue", "a", "latest", "uncounted"],
    ["limit=2&labelSelector=vowel%3Dfalse&resourceVersion=N&resourceVersionMatch=Exact", "bc", "N", "uncounted"],
    ["limit=1&fieldSelector=metadata.name%3Dd", "d", "latest", undefined],
  ])("%j with %s at %s, and %j remain", async (query, expected, revision, remaining) => {
    const answer = await list(withRevisions(query));
    expect(names(answer)).toBe(expected);
    const listed = Number(answer.metadata.resourceVersion);
    if (revision === "N") expect(listed).toBe(at.created);
    else expect(listed).toBeGreaterThanOrEqual(at.changed);
    expect(answer.metadata.remainingItemCount).toBe(remaining === "uncounted" ? undefined : remaining);
    expect(answer.metadata.continue !== undefined).toBe(remaining !== undefined);
  });

  it.each([
    ["limit=1", "acde"],
    ["resourceVersion=N&limit=2", "abcde"],
    ["resourceVersion=N&resourceVersionMatch=Exact&limit=1", "abcde"],
    ["resourceVersion=N&resourceVersionMatch=NotOlderThan&limit=3", "acde"],
    ["limit=1&labelSelector=vowel%3Dfalse", "cd"],
  ])("%j page by page at one revision", async (query, expected) => {
    const revisions = new Set<string>();
    const counts: (number | undefined)[] = [];
    let seen = "";
    let next = withRevisions(query);
    const limit = /limit=\d+/u.exec(query)?.[0] ?? "";
    const selector = /labelSelector=[^&]+/u.exec(query)?.[0] ?? "";
    while (next !== "") {
      const answer = await list(next);
      seen += names(answer);
      revisions.add(answer.metadata.resourceVersion);
      counts.push(answer.metadata.remainingItemCount);
      const { continue: rest } = answer.metadata;
      // Somebody writes in between; the pages must not see it.
      await api.client.create(configMaps, { metadata: { name: `z${counts.length}` } }, { namespace: "ns" });
      next = rest === undefined ? "" : `${limit}&${selector}&continue=${rest}&resourceVersion=0`;
    }
    for (let count = 1; count <= counts.length; count++) {
      await api.client.delete(configMaps, { namespace: "ns", name: `z${count}` });
    }
    expect(seen).toBe(expected);
    expect(revisions.size).toBe(1);
    const size = Number(limit.replace("limit=", ""));
    const expectedCounts = counts
      .map((_, index) => expected.length - size * (index + 1))
      .map((rest) => (rest > 0 ? rest : undefined));
    expect(counts).toEqual(selector === "" ? expectedCounts : counts.map(() => undefined));
  });

  it.each([
    [
      "resourceVersionMatch=Exact",
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
    ],
    [
      "resourceVersion=0&resourceVersionMatch=Exact",
      'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      "resourceVersion=1&resourceVersionMatch=Some",
      'resourceVersionMatch: Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""',
    ],
    [
      "resourceVersion=1&resourceVersionMatch=Exact&continue=x",
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
    ],
    ["sendInitialEvents=false", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"],
    [
      "watch=1&sendInitialEvents=true",
      "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    ],
    [
      "watch=1&resourceVersionMatch=NotOlderThan",
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    ],
    [
      "watch=1&continue=x",
      "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
    ],
  ])("%j with 422", async (query, message) => {
    const answer = await list(query);
    expect([answer.httpStatus, answer.reason]).toEqual([422, "Invalid"]);
    expect(answer.message).toBe(`ListOptions.meta.k8s.io "" is invalid: ${message}`);
  });

  it.each([
    [
      "resourceVersion=x",
      'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    ],
    ["resourceVersion=5&continue=TOKEN", "specifying resource version is not allowed when using continue"],
    ["continue=a.b", "invalid continue token: continue key is not valid: illegal base64 data at input byte 1"],
    [
      "continue=YWJj",
      "invalid continue token: continue key is not valid: invalid character 'a' looking for beginning of value",
    ],
    [
      `continue=${token([])}`,
      "invalid continue token: continue key is not valid: json: cannot unmarshal array into Go value of type storage.continueToken",
    ],
    [
      `continue=${token({ v: "meta.k8s.io/v2" })}`,
      "invalid continue token: continue key is not valid: server does not recognize this encoded version meta.k8s.io/v2",
    ],
    [
      `continue=${token({ v: "meta.k8s.io/v1", start: "a" })}`,
      "invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
    ],
    [
      `continue=${token({ v: "meta.k8s.io/v1", rv: 1 })}`,
      "invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)",
    ],
    [
      `continue=${token({ v: "meta.k8s.io/v1", rv: 1, start: "../x" })}`,
      "invalid continue token: continue key is not valid: ../x",
    ],
    [
      `continue=${token({ v: "meta.k8s.io/v1", rv: "1", start: "x" })}`,
      "invalid continue token: continue key is not valid: json: cannot unmarshal string into Go struct field continueToken.rv of type int64",
    ],
    ["limit=x", 'strconv.ParseInt: parsing "x": invalid syntax'],
  ])("%j with 400", async (query, message) => {
    const answer = await list(query.replace("TOKEN", token({ v: "meta.k8s.io/v1", rv: 1, start: "a" })));
    expect([answer.httpStatus, answer.reason, answer.message]).toEqual([400, "BadRequest", message]);
  });

  it("504 for revisions of the future, whatever is asked of them", async () => {
    const queries = ["", "&limit=2", "&resourceVersionMatch=Exact", "&resourceVersionMatch=NotOlderThan"];
    const answers = await Promise.all(queries.map((query) => list(`resourceVersion=${FUTURE}${query}`)));
    for (const answer of answers) {
      expect([answer.httpStatus, answer.reason, answer.retryAfter]).toEqual([504, "Timeout", "1"]);
      expect(answer.message).toMatch(/^Too large resource version: 900000, current: \d+$/u);
      expect(answer.details?.causes).toEqual([
        { reason: "ResourceVersionTooLarge", message: "Too large resource version" },
      ]);
    }
  });
});

describe("WATCH says", () => {
  const end = '{"k8s.io/initial-events-end":"true"}';

  const expected: [query: string, lines: string[]][] = [
    ["", ["ADDED a", "ADDED c", "ADDED d", "ADDED e"]],
    ["resourceVersion=0", ["ADDED a", "ADDED c", "ADDED d", "ADDED e"]],
    ["labelSelector=vowel%3Dtrue&allowWatchBookmarks=true", ["ADDED a", "ADDED e", `BOOKMARK ${end}`]],
    ["resourceVersion=0&labelSelector=vowel%3Dtrue&allowWatchBookmarks=1", ["ADDED a", "ADDED e", `BOOKMARK ${end}`]],
    ["resourceVersion=N", ["DELETED b", "MODIFIED c"]],
    ["resourceVersion=N&allowWatchBookmarks=true", ["DELETED b", "MODIFIED c"]],
    ["resourceVersion=N&labelSelector=vowel%3Dtrue", []],
    ["resourceVersion=FUTURE", []],
    ["resourceVersion=N&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", ["DELETED b", "MODIFIED c"]],
    ["sendInitialEvents=false&resourceVersionMatch=NotOlderThan", []],
    ["resourceVersion=0&sendInitialEvents=false&resourceVersionMatch=NotOlderThan", []],
    [
      "resourceVersion=N&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&labelSelector=vowel%3Dtrue",
      ["ADDED a", "ADDED e"],
    ],
    [
      "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dd",
      ["ADDED d", `BOOKMARK ${end}`],
    ],
  ];

  it("what each of its parameters asks for", async () => {
    const seen = await Promise.all(
      expected.map(async ([query]) => {
        const { status, lines } = await watch(`${PATH}?watch=true&${withRevisions(query)}&timeoutSeconds=1`);
        // Other tests wrote beside the five; the last bookmark comes when the time is up.
        const own = told(lines).filter((line) => !/ z\d$/u.test(line) && line !== "BOOKMARK {}");
        return [query, status, own];
      }),
    );
    expect(seen).toEqual(expected.map(([query, lines]) => [query, 200, lines]));
  });

  it("what it cannot do as an event of the stream", async () => {
    const query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    const { status, lines } = await watch(`${PATH}?watch=true&${query}&resourceVersion=${FUTURE}`);
    expect([status, lines.length, lines[0]?.type]).toEqual([200, 1, "ERROR"]);
    expect(lines[0]?.object).toMatchObject({ kind: "Status", code: 504, reason: "Timeout" });
  });

  it("nothing more once its time is up, and that is at once for less than none", async () => {
    const { lines } = await watch(`${PATH}?watch=true&timeoutSeconds=-5`);
    expect(lines.length).toBeLessThanOrEqual(4);
  });

  it("the same on the deprecated paths", async () => {
    await api.client.create(secrets, { metadata: { name: "s" } }, { namespace: "ns" });
    const one = "timeoutSeconds=1&resourceVersion=0";
    const [all, inside, named, itself] = await Promise.all([
      watch(`/api/v1/watch/secrets?${one}&labelSelector=!x&fieldSelector=metadata.namespace%3Dns`),
      watch(`/api/v1/watch/namespaces/ns/secrets?${one}`),
      watch(`/api/v1/watch/namespaces/ns/secrets/s?${one}`),
      watch(`/api/v1/watch/namespaces/ns?${one}`),
    ]);
    for (const { lines } of [all, inside, named]) expect(told(lines)).toEqual(["ADDED s"]);
    expect(told(itself.lines)).toEqual(["ADDED ns"]);
    expect((await send("/api/v1/watch/namespaces/ns/secrets", "POST")).statusCode).toBe(405);
    const other = await send("/api/v1/watch/namespaces/ns/secrets/s?fieldSelector=type%3DOpaque");
    expect(other.statusCode).toBe(400);
  });
});

describe("--min-request-timeout", () => {
  it("ends watches that say nothing of their time after one to two times that", async () => {
    const impatient = await startTestApiServer({ minRequestTimeoutMs: 100 });
    try {
      const request = httpsRequest(`${impatient.url}/api/v1/namespaces?watch=true&timeoutSeconds=0`, {
        ca: impatient.authority.certificate,
        cert: impatient.admin.certificate,
        key: impatient.admin.key,
        agent: false,
      });
      request.end();
      const [response] = (await once(request, "response")) as [IncomingMessage];
      response.resume();
      await once(response, "end");
      expect(response.complete).toBe(true);
    } finally {
      await impatient.stop();
    }
  });
});
