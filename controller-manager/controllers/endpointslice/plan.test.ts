import fc from "fast-check";
import type { Pod, Service } from "../../../shared/api/generated/core/v1.ts";
import type { Endpoint, EndpointSlice } from "../../../shared/api/generated/discovery/v1.ts";
import { PlanWorld } from "../../../test/support/plan-world.ts";
import { pack, SLICE_ENDPOINTS_MAX } from "./pack.ts";
import { planEndpointSlices } from "./plan.ts";

const endpointOf = (id: number, isReady = true): Endpoint => ({
  addresses: [`10.0.${Math.floor(id / 250)}.${id % 250}`],
  conditions: { ready: isReady },
  targetRef: { uid: `u${id}` },
});
const sliceOf = (index: number, endpoints: Endpoint[]): EndpointSlice => ({
  addressType: "IPv4",
  metadata: { name: `s${index}` },
  endpoints,
});

class Scene {
  readonly world = new PlanWorld();
  constructor(spec: Partial<Service["spec"]> = {}) {
    this.world.create("services", {
      metadata: { name: "web", labels: { team: "x" } },
      spec: {
        clusterIP: "10.96.0.9",
        ipFamilies: ["IPv4"],
        selector: { app: "web" },
        ports: [{ name: "http", port: 80, targetPort: "http" }],
        ...spec,
      },
    });
  }
  get service(): Service {
    const found = this.world.store<Service>("services").get("default", "web");
    if (found === undefined) throw new Error("gone");
    return found;
  }
  get slices(): readonly EndpointSlice[] {
    return this.world.store<EndpointSlice>("endpointSlices").list();
  }
  addPod(
    index: number,
    parts: { isReady?: boolean; isEnding?: boolean; port?: number; phase?: string; spec?: object } = {},
  ): void {
    const { isReady = true, isEnding = false, port = 8080, phase = "Running" } = parts;
    this.world.create("pods", {
      metadata: {
        name: `p${index}`,
        uid: `u${index}`,
        labels: { app: "web" },
        ...(isEnding ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
      },
      spec: {
        nodeName: "n1",
        containers: [{ name: "c", ports: [{ name: "http", containerPort: port }] }],
        ...parts.spec,
      },
      status: {
        phase,
        podIP: `10.1.0.${index}`,
        podIPs: [{ ip: `10.1.0.${index}` }],
        conditions: [{ type: "Ready", status: isReady ? "True" : "False", lastTransitionTime: "2026-01-01T00:00:00Z" }],
      },
    });
  }
  plan() {
    const listers = {
      pods: this.world.store<Pod>("pods"),
      endpointSlices: this.world.store<EndpointSlice>("endpointSlices"),
      self: this.world.store<Service>("services"),
    };
    return planEndpointSlices(this.service, listers);
  }
  reconcile(): number {
    const { actions } = this.plan();
    this.world.apply(actions);
    return actions.length;
  }
}

describe("packing endpoints into slices", () => {
  it("holds every endpoint once, never too many in one, and is stable", () => {
    const ids = fc.uniqueArray(fc.nat(600), { maxLength: 350 });
    fc.assert(
      fc.property(fc.array(ids, { maxLength: 4 }), ids, (before, wanted) => {
        const seen = new Set<number>();
        const slices = before.map((part, index) => {
          const own = part.filter((id) => !seen.has(id)).slice(0, SLICE_ENDPOINTS_MAX);
          for (const id of own) seen.add(id);
          return sliceOf(
            index,
            own.map((id) => endpointOf(id)),
          );
        });
        const packing = pack(
          slices,
          wanted.map((id) => endpointOf(id)),
        );
        const after = [
          ...packing.unchanged,
          ...packing.toUpdate.map(({ slice, endpoints }) => ({ ...slice, endpoints })),
          ...packing.toCreate.map((endpoints, index) => sliceOf(100 + index, endpoints)),
        ];
        const held = after.flatMap(({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses));
        expect(held.length).toBe(wanted.length);
        expect(new Set(held).size).toBe(wanted.length);
        expect(
          after.every(({ endpoints = [] }) => endpoints.length > 0 && endpoints.length <= SLICE_ENDPOINTS_MAX),
        ).toBe(true);
        const again = pack(
          after,
          wanted.map((id) => endpointOf(id)),
        );
        expect([again.toCreate, again.toUpdate, again.toDelete]).toEqual([[], [], []]);
      }),
      { numRuns: 200 },
    );
  });

  it("writes one slice when one endpoint of many changes", () => {
    const slices = [0, 1, 2].map((index) =>
      sliceOf(
        index,
        Array.from({ length: 100 }, (_, id) => endpointOf(index * 100 + id)),
      ),
    );
    const wanted = Array.from({ length: 300 }, (_, id) => endpointOf(id, id !== 150));
    const packing = pack(slices, wanted);
    expect(packing.toUpdate.map(({ slice }) => slice.metadata.name)).toEqual(["s1"]);
    expect([packing.toCreate, packing.toDelete]).toEqual([[], []]);
  });
});

describe("the slices of a Service", () => {
  it("name the Service, the manager and the owner, as upstream's do", () => {
    const scene = new Scene({ clusterIP: "None" });
    scene.addPod(1);
    scene.reconcile();
    expect(scene.slices[0]).toMatchObject({
      addressType: "IPv4",
      metadata: {
        generateName: "web-",
        labels: {
          team: "x",
          "kubernetes.io/service-name": "web",
          "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
          "service.kubernetes.io/headless": "",
        },
        ownerReferences: [
          { apiVersion: "v1", kind: "Service", name: "web", controller: true, blockOwnerDeletion: true },
        ],
        annotations: { "endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z" },
      },
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      endpoints: [
        {
          addresses: ["10.1.0.1"],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: "n1",
          targetRef: { kind: "Pod", namespace: "default", name: "p1", uid: "u1" },
        },
      ],
    });
    expect(scene.reconcile()).toBe(0);
  });

  it("tell ready, serving and terminating apart", () => {
    const scene = new Scene();
    scene.addPod(1, { isReady: false });
    scene.addPod(2, { isEnding: true });
    scene.addPod(3, { phase: "Succeeded" });
    scene.reconcile();
    expect(scene.slices[0]?.endpoints?.map(({ conditions }) => conditions)).toEqual([
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ]);
  });

  it("call every pod ready when the Service publishes those that are not", () => {
    const scene = new Scene({ publishNotReadyAddresses: true });
    scene.addPod(1, { isReady: false });
    scene.reconcile();
    expect(scene.slices[0]?.endpoints?.[0]?.conditions).toEqual({ ready: true, serving: false, terminating: false });
  });

  it("are apart for pods that serve a named port on another number", () => {
    const scene = new Scene();
    scene.addPod(1, { port: 8080 });
    scene.addPod(2, { port: 9090 });
    scene.reconcile();
    expect(scene.slices.map(({ ports }) => ports?.[0]?.port).toSorted((a = 0, b = 0) => a - b)).toEqual([8080, 9090]);
    expect(scene.reconcile()).toBe(0);
  });

  it("come down to one empty slice when there are no pods", () => {
    const scene = new Scene();
    scene.reconcile();
    expect(scene.slices).toHaveLength(1);
    scene.addPod(1);
    scene.reconcile();
    expect(scene.slices.flatMap(({ endpoints = [] }) => endpoints)).toHaveLength(1);
    for (const pod of scene.world.store<Pod>("pods").list()) scene.world.remove("pods", pod);
    scene.reconcile();
    expect(scene.slices).toHaveLength(1);
    expect(scene.slices[0]?.endpoints).toEqual([]);
    expect(scene.reconcile()).toBe(0);
  });

  it("are nobody's for a Service without a selector, and for an ExternalName", () => {
    expect(new Scene({ selector: {} }).plan().actions).toEqual([]);
    expect(new Scene({ type: "ExternalName", externalName: "x.y" }).plan().actions).toEqual([]);
  });
});
