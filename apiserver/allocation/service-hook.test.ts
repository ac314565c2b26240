import fc from "fast-check";
import type { Service, ServiceSpec } from "../../shared/api/generated/core/v1.ts";
import { StatusError } from "../../shared/errors/status-error.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { encodeStored } from "../storage/codec.ts";
import { MemoryStorage } from "../storage/memory/memory-storage.ts";
import type { Storage } from "../storage/storage.ts";
import { createServiceHook, type ServiceHook } from "./service-hook.ts";

interface Options {
  readonly storage?: Storage;
  readonly range?: string;
  readonly ports?: string;
  readonly nowMs?: () => number;
}

function hookOn({
  storage = new MemoryStorage(systemClock),
  range = "10.0.0.0/24",
  ports = "30000-30063",
  nowMs = systemClock.nowMs,
}: Options = {}): {
  hook: ServiceHook;
  storage: Storage;
} {
  const hook = createServiceHook({
    storage,
    clock: { ...systemClock, nowMs },
    logger: silentLogger,
    clusterIpRange: range,
    nodePortRange: ports,
  });
  return { hook, storage };
}

function service(name: string, spec: ServiceSpec = {}): Service {
  return { metadata: { name, namespace: "default" }, spec: { type: "ClusterIP", ...spec } };
}

/** Creates or updates as the registry does, with the write in the store. */
async function write(hook: ServiceHook, storage: Storage, next: Service, previous?: Service): Promise<Service> {
  const outcome = await hook.begin(next, previous, false);
  const key = `/registry/services/specs/default/${next.metadata.name}`;
  const { item } = await storage.get(key);
  const bytes = encodeStored({ kind: "Service", apiVersion: "v1", ...next });
  await (item === undefined ? storage.create(key, bytes) : storage.update(key, bytes, item.modRevision));
  await outcome.committed();
  return structuredClone(next);
}

async function keysOf(storage: Storage, prefix: string): Promise<string[]> {
  return (await storage.range(prefix)).items.map((item) => item.key.slice(prefix.length));
}
const addressesOf = (storage: Storage): Promise<string[]> => keysOf(storage, "/registry/ipaddresses/");
const portsOf = (storage: Storage): Promise<string[]> => keysOf(storage, "/registry/ranges/servicenodeports/");

async function messageOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "";
  } catch (error) {
    if (error instanceof StatusError) return `${error.code} ${error.message}`;
    throw error;
  }
}

