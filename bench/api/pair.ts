import type { ServerSetup } from "../servers/setup.ts";
import { MeasuredServer } from "../support/measured-server.ts";

/** Ours and Node's own server, with the same pods over the same transport. */
export interface Pair {
  readonly ours: MeasuredServer;
  readonly bare: MeasuredServer;
  readonly count: number;
}

export const POD_BYTES = 14_400;

/** `setup.count` is what there is; `isFilled` tells that a former server has put it into the store already. */
export async function withPair(
  setup: ServerSetup & { readonly count: number },
  isFilled: boolean,
  body: (pair: Pair) => Promise<void>,
): Promise<void> {
  const { count, isPlain = false } = setup;
  const ours = await MeasuredServer.start("apiserver.ts", {
    ...setup,
    count: isFilled ? 0 : count,
    bytes: POD_BYTES,
  });
  const bare = await MeasuredServer.start("bare.ts", { count: Math.min(count, 1000), bytes: POD_BYTES, isPlain });
  try {
    await body({ ours, bare, count });
  } finally {
    await ours.stop();
    await bare.stop();
  }
}
