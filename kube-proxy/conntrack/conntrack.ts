import { networkInterfaces } from "node:os";
import { CommandError, runCommand } from "../iptables/iptables.ts";
import type { ServicePort } from "../state/service-port.ts";
import { type Flow, parseFlows, staleFlows } from "./flow.ts";

export interface Conntrack {
  /** Forgets stale UDP flows; resolves to how many. */
  clearStale(ports: Iterable<ServicePort>): Promise<number>;
}

function localAddresses(): Set<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  );
}

async function forget(flow: Flow): Promise<void> {
  const args = ["-D", "-p", "udp", "--orig-src", flow.source, "--orig-dst", flow.destination];
  args.push("--orig-port-src", String(flow.sourcePort), "--orig-port-dst", String(flow.destinationPort));
  try {
    await runCommand("conntrack", args);
  } catch (err) {
    // Exit code 1: the flow ended by itself in the meantime.
    if (!(err instanceof CommandError) || err.exitCode !== 1) throw err;
  }
}

/** Uses the `conntrack` command. */
export function createConntrack(): Conntrack {
  return {
    clearStale: async (ports) => {
      const udp = [...ports].filter((port) => port.protocol === "UDP");
      if (udp.length === 0) return 0;
      const flows = parseFlows(await runCommand("conntrack", ["-L", "-p", "udp"]));
      const stale = staleFlows(flows, udp, localAddresses());
      for (const flow of stale) await forget(flow);
      return stale.length;
    },
  };
}
