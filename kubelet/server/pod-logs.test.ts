import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/process/clock.ts";
import { parseLogLine } from "./log-line.ts";
import { LogQueryError, parseLogQuery } from "./log-query.ts";
import { type LogOptions, readContainerLog } from "./pod-logs.ts";

const LINES = [
  "2026-01-01T00:00:01.000000001Z stdout F one",
  "2026-01-01T00:00:02.000000001Z stderr F two",
  "2026-01-01T00:00:03.000000001Z stdout P thr",
  "2026-01-01T00:00:03.000000002Z stdout F ee",
  "2026-01-01T00:00:04.000000001Z stdout F ",
];

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kubelet-logs-"));
  file = join(directory, "0.log");
  writeFileSync(file, `${LINES.join("\n")}\n`);
});
afterEach(() => rmSync(directory, { recursive: true }));

const ALL: LogOptions = {
  isFollowing: false,
  hasTimestamps: false,
  tailLines: undefined,
  limitBytes: undefined,
  sinceMs: 0,
  stream: "All",
};

async function read(
  options: Partial<LogOptions>,
  isRunning: () => Promise<boolean> = async () => false,
  onText: (text: string) => void = () => undefined,
): Promise<string> {
  let text = "";
  const write = async (chunk: Buffer): Promise<boolean> => {
    text += chunk.toString("utf8");
    onText(text);
    return true;
  };
  await readContainerLog(file, { ...ALL, ...options }, { write }, systemClock, isRunning, new AbortController().signal);
  return text;
}

describe("readContainerLog", () => {
  it("joins the parts of a long line", async () => {
    expect(await read({})).toBe("one\ntwo\nthree\n\n");
  });

  it("gives the last lines, as they stand in the file", async () => {
    expect(await read({ tailLines: 2 })).toBe("ee\n\n");
    expect(await read({ tailLines: 0 })).toBe("");
    expect(await read({ tailLines: 100 })).toBe("one\ntwo\nthree\n\n");
  });

  it("writes the time once per line", async () => {
    expect(await read({ hasTimestamps: true, sinceMs: Date.parse("2026-01-01T00:00:03Z") })).toBe(
      "2026-01-01T00:00:03.000000001Z three\n2026-01-01T00:00:04.000000001Z \n",
    );
  });

  it("gives one stream only", async () => {
    expect(await read({ stream: "Stderr" })).toBe("two\n");
  });

  it("follows no link, be it the file or its folder, and reads nothing but files", async () => {
    const real = join(directory, "real");
    mkdirSync(real);
    writeFileSync(join(real, "0.log"), `${LINES.join("\n")}\n`);
    symlinkSync(join(real, "0.log"), join(directory, "link.log"));
    symlinkSync(real, join(directory, "folder"));
    for (const bad of ["link.log", "folder/0.log", "real"]) {
      file = join(directory, bad);
      await expect(read({})).rejects.toThrow();
    }
  });

  it("stops at the limit of bytes", async () => {
    expect(await read({ limitBytes: 5 })).toBe("one\nt");
  });

  it("skips lines that are not of the format", async () => {
    writeFileSync(file, `garbage\n${LINES[0]}\nx y\n`);
    expect(await read({})).toBe("one\n");
  });

  it("gives a last line without newline once the container has ended", async () => {
    appendFileSync(file, "2026-01-01T00:00:05.000000001Z stdout F cut");
    expect(await read({ tailLines: 1 })).toBe("cut\n");
  });

  it("follows a rotated file to the end of the container", async () => {
    let isRunning = true;
    const text = await read(
      { isFollowing: true, tailLines: 1 },
      async () => isRunning,
      (soFar) => {
        if (soFar === "\n") {
          appendFileSync(file, "2026-01-01T00:00:06.000000001Z stdout F old\n");
          renameSync(file, `${file}.1`);
          writeFileSync(file, "2026-01-01T00:00:07.000000001Z stdout F new\n");
        }
        if (soFar.endsWith("new\n")) isRunning = false;
      },
    );
    expect(text).toBe("\nold\nnew\n");
  });
});

describe("parseLogLine", () => {
  it("keeps spaces of the content and reads tags with options", () => {
    expect(parseLogLine(Buffer.from("t stdout F:x  a b "))).toMatchObject({
      isPartial: false,
      content: Buffer.from(" a b \n"),
    });
    expect(parseLogLine(Buffer.from("t nowhere F a"))).toBeUndefined();
  });
});

describe("a log that the Docker Engine wrote", () => {
  const line = (log: string, stream = "stdout"): Buffer =>
    Buffer.from(JSON.stringify({ log, stream, time: "2026-01-01T00:00:01.000000001Z" }));

  it("is read as CRI's, with parts told by the newline that they lack", () => {
    const timestamp = "2026-01-01T00:00:01.000000001Z";
    expect(parseLogLine(line('say "{}"\n', "stderr"))).toEqual({
      timestamp,
      stream: "stderr",
      isPartial: false,
      content: Buffer.from('say "{}"\n'),
    });
    expect(parseLogLine(line("part"))).toMatchObject({ isPartial: true, content: Buffer.from("part") });
  });

  it.each(["{", "{}", '{"log":1,"stream":"stdout","time":"t"}', '{"log":"a\\n","stream":"system","time":"t"}'])(
    "has no line in %s",
    (text) => {
      expect(parseLogLine(Buffer.from(text))).toBeUndefined();
    },
  );

  it("is followed, limited and tailed like any other", async () => {
    writeFileSync(file, `${line("one\n").toString()}\n${line("two\n", "stderr").toString()}\n`);
    expect(await read({ stream: "Stderr" })).toBe("two\n");
    expect(await read({ tailLines: 1, hasTimestamps: true })).toBe("2026-01-01T00:00:01.000000001Z two\n");
  });
});

describe("parseLogQuery", () => {
  it("refuses numbers and times that are none", () => {
    expect(() => parseLogQuery({ tailLines: "-1" }, 0)).toThrow(LogQueryError);
    expect(() => parseLogQuery({ sinceTime: "yesterday" }, 0)).toThrow(LogQueryError);
    expect(parseLogQuery({ sinceSeconds: "10", follow: "true" }, 60_000)).toMatchObject({
      sinceMs: 50_000,
      isFollowing: true,
    });
  });
});
