import type { KubeObject } from "../../shared/resources/resource.ts";

/**
 * Side effects around the writes of one resource that must be undone when the write fails: allocation of addresses
 * and ports (upstream: BeginCreate, BeginUpdate and AfterDelete of `generic/registry/store.go`).
 */
export interface WriteHook {
  /** Plural of the resource, with its group: `services`. */
  readonly groupResource: string;
  /**
   * May change `next` in place; runs after admission and before validation. Rejects with `StatusError` to refuse.
   * Returns what to do once the write is decided.
   */
  begin(next: KubeObject, previous: KubeObject | undefined, isDryRun: boolean): Promise<WriteOutcome>;
  afterDelete(deleted: KubeObject): Promise<void>;
}

export interface WriteOutcome {
  committed(): Promise<void>;
  aborted(): Promise<void>;
}
