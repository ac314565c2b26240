import type { StorageOptions } from "../../apiserver/storage/open-storage.ts";

/** How a server process of the benchmarks is started. */
export interface ServerSetup {
  readonly count?: number;
  readonly bytes?: number;
  /** So often a bare server has the list in its memory, as one that is as long would lie there. */
  readonly copies?: number;
  /** HTTP without TLS. */
  readonly isPlain?: boolean;
  /** Serving threads there may be. */
  readonly threads?: number;
  readonly store?: Omit<StorageOptions, "clock" | "logger">;
}

export type ServerRequest =
  | { readonly do: "change"; readonly times: number; readonly valueBytes: number }
  | { readonly do: "thread" }
  /** Time from an open store to `/readyz`. */
  | { readonly do: "readyMs" };

/** Who sends it is an administrator. */
export const BENCH_TOKEN = "bench-token";
