import fc from "fast-check";
import { splitLines, watchEvents } from "./watch-stream.ts";

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}
async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}
const bytes = (text: string): Buffer => Buffer.from(text, "utf8");

describe("the watch stream", () => {
  it("gives the same events however the bytes are cut, also inside a character", async () => {
    const objects = [{ name: "größe → 漢字 🐢" }, { name: "" }, { name: "x".repeat(100) }];
    const whole = bytes(objects.map((object) => `${JSON.stringify({ type: "ADDED", object })}\n`).join(""));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 12 }), async (cuts) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = bounds.slice(1).map((end, index) => whole.subarray(bounds[index], end));
        const events = await collect(watchEvents(chunksOf(...chunks)));
        expect(events.map((event) => event.object)).toEqual(objects);
      }),
    );
  });

  it("fails when the connection ends inside an event", async () => {
    const cut = collect(watchEvents(chunksOf(bytes('{"type":"ADDED","object":{}}\n{"type":"MOD'))));
    await expect(cut).rejects.toThrow("the watch ended in the middle of an event");
  });

  it("refuses a line that would fill the memory", async () => {
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(Buffer.alloc(64, "a"));
    };
    await expect(collect(splitLines(endless(), 1000))).rejects.toThrow("larger than 1000 bytes");
  });

  it("fails on a line that is no event", async () => {
    await expect(collect(watchEvents(chunksOf(bytes("[]\n"))))).rejects.toThrow("not an event");
  });
});
