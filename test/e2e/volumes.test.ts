/** Volumes of the default class in a real cluster: driver, controllers, scheduler and kubelet together. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { loopDevicesOf } from "../../cli/down/leftovers.ts";
import type { PersistentVolumeClaim, Pod } from "../../shared/api/generated/core/v1.ts";
import { startTestCluster, type TestCluster } from "../support/cluster.ts";
import { TOOLBOX_IMAGE } from "../support/images.ts";
import type { Kubectl } from "../support/kubectl.ts";
import { until } from "../support/until.ts";

const MINUTE_MS = 60_000;

const claim = (name: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
});
const pod = (name: string, command: string, volume: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    restartPolicy: "Never",
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsUser: 1000, fsGroup: 2000 },
    containers: [
      {
        name: "c",
        image: TOOLBOX_IMAGE,
        imagePullPolicy: "Never",
        command: ["sh", "-c", command],
        volumeMounts: [{ name: "v", mountPath: "/data" }],
      },
    ],
    volumes: [{ name: "v", ...volume }],
  },
});
const using = (claimName: string) => ({ persistentVolumeClaim: { claimName } });

describe("a cluster with the default class", () => {
  let cluster: TestCluster;
  let kubectl: Kubectl;
  const apply = (...objects: readonly object[]): string =>
    kubectl.run(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  const phaseOf = (name: string): string | undefined => kubectl.json<Pod>(["get", "pod", name]).status?.phase;
  const done = (name: string): Promise<void> => until(() => phaseOf(name) === "Succeeded", MINUTE_MS);
  const volumeFolders = (): string[] => readdirSync(`${cluster.cluster.dataDir}/csi-hostpath/volumes`);
  const volumesOnNode = (): string[] =>
    readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(`${cluster.cluster.dataDir}/kubelet/`) && line.includes("csi"));

  beforeAll(async () => {
    cluster = await startTestCluster("sqlite");
    kubectl = cluster.kubectl();
  }, 2 * MINUTE_MS);
  afterAll(() => cluster.remove(), MINUTE_MS);

  it(
    "keeps what a pod wrote for the next one, grows, and is gone with its claim",
    async () => {
      apply(claim("data"), pod("writer", "id -G; echo hello > /data/note", using("data")));
      await done("writer");
      expect(kubectl.run(["logs", "writer"])).toContain("2000");
      kubectl.run(["delete", "pod", "writer"]);
      const larger = { spec: { resources: { requests: { storage: "2Gi" } } } };
      kubectl.run(["patch", "pvc", "data", "-p", JSON.stringify(larger)]);
      apply(pod("reader", "cat /data/note", using("data")));
      await done("reader");
      expect(kubectl.run(["logs", "reader"])).toBe("hello\n");
      const { status } = kubectl.json<PersistentVolumeClaim>(["get", "pvc", "data"]);
      expect(status?.capacity).toEqual({ storage: "2Gi" });
      kubectl.run(["delete", "pvc", "data", "--wait=false"]);
      kubectl.run(["delete", "pod", "reader"]);
      await until(() => volumeFolders().length === 0, MINUTE_MS);
      expect(kubectl.run(["get", "pv,pvc", "-o", "name"])).toBe("");
      expect(volumesOnNode()).toEqual([]);
    },
    2 * MINUTE_MS,
  );

  it(
    "gives a pod a device, which outlives neither the pod nor the cluster",
    async () => {
      const raw = claim("raw");
      const device = pod(
        "device",
        "test -b /dev/raw && printf deep | dd of=/dev/raw bs=4 seek=9 conv=fsync",
        using("raw"),
      );
      const [container] = device.spec.containers;
      const spec = {
        ...device.spec,
        securityContext: {},
        containers: [{ ...container, volumeMounts: [], volumeDevices: [{ name: "v", devicePath: "/dev/raw" }] }],
      };
      apply({ ...raw, spec: { ...raw.spec, volumeMode: "Block" } }, { ...device, spec });
      await done("device");
      const [id = ""] = volumeFolders();
      const written = Buffer.alloc(4);
      const file = openSync(`${cluster.cluster.dataDir}/csi-hostpath/volumes/${id}/data`, "r");
      readSync(file, written, 0, 4, 36);
      closeSync(file);
      expect(written.toString()).toBe("deep");
      kubectl.run(["delete", "pod", "device"]);
      await until(() => loopDevicesOf(cluster.cluster).length === 0, MINUTE_MS);
      kubectl.run(["delete", "pvc", "raw"]);
      await until(() => volumeFolders().length === 0, MINUTE_MS);
    },
    2 * MINUTE_MS,
  );

  it(
    "loses no volume and makes none twice when driver and controllers are killed in the middle",
    async () => {
      const template = { spec: claim("x").spec };
      const names = Array.from({ length: 6 }, (_, index) => `rough-${index}`);
      for (const [index, name] of names.entries()) {
        apply(pod(name, "echo x > /data/note", { ephemeral: { volumeClaimTemplate: template } }));
        const victim = index % 2 === 0 ? "csi-hostpath" : "kube-controller-manager";
        if (index % 3 !== 2) process.kill(cluster.pid(victim), "SIGKILL");
      }
      await Promise.all(names.map(done));
      expect(volumeFolders()).toHaveLength(names.length);
      kubectl.run(["delete", "pod", ...names]);
      await until(() => volumeFolders().length === 0, MINUTE_MS);
      await until(() => kubectl.run(["get", "pv,pvc", "-o", "name"]) === "", MINUTE_MS);
      expect(volumesOnNode()).toEqual([]);
    },
    2 * MINUTE_MS,
  );
});
