import { networkInterfaces } from "node:os";
import { runCommand } from "./command.ts";

/**
 * The IPv4 address by which the node is known: the source address of the default route, else the first address that
 * is not the loopback's, else nothing (a machine that is offline).
 */
export async function nodeAddress(): Promise<string | undefined> {
  const route = await runCommand("ip", ["-j", "-4", "route", "get", "1.1.1.1"]);
  if (route.code === 0) {
    const [first] = JSON.parse(route.stdout || "[]") as { prefsrc?: string }[];
    if (first?.prefsrc !== undefined) return first.prefsrc;
  }
  const isOurs = /^kn\d+-|^veth|^docker|^br-|^cni/;
  return Object.entries(networkInterfaces())
    .filter(([name]) => !isOurs.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .find((address) => address.family === "IPv4" && !address.internal)?.address;
}
