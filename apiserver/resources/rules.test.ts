import { clone } from "../../shared/machinery/clone.ts";
import type { KubeObject } from "../../shared/resources/resource.ts";
import { ANONYMOUS } from "../authentication/user.ts";
import type { AnyStrategy } from "../registry/strategy.ts";
import { decodeBody } from "../schema/decode.ts";
import { deploymentStrategy } from "./apps/deployment.ts";
import { configMapStrategy } from "./core/config-map.ts";
import { namespaceStrategy } from "./core/namespace.ts";
import { nodeStrategy } from "./core/node.ts";
import { podStrategy } from "./core/pod.ts";
import { secretStrategy } from "./core/secret.ts";
import { serviceStrategy } from "./core/service.ts";
import { roleBindingStrategy } from "./rbac/role-binding.ts";
import { priorityClassStrategy } from "./scheduling/priority-class.ts";

const ORIGIN = { user: ANONYMOUS, now: "2026-01-01T00:00:00Z" };

type Change = Record<string, unknown>;

function read(strategy: AnyStrategy, draft: object): KubeObject {
  const bytes = new TextEncoder().encode(JSON.stringify({ metadata: { name: "x", namespace: "default" }, ...draft }));
  const { object } = decodeBody({ bytes, contentType: "", expected: strategy.resource, fieldValidation: "Strict" });
  strategy.use((typed) => typed.defaults?.(object as never));
  return object as KubeObject;
}

/** `field: detail` of everything that is wrong with a draft. */
function problems(strategy: AnyStrategy, draft: object): string[] {
  const object = read(strategy, draft);
  return strategy.use((typed) =>
    (typed.validate?.(object as never) ?? []).map(({ field, detail }) => `${field}: ${detail}`),
  );
}

/** The same for a change of an object that exists. */
function updateProblems(strategy: AnyStrategy, before: object, after: object): string[] {
  const [previous, next] = [read(strategy, before), read(strategy, after)];
  return strategy.use((typed) => {
    typed.prepareForUpdate?.(next as never, previous as never, ORIGIN);
    return (typed.validateUpdate?.(next as never, previous as never) ?? []).map(
      ({ field, detail }) => `${field}: ${detail}`,
    );
  });
}

const container = (more: Change = {}): Change => ({ name: "a", image: "a:1", ...more });
const pod = (container_: Change, more: Change = {}): Change => ({ spec: { containers: [container_], ...more } });

