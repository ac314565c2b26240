import { hostPortsOf, portsConflict } from "../../shared/machinery/host-ports.ts";
import { definePlugin } from "../framework/plugin.ts";

/** Refuses nodes where a host port of the pod is taken. */
export const nodePorts = definePlugin({
  name: "NodePorts",
  wakesOn: ["NodeAdded", "AssignedPodDeleted"],
  prepare: (pod) => {
    const wanted = hostPortsOf(pod);
    return wanted.length === 0 ? undefined : wanted;
  },
  filter: (wanted, nodes, candidates) => {
    for (const [index, used] of nodes.hostPorts) {
      if (used.some((port) => wanted.some((other) => portsConflict(port, other)))) candidates.delete(index);
    }
  },
  explain: (wanted, nodes, index) => {
    const used = nodes.hostPorts.get(index) ?? [];
    const taken = wanted.filter((port) => used.some((other) => portsConflict(port, other)));
    return {
      reasons: ["node(s) didn't have free ports for the requested pod ports"],
      isResolvable: true,
      numbers: { ports: taken.map(({ socket }) => socket).join(" ") },
    };
  },
});
