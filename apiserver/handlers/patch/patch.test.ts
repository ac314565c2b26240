import type { Status } from "../../../shared/api/generated/meta/v1.ts";
import { type ApiAnswer, ask } from "../../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../../test/support/api-server.ts";

const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const JSON_PATCH = "application/json-patch+json";
const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";

let api: TestApiServer;
beforeAll(async () => {
  api = await startTestApiServer();
  const labels = { app: "web" };
  const body = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
  };
  const container = { name: "web", image: "web:1" };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  await ask(api, DEPLOYMENTS, { method: "POST", body: { ...body, spec: { ...body.spec, template } } });
});
afterAll(() => api.stop());

const patch = (type: string, body: unknown, query = ""): Promise<ApiAnswer> =>
  ask(api, `${DEPLOYMENTS}/web${query}`, { method: "PATCH", headers: { "content-type": type }, body });
const messageOf = (answer: ApiAnswer): string => answer.json<Status>().message ?? "";
const TWICE = '{"spec":{"replicas":2,"replicas":3}}';
const STRICT = "?fieldValidation=Strict";

describe("a patch", () => {
  it.each([MERGE, STRATEGIC])("that gives a field twice is refused when validation is strict (%s)", async (type) => {
    const answer = await patch(type, TWICE, STRICT);
    expect([answer.code, messageOf(answer)]).toEqual([
      422,
      expect.stringContaining('strict decoding error: duplicate field "spec.replicas"'),
    ]);
  });

  it.each([MERGE, STRATEGIC])("that gives a field twice is warned about otherwise (%s)", async (type) => {
    const answer = await patch(type, TWICE);
    expect([answer.code, answer.headers["warning"]]).toEqual([200, '299 - "duplicate field \\"spec.replicas\\""']);
    expect((await patch(type, TWICE, "?fieldValidation=Ignore")).headers["warning"]).toBeUndefined();
  });

  it("that is a JSON Patch is told its own unknown and doubled fields", async () => {
    const operations = '[{"op":"add","op":"replace","path":"/spec/replicas","value":1,"foo":1}]';
    expect(messageOf(await patch(JSON_PATCH, operations, STRICT))).toContain(
      'strict decoding error: json patch duplicate field "[0].op", json patch unknown field "[0].foo"',
    );
  });

  it("that is applied is refused for keys that it has twice", async () => {
    const text = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 1\n  replicas: 2\n";
    const answer = await patch("application/apply-patch+yaml", text, `${STRICT}&fieldManager=m`);
    expect([answer.code, messageOf(answer)]).toEqual([
      400,
      "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n" +
        '  line 5: key "replicas" already set in map',
    ]);
  });

  it("whose outcome does not fit shows the patched object, without a kind", async () => {
    const message = messageOf(await patch(MERGE, { spec: { replicas: "many" } }));
    expect(message).toMatch(
      /^ "" is invalid: patch: Invalid value: "\{\\"kind\\":\\"Deployment\\"|^ "" is invalid: patch: Invalid value: "\{\\"apiVersion\\"/u,
    );
    expect(message).toMatch(
      /: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32$/u,
    );
  });

  it("that is a strategic merge shows itself as Go prints it", async () => {
    const message = messageOf(await patch(STRATEGIC, { spec: { foo: { b: [1, "x"], a: null } } }, STRICT));
    expect(message).toBe(
      ' "" is invalid: patch: Invalid value: "map[spec:map[foo:map[a:<nil> b:[1 x]]]]": ' +
        'strict decoding error: unknown field "spec.foo"',
    );
  });
});
