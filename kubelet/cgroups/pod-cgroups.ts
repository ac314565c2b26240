/**
 * Control groups of pods: `kubepods[/burstable|/besteffort]/podUID`, below a root of the kubelet's own, on version 1
 * (a tree per controller) and version 2 (one tree), with the cgroupfs driver. Upstream: `pkg/kubelet/cm`,
 * `qos_container_manager_linux.go`, `node_container_manager_linux.go`.
 *
 * G1. The group exists before the sandbox, and is removed after the last process of the pod is gone.
 * G2. A controller that the machine does not have, or that refuses a value, is no reason not to run the pod.
 * G3. All pods together have what the node does not keep back for itself; best-effort pods get a processor only when
 *     nobody else wants it, burstable pods together what they asked for together.
 * G4. What the classes have follows from the groups of their pods, so a restart finds it again.
 */
import { join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { CPU_SHARES_MAX, CPU_SHARES_MIN, cpuShares } from "../containers/resources.ts";
import type { RunSettings } from "../containers/run-settings.ts";
import { podQosClass } from "../pods/qos.ts";
import { cpuWeight, groupFiles, type GroupFile } from "./group-settings.ts";
import { GroupTree } from "./group-tree.ts";
import { podResources } from "./pod-resources.ts";

export interface PodCgroups {
  /** Path for the runtime; makes the group when it is not there, and gives it what the pod may use now. */
  ensure(pod: Pod): string;
  remove(podUid: string): void;
  /** Removes groups of pods that nobody wants. */
  removeOthers(isWanted: (podUid: string) => boolean): void;
}

/** What all pods of the node may use together. */
export interface PodsShare {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

export interface PodCgroupsOptions {
  /** Path of our own group, for example `/` or `/kubernode-test`. */
  readonly root: string;
  readonly settings: RunSettings;
  /** Undefined: nothing is kept back by force (`enforceNodeAllocatable` without `pods`). */
  readonly share?: PodsShare | undefined;
  readonly logger: Logger;
  /** Where control groups are mounted. */
  readonly mount?: string;
}

const CLASSES = ["Guaranteed", "Burstable", "BestEffort"] as const;
/** A uid becomes the name of a folder. */
const UID = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export function createPodCgroups(options: PodCgroupsOptions): PodCgroups {
  const { root, settings } = options;
  const tree = new GroupTree(options.mount ?? "/sys/fs/cgroup", options.logger);
  const base = join("/", root, "kubepods");
  const parentOf = (qos: string): string => (qos === "Guaranteed" ? base : join(base, qos.toLowerCase()));
  const groupOf = (qos: string, uid: string): string => {
    // Static pods say their uid themselves.
    if (!UID.test(uid)) throw new Error(`the pod's uid ${JSON.stringify(uid)} cannot name a control group`);
    return join(parentOf(qos), `pod${uid}`);
  };
  const classes = new QosGroups(tree, parentOf("Burstable"), parentOf("BestEffort"));
  let isPrepared = false;
  const prepare = (): void => {
    if (isPrepared) return;
    isPrepared = true;
    tree.create(base);
    if (options.share !== undefined) tree.write(base, shareFiles(options.share, tree.isUnified));
    classes.prepare();
  };
  return {
    ensure: (pod) => {
      const qos = podQosClass(pod);
      const path = groupOf(qos, pod.metadata.uid ?? "");
      prepare();
      tree.create(path);
      tree.write(path, groupFiles(podResources(pod, settings), tree.isUnified));
      if (qos === "Burstable") classes.refresh();
      return path;
    },
    remove: (podUid) => {
      if (!UID.test(podUid)) return;
      for (const qos of CLASSES) tree.remove(groupOf(qos, podUid));
      classes.refresh();
    },
    removeOthers: (isWanted) => {
      for (const qos of CLASSES) {
        for (const name of tree.children(parentOf(qos))) {
          if (/^pod.*-/.test(name) && !isWanted(name.slice("pod".length))) tree.remove(join(parentOf(qos), name));
        }
      }
      classes.refresh();
    },
  };
}

function shareFiles({ cpuMillis, memoryBytes }: PodsShare, isUnified: boolean): GroupFile[] {
  const shares = cpuShares(cpuMillis);
  return [
    isUnified
      ? { controller: "cpu", file: "cpu.weight", content: String(cpuWeight(shares)) }
      : { controller: "cpu", file: "cpu.shares", content: String(shares) },
    {
      controller: "memory",
      file: isUnified ? "memory.max" : "memory.limit_in_bytes",
      content: String(memoryBytes),
    },
  ];
}

/** The groups of the two lower classes (G3, G4). */
class QosGroups {
  readonly #tree: GroupTree;
  readonly #burstable: string;
  readonly #bestEffort: string;
  #written = 0;

  constructor(tree: GroupTree, burstable: string, bestEffort: string) {
    this.#tree = tree;
    this.#burstable = burstable;
    this.#bestEffort = bestEffort;
  }

  get #file(): string {
    return this.#tree.isUnified ? "weight" : "shares";
  }

  prepare(): void {
    this.#tree.create(this.#burstable);
    this.#tree.create(this.#bestEffort);
    this.#write(this.#bestEffort, this.#tree.isUnified ? 1 : CPU_SHARES_MIN);
    this.refresh();
  }

  refresh(): void {
    let total = 0;
    for (const name of this.#tree.children(this.#burstable))
      total += this.#tree.readNumber(join(this.#burstable, name), "cpu", this.#file) ?? 0;
    const [least, most] = this.#tree.isUnified ? [1, cpuWeight(CPU_SHARES_MAX)] : [CPU_SHARES_MIN, CPU_SHARES_MAX];
    const amount = Math.min(most, Math.max(least, total));
    if (amount === this.#written) return;
    this.#written = amount;
    this.#write(this.#burstable, amount);
  }

  #write(path: string, amount: number): void {
    const file = `cpu.${this.#file}`;
    this.#tree.write(path, [{ controller: "cpu", file, content: String(amount) }]);
  }
}
