import type { Namespace, Pod, PodSpec, ServiceAccount } from "../../shared/api/generated/core/v1.ts";
import type { PriorityClass } from "../../shared/api/generated/scheduling/v1.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { type Clock, systemClock } from "../../shared/process/clock.ts";
import { namespaces, pods, priorityClasses, serviceAccounts } from "../../shared/resources/catalog.ts";
import type { KubeObject, Resource } from "../../shared/resources/resource.ts";
import { StaticReader } from "../../test/support/static-reader.ts";
import { encodeStored } from "../storage/codec.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";
import type { AdmissionRequest } from "./admission.ts";
import { mutateThrough, validateThrough } from "./chain.ts";
import { type AdmissionDependencies, admissionPlugins } from "./plugins.ts";

const MOUNT = {
  name: "kube-api-access-bbbbb",
  readOnly: true,
  mountPath: "/var/run/secrets/kubernetes.io/serviceaccount",
};
const clock: Clock = { ...systemClock, random: () => 0, sleep: async () => undefined };

interface World extends AdmissionDependencies {
  readonly reader: StaticReader;
  readonly storage: MemoryStorage;
}

function world(): World {
  const account: ServiceAccount = { metadata: { name: "default", namespace: "web" } };
  const reader = new StaticReader().put(namespaces, namespace("web")).put(serviceAccounts, account);
  const authorizer = { authorize: () => ({ isAllowed: false, reason: "" }) };
  return { reader, storage: new MemoryStorage(clock), authorizer, clock };
}
function namespace(name: string, phase = "Active"): Namespace {
  return { metadata: { name }, spec: {}, status: { phase } };
}
function pod(spec: Partial<PodSpec> = {}): Pod {
  return { metadata: { name: "p", namespace: "web" }, spec: { containers: [{ name: "c" }], ...spec } };
}
function requestFor(
  resource: Resource<KubeObject>,
  object: KubeObject | undefined,
  options: Partial<AdmissionRequest> = {},
): AdmissionRequest {
  return {
    operation: "CREATE",
    resource,
    subresource: "",
    namespace: resource.scope === "Cluster" ? "" : "web",
    name: object?.metadata.name ?? "",
    object,
    oldObject: undefined,
    user: { name: "u", uid: "", groups: [], extra: {} },
    isDryRun: false,
    warn: () => undefined,
    ...options,
  };
}
/** What the plugins say to it: nothing, or the refusal. */
async function admit(dependencies: World, request: AdmissionRequest): Promise<StatusError | undefined> {
  const plugins = admissionPlugins(dependencies);
  try {
    await mutateThrough(plugins, request);
    await validateThrough(plugins, request);
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

describe("NamespaceLifecycle", () => {
  it("refuses objects for a namespace that does not exist, and looks at the store before", async () => {
    const w = world();
    const request = requestFor(pods, pod(), { namespace: "new" });
    expect((await admit(w, request))?.message).toBe('namespaces "new" not found');
    await w.storage.create("/registry/namespaces/new", encodeStored(namespace("new")));
    await w.storage.create("/registry/serviceaccounts/new/default", encodeStored({ metadata: { name: "default" } }));
    expect(await admit(w, requestFor(pods, pod(), { namespace: "new" }))).toBeUndefined();
  });

  it("refuses what is new in a namespace that goes away, with its cause", async () => {
    const w = world();
    w.reader.put(namespaces, namespace("web", "Terminating"));
    const refusal = await admit(w, requestFor(pods, pod()));
    expect(refusal?.toStatus()).toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: unable to create new content in namespace web because it is being terminated',
      details: {
        name: "p",
        kind: "pods",
        causes: [
          { reason: "NamespaceTerminating", message: "namespace web is being terminated", field: "metadata.namespace" },
        ],
      },
    });
    expect(await admit(w, requestFor(pods, pod(), { operation: "UPDATE", oldObject: pod() }))).toBeUndefined();
    expect(await admit(w, requestFor(pods, undefined, { operation: "DELETE" }))).toBeUndefined();
  });

  it("does not trust the cache after a namespace was deleted here", async () => {
    const w = world();
    const plugins = admissionPlugins(w);
    await mutateThrough(plugins, requestFor(namespaces, undefined, { operation: "DELETE", name: "web" }));
    await w.storage.create("/registry/namespaces/web", encodeStored(namespace("web", "Terminating")));
    await expect(mutateThrough(plugins, requestFor(pods, pod()))).rejects.toThrow("because it is being terminated");
  });

  it("protects the namespaces of the system", async () => {
    for (const name of ["default", "kube-system", "kube-public"]) {
      const refusal = await admit(world(), requestFor(namespaces, undefined, { operation: "DELETE", name }));
      expect(refusal?.message).toBe(`namespaces "${name}" is forbidden: this namespace may not be deleted`);
    }
  });
});

