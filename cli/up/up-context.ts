import type { Cluster } from "../cluster/cluster.ts";

/** What the steps of `up` share. */
export interface UpContext {
  readonly cluster: Cluster;
  readonly mayInstall: boolean;
  /** Root of the source tree. */
  readonly sourceRoot: string;
  /** Found by the step `free`. */
  nodeIp: string;
  /** Prints a line between the steps. */
  say(text: string): void;
}
