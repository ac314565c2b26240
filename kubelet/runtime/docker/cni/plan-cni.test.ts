import { addressesOf, cniEnvironment, cniInput } from "./plan-cni.ts";

const LIST = {
  cniVersion: "0.4.0",
  name: "pods",
  plugins: [{ type: "bridge" }, { type: "portmap", capabilities: { portMappings: true } }],
};
const ATTACHMENT = {
  containerId: "c1",
  podName: "web",
  podNamespace: "default",
  podUid: "u1",
  portMappings: [{ protocol: "TCP" as const, containerPort: 80, hostPort: 8080, hostIp: "" }],
};

it("a plugin learns whose network it makes", () => {
  expect(cniEnvironment("ADD", ATTACHMENT, "/run/netns/x", ["/a", "/b"])).toEqual({
    CNI_COMMAND: "ADD",
    CNI_CONTAINERID: "c1",
    CNI_NETNS: "/run/netns/x",
    CNI_IFNAME: "eth0",
    CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=u1",
    CNI_PATH: "/a:/b",
  });
});

it("host ports go to the plugin that can map them, with what the one before gave", () => {
  const [bridge = { type: "" }, portMap = { type: "" }] = LIST.plugins;
  expect(cniInput(LIST, bridge, ATTACHMENT, undefined)).toEqual({ type: "bridge", name: "pods", cniVersion: "0.4.0" });
  expect(cniInput(LIST, portMap, ATTACHMENT, { ips: [] })).toMatchObject({
    runtimeConfig: { portMappings: [{ protocol: "tcp", containerPort: 80, hostPort: 8080 }] },
    prevResult: { ips: [] },
  });
});

it("addresses are told without the length of their range", () => {
  expect(addressesOf({ ips: [{ address: "10.0.0.2/24" }, { address: "fd00::2/64" }] })).toEqual([
    "10.0.0.2",
    "fd00::2",
  ]);
});
