import type { ServerSetup } from "../servers/setup.ts";
import { MeasuredServer } from "../support/measured-server.ts";

/** Ours and Node's own server, with the same pods over the same transport. */
export interface Pair {
  readonly ours: MeasuredServer;
  readonly bare: MeasuredServer;
  readonly count: number;
  readonly isOnEtcd: boolean;
  /** Rounds of each case, beside the one that warms up. */
  readonly rounds: number;
}

export interface PairSetup extends ServerSetup {
  readonly count: number;
  readonly rounds: number;
  /** A former server has put the pods into the store already. */
  readonly isFilled: boolean;
}

export const POD_BYTES = 14_400;
/** More differ in nothing that a bare server looks at: it keeps copies of these. */
const BARE_PODS_MAX = 1000;

export async function withPair(setup: PairSetup, body: (pair: Pair) => Promise<void>): Promise<void> {
  const { count, rounds, isFilled, isPlain = false, ...rest } = setup;
  const ours = await MeasuredServer.start("apiserver.ts", {
    ...rest,
    isPlain,
    count: isFilled ? 0 : count,
    bytes: POD_BYTES,
  });
  const bare = await MeasuredServer.start("bare.ts", {
    count: Math.min(count, BARE_PODS_MAX),
    copies: Math.ceil(count / BARE_PODS_MAX),
    bytes: POD_BYTES,
    isPlain,
    ...(rest.store && { store: rest.store }),
  });
  const isOnEtcd = rest.store?.etcdServers !== undefined;
  try {
    await body({ ours, bare, count, isOnEtcd, rounds });
  } finally {
    await ours.stop();
    await bare.stop();
  }
}
