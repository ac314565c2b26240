import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { CsiError } from "../../shared/csi/csi-error.ts";
import type { CsiHandlers } from "../../shared/csi/csi-server.ts";
import type { CsiMethod, CsiRequest, CsiResponse } from "../../shared/csi/csi-wire.ts";
import { topologyKeyOf } from "../driver-name.ts";
import type { LoopDevices } from "../volumes/loop-devices.ts";
import type { Mounts } from "../volumes/mounts.ts";
import { VolumeStore } from "../volumes/volume-store.ts";
import { controllerService } from "./controller.ts";
import { identityService } from "./identity.ts";
import { KeyLock } from "./key-lock.ts";
import { nodeService } from "./node.ts";

const DRIVER = "d.example.com";
const here = { segments: { [topologyKeyOf(DRIVER)]: "n" } };
const capability = { mount: {}, accessMode: { mode: "SINGLE_NODE_WRITER" as const } };

/** Mounts that exist in a table only. */
class TableOfMounts implements Mounts {
  readonly table = new Map<string, string>();
  isMounted(path: string): boolean {
    return this.table.has(path);
  }
  isSourceMounted(source: string): boolean {
    return [...this.table.values()].some((each) => each.endsWith(source));
  }
  bind(source: string, target: string, isReadOnly: boolean): Promise<void> {
    this.table.set(target, `${source}${isReadOnly ? " ro" : ""}`);
    return Promise.resolve();
  }
  unmount(target: string): Promise<void> {
    this.table.delete(target);
    return Promise.resolve();
  }
}

/** Loop devices that exist in a table only. */
class TableOfLoops implements LoopDevices {
  readonly table = new Map<string, string>();
  attach(file: string): Promise<string> {
    this.table.set(file, this.table.get(file) ?? `/dev/loop${this.table.size}`);
    return Promise.resolve(this.find(file) ?? "");
  }
  find(file: string): string | undefined {
    return this.table.get(file);
  }
  refresh(): Promise<void> {
    return Promise.resolve();
  }
  detach(file: string): Promise<void> {
    this.table.delete(file);
    return Promise.resolve();
  }
}

let directory: string;
let loops: TableOfLoops;
let store: VolumeStore;
let mounts: TableOfMounts;
let handlers: CsiHandlers;

beforeEach(async () => {
  directory = mkdtempSync("/tmp/csi-services-");
  store = await VolumeStore.open(join(directory, "volumes"));
  mounts = new TableOfMounts();
  loops = new TableOfLoops();
  const context = { driverName: DRIVER, nodeName: "n", store, lock: new KeyLock(), loops, mounts };
  handlers = { ...identityService(DRIVER), ...controllerService(context), ...nodeService(context) };
});
afterEach(() => rmSync(directory, { recursive: true }));

async function call<M extends CsiMethod>(method: M, request: CsiRequest<M>): Promise<CsiResponse<M>> {
  const handler = handlers[method] as ((request: CsiRequest<M>) => Promise<CsiResponse<M>>) | undefined;
  if (handler === undefined) throw new Error(`no ${method}`);
  return handler(request);
}
/** The code that a call is refused with. */
const codeOf = <M extends CsiMethod>(method: M, request: CsiRequest<M>): Promise<string> =>
  call(method, request).then(
    () => "OK",
    (err: unknown) => (err as CsiError).code,
  );

const creation = (name: string, more: Partial<CsiRequest<"CreateVolume">> = {}): CsiRequest<"CreateVolume"> => ({
  name,
  capacityRange: { requiredBytes: 100, limitBytes: 0 },
  volumeCapabilities: [capability],
  parameters: {},
  accessibilityRequirements: { requisite: [here], preferred: [] },
  ...more,
});

it("says who it is and what it can do", async () => {
  expect((await call("GetPluginInfo", {})).name).toBe(DRIVER);
  expect(await call("Probe", {})).toEqual({ ready: { value: true } });
  expect(await call("NodeGetInfo", {})).toEqual({ nodeId: "n", maxVolumesPerNode: 0, accessibleTopology: here });
  const can = (await call("ControllerGetCapabilities", {})).capabilities.map(({ rpc }) => rpc?.type);
  expect(can).toEqual(["CREATE_DELETE_VOLUME", "LIST_VOLUMES", "EXPAND_VOLUME", "SINGLE_NODE_MULTI_WRITER"]);
});

