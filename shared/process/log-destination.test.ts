import { createLogDestination, type LogDestination } from "./log-destination.ts";

const diskFull = (): never => {
  throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
};

describe("a log destination", () => {
  let written: string;
  let write: (bytes: Buffer) => number;
  let work: (() => void)[];
  let log: LogDestination;
  const turn = (): void => {
    for (const each of work.splice(0)) each();
  };
  const take = (bytes: Buffer): number => {
    written += bytes.toString();
    return bytes.length;
  };

  beforeEach(() => {
    written = "";
    write = take;
    work = [];
    log = createLogDestination(
      (bytes) => write(bytes),
      (count) => `lost ${count}\n`,
      (each) => void work.push(each),
    );
  });

  it("writes the lines of one turn together, whatever pieces the file takes", () => {
    let calls = 0;
    write = (bytes) => take(bytes.subarray(0, calls++ === 0 ? 3 : bytes.length));
    log.write("one\n");
    log.write("two\n");
    expect(written).toBe("");
    turn();
    expect(written).toBe("one\ntwo\n");
    expect(calls).toBe(2);
  });

  it("goes on when the disk is full, and tells afterwards how many lines are missing", () => {
    write = diskFull;
    log.write("one\n");
    log.write("two\n");
    turn();
    write = take;
    log.write("three\n");
    turn();
    expect(written).toBe("lost 2\nthree\n");
    log.write("four\n");
    log.flush();
    expect(written).toBe("lost 2\nthree\nfour\n");
  });

  it("keeps what a busy reader did not take yet, up to a bound", () => {
    write = () => {
      throw Object.assign(new Error("busy"), { code: "EAGAIN" });
    };
    log.write("one\n");
    turn();
    log.write("x".repeat(2 * 1024 * 1024));
    write = take;
    turn();
    expect(written).toBe("lost 1\none\n");
  });
});
