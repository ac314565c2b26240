import { readFileSync } from "node:fs";
import type { PolicyRule } from "../../shared/api/generated/rbac/v1.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import {
  apiServices,
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  endpointSlices,
  endpoints,
  flowSchemas,
  namespaces,
  priorityClasses,
  priorityLevelConfigurations,
  services,
} from "../../shared/resources/catalog.ts";
import { createCertificateAuthority } from "../../shared/process/pki.ts";
import { startTestApiServer, type TestApiServer } from "../../test/support/api-server.ts";
import type { FrontProxyOptions } from "../authentication/front-proxy.ts";
import { builtInStrategies } from "../resources/all.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";
import { bootstrapObjects } from "./bootstrap.ts";
import { type KubernetesServiceOptions, reconcileKubernetesService } from "./kubernetes-service.ts";
import { mergeRules } from "./reconcile-rbac.ts";

const ADDRESS = "10.1.0.1";

describe("the objects that every cluster has", () => {
  const storage = new MemoryStorage(systemClock);
  let api: TestApiServer;
  let service: KubernetesServiceOptions;
  let frontProxy: FrontProxyOptions;

  beforeAll(async () => {
    const proxies = await createCertificateAuthority("front-proxy-ca");
    frontProxy = {
      clientCa: proxies.certificate,
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: [],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    };
    api = await startTestApiServer({ storage, advertiseAddress: ADDRESS, frontProxy });
    service = {
      registry: api.server.registry,
      storage,
      clock: systemClock,
      logger: silentLogger,
      serviceIp: "10.96.0.1",
      serviceRanges: ["10.96.0.0/16"],
      advertiseAddress: ADDRESS,
      securePort: api.port,
    };
  });
  afterAll(() => api.stop());

  const revisionAfterBootstrap = async (): Promise<number> => {
    await bootstrapObjects({
      ...service,
      clientCa: api.authority.certificate,
      strategies: builtInStrategies,
      frontProxy,
    });
    return storage.currentRevision();
  };

  it("keep their priority classes, whoever deletes them", async () => {
    const name = "system-node-critical";
    await expect(api.client.delete(priorityClasses, { name })).rejects.toMatchObject({
      code: 403,
      message: `priorityclasses.scheduling.k8s.io "${name}" is forbidden: this is a system priority class and cannot be deleted`,
    });
  });

  it("are there when the server is ready", async () => {
    const { client } = api;
    const names = (await client.list(namespaces)).items.map((namespace) => namespace.metadata.name);
    expect(names).toEqual(["default", "kube-node-lease", "kube-public", "kube-system"]);
    const classes = (await client.list(priorityClasses)).items.map(({ metadata, value }) => [metadata.name, value]);
    expect(classes).toEqual([
      ["system-cluster-critical", 2_000_000_000],
      ["system-node-critical", 2_000_001_000],
    ]);
    const published = await client.get(configMaps, {
      namespace: "kube-system",
      name: "extension-apiserver-authentication",
    });
    expect(published.data).toEqual({
      "client-ca-file": api.authority.certificate,
      "requestheader-client-ca-file": frontProxy.clientCa,
      "requestheader-allowed-names": '["front-proxy-client"]',
      "requestheader-username-headers": '["X-Remote-User"]',
      "requestheader-uid-headers": "[]",
      "requestheader-group-headers": '["X-Remote-Group"]',
      "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    });
    const admin = await client.get(clusterRoles, { name: "cluster-admin" });
    expect(admin.metadata).toMatchObject({
      labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
      annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
    });
  });

  it("include an APIService for each group-version, available at once", async () => {
    const { items } = await api.client.list(apiServices);
    const versions = new Set(builtInStrategies.map(({ resource: { group, version } }) => `${version}.${group}`));
    versions.delete("v1.apiregistration.k8s.io");
    expect(items.map(({ metadata }) => metadata.name).toSorted()).toEqual([...versions].toSorted());
    for (const { metadata, spec, status } of items) {
      expect(metadata.labels).toEqual({ "kube-aggregator.kubernetes.io/automanaged": "onstart" });
      expect(`${spec.version}.${spec.group ?? ""}`).toBe(metadata.name);
      expect(status?.conditions).toMatchObject([{ type: "Available", status: "True", reason: "Local" }]);
    }
  });

  it("include the priority levels of upstream, and schemas that find them", async () => {
    const levels = (await api.client.list(priorityLevelConfigurations)).items.map(({ metadata }) => metadata.name);
    expect(levels).toEqual([
      "catch-all",
      "exempt",
      "global-default",
      "leader-election",
      "node-high",
      "system",
      "workload-high",
      "workload-low",
    ]);
    const schemas = (await api.client.list(flowSchemas)).items;
    expect(schemas.map(({ metadata, spec }) => [metadata.name, spec.matchingPrecedence])).toEqual([
      ["catch-all", 10_000],
      ["exempt", 1],
      ["global-default", 9900],
      ["kube-controller-manager", 800],
      ["kube-scheduler", 800],
      ["kube-system-service-accounts", 900],
      ["probes", 2],
      ["service-accounts", 9000],
      ["system-leader-election", 100],
      ["system-node-high", 400],
      ["system-nodes", 500],
    ]);
    for (const { spec, status } of schemas) {
      expect(levels).toContain(spec.priorityLevelConfiguration.name);
      expect(status?.conditions).toMatchObject([{ type: "Dangling", status: "False", reason: "Found" }]);
    }
  });

  it("keep mandatory flow control as it must be, and what is somebody's own as he wants it", async () => {
    const { client } = api;
    const system = await client.get(priorityLevelConfigurations, { name: "system" });
    const high = await client.get(priorityLevelConfigurations, { name: "node-high" });
    const shares = (level: typeof system, nominalConcurrencyShares: number): typeof system => ({
      ...level,
      spec: { ...level.spec, limited: { ...level.spec.limited, nominalConcurrencyShares } },
    });
    await client.update(priorityLevelConfigurations, shares(system, 77));
    const annotations = { "apf.kubernetes.io/autoupdate-spec": "false" };
    await client.update(priorityLevelConfigurations, {
      ...shares(high, 77),
      metadata: { ...high.metadata, annotations },
    });
    await client.delete(flowSchemas, { name: "exempt" });
    await revisionAfterBootstrap();
    const after = async (name: string): Promise<number | undefined> =>
      (await client.get(priorityLevelConfigurations, { name })).spec.limited?.nominalConcurrencyShares;
    expect([await after("system"), await after("node-high")]).toEqual([30, 77]);
    expect((await client.get(flowSchemas, { name: "exempt" })).spec.matchingPrecedence).toBe(1);
    const all = await client.get(priorityLevelConfigurations, { name: "catch-all" });
    await expect(client.update(priorityLevelConfigurations, shares(all, 6))).rejects.toThrow(
      "spec of 'catch-all' must equal the fixed value",
    );
  });

  it("include the API's own Service with its endpoints", async () => {
    const { client, port } = api;
    const at = { namespace: "default", name: "kubernetes" };
    expect((await client.get(services, at)).spec).toMatchObject({
      clusterIP: "10.96.0.1",
      type: "ClusterIP",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
    });
    const slice = await client.get(endpointSlices, at);
    expect(slice).toMatchObject({
      metadata: { labels: { "kubernetes.io/service-name": "kubernetes" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [ADDRESS], conditions: { ready: true } }],
      ports: [{ name: "https", port, protocol: "TCP" }],
    });
    expect((await client.get(endpoints, at)).subsets).toMatchObject([
      { addresses: [{ ip: ADDRESS }], ports: [{ port }] },
    ]);
  });

  it("are written once: a second start changes nothing but the lease", async () => {
    const before = await storage.currentRevision();
    expect((await revisionAfterBootstrap()) - before).toBe(1);
  });

  it("get back what is missing in them, and keep what was added", async () => {
    const { client } = api;
    const view = await client.get(clusterRoles, { name: "system:public-info-viewer" });
    const extra = { nonResourceURLs: ["/extra"], verbs: ["get"] };
    await client.update(clusterRoles, { ...view, rules: [extra] });
    const binding = await client.get(clusterRoleBindings, { name: "system:discovery" });
    const bob = { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "bob" };
    await client.update(clusterRoleBindings, { ...binding, subjects: [bob] });
    const frozen = await client.get(clusterRoles, { name: "system:monitoring" });
    const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "false" };
    await client.update(clusterRoles, { ...frozen, metadata: { ...frozen.metadata, annotations }, rules: [] });
    await revisionAfterBootstrap();
    expect((await client.get(clusterRoles, { name: "system:public-info-viewer" })).rules).toEqual([
      extra,
      ...(view.rules ?? []),
    ]);
    expect((await client.get(clusterRoleBindings, { name: "system:discovery" })).subjects).toEqual([
      bob,
      ...(binding.subjects ?? []),
    ]);
    expect((await client.get(clusterRoles, { name: "system:monitoring" })).rules ?? []).toEqual([]);
  });

  it("let the controller manager do what its controllers declare", async () => {
    const file = new URL("../../shared/resources/controller-roles.json", import.meta.url);
    const declared = JSON.parse(readFileSync(file, "utf8")) as { name: string; rules: PolicyRule[] }[];
    expect(declared.length).toBeGreaterThan(5);
    const { rules = [] } = await api.client.get(clusterRoles, { name: "system:kube-controller-manager" });
    for (const { name, rules: wanted } of declared) {
      expect([name, mergeRules(rules, wanted)]).toEqual([name, undefined]);
      expect((await api.client.get(clusterRoles, { name })).rules).toEqual(wanted);
      expect((await api.client.get(clusterRoleBindings, { name })).subjects).toEqual([
        { kind: "ServiceAccount", name: name.replace("system:controller:", ""), namespace: "kube-system" },
      ]);
    }
  });

  it("follow the living apiservers", async () => {
    const at = { namespace: "default", name: "kubernetes" };
    await reconcileKubernetesService({ ...service, advertiseAddress: "10.1.0.2" });
    const both = (await api.client.get(endpointSlices, at)).endpoints?.map((endpoint) => endpoint.addresses);
    expect(both).toEqual([[ADDRESS], ["10.1.0.2"]]);
    const lease = await storage.get("/registry/masterleases/10.1.0.2");
    await storage.delete("/registry/masterleases/10.1.0.2", lease.item?.modRevision ?? 0);
    await api.client.delete(endpoints, at);
    await reconcileKubernetesService(service);
    expect((await api.client.get(endpointSlices, at)).endpoints).toHaveLength(1);
    expect((await api.client.get(endpoints, at)).subsets?.[0]?.addresses).toEqual([{ ip: ADDRESS }]);
  });
});