describe("making a volume", () => {
  it("twice under one name makes one", async () => {
    const [first, second] = [await call("CreateVolume", creation("a")), await call("CreateVolume", creation("a"))];
    expect(first).toEqual(second);
    expect(first.volume).toEqual({ volumeId: "a", capacityBytes: 100, volumeContext: {}, accessibleTopology: [here] });
    expect(store.list()).toHaveLength(1);
  });

  it.each<[string, Partial<CsiRequest<"CreateVolume">>, string]>([
    ["without a name", { name: "" }, "INVALID_ARGUMENT"],
    ["with a name that leads out", { name: "../../etc" }, "INVALID_ARGUMENT"],
    ["that nobody says how to use", { volumeCapabilities: [] }, "INVALID_ARGUMENT"],
    [
      "as a device and as a folder",
      { volumeCapabilities: [capability, { ...capability, mount: undefined, block: {} }] },
      "INVALID_ARGUMENT",
    ],
    ["in no known way", { volumeCapabilities: [{ mount: {}, accessMode: null }] }, "INVALID_ARGUMENT"],
    ["out of another", { volumeContentSource: { volume: { volumeId: "b" } } }, "INVALID_ARGUMENT"],
    ["of less than nothing", { capacityRange: { requiredBytes: -1, limitBytes: 0 } }, "INVALID_ARGUMENT"],
    ["larger than its limit", { capacityRange: { requiredBytes: 9, limitBytes: 1 } }, "OUT_OF_RANGE"],
    ["of more than there can be", { capacityRange: { requiredBytes: 2 ** 62, limitBytes: 0 } }, "OUT_OF_RANGE"],
    [
      "on another node",
      { accessibilityRequirements: { requisite: [{ segments: { [topologyKeyOf(DRIVER)]: "m" } }], preferred: [] } },
      "RESOURCE_EXHAUSTED",
    ],
  ])("%s is refused", async (_, more, code) => {
    expect(await codeOf("CreateVolume", creation("a", more))).toBe(code);
    expect(store.list()).toEqual([]);
  });

  it("that does not fit is refused, and leaves nothing", async () => {
    const block = { block: {}, accessMode: { mode: "SINGLE_NODE_WRITER" as const } };
    const huge = { capacityRange: { requiredBytes: 2 ** 52, limitBytes: 0 }, volumeCapabilities: [block] };
    expect(await codeOf("CreateVolume", creation("a", huge))).toBe("RESOURCE_EXHAUSTED");
    expect(readdirSync(join(directory, "volumes"))).toEqual([]);
  });

  it("under a name that has another size is refused", async () => {
    await call("CreateVolume", creation("a"));
    expect(await codeOf("CreateVolume", creation("a", { capacityRange: { requiredBytes: 200, limitBytes: 0 } }))).toBe(
      "ALREADY_EXISTS",
    );
    expect(await codeOf("CreateVolume", creation("a", { capacityRange: { requiredBytes: 1, limitBytes: 50 } }))).toBe(
      "ALREADY_EXISTS",
    );
    expect(await codeOf("CreateVolume", creation("a", { capacityRange: null }))).toBe("OK");
  });

  it("while it is being made is told to wait", async () => {
    const codes = await Promise.all([codeOf("CreateVolume", creation("a")), codeOf("CreateVolume", creation("a"))]);
    expect(codes.toSorted()).toEqual(["ABORTED", "OK"]);
  });
});

it("deletes a volume as often as it is asked", async () => {
  await call("CreateVolume", creation("a"));
  for (let time = 0; time < 2; time++) expect(await codeOf("DeleteVolume", { volumeId: "a" })).toBe("OK");
  expect(store.list()).toEqual([]);
  expect(await codeOf("DeleteVolume", { volumeId: "" })).toBe("INVALID_ARGUMENT");
  expect(await codeOf("DeleteVolume", { volumeId: "../n" })).toBe("INVALID_ARGUMENT");
});

it("makes volumes larger, never smaller", async () => {
  await call("CreateVolume", creation("a"));
  const grow = async (requiredBytes: number) =>
    (await call("ControllerExpandVolume", { volumeId: "a", capacityRange: { requiredBytes, limitBytes: 0 } }))
      .capacityBytes;
  expect([await grow(300), await grow(200)]).toEqual([300, 300]);
  expect(await codeOf("ControllerExpandVolume", { volumeId: "b", capacityRange: null })).toBe("NOT_FOUND");
  expect(await codeOf("ControllerExpandVolume", { volumeId: "a", capacityRange: null })).toBe("INVALID_ARGUMENT");
});

it("lists volumes in parts", async () => {
  for (const name of ["c", "a", "b"]) await call("CreateVolume", creation(name));
  const first = await call("ListVolumes", { maxEntries: 2, startingToken: "" });
  const second = await call("ListVolumes", { maxEntries: 2, startingToken: first.nextToken });
  expect([...first.entries, ...second.entries].map(({ volume }) => volume?.volumeId)).toEqual(["a", "b", "c"]);
  expect(second.nextToken).toBe("");
  expect(await codeOf("ListVolumes", { maxEntries: 0, startingToken: "x" })).toBe("ABORTED");
});

