import type { Pod } from "../../../shared/api/generated/core/v1.ts";
import type { Status } from "../../../shared/api/generated/meta/v1.ts";
import type { PodDisruptionBudget } from "../../../shared/api/generated/policy/v1.ts";
import { type ApiAnswer, ask } from "../../../test/support/api-request.ts";
import { startTestApiServer, type TestApiServer } from "../../../test/support/api-server.ts";

const PODS = "/api/v1/namespaces/default/pods";
const BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const MERGE = { "content-type": "application/merge-patch+json" };

describe("an eviction", () => {
  let api: TestApiServer;
  beforeAll(async () => {
    api = await startTestApiServer();
    await ask(api, "/api/v1/namespaces/default/serviceaccounts", {
      method: "POST",
      body: { metadata: { name: "default" } },
    });
  });
  afterAll(async () => api.stop());

  /** A pod on a node, so that its end takes time, and labelled by its name. */
  async function makePod(name: string, status: object): Promise<Pod> {
    const body = {
      metadata: { name, labels: { app: name } },
      spec: { nodeName: "n", containers: [{ name: "a", image: "a:1" }] },
    };
    expect((await ask(api, PODS, { method: "POST", body })).code).toBe(201);
    const patched = await ask(api, `${PODS}/${name}/status`, { method: "PATCH", headers: MERGE, body: { status } });
    return patched.json<Pod>();
  }
  const running = (isReady = true): object => ({
    phase: "Running",
    conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
  });
  async function makeBudget(name: string, app: string, status: object, spec: object = {}): Promise<void> {
    const body = { metadata: { name }, spec: { minAvailable: 1, selector: { matchLabels: { app } }, ...spec } };
    expect((await ask(api, BUDGETS, { method: "POST", body })).code).toBe(201);
    const counted = { status: { observedGeneration: 1, desiredHealthy: 1, currentHealthy: 1, ...status } };
    const patched = await ask(api, `${BUDGETS}/${name}/status`, { method: "PATCH", headers: MERGE, body: counted });
    expect(patched.code).toBe(200);
  }
  const evict = (name: string, deleteOptions: object = {}, query = ""): Promise<ApiAnswer> =>
    ask(api, `${PODS}/${name}/eviction${query}`, {
      method: "POST",
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: "default" }, deleteOptions },
    });
  const podOf = async (name: string): Promise<Pod> => (await ask(api, `${PODS}/${name}`)).json<Pod>();
  const budgetOf = async (name: string): Promise<PodDisruptionBudget> => (await ask(api, `${BUDGETS}/${name}`)).json();

  it("ends a pod that no budget covers, and marks why", async () => {
    await makePod("plain", running());
    const answer = await evict("plain");
    expect([answer.code, answer.json<Status>()]).toEqual([
      201,
      { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
    ]);
    const { metadata, status } = await podOf("plain");
    expect(metadata.deletionTimestamp).toBeDefined();
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI" }),
    );
  });

  it("spends a budget once, and no more than there is", async () => {
    await makePod("spent", running());
    await makeBudget("spent", "spent", { disruptionsAllowed: 1 });
    expect((await evict("spent")).code).toBe(201);
    expect((await budgetOf("spent")).status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { spent: expect.stringMatching(/Z$/u) as string },
    });

    await makePod("held", running());
    await makeBudget("held", "held", { disruptionsAllowed: 0 });
    const refused = await evict("held");
    expect(refused.code).toBe(429);
    expect(refused.json<Status>()).toMatchObject({
      reason: "TooManyRequests",
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          {
            reason: "DisruptionBudget",
            message: "The disruption budget held needs 1 healthy pods and has 1 currently",
          },
        ],
      },
    });
    expect((await podOf("held")).metadata.deletionTimestamp).toBeUndefined();
  });

  it("says when to come back to a budget that is not worked out", async () => {
    await makePod("early", running());
    await makeBudget("early", "early", { disruptionsAllowed: 1, observedGeneration: 0 });
    const answer = await evict("early");
    expect([answer.code, answer.headers["retry-after"]]).toEqual([429, "10"]);
    expect(answer.json<Status>().details?.causes?.[0]?.message).toBe(
      "The disruption budget early is still being processed by the server.",
    );
  });

  it("answers 500 when two budgets cover the pod", async () => {
    await makePod("twice", running());
    await makeBudget("twice-a", "twice", { disruptionsAllowed: 1 });
    await makeBudget("twice-b", "twice", { disruptionsAllowed: 1 });
    const answer = await evict("twice");
    expect([answer.code, answer.json<Status>().message]).toEqual([
      500,
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    ]);
  });

  it.each<[string, object, object, number]>([
    ["is asked by default", {}, { desiredHealthy: 2, currentHealthy: 1 }, 429],
    ["has enough others", {}, { desiredHealthy: 1, currentHealthy: 1 }, 201],
    [
      "always lets such pods go",
      { unhealthyPodEvictionPolicy: "AlwaysAllow" },
      { desiredHealthy: 2, currentHealthy: 1 },
      201,
    ],
  ])("of a pod that is not ready: a budget that %s", async (what, spec, status, code) => {
    const name = `unready-${what.length}`;
    await makePod(name, running(false));
    await makeBudget(name, name, { disruptionsAllowed: 0, ...status }, spec);
    expect((await evict(name)).code).toBe(code);
    expect((await budgetOf(name)).status?.disruptedPods).toBeUndefined();
  });

  it.each(["Pending", "Succeeded", "Failed"])("asks no budget about a pod that is %s", async (phase) => {
    const name = phase.toLowerCase();
    await makePod(name, { phase });
    await makeBudget(name, name, { disruptionsAllowed: 0 });
    expect((await evict(name)).code).toBe(201);
  });

  it("in a dry run changes nothing", async () => {
    await makePod("dry", running());
    await makeBudget("dry", "dry", { disruptionsAllowed: 1 });
    const before = [await podOf("dry"), await budgetOf("dry")];
    expect((await evict("dry", { dryRun: ["All"] })).code).toBe(201);
    expect((await evict("dry", {}, "?dryRun=All")).code).toBe(201);
    expect([await podOf("dry"), await budgetOf("dry")]).toEqual(before);
  });

  it("holds to its preconditions", async () => {
    const { metadata } = await makePod("exact", running());
    const { uid = "", resourceVersion = "" } = metadata;
    const other = await evict("exact", { preconditions: { uid: "other" } });
    expect([other.code, other.json<Status>().message]).toEqual([
      409,
      `Operation cannot be fulfilled on Pod "exact": the UID in the precondition (other) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    ]);
    const stale = await evict("exact", { preconditions: { resourceVersion: "1" } });
    expect([stale.code, stale.json<Status>().message]).toEqual([
      409,
      `Operation cannot be fulfilled on Pod "exact": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    ]);
    expect((await evict("exact", { preconditions: { uid, resourceVersion } })).code).toBe(201);
  });

  it("waits as long as its delete options say", async () => {
    await makePod("quick", running());
    expect((await evict("quick", { gracePeriodSeconds: 0 })).code).toBe(201);
    expect((await ask(api, `${PODS}/quick`)).code).toBe(404);
  });

  it("names the pod of its URL, which must exist", async () => {
    expect((await evict("missing")).code).toBe(404);
    const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "a" } };
    const answer = await ask(api, `${PODS}/b/eviction`, { method: "POST", body });
    expect([answer.code, answer.json<Status>().message]).toEqual([
      400,
      "name in URL does not match name in Eviction object",
    ]);
  });
});