describe("cluster IPs", () => {
  it("come from the upper band, with families and policy filled in", async () => {
    const { hook, storage } = hookOn();
    const { spec } = await write(hook, storage, service("a"));
    expect(spec).toMatchObject({ clusterIPs: [spec.clusterIP], ipFamilies: ["IPv4"], ipFamilyPolicy: "SingleStack" });
    expect(Number(spec.clusterIP?.split(".")[3])).toBeGreaterThan(16);
    expect(await addressesOf(storage)).toEqual([spec.clusterIP]);
    expect(
      JSON.parse((await storage.get(`/registry/ipaddresses/${spec.clusterIP}`)).item?.value.toString() ?? ""),
    ).toMatchObject({
      kind: "IPAddress",
      apiVersion: "networking.k8s.io/v1",
      metadata: {
        name: spec.clusterIP,
        labels: {
          "ipaddress.kubernetes.io/ip-family": "IPv4",
          "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
        },
      },
      spec: { parentRef: { group: "", resource: "services", namespace: "default", name: "a" } },
    });
  });

  it("can be asked for, once", async () => {
    const { hook, storage } = hookOn();
    await write(hook, storage, service("a", { clusterIP: "10.0.0.10" }));
    expect(await messageOf(hook.begin(service("b", { clusterIP: "10.0.0.10" }), undefined, false))).toBe(
      '422 Service "b" is invalid: spec.clusterIPs: Invalid value: ["10.0.0.10"]: failed to allocate IP 10.0.0.10: provided IP is already allocated',
    );
    for (const outside of ["10.0.1.1", "10.0.0.0", "10.0.0.255"]) {
      expect(await messageOf(hook.begin(service("b", { clusterIP: outside }), undefined, false))).toBe(
        `422 Service "b" is invalid: spec.clusterIPs: Invalid value: ["${outside}"]: failed to allocate IP ${outside}: the provided IP (${outside}) is not in the valid range. The range of valid IPs is 10.0.0.0/24`,
      );
    }
  });

  it("keep the first address for the kubernetes Service", async () => {
    const { hook, storage } = hookOn({ range: "10.0.0.0/29" });
    expect(hook.apiServiceIp).toBe("10.0.0.1");
    expect(await messageOf(hook.begin(service("b", { clusterIP: "10.0.0.1" }), undefined, false))).toContain(
      "provided IP is already allocated",
    );
    for (let index = 0; index < 5; index += 1) await write(hook, storage, service(`s${index}`));
    expect(await addressesOf(storage)).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]);
    expect(await messageOf(hook.begin(service("more"), undefined, false))).toBe(
      "500 Internal error occurred: failed to allocate a serviceIP: range is full",
    );
    await write(hook, storage, service("kubernetes", { clusterIP: "10.0.0.1" }));
    // A write that did not reach the store left the key behind.
    expect(await messageOf(hook.begin(service("kubernetes", { clusterIP: "10.0.0.1" }), undefined, false))).toBe("");
  });

  it("are given back when the write fails and when the Service goes", async () => {
    const { hook, storage } = hookOn();
    const outcome = await hook.begin(service("a", { type: "NodePort", ports: [{ port: 80 }] }), undefined, false);
    expect(await addressesOf(storage)).toHaveLength(1);
    await outcome.aborted();
    expect([await addressesOf(storage), await portsOf(storage)]).toEqual([[], []]);
    const stored = await write(hook, storage, service("a", { type: "NodePort", ports: [{ port: 80 }] }));
    await hook.afterDelete(stored);
    expect([await addressesOf(storage), await portsOf(storage)]).toEqual([[], []]);
  });

  it("are not taken by headless and external Services, nor by a dry run", async () => {
    const { hook, storage } = hookOn();
    const headless = await write(hook, storage, service("h", { clusterIP: "None", selector: { app: "x" } }));
    expect(headless.spec).toMatchObject({
      clusterIP: "None",
      clusterIPs: ["None"],
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
    });
    const bare = await write(hook, storage, service("hb", { clusterIP: "None" }));
    expect(bare.spec).toMatchObject({ ipFamilies: ["IPv4", "IPv6"], ipFamilyPolicy: "RequireDualStack" });
    const external = await write(hook, storage, service("e", { type: "ExternalName", externalName: "x.org" }));
    expect(external.spec.clusterIP).toBeUndefined();
    const dry = service("d", { type: "NodePort", ports: [{ port: 80 }] });
    await (await hook.begin(dry, undefined, true)).committed();
    expect(dry.spec.clusterIP).toMatch(/^10\.0\.0\./);
    expect([await addressesOf(storage), await portsOf(storage)]).toEqual([[], []]);
  });

  it("follow the type of a Service", async () => {
    const { hook, storage } = hookOn();
    const first = await write(hook, storage, service("a", { ports: [{ port: 80 }] }));
    const external = service("a", { ...first.spec, type: "ExternalName", externalName: "x.org" });
    const second = await write(hook, storage, external, first);
    expect(second.spec.clusterIP).toBeUndefined();
    expect(second.spec.clusterIPs).toBeUndefined();
    expect(second.spec.ipFamilies).toBeUndefined();
    expect(await addressesOf(storage)).toEqual([]);
    const third = await write(hook, storage, service("a", { ports: [{ port: 80 }] }), second);
    expect(await addressesOf(storage)).toEqual([third.spec.clusterIP]);
  });

  it("stay when an update does not mention them", async () => {
    const { hook, storage } = hookOn();
    const first = await write(hook, storage, service("a", { type: "NodePort", ports: [{ port: 80 }] }));
    const second = await write(
      hook,
      storage,
      service("a", { type: "NodePort", ports: [{ port: 80 }, { port: 81, name: "b" }] }),
      first,
    );
    expect(second.spec.clusterIP).toBe(first.spec.clusterIP);
    expect(second.spec.ports?.[0]?.nodePort).toBe(first.spec.ports?.[0]?.nodePort);
    expect(await portsOf(storage)).toHaveLength(2);
    expect(await addressesOf(storage)).toHaveLength(1);
  });

  it("take a second family when the cluster has one and the policy asks for it", async () => {
    const { hook, storage } = hookOn({ range: "10.0.0.0/24,fd00::/112" });
    const single = await write(hook, storage, service("a"));
    expect(single.spec.ipFamilies).toEqual(["IPv4"]);
    const dual = await write(
      hook,
      storage,
      service("a", { ...single.spec, ipFamilyPolicy: "PreferDualStack" }),
      single,
    );
    expect(dual.spec.ipFamilies).toEqual(["IPv4", "IPv6"]);
    expect(dual.spec.clusterIPs).toEqual([single.spec.clusterIP, expect.stringMatching(/^fd00::/)]);
    const back = await write(hook, storage, service("a", { ...dual.spec, ipFamilyPolicy: "SingleStack" }), dual);
    expect(back.spec.clusterIPs).toEqual([single.spec.clusterIP]);
    expect(await addressesOf(storage)).toEqual([single.spec.clusterIP]);
    expect(
      await messageOf(hookOn().hook.begin(service("b", { ipFamilyPolicy: "RequireDualStack" }), undefined, false)),
    ).toBe(
      '422 Service "b" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    );
  });
});

