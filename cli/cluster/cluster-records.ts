/**
 * The records of the clusters on this machine: `/var/lib/kubernode/.clusters/NAME.json`. A record exists from the
 * first step of `up` to the last step of `down --purge`; its index is the cluster's alone for that time.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { UserError } from "../user-error.ts";
import {
  CLUSTERS_MAX,
  type ClusterRecord,
  defaultApiPort,
  isClusterName,
  type RuntimeName,
  STATE_ROOT,
  type StoreChoice,
} from "./cluster.ts";

const RECORDS_DIR = join(STATE_ROOT, ".clusters");
const recordPath = (name: string): string => join(RECORDS_DIR, `${name}.json`);

export function readRecord(name: string): ClusterRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordPath(name), "utf8")) as ClusterRecord;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UserError(
      `The record of cluster "${name}" (${recordPath(name)}) cannot be read: ${(err as Error).message}`,
      `Remove the file, then run: kubernode down --name ${name} --purge`,
    );
  }
}

export function allRecords(): ClusterRecord[] {
  let files: string[];
  try {
    files = readdirSync(RECORDS_DIR);
  } catch {
    // No cluster was ever made here.
    return [];
  }
  return files.flatMap((file) => (file.endsWith(".json") ? (readRecord(file.slice(0, -".json".length)) ?? []) : []));
}

function writeRecord(record: ClusterRecord): void {
  const path = recordPath(record.name);
  writeFileSync(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Removes the record and, after the last cluster, the folders that held them. */
export function removeRecord(name: string): void {
  rmSync(recordPath(name), { force: true });
  for (const folder of [RECORDS_DIR, STATE_ROOT]) {
    try {
      rmdirSync(folder);
    } catch {
      // Not empty: other clusters live there.
      return;
    }
  }
}

export interface WantedCluster {
  readonly name: string;
  readonly dataDir: string | undefined;
  readonly apiPort: number | undefined;
  readonly nodeName: string;
  readonly store: StoreChoice | undefined;
  readonly runtime: RuntimeName | undefined;
}

/** Gives the cluster's record, making it with the lowest free index when it is new. */
export function claimRecord(wanted: WantedCluster): { record: ClusterRecord; isNew: boolean } {
  if (!isClusterName(wanted.name)) {
    throw new UserError(
      `"${wanted.name}" is not a cluster name: use at most 40 lower-case letters, digits and dashes.`,
    );
  }
  mkdirSync(RECORDS_DIR, { recursive: true, mode: 0o711 });
  const lock = join(RECORDS_DIR, "lock");
  const descriptor = takeLock(lock);
  try {
    const known = readRecord(wanted.name);
    if (known !== undefined) return { record: checkedAgainst(known, wanted), isNew: false };
    const record = newRecord(wanted);
    writeRecord(record);
    return { record, isNew: true };
  } finally {
    closeSync(descriptor);
    rmSync(lock, { force: true });
  }
}

function takeLock(path: string): number {
  const WAIT_MS = 2000;
  const view = new Int32Array(new SharedArrayBuffer(4));
  for (const deadline = Date.now() + WAIT_MS; ; Atomics.wait(view, 0, 0, 10)) {
    try {
      return openSync(path, "wx");
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== "EEXIST") throw err;
      // Held only for the length of one small write: an old one is left over from a crash.
      if (Date.now() > deadline) rmSync(path, { force: true });
    }
  }
}

function newRecord(wanted: WantedCluster): ClusterRecord {
  const taken = new Set(allRecords().map((record) => record.index));
  const index = Array.from({ length: CLUSTERS_MAX }, (_, candidate) => candidate).find((free) => !taken.has(free));
  if (index === undefined) {
    throw new UserError(
      `There are ${CLUSTERS_MAX} clusters on this machine already, which is the most it can hold.`,
      "Remove one first: kubernode down --name NAME --purge",
    );
  }
  return {
    name: wanted.name,
    index,
    dataDir: wanted.dataDir ?? join(STATE_ROOT, wanted.name),
    apiPort: wanted.apiPort ?? defaultApiPort(index),
    nodeName: wanted.nodeName,
    store: wanted.store ?? { kind: "sqlite" },
    runtime: wanted.runtime ?? "containerd",
  };
}

/** A cluster keeps its store, port and place: asking for others needs a new cluster. */
function checkedAgainst(record: ClusterRecord, wanted: WantedCluster): ClusterRecord {
  const differs = (what: string, has: string | number): never => {
    throw new UserError(
      `Cluster "${record.name}" exists with ${what} ${has}.`,
      `Leave the option out, use another --name, or remove the cluster first: kubernode down --name ${record.name} --purge`,
    );
  };
  if (wanted.apiPort !== undefined && wanted.apiPort !== record.apiPort) differs("--port", record.apiPort);
  if (wanted.dataDir !== undefined && wanted.dataDir !== record.dataDir) differs("--data-dir", record.dataDir);
  if (wanted.store !== undefined && wanted.store.kind !== record.store.kind) differs("--store", record.store.kind);
  const { runtime = "containerd" } = record;
  if (wanted.runtime !== undefined && wanted.runtime !== runtime) differs("--runtime", runtime);
  return record;
}
