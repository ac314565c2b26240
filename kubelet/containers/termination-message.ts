/**
 * What a container left as its last words. Upstream: `kuberuntime_container.go` getTerminationMessage.
 *
 * M1. Nothing but plain files is read, and no link is followed: a pod that sees the folder of logs may put links there.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { KubeletPaths } from "../node/kubelet-paths.ts";
import { TERMINATION_MESSAGE_POLICY_ANNOTATION } from "../runtime/labels.ts";
import type { RuntimeContainer } from "../runtime/runtime.ts";
import { parseLogLine } from "../server/log-line.ts";

const MESSAGE_BYTES_MAX = 4096;
/** With the policy FallbackToLogsOnError. */
const LOG_BYTES_MAX = 2048;
const LOG_LINES_MAX = 80;

/** File on the host that is mounted at the container's terminationMessagePath. */
export function terminationLogFile(paths: KubeletPaths, podUid: string, container: string, attempt: number): string {
  return join(paths.container(podUid, container), `${attempt}`);
}

/** Empty when there is none; never throws. Files are small and local: read synchronously, so that status stays pure. */
export function readTerminationMessage(paths: KubeletPaths, podUid: string, container: RuntimeContainer): string {
  const written = readTail(terminationLogFile(paths, podUid, container.name, container.attempt), MESSAGE_BYTES_MAX);
  const words = written === "" && wantsLog(container) ? lastLogLines(container.logPath) : written;
  return [container.message, words].filter((text) => text !== "").join(": ");
}

/** A container that could not even be started has written nothing. */
function wantsLog({ exitCode, reason, annotations, logPath }: RuntimeContainer): boolean {
  const isFallback = annotations[TERMINATION_MESSAGE_POLICY_ANNOTATION] === "FallbackToLogsOnError";
  return isFallback && exitCode !== 0 && reason !== "ContainerCannotRun" && logPath !== "";
}

function lastLogLines(logPath: string): string {
  // A line in the file carries up to about 50 bytes that are not the container's.
  const lines = readTail(logPath, LOG_BYTES_MAX * 4).split("\n");
  const contents = lines
    .map((line) => parseLogLine(Buffer.from(line))?.content ?? Buffer.alloc(0))
    .filter((content) => content.length > 0)
    .slice(-LOG_LINES_MAX);
  return Buffer.concat(contents).subarray(-LOG_BYTES_MAX).toString("utf8");
}

function readTail(file: string, bytesMax: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return "";
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return "";
    const { size } = stats;
    const buffer = Buffer.alloc(Math.min(size, bytesMax));
    const read = readSync(descriptor, buffer, 0, buffer.length, Math.max(0, size - buffer.length));
    return buffer.toString("utf8", 0, read);
  } finally {
    closeSync(descriptor);
  }
}
