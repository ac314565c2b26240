/**
 * What is stored under the key of a taken address or port: an `IPAddress` object (upstream since 1.33), and for node
 * ports an object of the same shape.
 */
import type { IPAddress } from "../../shared/api/generated/networking/v1.ts";
import { rfc3339 } from "../../shared/process/clock.ts";
import { encodeStored, parseStored } from "../storage/codec.ts";

/** The Service that something is taken for. */
export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

export interface AllocationRecord {
  readonly owner: Owner;
  readonly createdAtMs: number;
}

export interface RecordKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function encodeRecord(kind: RecordKind, name: string, uid: string, record: AllocationRecord): Buffer {
  const { namespace, name: ownerName } = record.owner;
  const object: IPAddress = {
    kind: kind.kind,
    apiVersion: kind.apiVersion,
    metadata: { name, uid, creationTimestamp: rfc3339(record.createdAtMs), labels: { ...kind.labels } },
    spec: { parentRef: { group: "", resource: "services", namespace, name: ownerName } },
  };
  return encodeStored(object);
}

/** Of an object that somebody else wrote, too: what is missing is empty, and it was created long ago. */
export function decodeRecord(stored: Buffer): AllocationRecord {
  const object = parseStored(stored) as Partial<IPAddress>;
  const parent = object.spec?.parentRef;
  const isService = (parent?.group ?? "") === "" && parent?.resource === "services";
  return {
    owner: isService ? { namespace: parent.namespace ?? "", name: parent.name ?? "" } : { namespace: "", name: "" },
    createdAtMs: Date.parse(object.metadata?.creationTimestamp ?? "") || 0,
  };
}

/** Whether the allocator wrote it: others may keep addresses of the range for themselves. */
export function isManaged(stored: Buffer, kind: RecordKind): boolean {
  const { metadata } = parseStored(stored) as Partial<IPAddress>;
  return Object.entries(kind.labels).every(([label, value]) => metadata?.labels?.[label] === value);
}

export function isSameOwner(a: Owner, b: Owner): boolean {
  return a.namespace === b.namespace && a.name === b.name;
}
