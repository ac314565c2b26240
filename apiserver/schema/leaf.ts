/** Reading of the values that have no fields: scalars and the types that Kubernetes gives a form of their own. */
import { rawNumberText } from "../../shared/machinery/lossless-json.ts";
import { canonicalQuantity } from "../../shared/machinery/quantity.ts";
import { META } from "./definitions.ts";
import { canonicalMicroTime, canonicalTime } from "./time.ts";

/** A value that its type does not take. `path` is filled in by whoever knows it. */
export class TypeMismatch extends Error {
  override readonly name = "TypeMismatch";
}

/** What is on the wire, in Go's words: `string`, `number 1.5`, `bool`, `array`, `object`. */
export function wireTypeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "object") return rawNumberText(value) === undefined ? "object" : "number";
  return typeof value;
}

/** Builds the error of a value of the wrong type; `goType` is what was wanted. */
export type Mismatch = (value: unknown, goType: string, wire?: string) => TypeMismatch;
export type ReadLeaf = (value: unknown, mismatch: Mismatch) => unknown;

const INT32_MAX = 2 ** 31 - 1;

function readInteger(goType: "int32" | "int64"): ReadLeaf {
  return (value, mismatch) => {
    const raw = rawNumberText(value);
    if (raw !== undefined) {
      const big = BigInt(raw);
      if (goType === "int64" && big >= -(2n ** 63n) && big < 2n ** 63n) return value;
      throw mismatch(value, goType, `number ${raw}`);
    }
    if (typeof value !== "number") throw mismatch(value, goType);
    if (!Number.isInteger(value)) throw mismatch(value, goType, `number ${value}`);
    if (goType === "int32" && (value > INT32_MAX || value < -INT32_MAX - 1))
      throw mismatch(value, goType, `number ${value}`);
    return value;
  };
}

const readString: ReadLeaf = (value, mismatch) => {
  if (typeof value !== "string") throw mismatch(value, "string");
  return value;
};

const readBoolean: ReadLeaf = (value, mismatch) => {
  if (typeof value !== "boolean") throw mismatch(value, "bool");
  return value;
};

const readNumber: ReadLeaf = (value, mismatch) => {
  if (typeof value !== "number" && rawNumberText(value) === undefined) throw mismatch(value, "float64");
  return value;
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const readBytes: ReadLeaf = (value, mismatch) => {
  if (typeof value !== "string") throw mismatch(value, "[]uint8");
  const text = value.includes("\n") || value.includes("\r") ? value.replace(/[\r\n]/g, "") : value;
  if (BASE64.test(text)) return text;
  const firstWrong = /[^A-Za-z0-9+/]/.exec(text)?.index ?? text.length;
  throw new TypeMismatch(`illegal base64 data at input byte ${firstWrong}`);
};

const readIntOrString: ReadLeaf = (value, mismatch) =>
  typeof value === "string" ? value : readInteger("int32")(value, mismatch);

const readQuantity: ReadLeaf = (value) => {
  const raw = rawNumberText(value) ?? value;
  if (typeof raw !== "string" && typeof raw !== "number") {
    throw new TypeMismatch(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  }
  if (raw === "") return "0";
  try {
    return canonicalQuantity(raw);
  } catch (error) {
    throw new TypeMismatch(error instanceof Error ? error.message : String(error));
  }
};

function readTimeAs(canonical: (text: string) => string): ReadLeaf {
  return (value) => {
    if (typeof value !== "string") {
      throw new TypeMismatch(`json: cannot unmarshal ${wireTypeOf(value)} into Go value of type string`);
    }
    try {
      return canonical(value);
    } catch (error) {
      throw new TypeMismatch(error instanceof Error ? error.message : String(error));
    }
  };
}

const readAny: ReadLeaf = (value) => value;

/** Definitions that are no structs on the wire. */
const SPECIAL: Readonly<Record<string, ReadLeaf>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": readQuantity,
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": readIntOrString,
  [`${META}.Time`]: readTimeAs(canonicalTime),
  [`${META}.MicroTime`]: readTimeAs(canonicalMicroTime),
};

/** The reader of a definition that has no fields: one of the above, or "anything goes". */
export function leafOfDefinition(definition: string): ReadLeaf {
  return SPECIAL[definition] ?? readAny;
}

/** The reader of an inline scalar. */
export function leafOfScalar(type: string | undefined, format: string | undefined): ReadLeaf {
  switch (type) {
    case "string":
      if (format === "byte") return readBytes;
      return format === "int-or-string" ? readIntOrString : readString;
    case "integer":
      return readInteger(format === "int64" ? "int64" : "int32");
    case "number":
      return readNumber;
    case "boolean":
      return readBoolean;
    case undefined:
    default:
      return readAny;
  }
}
