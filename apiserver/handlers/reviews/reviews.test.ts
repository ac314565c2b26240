import type { TokenRequest, TokenReview } from "../../../shared/api/generated/authentication/v1.ts";
import type { SelfSubjectRulesReview, SubjectAccessReview } from "../../../shared/api/generated/authorization/v1.ts";
import type { ApiClient } from "../../../shared/client/api-client.ts";
import { createApiClient } from "../../../shared/client/http-client.ts";
import { systemClock } from "../../../shared/process/clock.ts";
import { podDisruptionBudgets, pods, roleBindings, serviceAccounts } from "../../../shared/resources/catalog.ts";
import { startTestApiServer, type TestApiServer } from "../../../test/support/api-server.ts";

const AUTHENTICATION = "/apis/authentication.k8s.io/v1";
const AUTHORIZATION = "/apis/authorization.k8s.io/v1";

let api: TestApiServer;
let alice: ApiClient;
beforeAll(async () => {
  api = await startTestApiServer();
  alice = createApiClient(await api.accessOf("alice", ["team-a"]), { userAgent: "test", clock: systemClock });
  await api.client.create(serviceAccounts, { metadata: { name: "default" } }, { namespace: "default" });
  await api.client.create(
    roleBindings,
    {
      metadata: { name: "team-a" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "team-a" }],
    },
    { namespace: "default" },
  );
});
afterAll(async () => {
  await alice.close();
  await api.stop();
});

async function post(client: ApiClient, path: string, body: object): Promise<{ code: number; body: unknown }> {
  const headers = { "content-type": "application/json" };
  const answer = await client.raw({ method: "POST", path, headers, body: JSON.stringify(body) });
  return { code: answer.status, body: JSON.parse(answer.body.toString()) as unknown };
}

