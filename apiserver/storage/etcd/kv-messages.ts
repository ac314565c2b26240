/** Requests and answers of etcd's `KV` service, as far as the store uses it (etcd: `etcdserverpb/rpc.proto`). */
import type { StoredValue } from "../storage.ts";
import { bytesField, type Field, numberField, WireReader } from "./wire.ts";

export interface RangeCall {
  readonly key: string;
  /** Exclusive; one key when left out. */
  readonly end?: Buffer;
  readonly limit?: number;
  readonly revision?: number | undefined;
  readonly isCountOnly?: boolean;
}

export interface RangeAnswer {
  readonly items: readonly StoredValue[];
  /** Of the store when it answered. */
  readonly revision: number;
  /** Keys in the range, however few were asked for. */
  readonly count: number;
}

/** A write that happens when the key has that `mod_revision`, 0 for none; else the key is read. */
export interface GuardedWrite {
  readonly key: string;
  readonly expected: number;
  /** Nothing: the key is deleted. */
  readonly put: { readonly value: Buffer; readonly lease?: string } | undefined;
}

export interface WriteAnswer {
  readonly isDone: boolean;
  readonly revision: number;
  readonly current: StoredValue | undefined;
}

const NO_HEADER = { revision: 0 };

export function encodeRange({ key, end, limit = 0, revision = 0, isCountOnly = false }: RangeCall): Field {
  return [
    ...bytesField(1, [Buffer.from(key)]),
    ...(end === undefined ? [] : bytesField(2, [end])),
    ...(limit === 0 ? [] : numberField(3, limit)),
    ...(revision === 0 ? [] : numberField(4, revision)),
    ...(isCountOnly ? numberField(9, 1) : []),
  ];
}

export function decodeRange(bytes: Buffer): RangeAnswer {
  const reader = new WireReader(bytes);
  const items: StoredValue[] = [];
  let [revision, count] = [0, 0];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) ({ revision } = decodeHeader(reader.bytes()));
    else if (field === 2) items.push(decodeItem(reader.bytes()));
    else if (field === 4) count = reader.number();
    else reader.skip();
  }
  return { items, revision, count };
}

const COMPARE_MOD_REVISION = 2;

export function encodeGuardedWrite({ key, expected, put }: GuardedWrite): Field {
  const name = bytesField(1, [Buffer.from(key)]);
  // `result` is EQUAL, which is 0 and so not sent; a compared revision of 0 has to be.
  const compare = [
    ...numberField(2, COMPARE_MOD_REVISION),
    ...bytesField(3, [Buffer.from(key)]),
    ...numberField(6, expected),
  ];
  const operation = put === undefined ? bytesField(3, name) : bytesField(2, [...name, ...valueFields(put)]);
  return [...bytesField(1, compare), ...bytesField(2, operation), ...bytesField(3, bytesField(1, name))];
}

function valueFields({ value, lease }: NonNullable<GuardedWrite["put"]>): Field {
  return [...bytesField(2, [value]), ...(lease === undefined ? [] : numberField(3, BigInt(lease)))];
}

export function decodeWrite(bytes: Buffer): WriteAnswer {
  const reader = new WireReader(bytes);
  let [revision, isDone] = [0, false];
  let current: StoredValue | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) ({ revision } = decodeHeader(reader.bytes()));
    else if (field === 2) isDone = reader.number() === 1;
    else if (field === 3) current = decodeOperation(reader.bytes());
    else reader.skip();
  }
  return { isDone, revision, current };
}

/** The first item of a range among the operations' answers. */
function decodeOperation(bytes: Buffer): StoredValue | undefined {
  const reader = new WireReader(bytes);
  let item: StoredValue | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) [item] = decodeRange(reader.bytes()).items;
    else reader.skip();
  }
  return item;
}

function decodeHeader(bytes: Buffer): { revision: number } {
  const reader = new WireReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3) return { revision: reader.number() };
    reader.skip();
  }
  return NO_HEADER;
}

function decodeItem(bytes: Buffer): StoredValue {
  const reader = new WireReader(bytes);
  let [key, modRevision, createRevision] = ["", 0, 0];
  let value: Buffer = EMPTY;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) key = reader.bytes().toString("utf8");
    else if (field === 2) createRevision = reader.number();
    else if (field === 3) modRevision = reader.number();
    else if (field === 5) value = reader.bytes();
    else reader.skip();
  }
  return { key, value, modRevision, createRevision };
}

const EMPTY = Buffer.alloc(0);