describe("ServiceAccount", () => {
  it("gives a pod the default account and mounts its token in every container", async () => {
    const created = pod({
      initContainers: [{ name: "i" }],
      containers: [{ name: "c", volumeMounts: [{ name: "x", mountPath: "/x" }] }],
    });
    expect(await admit(world(), requestFor(pods, created))).toBeUndefined();
    expect(created.spec).toMatchObject({ serviceAccountName: "default", serviceAccount: "default" });
    expect(created.spec.initContainers?.[0]?.volumeMounts).toEqual([MOUNT]);
    expect(created.spec.containers[0]?.volumeMounts).toEqual([{ name: "x", mountPath: "/x" }, MOUNT]);
    expect(created.spec.volumes).toEqual([
      {
        name: MOUNT.name,
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
            { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
            {
              downwardAPI: {
                items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
              },
            },
          ],
        },
      },
    ]);
  });

  it("leaves the token out when pod, account or container say so", async () => {
    const w = world();
    const quiet = pod({ automountServiceAccountToken: false });
    await admit(w, requestFor(pods, quiet));
    expect(quiet.spec.volumes).toBeUndefined();
    w.reader.put(serviceAccounts, {
      metadata: { name: "default", namespace: "web" },
      automountServiceAccountToken: false,
    });
    const byAccount = pod();
    await admit(w, requestFor(pods, byAccount));
    expect(byAccount.spec.volumes).toBeUndefined();
    const own = pod({
      automountServiceAccountToken: true,
      containers: [{ name: "c", volumeMounts: [{ name: "x", mountPath: MOUNT.mountPath }] }],
    });
    await admit(w, requestFor(pods, own));
    expect(own.spec.volumes).toBeUndefined();
  });

  it("refuses an account that does not exist", async () => {
    const refusal = await admit(world(), requestFor(pods, pod({ serviceAccountName: "robot" })));
    expect([refusal?.code, refusal?.message]).toEqual([
      403,
      'pods "p" is forbidden: error looking up service account web/robot: serviceaccount "robot" not found',
    ]);
  });

  it("waits a moment for the default account of a new namespace", async () => {
    const w = world();
    w.reader.remove(serviceAccounts, { metadata: { name: "default", namespace: "web" } });
    let sleeps = 0;
    const late: Clock = {
      ...clock,
      sleep: async () => {
        sleeps += 1;
        if (sleeps === 3) w.reader.put(serviceAccounts, { metadata: { name: "default", namespace: "web" } });
      },
    };
    expect(await admit({ ...w, clock: late }, requestFor(pods, pod()))).toBeUndefined();
    expect(sleeps).toBe(3);
  });

  it("adds the account's pull secrets when the pod has none", async () => {
    const w = world();
    w.reader.put(serviceAccounts, {
      metadata: { name: "default", namespace: "web" },
      imagePullSecrets: [{ name: "registry" }],
    });
    const plain = pod();
    await admit(w, requestFor(pods, plain));
    expect(plain.spec.imagePullSecrets).toEqual([{ name: "registry" }]);
    const own = pod({ imagePullSecrets: [{ name: "mine" }] });
    await admit(w, requestFor(pods, own));
    expect(own.spec.imagePullSecrets).toEqual([{ name: "mine" }]);
  });
});

describe("Priority", () => {
  const high: PriorityClass = { metadata: { name: "high" }, value: 1000, preemptionPolicy: "Never" };

  it("turns the class into a number and a policy", async () => {
    const w = world();
    w.reader.put(priorityClasses, high);
    const created = pod({ priorityClassName: "high" });
    await admit(w, requestFor(pods, created));
    expect(created.spec).toMatchObject({ priority: 1000, preemptionPolicy: "Never" });
    const plain = pod();
    await admit(w, requestFor(pods, plain));
    expect(plain.spec).toMatchObject({ priority: 0, preemptionPolicy: "PreemptLowerPriority" });
    expect(plain.spec.priorityClassName).toBeUndefined();
  });

  it("uses the default class", async () => {
    const w = world();
    w.reader.put(priorityClasses, { metadata: { name: "normal" }, value: 10, globalDefault: true });
    const created = pod();
    await admit(w, requestFor(pods, created));
    expect(created.spec).toMatchObject({ priorityClassName: "normal", priority: 10 });
  });

  it("refuses unknown classes and numbers that contradict", async () => {
    const w = world();
    w.reader.put(priorityClasses, high);
    expect((await admit(w, requestFor(pods, pod({ priorityClassName: "x" }))))?.message).toBe(
      'pods "p" is forbidden: no PriorityClass with name x was found',
    );
    expect((await admit(w, requestFor(pods, pod({ priorityClassName: "high", priority: 1 }))))?.message).toBe(
      'pods "p" is forbidden: the integer value of priority (1) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    );
  });

  it("allows one default class", async () => {
    const w = world();
    w.reader.put(priorityClasses, { ...high, globalDefault: true });
    const second: PriorityClass = { metadata: { name: "second" }, value: 1, globalDefault: true };
    expect((await admit(w, requestFor(priorityClasses, second)))?.message).toBe(
      'priorityclasses.scheduling.k8s.io "second" is forbidden: PriorityClass high is already marked as default. Only one default can exist',
    );
    const same = requestFor(priorityClasses, { ...high, globalDefault: true } as KubeObject, { operation: "UPDATE" });
    expect(await admit(w, same)).toBeUndefined();
  });
});

describe("DefaultTolerationSeconds", () => {
  it("lets pods stay for five minutes on a lost node", async () => {
    const created = pod({
      tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists", tolerationSeconds: 5 }],
    });
    await admit(world(), requestFor(pods, created));
    expect(created.spec.tolerations).toEqual([
      { key: "node.kubernetes.io/not-ready", operator: "Exists", tolerationSeconds: 5 },
      { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
    ]);
    const tolerant = pod({ tolerations: [{ operator: "Exists" }] });
    await admit(world(), requestFor(pods, tolerant));
    expect(tolerant.spec.tolerations).toHaveLength(1);
  });
});
