/** Finds out what the kernel and the tools can do, by writing a chain that nothing jumps to and removing it. */
import type { Iptables } from "./iptables.ts";

export interface KernelFeatures {
  readonly isRandomFully: boolean;
  readonly hasRecent: boolean;
}

async function accepts(iptables: Iptables, chain: string, rule: string): Promise<boolean> {
  try {
    await iptables.restore(`*nat\n:${chain} - [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`);
  } catch {
    // Refused: that is the answer.
    return false;
  }
  await iptables.restore(`*nat\n:${chain} - [0:0]\n-X ${chain}\nCOMMIT\n`);
  return true;
}

/** `chain` must be a name of ours that no ruleset uses otherwise. */
export async function detectFeatures(iptables: Iptables, chain: string): Promise<KernelFeatures> {
  return {
    isRandomFully: await accepts(iptables, chain, "-j MASQUERADE --random-fully"),
    hasRecent: await accepts(iptables, chain, `-m recent --name ${chain} --rcheck --seconds 1 --reap -j RETURN`),
  };
}
