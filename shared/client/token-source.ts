import { readFile } from "node:fs/promises";
import type { Clock } from "../process/clock.ts";
import type { ClusterAccess } from "./kubeconfig.ts";

/** A token file is read again after this time, as client-go does: kubelets renew tokens in place. */
const TOKEN_FILE_REREAD_MS = 60_000;

/** Gives the bearer token of `access`, or nothing when it has none. Rejects when the file cannot be read. */
export function createTokenSource(access: ClusterAccess, clock: Clock): () => Promise<string | undefined> {
  const { tokenFile } = access;
  if (tokenFile === undefined) return () => Promise.resolve(access.token);
  let last: { token: string; readAtMs: number } | undefined;
  return async () => {
    const nowMs = clock.monotonicMs();
    if (last === undefined || nowMs - last.readAtMs > TOKEN_FILE_REREAD_MS) {
      last = { token: (await readFile(tokenFile, "utf8")).trim(), readAtMs: nowMs };
    }
    return last.token;
  };
}