describe("on the node", () => {
  const places = (pod = "p") => ({
    volumeId: "a",
    stagingTargetPath: join(directory, "staging"),
    targetPath: join(directory, pod),
    publishContext: {},
    volumeContext: {},
    volumeCapability: capability,
    readonly: false,
  });
  beforeEach(() => call("CreateVolume", creation("a")));

  it("a volume is staged once and published to each pod, however often that is asked", async () => {
    for (let time = 0; time < 2; time++) await call("NodeStageVolume", places());
    for (let time = 0; time < 2; time++) await call("NodePublishVolume", places());
    await call("NodePublishVolume", { ...places("q"), readonly: true });
    const { stagingTargetPath, targetPath } = places();
    expect([...mounts.table]).toEqual([
      [stagingTargetPath, store.dataPath("a")],
      [targetPath, stagingTargetPath],
      [join(directory, "q"), `${stagingTargetPath} ro`],
    ]);
    for (const pod of ["p", "p", "q"]) await call("NodeUnpublishVolume", places(pod));
    for (let time = 0; time < 2; time++) await call("NodeUnstageVolume", places());
    expect(mounts.table.size).toBe(0);
    expect(existsSync(targetPath)).toBe(false);
  });

  it.each<[string, object, string]>([
    ["a volume that is not there", { volumeId: "b" }, "NOT_FOUND"],
    ["no volume", { volumeId: "" }, "INVALID_ARGUMENT"],
    ["no place", { stagingTargetPath: "" }, "INVALID_ARGUMENT"],
    ["a place that is no clean path", { stagingTargetPath: "/tmp/x/../../etc" }, "INVALID_ARGUMENT"],
    ["a relative place", { stagingTargetPath: "tmp" }, "INVALID_ARGUMENT"],
    ["a block device", { volumeCapability: { block: {}, accessMode: null } }, "INVALID_ARGUMENT"],
    ["no capability", { volumeCapability: null }, "INVALID_ARGUMENT"],
  ])("%s is not staged", async (_, more, code) => {
    expect(await codeOf("NodeStageVolume", { ...places(), ...more })).toBe(code);
    expect(mounts.table.size).toBe(0);
  });

  it("a volume is not deleted before it is unstaged", async () => {
    await call("NodeStageVolume", places());
    expect(await codeOf("DeleteVolume", { volumeId: "a" })).toBe("FAILED_PRECONDITION");
    expect(store.list()).toHaveLength(1);
    await call("NodeUnstageVolume", places());
    expect(await codeOf("DeleteVolume", { volumeId: "a" })).toBe("OK");
  });

  it("a block volume is a device while it is staged, in the place of a file", async () => {
    const block = { block: {}, accessMode: { mode: "SINGLE_NODE_WRITER" as const } };
    await call("CreateVolume", creation("dev", { volumeCapabilities: [block] }));
    const at = { ...places(), volumeId: "dev", volumeCapability: block };
    expect(await codeOf("NodePublishVolume", at)).toBe("FAILED_PRECONDITION");
    expect(await codeOf("NodeStageVolume", { ...at, volumeCapability: capability })).toBe("INVALID_ARGUMENT");
    for (let time = 0; time < 2; time++) await call("NodeStageVolume", at);
    for (let time = 0; time < 2; time++) await call("NodePublishVolume", at);
    expect([...mounts.table]).toEqual([[at.targetPath, "/dev/loop0"]]);
    expect(existsSync(at.targetPath)).toBe(true);
    for (let time = 0; time < 2; time++) await call("NodeUnpublishVolume", at);
    for (let time = 0; time < 2; time++) await call("NodeUnstageVolume", at);
    expect([mounts.table.size, loops.table.size, existsSync(at.targetPath)]).toEqual([0, 0, false]);
  });

  it("a volume is not published before it is staged", async () => {
    expect(await codeOf("NodePublishVolume", places())).toBe("FAILED_PRECONDITION");
  });

  it("a volume tells how full its file system is, where it is mounted", async () => {
    const { usage } = await call("NodeGetVolumeStats", { volumeId: "a", volumePath: directory });
    expect(usage.map(({ unit }) => unit)).toEqual(["BYTES", "INODES"]);
    for (const { total, used, available } of usage) expect(total).toBeGreaterThanOrEqual(Math.max(used, available));
    expect(await codeOf("NodeGetVolumeStats", { volumeId: "a", volumePath: "/nowhere" })).toBe("NOT_FOUND");
  });
});
