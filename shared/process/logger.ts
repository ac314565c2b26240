import { pino } from "pino";
import { fileDescriptorDestination } from "./log-destination.ts";

export type LogFields = Readonly<Record<string, unknown>>;

/** Structured log of one component: one JSON line per call on stderr. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

/** `level` is pino's: `debug`, `info`, `warn`, `error` or `silent`. An `err` field prints with its stack. */
export function createLogger(component: string, level = "info"): Logger {
  const droppedLine = (count: number): string =>
    `${JSON.stringify({ level: 40, component, count, msg: "log lines were lost: they could not be written" })}\n`;
  return pino(
    { base: { component }, level, timestamp: pino.stdTimeFunctions.isoTime },
    fileDescriptorDestination(2, droppedLine),
  );
}

/** Drops everything: for tests. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
