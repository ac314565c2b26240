/** Addresses and node ports of Services with two real apiservers over one real etcd, one of which is killed. */
import { openStorage } from "../../apiserver/storage/open-storage.ts";
import type { Service } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { services } from "../../shared/resources/catalog.ts";
import { type ApiServerProcess, startApiServerProcess } from "../support/api-server-process.ts";
import { type RunningEtcd, startEtcd } from "../support/etcd.ts";

const SERVICES = 60;
const KILL_AFTER = 20;
const PORT_RANGE = "30000-30099";

let etcd: RunningEtcd;
let servers: ApiServerProcess[] = [];

beforeAll(async () => {
  etcd = await startEtcd();
  const start = (address: string): Promise<ApiServerProcess> =>
    startApiServerProcess({
      storageFlags: ["--storage-backend=etcd3", `--etcd-servers=${etcd.url}`],
      flags: [`--advertise-address=${address}`, `--service-node-port-range=${PORT_RANGE}`],
    });
  servers = await Promise.all([start("10.1.0.1"), start("10.1.0.2")]);
}, 60_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await etcd.stop();
});

async function keysBelow(prefix: string): Promise<string[]> {
  const storage = await openStorage({
    backend: "etcd3",
    etcdServers: [etcd.url],
    clock: systemClock,
    logger: silentLogger,
  });
  try {
    return (await storage.range(prefix)).items.map((item) => item.key.slice(prefix.length));
  } finally {
    await storage.close();
  }
}

/** Creates a NodePort Service; false when no answer came (its server was killed). */
async function create(client: ApiClient, name: string): Promise<boolean> {
  const draft = { metadata: { name }, spec: { type: "NodePort", ports: [{ port: 80 }] } };
  try {
    await client.create(services, draft, { namespace: "default" });
    return true;
  } catch {
    return false;
  }
}

it("never hands an address or a port out twice, though a server is killed in the middle", async () => {
  const [first, second] = servers;
  if (first === undefined || second === undefined) throw new Error("no servers");
  let count = 0;
  let killed: Promise<void> | undefined;
  const answers = await Promise.all(
    Array.from({ length: SERVICES }, async (_, index) => {
      const server = index % 2 === 0 ? first : second;
      const isCreated = await create(server.client, `s${index}`);
      count += 1;
      if (count === KILL_AFTER) killed = first.end("SIGKILL");
      return isCreated;
    }),
  );
  await killed;
  await first.start();
  const more = await Promise.all(
    Array.from({ length: 20 }, (_, index) => create(index % 2 === 0 ? first.client : second.client, `m${index}`)),
  );
  expect(more.every(Boolean)).toBe(true);

  const stored = (await second.client.list(services, { namespace: "default" })).items.filter(
    ({ metadata }) => metadata.name !== "kubernetes",
  );
  const acknowledged = answers.filter(Boolean).length + more.length;
  expect(stored.length).toBeGreaterThanOrEqual(acknowledged);
  const addresses = stored.map(({ spec }) => spec.clusterIP ?? "");
  const ports = stored.map(({ spec }) => String(spec.ports?.[0]?.nodePort));
  expect(new Set(addresses).size).toBe(stored.length);
  expect(new Set(ports).size).toBe(stored.length);
  expect(await keysBelow("/registry/ipaddresses/")).toEqual(expect.arrayContaining(addresses));
  expect(await keysBelow("/registry/ranges/servicenodeports/")).toEqual(expect.arrayContaining(ports));

  const remove = ({ metadata }: Service): Promise<unknown> =>
    second.client.delete(services, { namespace: "default", name: metadata.name });
  await Promise.all(stored.map(remove));
  const left = await keysBelow("/registry/ipaddresses/");
  expect(left.filter((address) => addresses.includes(address))).toEqual([]);
}, 60_000);
