/** kube-proxy as a process, with the kernel's own iptables and conntrack, in network namespaces of its own. */
import type { Service, ServiceSpec } from "../../shared/api/generated/core/v1.ts";
import { endpointSlices, services } from "../../shared/resources/catalog.ts";
import { until } from "../support/until.ts";
import { GATEWAY_IP, Lab, NODE_IP, OUTSIDE_IP, POD_PORT, podIp } from "./kube-proxy/lab.ts";

type PodName = "p1" | "p2";

let lab: Lab;

const PORTS = [
  { name: "tcp", port: 80, protocol: "TCP", targetPort: POD_PORT },
  { name: "udp", port: 80, protocol: "UDP", targetPort: POD_PORT },
];

async function createService(
  name: string,
  backends: readonly PodName[],
  spec: Partial<ServiceSpec> = {},
): Promise<Service> {
  const service = await lab.api.client.create(
    services,
    { metadata: { name }, spec: { ports: PORTS, ...spec } },
    { namespace: "default" },
  );
  await lab.api.client.create(
    endpointSlices,
    {
      metadata: { name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: endpointsOf(backends),
      ports: PORTS.map((port) => ({ name: port.name, port: POD_PORT, protocol: port.protocol })),
    },
    { namespace: "default" },
  );
  return service;
}

const endpointsOf = (backends: readonly PodName[]) =>
  backends.map((pod) => ({ addresses: [podIp(pod)], nodeName: "node", conditions: { ready: true } }));

async function setBackends(name: string, backends: readonly PodName[]): Promise<void> {
  const at = { namespace: "default", name: `${name}-1` };
  await lab.api.client.patch(endpointSlices, at, "merge", { endpoints: endpointsOf(backends) });
}

const ipOf = (service: Service): string => service.spec?.clusterIP ?? "";
const nodePortOf = (service: Service, name: string): number =>
  service.spec?.ports?.find((port) => port.name === name)?.nodePort ?? 0;
const podsOf = (answers: readonly string[]): string[] =>
  [...new Set(answers.map((answer) => answer.split(" ")[0] ?? ""))].sort();

beforeAll(async () => {
  lab = await Lab.open();
  lab.startProxy();
}, 60_000);

afterAll(() => lab.close(), 30_000);

it("balances a cluster IP over its endpoints, for the node, for pods, over TCP and UDP", async () => {
  const ip = ipOf(await createService("web", ["p1", "p2"]));
  await until(async () => expect(podsOf(await lab.ask("node", "tcp", ip, 80, 20))).toEqual(["p1", "p2"]), 15_000);
  expect(podsOf(await lab.ask("node", "udp", ip, 80, 20))).toEqual(["p1", "p2"]);
  expect(podsOf(await lab.ask("p1", "tcp", ip, 80, 20))).toEqual(["p1", "p2"]);
  expect(podsOf(await lab.ask("p2", "udp", ip, 80, 20))).toEqual(["p1", "p2"]);
}, 60_000);

it("lets a pod reach itself through its service", async () => {
  const ip = ipOf(await createService("self", ["p1"]));
  await until(async () => expect(await lab.ask("p1", "tcp", ip, 80)).toEqual([`p1 ${GATEWAY_IP}`]), 15_000);
  expect(await lab.ask("p1", "udp", ip, 80)).toEqual([`p1 ${GATEWAY_IP}`]);
}, 60_000);

it("opens node ports to the outside and on the loopback address", async () => {
  const service = await createService("open", ["p1"], { type: "NodePort" });
  const port = nodePortOf(service, "tcp");
  await until(async () => expect(await lab.ask("outside", "tcp", NODE_IP, port)).toEqual([`p1 ${GATEWAY_IP}`]), 15_000);
  expect(await lab.ask("outside", "udp", NODE_IP, nodePortOf(service, "udp"))).toEqual([`p1 ${GATEWAY_IP}`]);
  expect(await lab.ask("node", "tcp", "127.0.0.1", port)).toEqual([`p1 ${GATEWAY_IP}`]);
  expect(podsOf(await lab.ask("p2", "tcp", NODE_IP, port))).toEqual(["p1"]);
}, 60_000);

it("keeps the client's address when the external policy is Local", async () => {
  const service = await createService("source", ["p1"], { type: "NodePort", externalTrafficPolicy: "Local" });
  const port = nodePortOf(service, "tcp");
  await until(async () => expect(await lab.ask("outside", "tcp", NODE_IP, port)).toEqual([`p1 ${OUTSIDE_IP}`]), 15_000);
}, 60_000);

it("serves external addresses", async () => {
  await createService("outer", ["p2"], { externalIPs: ["203.0.113.7"] });
  await until(async () => expect(podsOf(await lab.ask("outside", "tcp", "203.0.113.7", 80))).toEqual(["p2"]), 15_000);
}, 60_000);

it("keeps a client with its endpoint when the service asks for it", async () => {
  const ip = ipOf(await createService("sticky", ["p1", "p2"], { sessionAffinity: "ClientIP" }));
  await until(
    async () => expect(["p1", "p2"]).toContain((await lab.ask("node", "tcp", ip, 80))[0]?.split(" ")[0]),
    15_000,
  );
  expect(podsOf(await lab.ask("node", "tcp", ip, 80, 15))).toHaveLength(1);
}, 60_000);

it("refuses what has no endpoints", async () => {
  const service = await createService("empty", [], { type: "NodePort" });
  const ip = ipOf(service);
  await until(async () => expect(await lab.ask("node", "tcp", ip, 80)).toEqual(["ECONNREFUSED"]), 15_000);
  expect(await lab.ask("p1", "tcp", ip, 80)).toEqual(["ECONNREFUSED"]);
  expect(await lab.ask("node", "udp", ip, 80)).toEqual(["ECONNREFUSED"]);
  expect(await lab.ask("outside", "tcp", NODE_IP, nodePortOf(service, "tcp"))).toEqual(["ECONNREFUSED"]);
}, 60_000);

it("moves a UDP client that keeps its port to the new endpoint, also from none to the first", async () => {
  const ip = ipOf(await createService("moving", []));
  const SOURCE_PORT = 40_001;
  const answersFrom = (pod: PodName) =>
    until(async () => expect(podsOf(await lab.ask("p2", "udp", ip, 80, 1, SOURCE_PORT))).toEqual([pod]), 15_000);
  await lab.ask("p2", "udp", ip, 80, 1, SOURCE_PORT);
  await setBackends("moving", ["p1"]);
  await answersFrom("p1");
  await setBackends("moving", ["p2"]);
  await answersFrom("p2");
}, 60_000);

it("keeps connections and rules over a crash, and catches up afterwards", async () => {
  const ip = ipOf(await createService("lasting", ["p1"]));
  await until(async () => expect(podsOf(await lab.ask("node", "tcp", ip, 80))).toEqual(["p1"]), 15_000);
  const question = lab.hold("outside", ip, 80);
  expect(await question()).toContain("p1");
  await lab.killProxy();
  expect(await question()).toContain("p1");
  expect(podsOf(await lab.ask("node", "tcp", ip, 80))).toEqual(["p1"]);
  const gone = ipOf(await lab.api.client.get(services, { namespace: "default", name: "self" }));
  await lab.api.client.delete(services, { namespace: "default", name: "self" });
  const later = ipOf(await createService("later", ["p2"]));
  lab.startProxy();
  for (let asked = 0; asked < 20; asked++) expect(podsOf(await lab.ask("node", "tcp", ip, 80))).toEqual(["p1"]);
  await until(async () => expect(podsOf(await lab.ask("node", "tcp", later, 80))).toEqual(["p2"]), 15_000);
  expect(await question()).toContain("p1");
  expect(await lab.run("node", "iptables-save")).not.toContain(`${gone}/32`);
}, 90_000);

/** All rules chain by chain, without the time and the counters; the order within a chain is kept. */
async function ruleLines(): Promise<string[]> {
  const save = await lab.run("node", "iptables-save");
  const lines = save
    .split("\n")
    .filter((line) => /^[-:*]/.test(line))
    .map((line) => line.replace(/ \[\d+:\d+\]$/, ""));
  const chainOf = (line: string): string => line.split(" ", 2).join(" ");
  return lines.toSorted((left, right) => chainOf(left).localeCompare(chainOf(right)));
}

it("edits long chains rule by rule and arrives where writing everything arrives", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `many-${index}`);
  const ips = new Map<string, string>();
  const create = async (name: string): Promise<void> => {
    ips.set(name, ipOf(await createService(name, [])));
  };
  for (let start = 0; start < names.length; start += 20) await Promise.all(names.slice(start, start + 20).map(create));
  const last = ips.get("many-99") ?? "";
  await until(async () => expect((await ruleLines()).join("\n")).toContain(`${last}/32`), 15_000);
  await lab.api.client.delete(services, { namespace: "default", name: "many-50" });
  await create("many-more");
  await until(async () => expect((await ruleLines()).join("\n")).toContain(`${ips.get("many-more") ?? ""}/32`), 15_000);
  await until(
    async () => expect((await ruleLines()).join("\n")).not.toContain(`${ips.get("many-50") ?? ""}/32`),
    15_000,
  );
  expect(lab.log).not.toContain("could not write the rules");
  const edited = await ruleLines();
  await lab.killProxy();
  await lab.run("node", "iptables", "-t", "nat", "-D", "POSTROUTING", "1");
  lab.startProxy();
  await until(async () => expect(await ruleLines()).toEqual(edited), 15_000);
}, 90_000);

