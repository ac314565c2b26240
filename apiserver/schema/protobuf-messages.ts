/**
 * The messages of Kubernetes protobuf and how their fields stand in JSON. Field numbers come from
 * `shared/api/protobuf-fields.json`; which fields JSON has comes from `definitions.json`: a message-typed field that
 * JSON does not know is an embedded struct, and its fields belong to the message around it.
 */
import fieldsFile from "../../shared/api/protobuf-fields.json" with { type: "json" };
import { definitionNameOf, definitions, type GroupVersionKind } from "./definitions.ts";

export interface MessageField {
  readonly number: number;
  /** In JSON. */
  readonly name: string;
  readonly shape: "one" | "repeated" | "map" | "embedded";
  /** Whether the API that is served has it: the table knows later releases too. */
  readonly isServed: boolean;
  /** A scalar, or the absolute name of a message; of the values, where there are several. */
  readonly type: string;
}

/** What every body and answer starts with. */
export const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
export const META_MESSAGES = "k8s.io.apimachinery.pkg.apis.meta.v1";
export const UNKNOWN = "k8s.io.apimachinery.pkg.runtime.Unknown";
export const APIEXTENSIONS_MESSAGES = "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1";
/** The same message in every version. */
const PARTIAL = "PartialObjectMetadata";
const SCALARS: ReadonlySet<string> = new Set(["string", "bool", "int32", "int64", "double", "bytes"]);

type FieldFacts = Readonly<Record<string, readonly [number, string]>>;
const messages = fieldsFile as unknown as Readonly<Record<string, FieldFacts>>;

/** Name of the message of a kind, or undefined when there is none. */
export function messageNameOf(gvk: GroupVersionKind): string | undefined {
  if (gvk.group === "meta.k8s.io" && gvk.kind === PARTIAL) return `${META_MESSAGES}.${PARTIAL}`;
  const definition = definitionNameOf(gvk);
  if (definition === undefined) return undefined;
  const name = definition.replace(/^io\.k8s\./, "k8s.io.").replaceAll("-", "_");
  return name in messages ? name : undefined;
}

export function definitionOfMessage(message: string): string {
  return message
    .replace(/^k8s\.io\./, "io.k8s.")
    .replace(".kube_aggregator.", ".kube-aggregator.")
    .replace(".apiextensions_apiserver.", ".apiextensions-apiserver.");
}

/** Fields in the order of the table; none for a message that is not known. */
export function fieldsOfMessage(message: string): MessageField[] {
  const jsonNames = Object.keys(definitions[definitionOfMessage(message)]?.properties ?? {});
  return Object.entries(messages[message] ?? {}).map(([name, [number, text]]) => {
    const { shape, type } = shapeOf(text, message);
    // Some names differ in case: `aPIGroup`, `Expression`.
    const jsonName = jsonNames.find((known) => known.toLowerCase() === name.toLowerCase());
    const isEmbedded = jsonName === undefined && shape === "one" && hasFieldsOf(type, jsonNames);
    const isServed = jsonName !== undefined || isEmbedded || jsonNames.length === 0;
    return { number, name: jsonName ?? name, shape: isEmbedded ? "embedded" : shape, isServed, type };
  });
}

/** `ExtraValue`, `Verbs`: lists that protobuf has to wrap. */
export function isItemsOnly(message: string): boolean {
  const fields = messages[message] ?? {};
  return fields["items"]?.[1] === "repeated string" && Object.keys(fields).length === 1;
}

function shapeOf(text: string, message: string): Pick<MessageField, "shape" | "type"> {
  if (text.startsWith("repeated ")) {
    return { shape: "repeated", type: typeName(text.slice("repeated ".length), message) };
  }
  if (text.startsWith("map<")) {
    return { shape: "map", type: typeName(text.slice(text.indexOf(",") + 1, -1), message) };
  }
  return { shape: "one", type: typeName(text, message) };
}

/** Absolute name of a message type: relative ones are of the package around them. */
function typeName(type: string, message: string): string {
  if (SCALARS.has(type)) return type;
  const bare = type.startsWith(".") ? type.slice(1) : type;
  return bare.includes(".") ? bare : `${message.slice(0, message.lastIndexOf("."))}.${bare}`;
}

/** Whether at least half of the fields of `message` are fields of the JSON around it: then it is embedded. */
function hasFieldsOf(message: string, jsonNames: readonly string[]): boolean {
  const names = Object.keys(messages[message] ?? {});
  const shared = names.filter((name) => jsonNames.includes(name)).length;
  return shared > 0 && shared * 2 >= names.length;
}