describe("the rules of pods", () => {
  it.each<[string, Change, string]>([
    ["no containers", { spec: {} }, "spec.containers: Required value"],
    ["no image", pod({ name: "a" }), "spec.containers[0].image: Required value"],
    [
      "the same name twice",
      { spec: { containers: [container(), container()] } },
      'spec.containers[1].name: Duplicate value: "a"',
    ],
    [
      "a port out of range",
      pod(container({ ports: [{ containerPort: 70_000 }] })),
      "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    ],
    [
      "a mount without a volume",
      pod(container({ volumeMounts: [{ name: "v", mountPath: "/v" }] })),
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      "a request beyond its limit",
      pod(container({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } })),
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      "a probe without a handler",
      pod(container({ livenessProbe: {} })),
      "spec.containers[0].livenessProbe: Required value: must specify a handler type",
    ],
    [
      "a probe on an init container",
      {
        spec: {
          containers: [container()],
          initContainers: [{ name: "i", image: "i", livenessProbe: { tcpSocket: { port: 1 } } }],
        },
      },
      "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
    [
      "two sources of one volume",
      pod(container(), { volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/x" } }] }),
      "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
    ],
    [
      "a toleration of nothing",
      pod(container(), { tolerations: [{ operator: "Equal" }] }),
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
    [
      "an unknown field of a field reference",
      pod(container({ env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.nope" } } }] })),
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: field label not supported: spec.nope',
    ],
  ])("refuse %s", (_, draft, problem) => {
    expect(problems(podStrategy, draft)).toContain(problem);
  });

  it("take a full one", () => {
    const draft = pod(
      container({
        ports: [{ name: "http", containerPort: 80 }],
        env: [
          { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "L", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        ],
        volumeMounts: [{ name: "v", mountPath: "/v" }],
        readinessProbe: { httpGet: { port: "http" } },
        lifecycle: { preStop: { sleep: { seconds: 1 } } },
        resources: { requests: { cpu: "100m" }, limits: { cpu: 1, "example.com/gpu": 1 } },
      }),
      {
        volumes: [{ name: "v" }],
        tolerations: [{ operator: "Exists" }],
        affinity: {
          nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: {} }] },
        },
      },
    );
    expect(problems(podStrategy, draft)).toEqual([]);
  });

  it("let an image change and little else", () => {
    expect(updateProblems(podStrategy, pod(container()), pod(container({ image: "a:2" })))).toEqual([]);
    expect(updateProblems(podStrategy, pod(container()), pod(container({ args: ["x"] })))[0]).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than/,
    );
    expect(
      updateProblems(podStrategy, pod(container()), { spec: { containers: [container(), container({ name: "b" })] } }),
    ).toEqual(["spec.containers: Forbidden: pod updates may not add or remove containers"]);
    const tolerating = (...keys: string[]): Change =>
      pod(container(), { tolerations: keys.map((key) => ({ key, operator: "Exists" })) });
    expect(updateProblems(podStrategy, tolerating("a"), tolerating("a", "b"))).toEqual([]);
    expect(updateProblems(podStrategy, tolerating("a"), tolerating("b"))[0]).toContain(
      "existing toleration can not be modified",
    );
  });

  it("give a pod that is not bound no time to end", () => {
    podStrategy.use((typed) => {
      const grace = (draft: Change, requested?: number): number | undefined =>
        typed.gracePeriodSeconds?.(read(podStrategy, draft) as never, requested);
      expect(grace(pod(container()))).toBe(0);
      expect(grace(pod(container(), { nodeName: "n" }))).toBe(30);
      expect(grace(pod(container(), { nodeName: "n" }), 5)).toBe(5);
      expect(grace({ ...pod(container(), { nodeName: "n" }), status: { phase: "Succeeded" } })).toBe(0);
    });
  });

  it("know the quality of service", () => {
    const qualityOf = (resources: Change): unknown =>
      podStrategy.use((typed) => {
        const object = read(podStrategy, pod(container({ resources })));
        typed.prepareForCreate?.(object as never, ORIGIN);
        return (object as { status?: { qosClass?: string } }).status?.qosClass;
      });
    expect(qualityOf({})).toBe("BestEffort");
    expect(qualityOf({ requests: { cpu: "1" } })).toBe("Burstable");
    expect(qualityOf({ limits: { cpu: "1", memory: "1Gi" } })).toBe("Guaranteed");
    expect(qualityOf({ limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } })).toBe("Burstable");
  });
});

describe("the rules of services", () => {
  it.each<[string, Change, string]>([
    ["no ports", { spec: {} }, "spec.ports: Required value"],
    ["two ports without names", { spec: { ports: [{ port: 1 }, { port: 2 }] } }, "spec.ports[0].name: Required value"],
    [
      "a node port of a cluster service",
      { spec: { ports: [{ port: 1, nodePort: 30_000 }] } },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      "a headless node port service",
      { spec: { type: "NodePort", clusterIP: "None", ports: [{ port: 1 }] } },
      "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
    ],
    ["an external name that is missing", { spec: { type: "ExternalName" } }, "spec.externalName: Required value"],
  ])("refuse %s", (_, draft, problem) => {
    expect(problems(serviceStrategy, draft)).toContain(problem);
  });

  it("keep the address of a service", () => {
    const before = {
      spec: {
        type: "NodePort",
        clusterIP: "10.0.0.5",
        clusterIPs: ["10.0.0.5"],
        ports: [{ port: 80, nodePort: 30_080 }],
      },
    };
    expect(
      updateProblems(serviceStrategy, before, {
        spec: { ...before.spec, clusterIP: "10.0.0.6", clusterIPs: ["10.0.0.6"] },
      }),
    ).toEqual(['spec.clusterIPs[0]: Invalid value: ["10.0.0.6"]: may not change once set']);
  });
});

describe("the rules of deployments", () => {
  const deployment = (more: Change = {}, labels: Change = { app: "web" }): Change => ({
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels }, spec: { containers: [container()] } },
      ...more,
    },
  });

  it.each<[string, Change, string]>([
    [
      "a selector that misses its template",
      deployment({}, { app: "other" }),
      'spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`',
    ],
    ["no selector", deployment({ selector: null }), "spec.selector: Required value"],
    [
      "negative replicas",
      deployment({ replicas: -1 }),
      "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    ],
    [
      "an update that cannot move",
      deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
      "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ],
    [
      "a deadline before readiness counts",
      deployment({ minReadySeconds: 600 }),
      "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
    ],
  ])("refuse %s", (_, draft, problem) => {
    expect(problems(deploymentStrategy, draft)).toContain(problem);
  });

  it("do not let the selector change", () => {
    const after = clone(
      deployment({ selector: { matchLabels: { app: "web", more: "x" } } }, { app: "web", more: "x" }),
    );
    expect(updateProblems(deploymentStrategy, deployment(), after)[0]).toContain("field is immutable");
  });
});

describe("the rules of other kinds", () => {
  it("fold text into the data of a secret and keep its type", () => {
    expect(read(secretStrategy, { data: { a: "eA==" }, stringData: { b: "y" } })).toMatchObject({
      type: "Opaque",
      data: { a: "eA==", b: "eQ==" },
    });
    expect(read(secretStrategy, { stringData: { b: "y" } })).not.toHaveProperty("stringData");
    expect(updateProblems(secretStrategy, { type: "a" }, { type: "b" })).toEqual([
      'type: Invalid value: "b": field is immutable',
    ]);
    expect(problems(secretStrategy, { type: "kubernetes.io/tls" })).toEqual([
      "data[tls.crt]: Required value",
      "data[tls.key]: Required value",
    ]);
  });

  it("freeze immutable config maps", () => {
    expect(
      updateProblems(configMapStrategy, { immutable: true, data: { a: "1" } }, { immutable: true, data: { a: "2" } }),
    ).toEqual(["data: Forbidden: field is immutable when `immutable` is set"]);
    expect(updateProblems(configMapStrategy, { immutable: true }, {})).toEqual([
      "immutable: Forbidden: field is immutable when `immutable` is set",
    ]);
    expect(problems(configMapStrategy, { data: { "a/b": "x" } })[0]).toMatch(
      /^data\[a\/b\]: Invalid value: "a\/b": a valid config key must consist of/,
    );
  });

  it("label namespaces with their name and finalize them", () => {
    namespaceStrategy.use((typed) => {
      const namespace = read(namespaceStrategy, { metadata: { name: "x" } });
      typed.prepareForCreate?.(namespace as never, ORIGIN);
      expect(namespace).toMatchObject({
        metadata: { labels: { "kubernetes.io/metadata.name": "x" } },
        spec: { finalizers: ["kubernetes"] },
        status: { phase: "Active" },
      });
    });
  });

  it("show the roles of nodes and write their range once", () => {
    const node = {
      metadata: {
        name: "n",
        labels: { "node-role.kubernetes.io/control-plane": "", "node-role.kubernetes.io/worker": "" },
      },
    };
    nodeStrategy.use((typed) => {
      const cell = typed.columns?.find(({ name }) => name === "Roles")?.cell(read(nodeStrategy, node) as never, 0);
      expect(cell).toBe("control-plane,worker");
    });
    expect(
      updateProblems(
        nodeStrategy,
        { ...node, spec: { podCIDR: "10.0.0.0/24" } },
        { ...node, spec: { podCIDR: "10.0.1.0/24" } },
      ),
    ).toHaveLength(1);
    expect(updateProblems(nodeStrategy, node, { ...node, spec: { podCIDR: "10.0.1.0/24" } })).toEqual([]);
  });

  it("default the groups of bindings and keep their role", () => {
    const binding = (name: string): Change => ({
      roleRef: { kind: "Role", name },
      subjects: [{ kind: "User", name: "jane" }],
    });
    expect(read(roleBindingStrategy, binding("a"))).toMatchObject({
      roleRef: { apiGroup: "rbac.authorization.k8s.io" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io" }],
    });
    expect(updateProblems(roleBindingStrategy, binding("a"), binding("b"))[0]).toMatch(
      /^roleRef: Invalid value: .*: cannot change roleRef$/,
    );
  });

  it("keep high priorities for the system", () => {
    expect(problems(priorityClassStrategy, { value: 2_000_000_000 })).toEqual([
      "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
    ]);
    expect(
      problems(priorityClassStrategy, { metadata: { name: "system-node-critical" }, value: 2_000_001_000 }),
    ).toEqual([]);
  });
});
