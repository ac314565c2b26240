/** Query of `/containerLogs` to log options: pure. Upstream: `v1.PodLogOptions`. */
import type { LogOptions } from "./pod-logs.ts";

export type LogQuery = Readonly<Record<string, string | undefined>>;

/** The request is wrong; the message is for the caller. */
export class LogQueryError extends Error {
  override readonly name = "LogQueryError";
}

function flag(text: string | undefined): boolean {
  return text === "" || text === "true" || text === "1";
}

function count(query: LogQuery, name: string, min: number): number | undefined {
  const text = query[name];
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < min) throw new LogQueryError(`invalid ${name}: ${text}`);
  return number;
}

function sinceOf(query: LogQuery, nowMs: number): number {
  const seconds = count(query, "sinceSeconds", 1);
  if (seconds !== undefined) return nowMs - seconds * 1000;
  const { sinceTime } = query;
  if (sinceTime === undefined || sinceTime === "") return 0;
  const ms = Date.parse(sinceTime);
  if (Number.isNaN(ms)) throw new LogQueryError(`invalid sinceTime: ${sinceTime}`);
  return ms;
}

/** Throws `LogQueryError`. */
export function parseLogQuery(query: LogQuery, nowMs: number): LogOptions & { readonly isPrevious: boolean } {
  const stream = query["stream"] ?? "All";
  if (stream !== "All" && stream !== "Stdout" && stream !== "Stderr")
    throw new LogQueryError(`invalid stream: ${stream}`);
  return {
    isFollowing: flag(query["follow"]),
    isPrevious: flag(query["previous"]),
    hasTimestamps: flag(query["timestamps"]),
    tailLines: count(query, "tailLines", 0),
    limitBytes: count(query, "limitBytes", 1),
    sinceMs: sinceOf(query, nowMs),
    stream,
  };
}
