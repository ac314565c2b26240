/**
 * What a thread without a store of its own and the thread that owns it say to each other over a `MessagePort`.
 * Values travel packed: all bytes of a message are one buffer, so that a message costs one copy, however many values.
 */
import type { RangeOptions } from "../storage.ts";

/** Where a value lies in the bytes of its message. */
export type Slice = readonly [offset: number, length: number];

export interface PackedValue {
  readonly key: string;
  readonly value: Slice;
  readonly modRevision: number;
  readonly createRevision: number;
}

export type Call =
  | { readonly call: "get"; readonly key: string; readonly revision: number | undefined }
  | { readonly call: "range"; readonly prefix: string; readonly options: RangeOptions }
  | { readonly call: "count"; readonly prefix: string }
  | { readonly call: "create"; readonly key: string; readonly value: Slice; readonly ttlSeconds: number | undefined }
  | {
      readonly call: "update";
      readonly key: string;
      readonly value: Slice;
      readonly expected: number;
      readonly ttlSeconds: number | undefined;
    }
  | { readonly call: "delete"; readonly key: string; readonly expected: number }
  | { readonly call: "currentRevision" | "checkHealth" | "sizeBytes" }
  | { readonly call: "compact"; readonly revision: number };

/** `watch` is the caller's name for it; `want` asks for progress. */
export type WatchCall =
  | { readonly call: "watch"; readonly watch: number; readonly prefix: string; readonly fromRevision: number }
  | { readonly call: "want"; readonly watch: number }
  | { readonly call: "unwatch"; readonly watch: number };

export interface CallBatch {
  readonly kind: "calls";
  readonly calls: readonly (readonly [id: number, call: Call])[];
  readonly watches: readonly WatchCall[];
  readonly bytes: ArrayBuffer;
}

export type PackedEvent =
  | { readonly type: "put"; readonly item: PackedValue }
  | { readonly type: "delete"; readonly key: string; readonly revision: number };

export type PackedError =
  | { readonly error: "compacted"; readonly compactRevision: number }
  | { readonly error: "future" | "unavailable" | "other"; readonly message: string }
  | { readonly error: "status"; readonly status: object; readonly code: number };

/** In the order of `Call`: what the store answered, its values packed. */
export type Result =
  | { readonly result: "got"; readonly item: PackedValue | undefined; readonly revision: number }
  | {
      readonly result: "range";
      readonly items: readonly PackedValue[];
      readonly revision: number;
      readonly hasMore: boolean;
      readonly remaining: number;
    }
  | { readonly result: "number"; readonly number: number }
  | { readonly result: "written"; readonly revision: number }
  | { readonly result: "conflict"; readonly current: PackedValue | undefined; readonly revision: number }
  | { readonly result: "done" }
  | { readonly result: "failed"; readonly error: PackedError };

export type WatchNews =
  | { readonly news: "events"; readonly watch: number; readonly events: readonly PackedEvent[] }
  | { readonly news: "progress" | "compacted"; readonly watch: number; readonly revision: number };

export interface AnswerBatch {
  readonly kind: "answers";
  readonly answers: readonly (readonly [id: number, result: Result])[];
  readonly news: readonly WatchNews[];
  readonly bytes: ArrayBuffer;
}
