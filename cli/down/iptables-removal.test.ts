import { removalOf, sharedPortMapRemoval } from "./iptables-removal.ts";

const SAVE = `# Generated
*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-1 - [0:0]
:CNI-0123456789abcdef01234567 - [0:0]
:CNI-ffffffffffffffffffffffff - [0:0]
:DOCKER - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -j DOCKER
-A POSTROUTING -s 10.244.0.5/32 -m comment --comment "name: \\"kn0-pods\\" id: \\"x\\"" -j CNI-0123456789abcdef01234567
-A POSTROUTING -s 10.88.0.5/32 -m comment --comment "name: \\"podman\\" id: \\"y\\"" -j CNI-ffffffffffffffffffffffff
-A CNI-0123456789abcdef01234567 -d 10.244.0.0/24 -j ACCEPT
-A KUBE-SERVICES -j KUBE-SVC-1
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -j ACCEPT
COMMIT
`;

describe("taking a cluster's rules away", () => {
  const removal = removalOf(
    SAVE,
    (chain) => chain.startsWith("KUBE-"),
    (rule) => rule.includes('name: \\"kn0-pods\\"'),
  );

  it("removes its chains, the rules that lead to them, and what CNI plugins made for its pods", () => {
    expect(removal).toBe(
      [
        "*nat",
        ":KUBE-SERVICES - [0:0]",
        ":KUBE-SVC-1 - [0:0]",
        ":CNI-0123456789abcdef01234567 - [0:0]",
        '-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        '-D POSTROUTING -s 10.244.0.5/32 -m comment --comment "name: \\"kn0-pods\\" id: \\"x\\"" -j CNI-0123456789abcdef01234567',
        "-X KUBE-SERVICES",
        "-X KUBE-SVC-1",
        "-X CNI-0123456789abcdef01234567",
        "COMMIT",
        "",
      ].join("\n"),
    );
  });

  it("leaves others' rules and untouched tables alone", () => {
    expect(removal).not.toContain("DOCKER");
    expect(removal).not.toContain("podman");
    expect(removal).not.toContain("*filter");
  });
});

describe("the chains that all containers with host ports share", () => {
  const save = (container: string): string => `*nat
:PREROUTING ACCEPT [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
${container}-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
COMMIT
`;

  it("go when no container is left that has a host port", () => {
    expect(sharedPortMapRemoval(save(""))).toBe(
      [
        "*nat",
        ":CNI-HOSTPORT-DNAT - [0:0]",
        "-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
        "-X CNI-HOSTPORT-DNAT",
        "COMMIT",
        "",
      ].join("\n"),
    );
  });

  it("stay while somebody else's container has one", () => {
    expect(sharedPortMapRemoval(save(":CNI-DN-0123456789abcdef01234 - [0:0]\n"))).toBe("");
  });
});
