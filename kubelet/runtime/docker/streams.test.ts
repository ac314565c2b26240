import { Readable } from "node:stream";
import fc from "fast-check";
import { readJsonLines } from "./json-lines.ts";
import { outputOf } from "./raw-stream.ts";

/** The same bytes in pieces of other lengths. */
function inPieces(bytes: Buffer, lengths: readonly number[]): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const length = lengths[index % lengths.length] ?? 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return Readable.from(pieces, { objectMode: false });
}

function frame(stream: number, text: string): Buffer {
  const content = Buffer.from(text);
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}

async function collect(connection: Readable, hasTty: boolean): Promise<Record<"stdout" | "stderr", string>> {
  const texts = { stdout: "", stderr: "" };
  for await (const { stream, bytes } of outputOf(connection, hasTty)) texts[stream] += bytes.toString("latin1");
  return texts;
}

const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 });

describe("output of a command", () => {
  it("is taken apart into stdout and stderr, however the bytes arrive", async () => {
    const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.string({ maxLength: 30, unit: "binary-ascii" })));
    await fc.assert(
      fc.asyncProperty(frames, lengths, async (given, pieces) => {
        const bytes = Buffer.concat(given.map(([stream, text]) => frame(stream, text)));
        const of = (wanted: number): string => given.map(([stream, text]) => (stream === wanted ? text : "")).join("");
        expect(await collect(inPieces(bytes, pieces), false)).toEqual({ stdout: of(1), stderr: of(2) });
      }),
    );
  });

  it("of a terminal is one stream", async () => {
    expect(await collect(inPieces(frame(2, "x"), [3]), true)).toMatchObject({ stderr: "" });
  });

  it("that is no frames is refused", async () => {
    await expect(collect(inPieces(Buffer.from("HTTP/1.1 200 OK"), [4]), false)).rejects.toThrow(/no known kind/);
  });
});

describe("lines of JSON", () => {
  it("are read however the bytes arrive", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), lengths, async (values, pieces) => {
        const text = values.map((value) => `${JSON.stringify(value)}\n`).join("");
        const read: unknown[] = [];
        await readJsonLines(inPieces(Buffer.from(text), pieces), (value) => read.push(value));
        expect(JSON.stringify(read)).toBe(JSON.stringify(values));
      }),
    );
  });

  it("that are no JSON end the stream with an error", async () => {
    await expect(readJsonLines(Readable.from(["{}\n{oops\n"]), () => undefined)).rejects.toThrow();
  });
});