describe("access reviews", () => {
  const listPods = { resourceAttributes: { namespace: "default", verb: "list", resource: "pods" } };

  it("tell oneself and others what is allowed, and by what", async () => {
    const reason = 'RBAC: allowed by RoleBinding "team-a/default" of ClusterRole "view" to Group "team-a"';
    const self = await post(alice, `${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: listPods });
    expect(self).toMatchObject({
      code: 201,
      body: { kind: "SelfSubjectAccessReview", status: { allowed: true, reason } },
    });
    const about = { spec: { ...listPods, user: "someone", groups: ["team-a"] } };
    expect(await post(api.client, `${AUTHORIZATION}/subjectaccessreviews`, about)).toMatchObject({
      code: 201,
      body: { status: { allowed: true } },
    });
    const stranger = await post(api.client, `${AUTHORIZATION}/subjectaccessreviews`, {
      spec: { ...listPods, user: "stranger" },
    });
    expect((stranger.body as SubjectAccessReview).status).toEqual({ allowed: false });
    const local = `${AUTHORIZATION}/namespaces/default/localsubjectaccessreviews`;
    expect(await post(api.client, local, about)).toMatchObject({ code: 201, body: { status: { allowed: true } } });
    expect(await post(alice, `${AUTHORIZATION}/subjectaccessreviews`, about)).toMatchObject({ code: 403 });
  });

  const REVIEW = `${AUTHORIZATION}/subjectaccessreviews`;
  const selecting = (selectors: object) => ({
    user: "u",
    resourceAttributes: { verb: "list", resource: "pods", ...selectors },
  });
  it.each<[string, object, string]>([
    [
      "nothing",
      { user: "u" },
      'spec.resourceAttributes: Invalid value: "null": exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [
      "two things",
      { user: "u", ...listPods, nonResourceAttributes: { path: "/", verb: "get" } },
      'spec.nonResourceAttributes: Invalid value: {"path":"/","verb":"get"}: cannot be specified in combination with resourceAttributes',
    ],
    ["nobody", listPods, 'spec.user: Invalid value: "": at least one of user or group must be specified'],
    [
      "an empty selector",
      selecting({ fieldSelector: {} }),
      "spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required",
    ],
    [
      "a selector in two forms",
      selecting({ labelSelector: { rawSelector: "a=b", requirements: [{ key: "a", operator: "Exists" }] } }),
      'spec.resourceAttributes.labelSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements',
    ],
    [
      "a requirement without values",
      selecting({ fieldSelector: { requirements: [{ key: "a", operator: "In" }] } }),
      "spec.resourceAttributes.fieldSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
    [
      "a label requirement with values it must not have",
      selecting({ labelSelector: { requirements: [{ key: "a", operator: "Exists", values: ["b"] }] } }),
      "spec.resourceAttributes.labelSelector.requirements[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
    ],
  ])("refuse to tell about %s", async (_, spec, why) => {
    const { code, body } = await post(api.client, REVIEW, { spec });
    expect(code).toBe(422);
    expect(body).toMatchObject({ reason: "Invalid" });
    expect((body as { message: string }).message).toBe(
      `SubjectAccessReview.authorization.k8s.io "" is invalid: ${why}`,
    );
  });

  it("have no name, and stay in their namespace", async () => {
    const named = { metadata: { name: "x" }, spec: { ...listPods, user: "u" } };
    expect(await post(api.client, REVIEW, named)).toMatchObject({ code: 422 });
    const local = `${AUTHORIZATION}/namespaces/kube-system/localsubjectaccessreviews`;
    const { body } = await post(api.client, local, { spec: { ...listPods, user: "u" } });
    expect((body as { message: string }).message).toContain(
      'spec.resourceAttributes.namespace: Invalid value: "default": must match metadata.namespace',
    );
    const elsewhere = { metadata: { namespace: "default" }, spec: { ...listPods, user: "u" } };
    expect(await post(api.client, local, elsewhere)).toMatchObject({ code: 400 });
  });

  it("ask with selectors, and say which of them they could not read", async () => {
    const node = { user: "system:node:n1", groups: ["system:nodes"] };
    const ask = async (fieldSelector: object) => {
      const resourceAttributes = { verb: "list", resource: "pods", fieldSelector };
      const { body } = await post(api.client, REVIEW, { spec: { ...node, resourceAttributes } });
      return (body as SubjectAccessReview).status;
    };
    expect(await ask({ rawSelector: "spec.nodeName=n1" })).toEqual({ allowed: true });
    const own = { key: "spec.nodeName", operator: "In", values: ["n1"] };
    expect(await ask({ requirements: [own] })).toEqual({ allowed: true });
    expect(await ask({ requirements: [{ ...own, values: ["n2"] }] })).toMatchObject({ allowed: false });
    expect(await ask({ requirements: [own, { key: "a", operator: "Near", values: ["b"] }] })).toEqual({
      allowed: true,
      evaluationError: "spec.resourceAttributes.fieldSelector partially ignored due to parse error",
    });
    expect(await ask({ rawSelector: "a=b=c" })).toMatchObject({
      allowed: false,
      evaluationError: "spec.resourceAttributes.fieldSelector ignored due to parse error",
    });
  });

  it("do not pretend to know all rules of a node", async () => {
    const node = createApiClient(await api.accessOf("system:node:n1", ["system:nodes"]), {
      userAgent: "test",
      clock: systemClock,
    });
    const { body } = await post(node, `${AUTHORIZATION}/selfsubjectrulesreviews`, { spec: { namespace: "default" } });
    await node.close();
    expect((body as SelfSubjectRulesReview).status).toMatchObject({
      incomplete: true,
      evaluationError: "node authorizer does not support user rule resolution",
    });
  });

  it("list all rules of oneself", async () => {
    const { code, body } = await post(alice, `${AUTHORIZATION}/selfsubjectrulesreviews`, {
      spec: { namespace: "default" },
    });
    expect(code).toBe(201);
    const { status } = body as SelfSubjectRulesReview;
    expect(status?.incomplete).toBe(false);
    expect(status?.resourceRules.some((rule) => rule.resources?.includes("pods/log"))).toBe(true);
    expect(status?.nonResourceRules.some((rule) => rule.nonResourceURLs?.includes("/version"))).toBe(true);
  });
});

describe("tokens", () => {
  const token = async (spec: object): Promise<TokenRequest> => {
    const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    const { code, body } = await post(api.client, path, { spec });
    if (code !== 201) throw new Error(JSON.stringify(body));
    return body as TokenRequest;
  };

  it("are given out, reviewed, and good for requests", async () => {
    const { status, spec } = await token({ expirationSeconds: 600 });
    expect(spec).toMatchObject({ expirationSeconds: 600, audiences: ["https://kubernetes.default.svc.cluster.local"] });
    const review = await post(api.client, `${AUTHENTICATION}/tokenreviews`, { spec: { token: status?.token } });
    expect((review.body as TokenReview).status).toMatchObject({
      authenticated: true,
      user: {
        username: "system:serviceaccount:default:default",
        groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"],
      },
    });
    const bearer = createApiClient(
      { server: api.url, ca: api.authority.certificate, token: status?.token ?? "" },
      { userAgent: "test", clock: systemClock },
    );
    const self = await post(bearer, `${AUTHENTICATION}/selfsubjectreviews`, {});
    expect(self).toMatchObject({
      code: 201,
      body: { status: { userInfo: { username: "system:serviceaccount:default:default" } } },
    });
    await expect(bearer.list(pods, { namespace: "default" })).rejects.toThrow(
      'pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    await bearer.close();
  });

  it("end with the pod they are bound to", async () => {
    const pod = await api.client.create(
      pods,
      { metadata: { name: "bound" }, spec: { containers: [{ name: "c", image: "x" }] } },
      { namespace: "default" },
    );
    const boundObjectRef = { apiVersion: "v1", kind: "Pod", name: "bound", uid: pod.metadata.uid };
    const { status } = await token({ boundObjectRef });
    const isGood = async (): Promise<boolean> => {
      const { body } = await post(api.client, `${AUTHENTICATION}/tokenreviews`, { spec: { token: status?.token } });
      return (body as TokenReview).status?.authenticated === true;
    };
    expect(await isGood()).toBe(true);
    await expect(token({ boundObjectRef: { ...boundObjectRef, uid: "other" } })).rejects.toThrow(
      "does not match the UID in record",
    );
    await api.client.delete(pods, { namespace: "default", name: "bound" }, { gracePeriodSeconds: 0 });
    expect(await isGood()).toBe(false);
  });

  it("are refused for too short a time and for what is not there", async () => {
    await expect(token({ expirationSeconds: 10 })).rejects.toThrow("may not specify a duration less than 10 minutes");
    await expect(token({ boundObjectRef: { apiVersion: "v1", kind: "ConfigMap", name: "x" } })).rejects.toThrow(
      "cannot bind token to object of type /v1, Kind=ConfigMap",
    );
    expect(await post(api.client, `${AUTHENTICATION}/tokenreviews`, { spec: { token: "nonsense" } })).toMatchObject({
      code: 201,
      body: { status: { error: "invalid bearer token" } },
    });
    expect(await post(api.client, `${AUTHENTICATION}/tokenreviews`, { spec: { token: "" } })).toMatchObject({
      code: 400,
    });
  });
});

describe("eviction", () => {
  const evict = (name: string, body: object = {}): Promise<{ code: number; body: unknown }> =>
    post(api.client, `/api/v1/namespaces/default/pods/${name}/eviction`, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name },
      ...body,
    });
  const createPod = async (name: string): Promise<void> => {
    await api.client.create(
      pods,
      { metadata: { name, labels: { app: "web" } }, spec: { nodeName: "n", containers: [{ name: "c", image: "x" }] } },
      { namespace: "default" },
    );
    const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    await api.client.patch(pods, { namespace: "default", name }, "merge", { status }, { subresource: "status" });
  };

  it("deletes with the options of its body and marks the pod", async () => {
    await createPod("a");
    expect(await evict("a", { deleteOptions: { dryRun: ["All"] } })).toMatchObject({ code: 201 });
    expect(
      (await api.client.get(pods, { namespace: "default", name: "a" })).metadata.deletionTimestamp,
    ).toBeUndefined();
    expect(await evict("a", { deleteOptions: { gracePeriodSeconds: 7 } })).toEqual({
      code: 201,
      body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 },
    });
    const { metadata, status } = await api.client.get(pods, { namespace: "default", name: "a" });
    expect(metadata.deletionGracePeriodSeconds).toBe(7);
    expect(status?.conditions).toContainEqual(
      expect.objectContaining({ type: "DisruptionTarget", reason: "EvictionByEvictionAPI" }),
    );
    expect(await evict("nobody")).toMatchObject({ code: 404, body: { message: 'pods "nobody" not found' } });
  });

  it("asks the budget, which lets exactly as many go as it allows", async () => {
    for (const name of ["b", "c", "d"]) await createPod(name);
    const budget = { metadata: { name: "web" }, spec: { minAvailable: 2, selector: { matchLabels: { app: "web" } } } };
    await api.client.create(podDisruptionBudgets, budget, { namespace: "default" });
    const status = {
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 3,
      desiredHealthy: 2,
      expectedPods: 3,
    };
    await api.client.patch(
      podDisruptionBudgets,
      { namespace: "default", name: "web" },
      "merge",
      { status },
      { subresource: "status" },
    );
    const answers = await Promise.all(["b", "c", "d"].map((name) => evict(name)));
    expect(answers.map(({ code }) => code).sort((x, y) => x - y)).toEqual([201, 429, 429]);
    expect(answers.find(({ code }) => code === 429)?.body).toMatchObject({
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: {
        causes: [
          { reason: "DisruptionBudget", message: "The disruption budget web does not allow evicting pods currently" },
        ],
      },
    });
  });

  it("keeps to its preconditions", async () => {
    await api.client.delete(podDisruptionBudgets, { namespace: "default", name: "web" });
    await createPod("e");
    const { code } = await evict("e", { deleteOptions: { preconditions: { uid: "other" } } });
    expect(code).toBe(409);
    await expect(api.client.get(pods, { namespace: "default", name: "e" })).resolves.toBeInstanceOf(Object);
  });
});
