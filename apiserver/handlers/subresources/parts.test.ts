/** Subresources that write one part of an object: bindings and scales. */
import type { Scale } from "../../../shared/api/generated/autoscaling/v1.ts";
import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { Status } from "../../../shared/api/generated/meta/v1.ts";
import { type ApiAnswer, ask } from "../../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../../test/support/api-server.ts";

const CORE = "/api/v1/namespaces/default";
const APPS = "/apis/apps/v1/namespaces/default";

let api: TestApiServer;
beforeAll(async () => {
  api = await startTestApiServer();
  await ask(api, `${CORE}/serviceaccounts`, { method: "POST", body: { metadata: { name: "default" } } });
});
afterAll(async () => api.stop());

const post = (path: string, body: object): Promise<ApiAnswer> => ask(api, path, { method: "POST", body });
const codeAndText = (answer: ApiAnswer): unknown[] => [answer.code, answer.json<Status>().message];

describe("a binding", () => {
  const makePod = async (name: string, spec: object = {}): Promise<Pod> =>
    (
      await post(`${CORE}/pods`, { metadata: { name }, spec: { containers: [{ name: "a", image: "a:1" }], ...spec } })
    ).json();
  const bind = (name: string, body: object = {}): Promise<ApiAnswer> =>
    post(`${CORE}/pods/${name}/binding`, { metadata: { name }, target: { kind: "Node", name: "n" }, ...body });
  const podOf = async (name: string): Promise<Pod> => (await ask(api, `${CORE}/pods/${name}`)).json();

  it("puts a pod on a node once, with annotations", async () => {
    await makePod("one");
    const answer = await bind("one", { metadata: { name: "one", annotations: { a: "b" } } });
    expect([answer.code, answer.json<Status>().status]).toEqual([201, "Success"]);
    const pod = await podOf("one");
    expect(pod.spec.nodeName).toBe("n");
    expect(pod.metadata.annotations).toMatchObject({ a: "b" });
    expect(pod.status?.conditions).toEqual([expect.objectContaining({ type: "PodScheduled", status: "True" })]);
    expect(codeAndText(await bind("one"))).toEqual([
      409,
      'Operation cannot be fulfilled on pods/binding "one": pod one is already assigned to node "n"',
    ]);
  });

  it("also goes by the old resource", async () => {
    await makePod("old");
    const answer = await post(`${CORE}/bindings`, { metadata: { name: "old" }, target: { name: "n" } });
    expect(answer.code).toBe(201);
    expect((await podOf("old")).spec.nodeName).toBe("n");
  });

  it("leaves a gated pod, another pod and a pod that is not there", async () => {
    await makePod("gated", { schedulingGates: [{ name: "a.io/b" }] });
    expect(codeAndText(await bind("gated"))).toEqual([
      409,
      'Operation cannot be fulfilled on pods/binding "gated": pod gated has non-empty .spec.schedulingGates',
    ]);
    await makePod("other");
    expect((await bind("other", { metadata: { name: "other", uid: "x" } })).code).toBe(409);
    expect((await bind("missing")).code).toBe(404);
    expect((await podOf("other")).spec.nodeName).toBeUndefined();
  });

  it("names the pod of its URL, and a node", async () => {
    await makePod("named");
    expect(codeAndText(await bind("named", { metadata: { name: "x" } }))).toEqual([
      400,
      "name in URL does not match name in Binding object",
    ]);
    expect((await bind("named", { target: { kind: "Node", name: "" } })).json<Status>().message).toContain(
      "target.name: Required value",
    );
    expect((await bind("named", { target: { kind: "Rack", name: "a" } })).json<Status>().message).toContain(
      'target.kind: Unsupported value: "Rack": supported values: "Node", "<empty>"',
    );
  });
});

describe("a scale", () => {
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "a", image: "a:1" }] } };
  const makeDeployment = async (name: string): Promise<void> => {
    const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template };
    expect((await post(`${APPS}/deployments`, { metadata: { name }, spec })).code).toBe(201);
  };
  const put = (name: string, body: object): Promise<ApiAnswer> =>
    ask(api, `${APPS}/deployments/${name}/scale`, { method: "PUT", body });
  const scaleOf = async (name: string): Promise<Scale> =>
    (await ask(api, `${APPS}/deployments/${name}/scale`)).json<Scale>();

  it("shows and sets how many pods there should be", async () => {
    await makeDeployment("a");
    const scale = await scaleOf("a");
    expect(scale).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 0, selector: "app=web" } });
    const answer = await put("a", { ...scale, spec: { replicas: 5 } });
    expect([answer.code, answer.json<Scale>().spec]).toEqual([200, { replicas: 5 }]);
    expect((await put("a", { metadata: { name: "a" }, spec: {} })).json<Scale>().spec?.replicas ?? 0).toBe(0);
  });

  it("is refused below none, when it is old, and for another object", async () => {
    await makeDeployment("b");
    const { metadata } = await scaleOf("b");
    expect(codeAndText(await put("b", { metadata, spec: { replicas: -1 } }))).toEqual([
      422,
      'Scale.autoscaling "b" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
    expect(codeAndText(await put("b", { metadata: { ...metadata, uid: "x" }, spec: { replicas: 1 } }))).toEqual([
      409,
      `Operation cannot be fulfilled on deployments/scale.apps "b": Precondition failed: UID in precondition: x, UID in object meta: ${metadata?.uid ?? ""}`,
    ]);
    expect((await put("b", { metadata, spec: { replicas: 1 } })).code).toBe(200);
    expect(codeAndText(await put("b", { metadata, spec: { replicas: 3 } }))).toEqual([
      409,
      'Operation cannot be fulfilled on deployments.apps "b": the object has been modified; please apply your changes to the latest version and try again',
    ]);
    expect((await scaleOf("b")).spec?.replicas).toBe(1);
  });

  it("of nothing is not found", async () => {
    expect((await put("missing", { metadata: { name: "missing" }, spec: { replicas: 1 } })).code).toBe(404);
    expect((await ask(api, `${APPS}/deployments/missing/scale`)).code).toBe(404);
  });

  it.each(["deployments", "replicasets", "statefulsets"])("of %s keeps everything else", async (plural) => {
    const name = `kept-${plural}`;
    const spec = { selector: { matchLabels: { app: "web" } }, template };
    const made = (await post(`${APPS}/${plural}`, { metadata: { name }, spec })).json<{
      metadata: object;
      spec: object;
    }>();
    const patch = { method: "PATCH", headers: { "content-type": "application/merge-patch+json" } };
    const answer = await ask(api, `${APPS}/${plural}/${name}/scale`, { ...patch, body: { spec: { replicas: 4 } } });
    expect(answer.json<Scale>().spec?.replicas).toBe(4);
    const after = (await ask(api, `${APPS}/${plural}/${name}`)).json<{
      metadata: { generation: number };
      spec: object;
    }>();
    expect(after.spec).toEqual({ ...made.spec, replicas: 4 });
    expect(after.metadata.generation).toBe(2);
  });
});
