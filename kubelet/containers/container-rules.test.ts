import { aPod } from "../../test/support/pod-builders.ts";
import { podDns } from "./dns.ts";
import { hostsFile, podHostname } from "./hosts-file.ts";

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
