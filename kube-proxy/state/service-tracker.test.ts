import type { Service } from "../../shared/api/generated/core/v1.ts";
import type { EndpointSlice } from "../../shared/api/generated/discovery/v1.ts";
import { ServiceTracker } from "./service-tracker.ts";

const service = (name: string, extra: Partial<Service["spec"]> = {}): Service => ({
  metadata: { name, namespace: "ns" },
  spec: { clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"], ports: [{ port: 80, protocol: "TCP" }], ...extra },
});
const slice = (name: string, owner: string, ips: readonly string[], ready = true): EndpointSlice => ({
  metadata: { name, namespace: "ns", labels: { "kubernetes.io/service-name": owner } },
  addressType: "IPv4",
  endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready } })),
  ports: [{ port: 8080, protocol: "TCP", name: "" }],
});
const ipsOf = (tracker: ServiceTracker, key: string): string[] =>
  (tracker.ports.get(key) ?? []).flatMap((port) => port.endpoints.map(({ ip }) => ip));

it("joins slices whichever comes first", () => {
  const tracker = new ServiceTracker("node");
  tracker.putSlice(slice("a-1", "a", ["10.0.0.2"]));
  tracker.putService(service("a"));
  tracker.putSlice(slice("a-2", "a", ["10.0.0.1"]));
  expect(tracker.takeChanges()).toEqual(new Set(["ns/a"]));
  expect(ipsOf(tracker, "ns/a")).toEqual(["10.0.0.1", "10.0.0.2"]);
  expect(tracker.hasChanges).toBe(false);
});

it("counts an address in two slices once, as ready when one of them says so", () => {
  const tracker = new ServiceTracker("node");
  tracker.putService(service("a"));
  tracker.putSlice(slice("a-1", "a", ["10.0.0.1"], true));
  tracker.putSlice(slice("a-2", "a", ["10.0.0.1"], false));
  tracker.takeChanges();
  expect(tracker.ports.get("ns/a")?.[0]?.endpoints).toEqual([
    expect.objectContaining({ ip: "10.0.0.1", isReady: true }),
  ]);
});

it("leaves headless services and ExternalName alone", () => {
  const tracker = new ServiceTracker("node");
  tracker.putService(service("headless", { clusterIP: "None", clusterIPs: ["None"] }));
  tracker.putService(service("name", { type: "ExternalName" }));
  tracker.takeChanges();
  expect([...tracker.ports.values()].flat()).toEqual([]);
});

it("keeps the ports of unchanged services as they are", () => {
  const tracker = new ServiceTracker("node");
  tracker.putService(service("a"));
  tracker.putService(service("b"));
  tracker.takeChanges();
  const before = tracker.ports.get("ns/a");
  tracker.putSlice(slice("b-1", "b", ["10.0.0.1"]));
  expect(tracker.takeChanges()).toEqual(new Set(["ns/b"]));
  expect(tracker.ports.get("ns/a")).toBe(before);
});

it("forgets what is deleted", () => {
  const tracker = new ServiceTracker("node");
  tracker.putService(service("a"));
  tracker.putSlice(slice("a-1", "a", ["10.0.0.1"]));
  tracker.takeChanges();
  tracker.removeSlice(slice("a-1", "a", []));
  tracker.takeChanges();
  expect(ipsOf(tracker, "ns/a")).toEqual([]);
  tracker.removeService(service("a"));
  tracker.takeChanges();
  expect(tracker.ports.has("ns/a")).toBe(false);
});
