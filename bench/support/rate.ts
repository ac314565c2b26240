const ROUND_MS = 1500;

/** Calls a second of `write`, by so many writers at once; each call gets a fresh number. */
export async function rate(writers: number, write: (count: number) => Promise<unknown>): Promise<number> {
  let count = 0;
  const start = performance.now();
  const work = async (): Promise<void> => {
    while (performance.now() - start < ROUND_MS) await write(count++);
  };
  await Promise.all(Array.from({ length: writers }, work));
  return (count * 1000) / (performance.now() - start);
}
