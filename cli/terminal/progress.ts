/** The lines of a command that takes steps: marks and a spinner on a terminal, plain lines when piped. */
import type { StepObserver } from "../steps/step.ts";

export interface Terminal {
  readonly isTTY: boolean;
  readonly hasColor: boolean;
  readonly columns: number;
  write(text: string): void;
}

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 80;

/** `NO_COLOR` (any value) and `TERM=dumb` switch colour off; piped output never has it. */
export function terminalOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Terminal {
  const isTTY = stream.isTTY && env["TERM"] !== "dumb";
  const hasColor = isTTY && (env["NO_COLOR"] ?? "") === "";
  return { isTTY, hasColor, columns: stream.columns ?? 80, write: (text) => void stream.write(text) };
}

export const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`;

export interface Progress extends StepObserver {
  /** A line outside the steps. */
  line(text: string): void;
  close(): void;
}

export function createProgress(terminal: Terminal): Progress {
  const active: string[] = [];
  let frame = 0;
  const color = (code: number, text: string): string => (terminal.hasColor ? `\x1b[${code}m${text}\x1b[0m` : text);
  const clear = (): void => terminal.write("\r\x1b[K");
  const draw = (): void => {
    if (!terminal.isTTY || active.length === 0) return;
    const mark = FRAMES[frame++ % FRAMES.length] ?? "";
    terminal.write(`\r\x1b[K ${mark} ${active.join(", ")}`.slice(0, terminal.columns));
  };
  const timer = terminal.isTTY ? setInterval(draw, FRAME_MS) : undefined;
  const line = (text: string): void => {
    if (terminal.isTTY) clear();
    terminal.write(`${text}\n`);
    draw();
  };
  const end = (title: string): void => {
    active.splice(active.indexOf(title), 1);
    if (terminal.isTTY && active.length === 0) clear();
  };
  return {
    line,
    started(title) {
      active.push(title);
      draw();
    },
    finished(title, detail, durationMs) {
      end(title);
      const words = detail === undefined ? title : `${title}: ${detail}`;
      line(` ${color(32, "✓")} ${words} ${color(2, `(${seconds(durationMs)})`)}`);
    },
    skipped: end,
    failed(title, durationMs) {
      end(title);
      line(` ${color(31, "✗")} ${title} ${color(2, `(${seconds(durationMs)})`)}`);
    },
    close() {
      clearInterval(timer);
      if (terminal.isTTY) clear();
    },
  };
}
