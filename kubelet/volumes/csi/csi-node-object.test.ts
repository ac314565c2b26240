import type { Node } from "../../../shared/api/generated/core/v1.ts";
import type { CSINode } from "../../../shared/api/generated/storage/v1.ts";
import type { ApiClient } from "../../../shared/client/api-client.ts";
import { StatusError } from "../../../shared/errors/status-error.ts";
import { silentLogger } from "../../../shared/process/logger.ts";
import { ManualClock } from "../../../test/support/manual-clock.ts";
import { CsiNodeObject, NODE_ID_ANNOTATION } from "./csi-node-object.ts";

let node: Node;
let object: CSINode | undefined;
let writes: number;
let drivers: CsiNodeObject;

const missing = (): StatusError => new StatusError("NotFound", "not there");

beforeEach(() => {
  node = { metadata: { name: "node", uid: "node-uid", labels: { zone: "a" } }, spec: {} };
  object = undefined;
  writes = 0;
  const client = {
    get: async ({ kind }: { kind: string }) => {
      const found = kind === "Node" ? node : object;
      if (found === undefined) throw missing();
      return found;
    },
    create: async (_resource: unknown, draft: CSINode) => {
      writes++;
      object = draft;
    },
    update: async (_resource: unknown, next: CSINode) => {
      writes++;
      object = next;
    },
    patch: async (_resource: unknown, _at: unknown, _type: string, { metadata }: Pick<Node, "metadata">) => {
      const labels = { ...node.metadata.labels, ...metadata.labels };
      node = { ...node, metadata: { ...node.metadata, labels, annotations: { ...metadata.annotations } } };
    },
  };
  const options = {
    client: client as unknown as ApiClient,
    nodeName: "node",
    clock: new ManualClock(),
    logger: silentLogger,
  };
  drivers = new CsiNodeObject(options);
});

const driver = (name: string, topology: Record<string, string> = {}, volumesMax = 0) => ({
  name,
  nodeId: `id-of-${name}`,
  volumesMax,
  topology,
});

it("tells of every driver, and belongs to the node", async () => {
  await Promise.all([drivers.install(driver("a", { rack: "1" }, 2 ** 40)), drivers.install(driver("b"))]);
  expect(object).toMatchObject({
    metadata: { name: "node", ownerReferences: [{ kind: "Node", uid: "node-uid" }] },
    spec: {
      drivers: [
        { name: "a", nodeID: "id-of-a", topologyKeys: ["rack"], allocatable: { count: 2 ** 31 - 1 } },
        { name: "b", nodeID: "id-of-b" },
      ],
    },
  });
  expect(node.metadata.labels).toEqual({ zone: "a", rack: "1" });
  expect(JSON.parse(node.metadata.annotations?.[NODE_ID_ANNOTATION] ?? "")).toEqual({ a: "id-of-a", b: "id-of-b" });
});

it("does not write what is there, and makes again what somebody deleted", async () => {
  await drivers.install(driver("a"));
  const before = writes;
  await drivers.install(driver("a"));
  expect(writes).toBe(before);
  object = undefined;
  await drivers.install(driver("b"));
  expect(object).toMatchObject({ spec: { drivers: [{ name: "a" }, { name: "b" }] } });
});

it("refuses a driver whose place contradicts the node's", async () => {
  await expect(drivers.install(driver("a", { zone: "b" }))).rejects.toThrow(
    'detected topology value collision: driver reported "zone":"b" but existing label is "zone":"a"',
  );
  expect(object).toBeUndefined();
});

it("replaces nonsense in the annotation", async () => {
  node.metadata.annotations = { [NODE_ID_ANNOTATION]: "{" };
  await drivers.install(driver("a"));
  expect(node.metadata.annotations?.[NODE_ID_ANNOTATION]).toBe('{"a":"id-of-a"}');
});
