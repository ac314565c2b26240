/** What the main thread and a serving thread say to each other, over one port, so that everything keeps its order. */
import type { AnswerBatch, CallBatch } from "../storage/remote/messages.ts";
import type { MetricValues } from "../metrics/merge-metrics.ts";

/** A value of the caches; its bytes are not copied on the way. */
export interface SharedItem {
  readonly key: string;
  readonly revision: number;
  readonly bytes: SharedArrayBuffer;
}

export type SharedEvent = SharedItem | { readonly key: string; readonly revision: number; readonly bytes: undefined };

/** What fills the caches of a thread (`cache-relay.ts`). */
export type FeedMessage =
  | {
      readonly kind: "contents";
      readonly items: readonly SharedItem[];
      readonly revision: number;
      /** What happened after that revision; they come with the last of the items. */
      readonly changes: readonly SharedEvent[];
      readonly reached: number;
      readonly isFirst: boolean;
      readonly isLast: boolean;
    }
  | { readonly kind: "events"; readonly events: readonly SharedEvent[] }
  | { readonly kind: "progress"; readonly revision: number }
  | { readonly kind: "compacted"; readonly revision: number };

export type ToThread =
  | FeedMessage
  | AnswerBatch
  /** Its own metrics are asked for, or those of all threads are the answer to its question. */
  | { readonly kind: "metrics?"; readonly id: number }
  | { readonly kind: "metrics"; readonly id: number; readonly text: string }
  /** Let clients connect anew: another thread has come. */
  | { readonly kind: "spread" }
  | { readonly kind: "stop" };

export type FromThread =
  | CallBatch
  | { readonly kind: "load" }
  | { readonly kind: "wantProgress" }
  | { readonly kind: "metrics?"; readonly id: number }
  | { readonly kind: "metrics"; readonly id: number; readonly values: MetricValues }
  | { readonly kind: "serving" }
  | { readonly kind: "stopped" };