it("repairs what somebody else flushed", async () => {
  const ip = ipOf(await lab.api.client.get(services, { namespace: "default", name: "web" }));
  for (const table of ["nat", "filter", "mangle"]) await lab.run("node", "iptables", "-t", table, "-F");
  await until(async () => expect(podsOf(await lab.ask("node", "tcp", ip, 80, 20))).toEqual(["p1", "p2"]), 20_000);
  for (const table of ["nat", "filter", "mangle"]) {
    await lab.run("node", "iptables", "-t", table, "-F");
    await lab.run("node", "iptables", "-t", table, "-X");
  }
  await until(async () => expect(podsOf(await lab.ask("node", "tcp", ip, 80, 20))).toEqual(["p1", "p2"]), 20_000);
}, 60_000);

it("tells its health and its metrics", async () => {
  const health = JSON.parse(await lab.run("node", "curl", "-s", "http://127.0.0.1:10256/healthz")) as Record<
    string,
    unknown
  >;
  expect(Object.keys(health)).toEqual(["lastUpdated", "currentTime", "nodeEligible"]);
  const metrics = await lab.run("node", "curl", "-s", "http://127.0.0.1:10249/metrics");
  expect(metrics).toContain("kubeproxy_sync_proxy_rules_duration_seconds_count");
  expect(metrics).toContain("kubeproxy_network_programming_duration_seconds_bucket");
}, 30_000);

it("serves two clusters in one namespace, each with chains of its own, and removes only its own", async () => {
  const ip = ipOf(await lab.api.client.get(services, { namespace: "default", name: "web" }));
  await lab.killProxy("SIGTERM");
  lab.startProxy("--iptables-chain-prefix", "KN2");
  await until(async () => expect(await lab.run("node", "iptables-save")).toContain("KN2-SVC-"), 15_000);
  await lab.killProxy("SIGTERM");
  await lab.cleanUp();
  const rules = await lab.run("node", "iptables-save");
  expect(rules).not.toContain("KUBE-");
  expect(rules).toContain("KN2-SVC-");
  expect(podsOf(await lab.ask("node", "tcp", ip, 80, 20))).toEqual(["p1", "p2"]);
}, 60_000);

it("leaves nothing behind", async () => {
  await lab.cleanUp("KN2");
  const lines = (await lab.run("node", "iptables-save")).split("\n").filter((line) => /^(:.* - |-A)/.test(line));
  expect(lines).toEqual([]);
}, 30_000);
