const ROUND_MS = 1500;

/** Calls a second of `write`, by so many writers at once; each call gets a fresh number. */
export async function rate(
  writers: number,
  write: (count: number) => Promise<unknown>,
  roundMs: number = ROUND_MS,
): Promise<number> {
  let count = 0;
  const start = performance.now();
  const work = async (): Promise<void> => {
    while (performance.now() - start < roundMs) await write(count++);
  };
  await Promise.all(Array.from({ length: writers }, work));
  return (count * 1000) / (performance.now() - start);
}
