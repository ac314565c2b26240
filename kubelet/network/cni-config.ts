/**
 * The pod network of this node: a CNI list of bridge, host-local and portmap, written once the node's pod range is
 * known. Pods of one node meet on the bridge; traffic that leaves the cluster is hidden behind the node's address by
 * a rule of our own (`masquerade.ts`), so the plugin's own masquerade stays off.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface CniConfigInput {
  readonly bridge: string;
  readonly podCidrs: readonly string[];
  /** Where host-local remembers its addresses: it must not be shared between nodes of one machine. */
  readonly dataDir: string;
  readonly mtu?: number;
}

const FILE = "10-kubernode.conflist";

export function cniConfig({ bridge, podCidrs, dataDir, mtu }: CniConfigInput): object {
  return {
    cniVersion: "0.4.0",
    name: bridge,
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ...(mtu === undefined ? {} : { mtu }),
        ipam: {
          type: "host-local",
          dataDir,
          ranges: podCidrs.map((subnet) => [{ subnet }]),
          routes: podCidrs.map((subnet) => ({ dst: subnet.includes(":") ? "::/0" : "0.0.0.0/0" })),
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** Writes the list when it differs from what is there. */
export function writeCniConfig(directory: string, input: CniConfigInput): void {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, FILE);
  const text = `${JSON.stringify(cniConfig(input), null, 2)}\n`;
  try {
    if (readFileSync(file, "utf8") === text) return;
  } catch {
    // Not there yet.
  }
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}
