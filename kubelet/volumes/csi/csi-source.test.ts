import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CSIDriverSpec } from "../../../shared/api/generated/storage/v1.ts";
import type { VolumeSpec } from "../volume-spec.ts";
import { checkLifecycle, isAttachable } from "./csi-context.ts";
import { loadVolumeData, saveVolumeData } from "./csi-places.ts";
import { mayOwn } from "./csi-plugin.ts";
import { attachmentName, type CsiSource, csiSource, uniqueVolumeName, volumeCapability } from "./csi-source.ts";

const persistent = (accessModes: string[] = ["ReadWriteOnce"], fsType = "ext4", isReadOnly = false): CsiSource => {
  const csi = { driver: "d.example", volumeHandle: "h", fsType };
  const persistentVolume = { metadata: { name: "pv" }, spec: { csi, accessModes, mountOptions: ["noatime"] } };
  const spec: VolumeSpec = { volume: { name: "v" }, persistentVolume, name: "pv", isReadOnly, mode: "Filesystem" };
  return csiSource("uid", "default", spec);
};
const inline = csiSource("uid", "default", {
  volume: { name: "v", csi: { driver: "d.example", nodePublishSecretRef: { name: "s" } } },
  name: "v",
  isReadOnly: false,
  mode: "Filesystem",
});
const driver = (spec: CSIDriverSpec) => ({ metadata: { name: "d.example" }, spec });

it("names volumes and attachments as upstream does", () => {
  expect(uniqueVolumeName(persistent())).toBe("kubernetes.io/csi/d.example^h");
  expect(attachmentName(persistent(), "node")).toMatch(/^csi-[0-9a-f]{64}$/);
  expect(attachmentName(persistent(), "node")).not.toBe(attachmentName(persistent(), "other"));
  // SHA-256 of the pod's uid and the volume's name.
  expect(inline.handle).toBe("csi-805993d7c078d84a6cd26549afcb8ef6e4eefee1458b1f9ebaf9d6996efbf3e5");
  expect(inline).toMatchObject({ lifecycle: "Ephemeral", publishSecret: { namespace: "default", name: "s" } });
});

it.each([
  [["ReadWriteOnce"], false, "SINGLE_NODE_WRITER"],
  [["ReadWriteOncePod"], false, "SINGLE_NODE_WRITER"],
  [["ReadOnlyMany"], false, "MULTI_NODE_READER_ONLY"],
  [["ReadWriteMany", "ReadWriteOnce"], false, "MULTI_NODE_MULTI_WRITER"],
  [["ReadWriteOnce"], true, "SINGLE_NODE_MULTI_WRITER"],
  [["ReadWriteOncePod"], true, "SINGLE_NODE_SINGLE_WRITER"],
  [[], false, "SINGLE_NODE_WRITER"],
])("%j with precise modes %p is %s", (modes, isPrecise, mode) => {
  const capabilities = new Set(isPrecise ? ["SINGLE_NODE_MULTI_WRITER"] : []);
  expect(volumeCapability(persistent(modes), "Block", capabilities)).toEqual({ block: {}, accessMode: { mode } });
  expect(volumeCapability(persistent(modes), "Filesystem", capabilities, 5)).toEqual({
    mount: { fsType: "ext4", mountFlags: ["noatime"], volumeMountGroup: "5" },
    accessMode: { mode },
  });
});

it.each<[string, CsiSource, CSIDriverSpec | undefined, boolean]>([
  ["single writer with a file system", persistent(), undefined, true],
  ["single writer without", persistent(["ReadWriteOnce"], ""), {}, false],
  ["many writers", persistent(["ReadWriteMany"]), {}, false],
  ["many writers by policy", persistent(["ReadWriteMany"], ""), { fsGroupPolicy: "File" }, true],
  ["read only", persistent(["ReadWriteOnce"], "ext4", true), { fsGroupPolicy: "File" }, false],
  ["by no policy", persistent(), { fsGroupPolicy: "None" }, false],
])("gives to the group: %s", (_what, source, spec, isOwned) => {
  expect(mayOwn(source, spec && driver(spec))).toBe(isOwned);
});

it("knows which volumes are attached, and which a driver does not take", () => {
  expect(isAttachable(persistent(), undefined)).toBe(true);
  expect(isAttachable(persistent(), driver({ attachRequired: false }))).toBe(false);
  expect(isAttachable(inline, undefined)).toBe(false);
  checkLifecycle(persistent(), undefined);
  checkLifecycle(inline, driver({ volumeLifecycleModes: ["Ephemeral"] }));
  expect(() => checkLifecycle(inline, undefined)).toThrow(
    'volume mode "Ephemeral" not supported by driver d.example (no CSIDriver object)',
  );
  expect(() => checkLifecycle(persistent(), driver({ volumeLifecycleModes: ["Ephemeral"] }))).toThrow(
    'volume mode "Persistent" not supported by driver d.example (only supports ["Ephemeral"])',
  );
});

it("remembers a volume whole or not at all", async () => {
  const folder = mkdtempSync(join(tmpdir(), "csi-places-"));
  expect(await loadVolumeData(folder)).toBeUndefined();
  await saveVolumeData(folder, { driverName: "d", volumeHandle: "h" });
  expect(await loadVolumeData(folder)).toEqual({ driverName: "d", volumeHandle: "h" });
  truncateSync(join(folder, "vol_data.json"), 7);
  expect(await loadVolumeData(folder)).toBeUndefined();
  rmSync(folder, { recursive: true });
});
