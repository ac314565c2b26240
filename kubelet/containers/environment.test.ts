import type { Service } from "../../shared/api/generated/core/v1.ts";
import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import { containerEnvironment, type EnvironmentInput } from "./environment.ts";
import { expand } from "./expand.ts";

const service = (namespace: string, name: string, clusterIP: string): Service => ({
  metadata: { namespace, name },
  spec: { clusterIP, ports: [{ name: "http-alt", port: 80, protocol: "TCP" }] },
});

function input(
  container: Partial<EnvironmentInput["container"]>,
  more: Partial<EnvironmentInput> = {},
): EnvironmentInput {
  return {
    pod: aPod(),
    container: aContainer("main", container),
    addresses: { podIps: ["10.0.0.5"], hostIps: ["192.0.2.1"] },
    services: [],
    allocatable: { cpu: "4", memory: "8Gi" },
    objects: {
      configMap: async (_namespace, name) =>
        name === "map" ? { metadata: { name }, data: { KEY: "value" } } : undefined,
      secret: async (_namespace, name) =>
        name === "keys" ? { metadata: { name }, data: { PASS: "c2VjcmV0" } } : undefined,
    },
    ...more,
  };
}

async function variables(
  container: Partial<EnvironmentInput["container"]>,
  more: Partial<EnvironmentInput> = {},
): Promise<Record<string, string>> {
  const environment = await containerEnvironment(input(container, more));
  return Object.fromEntries(environment.variables.map(({ name, value }) => [name, value]));
}

describe("containerEnvironment", () => {
  it("expands references to earlier variables and leaves unknown ones", async () => {
    const env = [
      { name: "A", value: "1" },
      { name: "B", value: "$(A)-$(LATER)-$$(A)" },
      { name: "LATER", value: "2" },
    ];
    expect(await variables({ env })).toEqual({ A: "1", B: "1-$(LATER)-$(A)", LATER: "2" });
  });

  it("takes whole maps with a prefix, and single keys over them", async () => {
    const envFrom = [{ prefix: "P_", configMapRef: { name: "map" } }, { secretRef: { name: "keys" } }];
    const env = [{ name: "P_KEY", valueFrom: { secretKeyRef: { name: "keys", key: "PASS" } } }];
    expect(await variables({ envFrom, env })).toEqual({ P_KEY: "secret", PASS: "secret" });
  });

  it("reads the pod's fields and resources", async () => {
    const env = [
      { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      { name: "MEM", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
    ];
    expect(await variables({ env, resources: { limits: { memory: "64Mi" } } })).toEqual({
      IP: "10.0.0.5",
      CPU: "4",
      MEM: "64",
    });
  });

  it("says which reference is missing, unless it is optional", async () => {
    const missing = (optional: boolean) =>
      variables({ env: [{ name: "X", valueFrom: { configMapKeyRef: { name: "map", key: "no", optional } } }] });
    await expect(missing(false)).rejects.toMatchObject({
      reason: "CreateContainerConfigError",
      message: "couldn't find key no in ConfigMap default/map",
    });
    expect(await missing(true)).toEqual({});
    await expect(variables({ envFrom: [{ secretRef: { name: "no" } }] })).rejects.toThrow('secret "no" not found');
  });

  it("tells the API's address always, and Services of the namespace when links are wanted", async () => {
    const services = [
      service("default", "kubernetes", "10.96.0.1"),
      service("default", "my-db", "10.96.0.9"),
      service("other", "far", "10.96.0.8"),
    ];
    const linked = await variables({}, { services });
    expect(linked).toMatchObject({
      KUBERNETES_SERVICE_HOST: "10.96.0.1",
      MY_DB_SERVICE_PORT_HTTP_ALT: "80",
      MY_DB_PORT_80_TCP: "tcp://10.96.0.9:80",
      MY_DB_PORT_80_TCP_ADDR: "10.96.0.9",
    });
    expect(Object.keys(linked).some((name) => name.startsWith("FAR"))).toBe(false);
    const bare = await variables({}, { services, pod: aPod({ enableServiceLinks: false }, { namespace: "other" }) });
    expect(Object.keys(bare).every((name) => name.startsWith("KUBERNETES_"))).toBe(true);
  });
});

describe("expand", () => {
  it.each([
    ["$(A) $(B)", "1 $(B)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$A $ $(", "$A $ $("],
    ["$()", "$()"],
  ])("turns %s into %s", (text, expected) => {
    expect(expand(text, (name) => ({ A: "1" })[name])).toBe(expected);
  });
});
