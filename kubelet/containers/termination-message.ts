/** What a container left as its last words. Upstream: `kuberuntime_container.go` getTerminationMessage. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
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
  const hasFailed = container.exitCode !== 0;
  const wantsLog = container.annotations[TERMINATION_MESSAGE_POLICY_ANNOTATION] === "FallbackToLogsOnError";
  if (written === "" && hasFailed && wantsLog && container.logPath !== "") {
    // A line in the file carries up to about 50 bytes that are not the container's.
    const lines = readTail(container.logPath, LOG_BYTES_MAX * 4).split("\n");
    const text = lines
      .map((line) => parseLogLine(Buffer.from(line))?.content.toString("utf8") ?? "")
      .filter((line) => line !== "")
      .slice(-LOG_LINES_MAX)
      .join("");
    return text.slice(-LOG_BYTES_MAX);
  }
  return written === "" ? container.message : written;
}

function readTail(file: string, bytesMax: number): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return "";
  }
  try {
    const { size } = fstatSync(descriptor);
    const buffer = Buffer.alloc(Math.min(size, bytesMax));
    const read = readSync(descriptor, buffer, 0, buffer.length, Math.max(0, size - buffer.length));
    return buffer.toString("utf8", 0, read);
  } finally {
    closeSync(descriptor);
  }
}
