import { clusterOf } from "../cluster/cluster.ts";
import type { UserError } from "../user-error.ts";
import { installCommand, missingPackages } from "./debian-packages.ts";
import { checkPorts, mayLowerOomScores, rangesOverlap } from "./machine-checks.ts";
import { socketOwner } from "./listening-ports.ts";

const cluster = clusterOf({
  name: "one",
  index: 0,
  dataDir: "/tmp/one",
  apiPort: 6443,
  nodeName: "host",
  store: { kind: "sqlite" },
});

describe("checks of the machine", () => {
  it("name a busy port, what needs it, who holds it and the fix", () => {
    const check = (): void =>
      checkPorts(cluster, new Map([[6443, "77"]]), (inode) => (inode === "77" ? "k3s (pid 12)" : undefined));
    expect(check).toThrow("Port 6443, which the API server needs, is used by k3s (pid 12).");
    try {
      check();
    } catch (err) {
      expect((err as UserError).fix).toContain("Stop k3s (pid 12), or choose another with --port.");
    }
  });

  it("do not mind ports of etcd for a cluster without one", () => {
    expect(() => checkPorts(cluster, new Map([[2379, "1"]]))).not.toThrow();
    const withEtcd = { ...cluster, store: { kind: "etcd", servers: [] } as const };
    expect(() => checkPorts(withEtcd, new Map([[2379, "1"]]), () => undefined)).toThrow("another process");
  });

  it("know when ranges have an address in common", () => {
    expect(rangesOverlap("10.96.0.0/16", "10.96.5.0/24")).toBe(true);
    expect(rangesOverlap("10.96.0.0/16", "10.0.0.0/8")).toBe(true);
    expect(rangesOverlap("10.96.0.0/16", "10.97.0.0/16")).toBe(false);
    expect(rangesOverlap("10.96.0.0/16", "10.96.0.7")).toBe(true);
    expect(rangesOverlap("192.168.0.0/16", "200.0.0.0/8")).toBe(false);
  });

  it("see from a process's capabilities whether OOM scores may be lowered", () => {
    expect(mayLowerOomScores("CapEff:\t000001ffffffffff\n")).toBe(true);
    expect(mayLowerOomScores("CapEff:\t000001fffeffffff\n")).toBe(false);
  });

  it("find nobody for a socket that does not exist", () => {
    expect(socketOwner("0-none")).toBeUndefined();
  });
});

describe("packages", () => {
  it("are missing when none of their files is there", () => {
    expect(missingPackages(cluster, () => true)).toEqual([]);
    const without =
      (...gone: string[]) =>
      (path: string) =>
        !gone.some((name) => path.endsWith(`/${name}`));
    expect(missingPackages(cluster, without("runc"))).toEqual(["runc"]);
    const onEtcd = { ...cluster, store: { kind: "etcd", servers: [] } } as const;
    expect(missingPackages(onEtcd, without("etcd", "bridge"))).toEqual(["containernetworking-plugins", "etcd-server"]);
    expect(missingPackages(cluster, without("etcd", "dockerd"))).toEqual([]);
    expect(missingPackages({ ...cluster, runtime: "docker" }, without("dockerd"))).toEqual(["docker.io"]);
  });

  it("come with the command that one would type", () => {
    expect(installCommand(["runc", "conntrack"])).toBe(
      "apt-get update && apt-get install -y --no-install-recommends runc conntrack",
    );
  });
});
