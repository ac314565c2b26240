/** Tables of the database. `log` is everything that happened since the last compaction; `current` leads into it. */
import type { DatabaseSync } from "node:sqlite";

/** Raised when the tables change; an older database is then migrated here. */
const SCHEMA_VERSION = 1;

/**
 * The log is moved into the tables at this size (16 MiB): less often than by default, because a page that is written
 * often is then moved once, and a mover syncs the file of the tables while writers wait.
 */
const CHECKPOINT_PAGES = 4000;

const TABLES = `
  CREATE TABLE IF NOT EXISTS log (
    revision INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    value BLOB,              -- NULL: the key was deleted
    created INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS log_by_key ON log (key, revision);
  CREATE TABLE IF NOT EXISTS current (
    key TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER          -- milliseconds since the epoch
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS current_by_expiry ON current (expires) WHERE expires IS NOT NULL;
  CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;

/** An acknowledged commit is on the disk (S4): the write-ahead log is synced at each. One process owns the file. */
export function prepareDatabase(database: DatabaseSync): void {
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT`);
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  if (version === 0) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  else if (version !== SCHEMA_VERSION)
    throw new Error(`the database has version ${String(version)}, not ${SCHEMA_VERSION}`);
}
