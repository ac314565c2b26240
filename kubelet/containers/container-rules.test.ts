import { aContainer, aPod } from "../../test/support/pod-builders.ts";
import { podDns } from "./dns.ts";
import { hostsFile, podHostname } from "./hosts-file.ts";
import { containerResources, cpuShares } from "./resources.ts";
import { containerSecurity } from "./security.ts";
import { podQosClass } from "../pods/qos.ts";

const GI = 1024 ** 3;
const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" };
const host = { servers: ["192.0.2.53"], searches: ["example.com"], options: ["timeout:1"] };

describe("podDns", () => {
  it("asks the cluster first, in the pod's namespace first", () => {
    expect(podDns(aPod(), host, cluster)).toEqual({
      servers: ["10.96.0.10"],
      searches: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com"],
      options: ["ndots:5"],
    });
  });

  it("uses the host's resolver for pods in its network, for Default, and without a cluster server", () => {
    expect(podDns(aPod({ hostNetwork: true }), host, cluster)).toEqual(host);
    expect(podDns(aPod({ dnsPolicy: "Default" }), host, cluster)).toEqual(host);
    expect(podDns(aPod(), host, { servers: [], domain: "cluster.local" })).toEqual(host);
    expect(podDns(aPod({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }), host, cluster).servers).toEqual([
      "10.96.0.10",
    ]);
  });

  it("adds the pod's own configuration", () => {
    const dnsConfig = {
      nameservers: ["1.1.1.1"],
      searches: ["x.y"],
      options: [{ name: "ndots", value: "2" }, { name: "edns0" }],
    };
    expect(podDns(aPod({ dnsPolicy: "None", dnsConfig }), host, cluster)).toEqual({
      servers: ["1.1.1.1"],
      searches: ["x.y"],
      options: ["ndots:2", "edns0"],
    });
  });
});

describe("hostsFile", () => {
  it("names the pod and its aliases", () => {
    const pod = aPod({ subdomain: "sub", hostAliases: [{ ip: "1.2.3.4", hostnames: ["a", "b"] }] });
    const text = hostsFile(pod, ["10.0.0.5"], "cluster.local", "");
    expect(text).toContain("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n");
    expect(text).toContain("10.0.0.5\tweb.sub.default.svc.cluster.local\tweb\n");
    expect(text.endsWith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")).toBe(true);
  });

  it("takes the node's own file in the host's network", () => {
    expect(hostsFile(aPod({ hostNetwork: true }), [], "", "1.1.1.1 node\n")).toBe(
      "# Kubernetes-managed hosts file (host network).\n1.1.1.1 node\n",
    );
  });

  it("cuts a name that is too long for the kernel", () => {
    expect(podHostname(aPod({}, { name: `${"a".repeat(62)}-b` }))).toBe("a".repeat(62));
  });
});

describe("containerResources", () => {
  it("turns requests and limits into the kernel's numbers", () => {
    const container = aContainer("main", {
      resources: { requests: { cpu: "250m", memory: "1Gi" }, limits: { cpu: "500m", memory: "2Gi" } },
    });
    const pod = aPod({ containers: [container] });
    expect(containerResources(pod, container, 4 * GI)).toEqual({
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      cpuShares: 256,
      memoryLimitBytes: 2 * GI,
      oomScoreAdj: 750,
    });
    expect(cpuShares(0)).toBe(2);
  });

  it("classes pods by what they ask for", () => {
    const full = { limits: { cpu: "1", memory: "1Gi" } };
    expect(podQosClass(aPod())).toBe("BestEffort");
    expect(podQosClass(aPod({ containers: [aContainer("a", { resources: full })] }))).toBe("Guaranteed");
    expect(podQosClass(aPod({ containers: [aContainer("a", { resources: full }), aContainer("b")] }))).toBe(
      "Burstable",
    );
  });
});

describe("containerSecurity", () => {
  const image = { id: "i", tags: [], digests: [], sizeBytes: 1, uid: 0, username: "" };
  const secure = (spec: Parameters<typeof aPod>[0], user: Partial<typeof image> = {}) => {
    const pod = aPod(spec);
    const [container] = pod.spec.containers;
    const declared = { role: "main" as const, spec: container ?? aContainer("main") };
    return containerSecurity({ pod, container: declared, image: { ...image, ...user }, seccompRoot: "/s" });
  };

  it("refuses root where it is not wanted", () => {
    const securityContext = { runAsNonRoot: true };
    expect(() => secure({ securityContext })).toThrow(
      'container has runAsNonRoot and image will run as root (pod: "web_default(uid-1)", container: main)',
    );
    expect(() => secure({ securityContext: { runAsNonRoot: true, runAsUser: 0 } })).toThrow(
      "container's runAsUser breaks non-root policy",
    );
    expect(() => secure({ securityContext }, { username: "app" })).toThrow("non-numeric user (app)");
    expect(secure({ securityContext }, { uid: 1000 }).runAsUser).toBe(1000);
  });

  it("lets the container overrule its pod", () => {
    const containers = [
      aContainer("main", { securityContext: { runAsUser: 5, seccompProfile: { type: "RuntimeDefault" } } }),
    ];
    const security = secure({ containers, securityContext: { runAsUser: 1, runAsGroup: 2, fsGroup: 3 } });
    expect(security).toMatchObject({
      runAsUser: 5,
      runAsGroup: 2,
      supplementalGroups: [3],
      seccomp: { type: "RuntimeDefault" },
    });
  });

  it("unmasks what a privileged container may see", () => {
    const security = secure({ containers: [aContainer("main", { securityContext: { privileged: true } })] });
    expect(security).toMatchObject({ isPrivileged: true, maskedPaths: [], readonlyPaths: [] });
  });
});