describe("node ports", () => {
  it("can be asked for, once, in the range", async () => {
    const { hook, storage } = hookOn();
    await write(hook, storage, service("a", { type: "NodePort", ports: [{ port: 80, nodePort: 30010 }] }));
    const again = service("b", { type: "NodePort", ports: [{ port: 80, nodePort: 30010 }] });
    expect(await messageOf(hook.begin(again, undefined, false))).toBe(
      '422 Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30010: provided port is already allocated',
    );
    const outside = service("b", { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] });
    expect(await messageOf(hook.begin(outside, undefined, false))).toBe(
      '422 Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-30063',
    );
    expect(await addressesOf(storage)).toHaveLength(1);
  });

  it("are shared by TCP and UDP of the same port", async () => {
    const { hook, storage } = hookOn();
    const ports = [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, protocol: "TCP" },
      { name: "other", port: 80 },
    ];
    const { spec } = await write(hook, storage, service("dns", { type: "NodePort", ports }));
    const [udp, tcp, other] = spec.ports ?? [];
    expect(udp?.nodePort).toBe(tcp?.nodePort);
    expect(other?.nodePort).not.toBe(tcp?.nodePort);
    expect(await portsOf(storage)).toHaveLength(2);
  });

  it("go with the type and with the port", async () => {
    const { hook, storage } = hookOn();
    const first = await write(
      hook,
      storage,
      service("a", { type: "NodePort", ports: [{ port: 80 }, { name: "b", port: 81 }] }),
    );
    const [kept] = first.spec.ports ?? [];
    const second = await write(
      hook,
      storage,
      service("a", { ...first.spec, ports: kept === undefined ? [] : [kept] }),
      first,
    );
    expect(await portsOf(storage)).toEqual([String(kept?.nodePort)]);
    const third = await write(
      hook,
      storage,
      service("a", { ...structuredClone(second.spec), type: "ClusterIP" }),
      second,
    );
    expect(third.spec.ports?.[0]?.nodePort).toBeUndefined();
    expect(await portsOf(storage)).toEqual([]);
    expect(third.spec.clusterIP).toBe(first.spec.clusterIP);
  });

  it("of load balancers are left out when asked, health checks are not", async () => {
    const { hook, storage } = hookOn();
    const spec = {
      type: "LoadBalancer",
      allocateLoadBalancerNodePorts: false,
      externalTrafficPolicy: "Local",
      ports: [{ port: 80 }],
    };
    const stored = await write(hook, storage, service("lb", spec));
    expect(stored.spec.ports?.[0]?.nodePort).toBeUndefined();
    expect(await portsOf(storage)).toEqual([String(stored.spec.healthCheckNodePort)]);
  });
});

