/**
 * Resources of containers by pod, kept in a file so that a restart of the kubelet forgets nothing.
 * Upstream: `pkg/kubelet/allocation/state`; the file's content is our own.
 *
 * K1. The file is replaced by a rename: it is the old or the new state, never half of one.
 * K2. A file that cannot be read counts as empty: what runs is then taken to have what its spec says.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ResourceRequirements } from "../../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import type { Logger } from "../../../shared/process/logger.ts";

/** Resources by container name. */
export type PodResources = Readonly<Record<string, ResourceRequirements>>;

export class ResourceCheckpoint {
  readonly #file: string;
  readonly #logger: Logger;
  readonly #pods: Map<string, PodResources>;

  constructor(file: string, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
    this.#pods = new Map(Object.entries(readState(file, logger)));
  }

  get(podUid: string): PodResources | undefined {
    return this.#pods.get(podUid);
  }

  set(podUid: string, resources: PodResources): void {
    if (deepEqual(this.#pods.get(podUid), resources)) return;
    this.#pods.set(podUid, resources);
    this.#write();
  }

  setContainer(podUid: string, container: string, resources: ResourceRequirements): void {
    this.set(podUid, { ...this.#pods.get(podUid), [container]: resources });
  }

  remove(podUid: string): void {
    if (this.#pods.delete(podUid)) this.#write();
  }

  /** Forgets pods that are gone without a word. */
  removeOthers(isWanted: (podUid: string) => boolean): void {
    const unwanted = [...this.#pods.keys()].filter((podUid) => !isWanted(podUid));
    for (const podUid of unwanted) this.#pods.delete(podUid);
    if (unwanted.length > 0) this.#write();
  }

  #write(): void {
    const draft = `${this.#file}.tmp`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(draft, JSON.stringify({ pods: Object.fromEntries(this.#pods) }), { mode: 0o600 });
      renameSync(draft, this.#file);
    } catch (err) {
      this.#logger.error({ err, file: this.#file }, "could not write down the resources of pods");
    }
  }
}

function readState(file: string, logger: Logger): Record<string, PodResources> {
  try {
    const state: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isState(state)) return { ...state.pods };
    logger.warn({ file }, "resources of pods cannot be read, starting without them");
  } catch (err) {
    const isMissing = err instanceof Error && "code" in err && err.code === "ENOENT";
    if (!isMissing) logger.warn({ err, file }, "resources of pods cannot be read, starting without them");
  }
  return {};
}

function isState(state: unknown): state is { pods: Record<string, PodResources> } {
  return (
    typeof state === "object" &&
    state !== null &&
    "pods" in state &&
    typeof state.pods === "object" &&
    state.pods !== null
  );
}
