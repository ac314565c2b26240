/** All statements on the database; rows in, values out. Everything is synchronous. */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { LoggedChange } from "../watch-hub.ts";
import type { StoredValue } from "../storage.ts";
import { prepareDatabase } from "./schema.ts";

type Row = Record<string, SQLOutputValue>;

const COLUMNS = "l.key AS key, l.value AS value, l.revision AS revision, l.created AS created";
/** Newest version of each key at a revision, deletes included. */
const NEWEST =
  "SELECT key, MAX(revision) AS revision FROM log WHERE key > :after AND key >= :from AND key < :to AND revision <= :at GROUP BY key";

export interface KeyRange {
  /** Inclusive. */
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  /** Only keys behind this one. */
  readonly after: string;
}

export class Tables {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    prepareDatabase(this.#database);
  }

  /** Runs `body` in one transaction, on the disk when this returns. */
  transaction<T>(body: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = body();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  get(key: string): StoredValue | undefined {
    const sql = `SELECT ${COLUMNS} FROM current c JOIN log l ON l.revision = c.revision WHERE c.key = ?`;
    const row = this.#prepare(sql).get(key);
    return row === undefined ? undefined : toStored(row);
  }

  getAt(key: string, revision: number): StoredValue | undefined {
    const sql = `SELECT ${COLUMNS} FROM log l WHERE l.key = ? AND l.revision <= ? ORDER BY l.revision DESC LIMIT 1`;
    const row = this.#prepare(sql).get(key, revision);
    return row === undefined || row["value"] === null ? undefined : toStored(row);
  }

  range({ from, to, after }: KeyRange, limit: number): StoredValue[] {
    const sql = `SELECT ${COLUMNS} FROM current c JOIN log l ON l.revision = c.revision
      WHERE c.key > :after AND c.key >= :from AND c.key < :to ORDER BY c.key LIMIT :limit`;
    return this.#prepare(sql).all({ from, to, after, limit }).map(toStored);
  }

  rangeAt({ from, to, after }: KeyRange, limit: number, at: number): StoredValue[] {
    // In the order of the index: sorting would copy every value.
    const sql = `SELECT ${COLUMNS} FROM (${NEWEST} ORDER BY key) n CROSS JOIN log l ON l.revision = n.revision
      WHERE l.value IS NOT NULL ORDER BY n.key LIMIT :limit`;
    return this.#prepare(sql).all({ from, to, after, limit, at }).map(toStored);
  }

  count({ from, to, after }: KeyRange): number {
    const sql = "SELECT COUNT(*) AS n FROM current WHERE key > :after AND key >= :from AND key < :to";
    return Number(this.#prepare(sql).get({ from, to, after })?.["n"]);
  }

  countAt({ from, to, after }: KeyRange, at: number): number {
    const sql = `SELECT COUNT(*) AS n FROM (${NEWEST}) n CROSS JOIN log l ON l.revision = n.revision
      WHERE l.value IS NOT NULL`;
    return Number(this.#prepare(sql).get({ from, to, after, at })?.["n"]);
  }

  changesAfter(revision: number, limit: number): LoggedChange[] {
    const sql = `SELECT ${COLUMNS} FROM log l WHERE l.revision > ? ORDER BY l.revision LIMIT ?`;
    return this.#prepare(sql).all(revision, limit).map(toChange);
  }

  put(item: StoredValue, expiresAtMs: number | undefined): void {
    const { key, value, modRevision, createRevision } = item;
    this.#log(modRevision, key, value, createRevision);
    const sql = "INSERT OR REPLACE INTO current (key, revision, created, expires) VALUES (?, ?, ?, ?)";
    this.#prepare(sql).run(key, modRevision, createRevision, expiresAtMs ?? null);
  }

  delete(key: string, revision: number): void {
    this.#log(revision, key, null, 0);
    this.#prepare("DELETE FROM current WHERE key = ?").run(key);
  }

  expired(nowMs: number, limit: number): { key: string; revision: number }[] {
    const sql = "SELECT key, revision FROM current WHERE expires <= ? ORDER BY expires LIMIT ?";
    return this.#prepare(sql)
      .all(nowMs, limit)
      .map((row) => ({ key: String(row["key"]), revision: Number(row["revision"]) }));
  }

  /** Drops versions with a revision up to `to` that nobody may read any more once `at` is the oldest revision. */
  dropHistory(to: number, at: number): void {
    const sql = `DELETE FROM log WHERE revision <= :to AND (value IS NULL OR EXISTS
      (SELECT 1 FROM log n WHERE n.key = log.key AND n.revision > log.revision AND n.revision <= :at))`;
    this.#prepare(sql).run({ to, at });
  }

  newestRevision(): number {
    return Number(this.#prepare("SELECT MAX(revision) AS n FROM log").get()?.["n"] ?? 0);
  }

  mark(name: string): number {
    return Number(this.#prepare("SELECT value FROM marks WHERE name = ?").get(name)?.["value"] ?? 0);
  }

  setMark(name: string, value: number): void {
    this.#prepare("INSERT OR REPLACE INTO marks (name, value) VALUES (?, ?)").run(name, value);
  }

  sizeBytes(): number {
    const sql = "SELECT page_count * page_size AS n FROM pragma_page_count(), pragma_page_size()";
    return Number(this.#prepare(sql).get()?.["n"]);
  }

  close(): void {
    this.#database.close();
  }

  #log(revision: number, key: string, value: Buffer | null, created: number): void {
    this.#prepare("INSERT INTO log (revision, key, value, created) VALUES (?, ?, ?, ?)").run(
      revision,
      key,
      value,
      created,
    );
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function toStored(row: Row): StoredValue {
  const value = row["value"];
  const bytes =
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.alloc(0);
  const key = String(row["key"]);
  return { key, value: bytes, modRevision: Number(row["revision"]), createRevision: Number(row["created"]) };
}

function toChange(row: Row): LoggedChange {
  const revision = Number(row["revision"]);
  return { revision, key: String(row["key"]), item: row["value"] === null ? undefined : toStored(row) };
}
