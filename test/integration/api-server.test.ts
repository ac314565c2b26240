import { StatusError } from "../../shared/errors/status-error.ts";
import { configMaps, leases, namespaces, services } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";

const inDefault = { namespace: "default" };
const named = (name: string, data: Record<string, string> = {}) => ({ metadata: { name, namespace: "default" }, data });

let server: ApiServerProcess;

beforeAll(async () => {
  server = await startApiServerProcess();
}, 60_000);

afterAll(() => server.close());

test("no acknowledged write is lost when the process is killed in the middle of writes, and no address is handed out twice", async () => {
  const acknowledged = new Map<string, string>();
  const addresses = new Map<string, string>();
  for (let round = 0; round < 3; round++) {
    let isKilled = false;
    const writer = async (lane: number): Promise<void> => {
      for (let index = 0; !isKilled; index++) {
        const name = `r${round}-${lane}-${index}`;
        try {
          const config = await server.client.create(configMaps, named(name, { name }), inDefault);
          acknowledged.set(name, config.metadata.uid ?? "");
          if (index % 5 !== 0) continue;
          const spec = { selector: { a: "b" }, ports: [{ port: 80 }] };
          const service = await server.client.create(services, { metadata: { name: `s${name}` }, spec }, inDefault);
          addresses.set(`s${name}`, service.spec?.clusterIP ?? "");
        } catch (error) {
          // Only a broken connection is allowed: whatever the server answered must be good.
          if (error instanceof StatusError) throw error;
          return;
        }
      }
    };
    const writers = Array.from({ length: 8 }, (_, lane) => writer(lane));
    await new Promise((resolve) => setTimeout(resolve, 700));
    await server.end("SIGKILL");
    isKilled = true;
    await Promise.all(writers);
    await server.start();
  }
  const { items } = await server.client.list(configMaps, inDefault);
  const stored = new Map(items.map((item) => [item.metadata.name, item.metadata.uid]));
  for (const [name, uid] of acknowledged) expect([name, stored.get(name)]).toEqual([name, uid]);
  const kept = await server.client.list(services, inDefault);
  const used = kept.items.map((item) => item.spec?.clusterIP ?? "");
  expect(new Set(used).size).toBe(used.length);
  for (const [name, ip] of addresses)
    expect(kept.items.find((item) => item.metadata.name === name)?.spec?.clusterIP).toBe(ip);
  expect(acknowledged.size).toBeGreaterThan(50);
}, 90_000);

test("of two writers with the same resourceVersion one wins and the other hears of the conflict", async () => {
  const created = await server.client.create(configMaps, named("contended", { n: "0" }), inDefault);
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      server.client.update(configMaps, { ...created, data: { n: `writer ${index}` } }),
    ),
  );
  const refused = results.filter((one) => one.status === "rejected").map((one) => one.reason as StatusError);
  expect(results.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  expect(new Set(refused.map((one) => one.reason))).toEqual(new Set(["Conflict"]));
});

test("patches without a precondition all succeed, however many come at once", async () => {
  await server.client.create(leases, { metadata: { name: "patched" }, spec: {} }, inDefault);
  const at = { namespace: "default", name: "patched" };
  await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      server.client.patch(leases, at, "merge", { metadata: { annotations: { [`a${index}`]: "x" } } }),
    ),
  );
  const patched = await server.client.get(leases, at);
  expect(Object.keys(patched.metadata.annotations ?? {})).toHaveLength(30);
});

test("server-side apply creates what is missing and sets what it names", async () => {
  const at = { namespace: "default", name: "applied" };
  const applied = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied" }, data: { a: "1" } };
  await server.client.patch(configMaps, at, "apply", applied, { fieldManager: "m" });
  const next = await server.client.patch(
    configMaps,
    at,
    "apply",
    { ...applied, data: { b: "2" } },
    { fieldManager: "m" },
  );
  expect(next.data).toMatchObject({ b: "2" });
});

test("a collection is deleted by its selector, and a namespace by its finalizers", async () => {
  const label = (name: string, team: string) => ({ metadata: { name, labels: { team } } });
  await Promise.all(
    ["a", "b", "c", "d", "e"].map((name) =>
      server.client.create(configMaps, label(`del-${name}`, name < "d" ? "x" : "y"), inDefault),
    ),
  );
  await server.client.deleteCollection(configMaps, { namespace: "default", labelSelector: "team=x" });
  const left = await server.client.list(configMaps, { namespace: "default", labelSelector: "team" });
  expect(left.items.map((item) => item.metadata.name).sort()).toEqual(["del-d", "del-e"]);

  await server.client.create(namespaces, { metadata: { name: "going" } });
  const going = await server.client.delete(namespaces, { name: "going" });
  expect(going?.status?.phase).toBe("Terminating");
  await expect(server.client.create(configMaps, named("late"), { namespace: "going" })).rejects.toThrow();
  await server.client.writeSubresource(namespaces, { name: "going" }, "finalize", "PUT", {
    ...going,
    spec: { finalizers: [] },
  });
  await expect(server.client.get(namespaces, { name: "going" })).rejects.toThrow('namespaces "going" not found');
});

test("a SIGTERM ends watches in an orderly way and the process with code 0", async () => {
  const events: string[] = [];
  const watch = (async () => {
    for await (const event of server.client.watch(configMaps, { namespace: "default" })) events.push(event.type);
    return "ended";
  })();
  await server.client.create(configMaps, named("seen"), inDefault);
  while (!events.includes("ADDED")) await new Promise((resolve) => setTimeout(resolve, 20));
  await server.end("SIGTERM");
  await expect(watch).resolves.toBe("ended");
  await server.start();
  expect((await server.client.get(configMaps, { namespace: "default", name: "seen" })).metadata.name).toBe("seen");
}, 30_000);
