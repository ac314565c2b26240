/**
 * Remote commands (exec, attach) independent of how they travel: SPDY streams or WebSocket channels, versions 1 to 5
 * (apimachinery `pkg/util/remotecommand`, KEP-4006).
 */
import type { Readable, Writable } from "node:stream";
import type { Status } from "../api/generated/meta/v1.ts";

/** Which streams the client wants. With `tty`, stderr arrives on stdout. */
export interface RemoteCommandRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** The server's end of one remote command. */
export interface RemoteCommandSession {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Called for every size the client reports, the latest one again for a late subscriber. */
  onResize(callback: (size: TerminalSize) => void): void;
  /** Tells the client how it ended, in the way its protocol version has, and closes. */
  finish(status: Status): Promise<void>;
  /** Resolves when the client is gone or `finish` is done. */
  readonly closed: Promise<void>;
}

/** Versions of the protocol over SPDY, best first. */
export const SPDY_REMOTE_COMMAND_PROTOCOLS = [
  "v4.channel.k8s.io",
  "v3.channel.k8s.io",
  "v2.channel.k8s.io",
  "channel.k8s.io",
] as const;

/** Exit outcome as clients of version 4 and newer read it from the error channel. */
export function exitStatus(exitCode: number): Status {
  if (exitCode === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: ${exitCode}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(exitCode) }] },
  };
}

export function failureStatus(message: string): Status {
  return { metadata: {}, status: "Failure", message, reason: "InternalError", code: 500 };
}

/**
 * What goes on the error channel: version 4 and newer send a Status in any case, older ones a plain text and only
 * after a failure.
 */
export function errorChannelText(status: Status, isStructured: boolean): string {
  if (isStructured) return JSON.stringify(status);
  return status.status === "Success" ? "" : (status.message ?? "the command failed");
}

/** Reads the error channel's text back; an empty one is success (versions 1 to 3). */
export function statusOfErrorChannel(text: string): Status {
  if (text === "") return exitStatus(0);
  try {
    const parsed = JSON.parse(text) as unknown;
    if (typeof parsed === "object" && parsed !== null && "status" in parsed) return parsed as Status;
  } catch {
    // Not JSON: an older peer's plain message.
    return failureStatus(text);
  }
  return failureStatus(text);
}

/** Remembers the last size, so that a subscriber that comes late gets it. */
export function createResizeFeed(): {
  push(size: TerminalSize): void;
  onResize(callback: (size: TerminalSize) => void): void;
} {
  let last: TerminalSize | undefined;
  const callbacks: ((size: TerminalSize) => void)[] = [];
  return {
    push: (size) => {
      last = size;
      for (const callback of callbacks) callback(size);
    },
    onResize: (callback) => {
      callbacks.push(callback);
      if (last !== undefined) callback(last);
    },
  };
}

/** `{"Width":80,"Height":24}`; nothing when the text is something else. */
export function parseTerminalSize(text: string): TerminalSize | undefined {
  try {
    const parsed = JSON.parse(text) as { Width?: unknown; Height?: unknown } | null;
    const { Width: width, Height: height } = parsed ?? {};
    if (typeof width === "number" && typeof height === "number") return { width, height };
  } catch {
    // A malformed size is no reason to end somebody's shell.
    return undefined;
  }
  return undefined;
}
