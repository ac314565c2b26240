import { chainNames } from "./chain-names.ts";

const port = { name: "ns1/svc1:p80", protocol: "TCP" } as const;

it("names chains as upstream does", () => {
  const chains = chainNames("KUBE");
  expect(chains.clusterPolicy(port)).toBe("KUBE-SVC-XPGD46QRK7WJZT7O");
  expect(chains.localPolicy(port)).toBe("KUBE-SVL-XPGD46QRK7WJZT7O");
  expect(chains.external(port)).toBe("KUBE-EXT-XPGD46QRK7WJZT7O");
  expect(chains.endpoint(port, "10.180.0.1:80")).toBe("KUBE-SEP-SXIVWICOYRO3J4NJ");
});

it("keeps every name within the kernel's 28 characters", () => {
  const chains = chainNames("LONGEST");
  expect(chains.endpoint(port, "10.180.0.1:80").length).toBe(28);
  expect(chains.externalServices.length).toBeLessThanOrEqual(28);
  expect(() => chainNames("TOOLONGG")).toThrow('invalid chain prefix "TOOLONGG"');
  expect(() => chainNames("kube")).toThrow("invalid chain prefix");
  expect(() => chainNames("A-B")).toThrow("invalid chain prefix");
});

it("knows its own chains from those of others", () => {
  const { isOurs } = chainNames("KUBE");
  expect(["KUBE-SERVICES", "KUBE-PROXY-CANARY", "KUBE-SEP-SXIVWICOYRO3J4NJ"].every(isOurs)).toBe(true);
  expect(["KUBE-KUBELET-CANARY", "KUBE2-SERVICES", "CNI-SERVICES", "KUBE-ROUTER-INPUT", "INPUT"].some(isOurs)).toBe(
    false,
  );
});
