import { apiVersionOf, type KubeObject } from "../../shared/resources/resource.ts";
import { decodeStored, encodeStored } from "../storage/codec.ts";
import type { StoredValue } from "../storage/storage.ts";
import type { AnyStrategy, Strategy } from "./strategy.ts";

/** A strategy as the write path sees it: its functions take the objects that it made itself. */
export interface ObjectStrategy extends Omit<Strategy<KubeObject>, "selectableFields" | "columns" | "example"> {
  /** Whether objects of the kind have a `spec`, be it an empty one. */
  readonly hasSpec: boolean;
}

export function objectStrategy(strategy: AnyStrategy): ObjectStrategy {
  return strategy.use((typed): ObjectStrategy => ({ ...typed, hasSpec: "spec" in typed.example }));
}

/** The object of a stored value, in the version of the strategy. A fresh copy: the caller may change it. */
export function readStored(strategy: ObjectStrategy, stored: StoredValue): KubeObject {
  const object = decodeStored<KubeObject>(stored.value, stored.modRevision);
  return strategy.conversion === undefined ? object : strategy.conversion.fromStored(object);
}

/** Bytes to store. */
export function writeStored(strategy: ObjectStrategy, object: KubeObject): Buffer {
  return encodeStored(strategy.conversion === undefined ? object : strategy.conversion.toStored(object));
}

/** Sets kind and version, and gives an object without metadata or spec an empty one. */
export function asObject(strategy: ObjectStrategy, draft: object): KubeObject {
  const { kind } = strategy.resource;
  const { metadata, ...rest } = draft as Partial<KubeObject>;
  return {
    ...(strategy.hasSpec ? { spec: {}, ...rest } : rest),
    kind,
    apiVersion: apiVersionOf(strategy.resource),
    metadata: { ...metadata, name: metadata?.name ?? "" },
  };
}
