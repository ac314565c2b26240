/**
 * Pods from the files of a folder, or from one file. Upstream: `pkg/kubelet/config/file.go`.
 *
 * F1. A file that cannot be read or is no pod changes nothing: what ran because of it runs on.
 * F2. A file that is gone takes its pod with it.
 */
import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import { type Clock, rfc3339 } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import { messageOf } from "../runtime/runtime-error.ts";
import type { PodSource, PodSourceHandlers } from "./pod-source.ts";
import { staticPod } from "./static-pod.ts";

export interface FilePodSourceOptions {
  readonly path: string;
  readonly nodeName: string;
  /** The folder is read this often even when nothing told of a change. */
  readonly periodMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Larger files are no pods. */
const FILE_BYTES_MAX = 1024 * 1024;
/** Editors write in several steps: the last one counts. */
const SETTLE_MS = 50;

interface Entry {
  readonly text: string;
  readonly pod: Pod | undefined;
}

export function filePodSource(options: FilePodSourceOptions): PodSource {
  return {
    run: async (handlers, onReady, signal) => {
      const entries = new Map<string, Entry>();
      await readAll(options, entries, handlers);
      onReady();
      while (!signal.aborted) {
        await nextChange(options, signal);
        if (!signal.aborted) await readAll(options, entries, handlers);
      }
    },
  };
}

/** Resolves after something happened in the folder, or after the period. */
async function nextChange({ path, periodMs, clock, logger }: FilePodSourceOptions, signal: AbortSignal): Promise<void> {
  const changed = new AbortController();
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(path, () => changed.abort());
    watcher.on("error", () => changed.abort());
  } catch (err) {
    logger.debug({ err, path }, "the folder of static pods cannot be watched");
  }
  await clock.sleep(periodMs, AbortSignal.any([signal, changed.signal])).catch(() => undefined);
  watcher?.close();
  if (changed.signal.aborted) await clock.sleep(SETTLE_MS, signal).catch(() => undefined);
}

async function readAll(
  options: FilePodSourceOptions,
  entries: Map<string, Entry>,
  handlers: PodSourceHandlers,
): Promise<void> {
  let files: readonly string[];
  try {
    files = await filesOf(options.path);
  } catch (err) {
    options.logger.warn({ err, path: options.path }, "static pods cannot be read");
    return;
  }
  for (const file of files) await readOne(options, file, entries, handlers);
  for (const [file, { pod }] of [...entries]) {
    if (files.includes(file)) continue;
    entries.delete(file);
    if (pod !== undefined) handlers.onRemove(pod);
  }
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((err: NodeJS.ErrnoException) => {
    if (err.code === "ENOENT") return undefined;
    throw err;
  });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => !name.startsWith("."));
  return names.toSorted().map((name) => join(path, name));
}

async function readOne(
  { nodeName, clock, logger }: FilePodSourceOptions,
  file: string,
  entries: Map<string, Entry>,
  handlers: PodSourceHandlers,
): Promise<void> {
  const known = entries.get(file);
  let text = known?.text ?? "";
  try {
    const { size } = await stat(file);
    if (size > FILE_BYTES_MAX) throw new Error(`larger than ${FILE_BYTES_MAX} bytes`);
    text = await readFile(file, "utf8");
    if (known?.text === text) return;
    const pod = staticPod(text, { file, nodeName, seenAt: rfc3339(clock.nowMs()) });
    entries.set(file, { text, pod });
    if (known?.pod !== undefined) handlers.onRemove(known.pod);
    handlers.onChange(pod);
  } catch (error) {
    logger.warn({ file, err: messageOf(error) }, "this file holds no static pod");
    entries.set(file, { text, pod: known?.pod });
  }
}
