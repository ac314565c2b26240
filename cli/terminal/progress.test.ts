import { createProgress, terminalOf } from "./progress.ts";

function printed(terminal: { isTTY: boolean; hasColor: boolean }): {
  text(): string;
  progress: ReturnType<typeof createProgress>;
} {
  let text = "";
  const progress = createProgress({ ...terminal, columns: 80, write: (part) => void (text += part) });
  return { text: () => text, progress };
}

describe("the lines of a command", () => {
  it("are plain when piped: one per step, with its time", () => {
    const { text, progress } = printed({ isTTY: false, hasColor: false });
    progress.started("Making certificates");
    progress.started("Looking");
    progress.skipped("Looking");
    progress.finished("Making certificates", "9 files", 120);
    progress.started("Failing");
    progress.failed("Failing", 2000);
    progress.close();
    expect(text()).toBe(" ✓ Making certificates: 9 files (0.1 s)\n ✗ Failing (2.0 s)\n");
  });

  it("have a spinner on a terminal that is gone in the end", () => {
    const { text, progress } = printed({ isTTY: true, hasColor: true });
    progress.started("Waiting");
    progress.finished("Waiting", undefined, 10);
    progress.close();
    expect(text()).toContain("⠋ Waiting");
    expect(text()).toContain("\x1b[32m✓\x1b[0m Waiting");
    expect(text().endsWith("\r\x1b[K")).toBe(true);
  });

  it("have no colour with NO_COLOR or on a dumb terminal", () => {
    const stream = { isTTY: true, columns: 100, write: () => true } as unknown as NodeJS.WriteStream;
    expect(terminalOf(stream, {})).toMatchObject({ isTTY: true, hasColor: true, columns: 100 });
    expect(terminalOf(stream, { NO_COLOR: "1" })).toMatchObject({ isTTY: true, hasColor: false });
    expect(terminalOf(stream, { TERM: "dumb" })).toMatchObject({ isTTY: false, hasColor: false });
  });
});
