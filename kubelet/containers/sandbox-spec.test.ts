import type { PodSpec } from "../../shared/api/generated/core/v1.ts";
import { aContainer, aPod, someSettings } from "../../test/support/pod-builders.ts";
import type { SandboxSpec } from "../runtime/runtime.ts";
import { sandboxSpec } from "./sandbox-spec.ts";

const specOf = (spec: Partial<PodSpec>): SandboxSpec =>
  sandboxSpec({
    pod: aPod(spec),
    attempt: 0,
    logDirectory: "/logs",
    cgroupParent: "/pods",
    dns: { servers: [], searches: [], options: [] },
    clusterDomain: "cluster.local",
    seccomp: { root: "/s", isDefault: false },
    settings: someSettings(),
  });

describe("sandboxSpec", () => {
  it("tells the runtime what the sandbox itself costs", () => {
    expect(specOf({ overhead: { cpu: "250m", memory: "64Mi" } }).overhead).toMatchObject({
      cpuShares: 256,
      cpuQuota: 25_000,
      memoryLimitBytes: 64 * 1024 ** 2,
    });
    expect(specOf({}).overhead).toBeUndefined();
  });

  it.each([
    ["net.ipv4.ip_forward", "net.ipv4.ip_forward"],
    ["net/ipv4/ip_forward", "net.ipv4.ip_forward"],
    ["net/ipv4/conf/eno2.100/rp_filter", "net.ipv4.conf.eno2/100.rp_filter"],
    ["net.ipv4.conf.eno2/100.rp_filter", "net.ipv4.conf.eno2/100.rp_filter"],
  ])("knows the kernel's setting %s", (name, known) => {
    const securityContext = { sysctls: [{ name, value: "1" }] };
    expect(specOf({ securityContext }).sysctls).toEqual({ [known]: "1" });
  });

  it("asks for ports of the host, but not in the host's own network", () => {
    const containers = [aContainer("main", { ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }] })];
    const mapping = { protocol: "TCP", containerPort: 80, hostPort: 8080, hostIp: "" };
    expect(specOf({ containers }).portMappings).toEqual([mapping]);
    expect(specOf({ containers, hostNetwork: true }).portMappings).toEqual([]);
  });

  it("makes none for a pod that must not run as the node's own users", () => {
    expect(() => specOf({ hostUsers: false })).toThrow(
      "can't set `spec.hostUsers: false`, runtime does not support user namespaces",
    );
    expect(() => specOf({ hostUsers: true })).not.toThrow();
  });
});