describe("repair", () => {
  it("frees old keys without a Service and records what has none", async () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const { hook, storage } = hookOn({ nowMs: () => now });
    const kept = await write(hook, storage, service("kept", { type: "NodePort", ports: [{ port: 80 }] }));
    await hook.begin(service("leaked", { type: "NodePort", ports: [{ port: 80 }] }), undefined, false);
    await hook.repair();
    expect(await addressesOf(storage)).toHaveLength(2);
    now += 121_000;
    await hook.repair();
    expect(await addressesOf(storage)).toEqual([kept.spec.clusterIP]);
    expect(await portsOf(storage)).toEqual([String(kept.spec.ports?.[0]?.nodePort)]);
    for (const { key, modRevision } of (await storage.range("/registry/ipaddresses/")).items)
      await storage.delete(key, modRevision);
    await hook.repair();
    expect(await addressesOf(storage)).toEqual([kept.spec.clusterIP]);
  });

  it("leaves addresses alone that somebody else keeps", async () => {
    const storage = new MemoryStorage(systemClock);
    const { hook } = hookOn({ storage });
    const foreign = { apiVersion: "networking.k8s.io/v1", kind: "IPAddress", metadata: { name: "10.0.0.9" } };
    await storage.create("/registry/ipaddresses/10.0.0.9", Buffer.from(JSON.stringify(foreign)));
    await hook.repair();
    expect(await addressesOf(storage)).toEqual(["10.0.0.9"]);
  });
});

describe("allocation by several processes", () => {
  it("never hands anything out twice, and a restart forgets nothing", async () => {
    const step = fc.record({
      server: fc.nat(1),
      kind: fc.constantFrom("create", "delete", "restart"),
      pick: fc.nat(20),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 8 }), async (rounds) => {
        const storage = new MemoryStorage(systemClock);
        const options = { storage, range: "10.0.0.0/28", ports: "30000-30009" };
        const servers = [hookOn(options).hook, hookOn(options).hook];
        const living = new Map<string, Service>();
        let count = 0;
        for (const round of rounds) {
          await Promise.all(
            round.map(async ({ server, kind, pick }) => {
              const hook = servers[server] ?? hookOn(options).hook;
              if (kind === "restart") servers[server] = hookOn(options).hook;
              if (kind === "create") {
                const name = `s${(count += 1)}`;
                const wanted = service(name, { type: "NodePort", ports: [{ port: 80 }] });
                const refusal = await messageOf(write(hook, storage, wanted));
                if (refusal === "") living.set(name, wanted);
                else expect(refusal).toContain("range is full");
              }
              const [name, victim] = [...living][pick] ?? [];
              if (kind === "delete" && name !== undefined && victim !== undefined) {
                living.delete(name);
                await hook.afterDelete(victim);
              }
            }),
          );
          const addresses = [...living.values()].map(({ spec }) => spec.clusterIP ?? "");
          const ports = [...living.values()].map(({ spec }) => String(spec.ports?.[0]?.nodePort));
          expect(new Set(addresses).size).toBe(addresses.length);
          expect(new Set(ports).size).toBe(ports.length);
          expect(await addressesOf(storage)).toEqual(addresses.toSorted());
          expect(await portsOf(storage)).toEqual(ports.toSorted());
        }
      }),
      { numRuns: 50 },
    );
  });
});
