/** A list in pages of 500: how long one page takes, as its client sees it. */
import { report } from "../support/bench.ts";
import { BenchClient } from "../support/client.ts";
import type { Pair } from "./pair.ts";

const PAGE_ITEMS = 500;
const CONTINUE = /"continue":"([^"]+)"/u;

/** The first bytes are where the token stands. */
const HEAD_BYTES = 2000;

async function readPage(client: BenchClient, path: string): Promise<{ ms: number; token: string | undefined }> {
  const start = performance.now();
  const response = await client.open(path);
  let head = "";
  for await (const chunk of response) {
    if (head.length < HEAD_BYTES) head += (chunk as Buffer).toString("latin1", 0, HEAD_BYTES);
  }
  return { ms: performance.now() - start, token: CONTINUE.exec(head)?.[1] };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

export async function pages({ ours, bare, count }: Pair): Promise<void> {
  const [client, bareClient] = [new BenchClient(ours.address, 1), new BenchClient(bare.address, 1)];
  const [ourMs, bareMs]: [number[], number[]] = [[], []];
  let token: string | undefined = "";
  while (token !== undefined) {
    const page = await readPage(client, `/api/v1/pods?limit=${PAGE_ITEMS}&continue=${encodeURIComponent(token)}`);
    ourMs.push(page.ms);
    bareMs.push((await readPage(bareClient, "/page")).ms);
    ({ token } = page);
  }
  if (ourMs.length !== count / PAGE_ITEMS) throw new Error(`${ourMs.length} pages of ${count}`);
  report(`page of ${PAGE_ITEMS} of ${count}, median`, quantile(ourMs, 0.5), quantile(bareMs, 0.5), "ms", "none");
  report(`page of ${PAGE_ITEMS} of ${count}, p99`, quantile(ourMs, 0.99), quantile(bareMs, 0.99), "ms", "none");
  client.close();
  bareClient.close();
}
