import { existsSync } from "node:fs";
import { kubeconfigText } from "../kubeconfig/kubeconfig.ts";
import { authorityPath } from "../pki/cluster-certificates.ts";
import { adminEntry } from "../pki/component-kubeconfigs.ts";
import { UserError } from "../user-error.ts";
import { knownCluster } from "./known-cluster.ts";

/** Prints a kubeconfig of the administrator on standard output. */
export function kubeconfig(options: { readonly name: string }): void {
  const cluster = knownCluster(options.name);
  if (!existsSync(authorityPath(cluster))) {
    throw new UserError(`Cluster "${cluster.name}" has no certificates yet.`, "Run kubernode up first.");
  }
  process.stdout.write(kubeconfigText(adminEntry(cluster)));
}
