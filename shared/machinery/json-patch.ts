/**
 * JSON Patch (RFC 6902) as an API server applies it: messages and quirks of the library that upstream uses
 * (`evanphx/json-patch`): an index may be negative, `remove` of what is not there fails. The document is not changed.
 */
import { clone, setOwn } from "./clone.ts";
import { deepEqual } from "./deep-equal.ts";
import { stringifyJson } from "./lossless-json.ts";

/** Upstream's bound: more operations are refused with 413. */
export const OPERATIONS_MAX = 10_000;
/** All `copy` operations of a patch together may add this much text: else few bytes could make a huge document. */
const COPIED_BYTES_MAX = 3 * 1024 * 1024;

export interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/**
 * Why a patch cannot be applied. `malformed`: no patch at all (400); `tooMany`: 413; `failed`: does not fit this
 * document (422).
 */
export class JsonPatchError extends Error {
  override readonly name = "JsonPatchError";
  readonly kind: "malformed" | "tooMany" | "failed";
  constructor(kind: "malformed" | "tooMany" | "failed", message: string) {
    super(message);
    this.kind = kind;
  }
}

const failed = (message: string): JsonPatchError => new JsonPatchError("failed", message);

/** Checks the form of a patch that has been parsed from JSON. Throws `JsonPatchError`. */
export function parseJsonPatch(patch: unknown): JsonPatchOperation[] {
  if (!Array.isArray(patch)) {
    const wire = patch === null ? "null" : typeof patch;
    throw new JsonPatchError("malformed", `json: cannot unmarshal ${wire} into Go value of type jsonpatch.Patch`);
  }
  if (patch.length > OPERATIONS_MAX) {
    throw new JsonPatchError(
      "tooMany",
      `The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`,
    );
  }
  return patch.map((operation: unknown) => {
    if (typeof operation !== "object" || operation === null || Array.isArray(operation)) {
      throw new JsonPatchError("malformed", "json: cannot unmarshal value into Go value of type jsonpatch.Operation");
    }
    return operation as JsonPatchOperation;
  });
}

/** Applies all operations or throws `JsonPatchError`. */
export function applyJsonPatch(document: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const root: Root = { value: clone(document), copiedBytes: 0 };
  for (const operation of operations) applyOperation(root, operation);
  return root.value;
}

interface Root {
  value: unknown;
  copiedBytes: number;
}

function applyOperation(root: Root, operation: JsonPatchOperation): void {
  const { op } = operation;
  switch (op) {
    case "add":
      return add(root, pathOf(operation, "path"), valueOf(operation));
    case "remove":
      remove(root, pathOf(operation, "path"), op);
      return;
    case "replace":
      return replace(root, pathOf(operation, "path"), valueOf(operation));
    case "move": {
      const value = remove(root, pathOf(operation, "from"), op);
      return add(root, pathOf(operation, "path"), value);
    }
    case "copy":
      return copy(root, operation);
    case "test":
      return test(root, operation);
    default:
      throw failed(`Unexpected kind: ${String(op)}`);
  }
}

function copy(root: Root, operation: JsonPatchOperation): void {
  const value = get(root, pathOf(operation, "from"), operation.op);
  root.copiedBytes += stringifyJson(value).length;
  if (root.copiedBytes > COPIED_BYTES_MAX) {
    throw new JsonPatchError(
      "tooMany",
      `Unable to complete the copy, the accumulated size increase of copy is ${root.copiedBytes}, exceeding the limit ${COPIED_BYTES_MAX}`,
    );
  }
  add(root, pathOf(operation, "path"), clone(value));
}

function pathOf(operation: JsonPatchOperation, field: "path" | "from"): string {
  const path: unknown = operation[field];
  if (typeof path !== "string") throw failed(`${operation.op} operation failed to decode ${field}: missing value`);
  if (path !== "" && !path.startsWith("/")) {
    throw failed(
      `${operation.op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
    );
  }
  return path;
}

function valueOf(operation: JsonPatchOperation): unknown {
  if (!Object.hasOwn(operation, "value")) throw failed(`${operation.op} operation missing value`);
  return clone(operation.value);
}

function tokensOf(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

type Container = Record<string, unknown> | unknown[];

function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null && !Object.isFrozen(value);
}

function childOf(container: Container, token: string): unknown {
  if (Array.isArray(container)) {
    const index = indexOf(token, container.length);
    return index === undefined ? undefined : container[index];
  }
  return Object.hasOwn(container, token) ? container[token] : undefined;
}

/** Position in a list; negative ones count from its end. */
function indexOf(token: string, length: number): number | undefined {
  if (!/^(0|-?[1-9]\d*)$/.test(token)) return undefined;
  const index = Number(token);
  const position = index < 0 ? index + length : index;
  return position >= 0 && position < length ? position : undefined;
}

interface Place {
  readonly parent: Container;
  readonly token: string;
}

function locate(root: Root, path: string, op: string): Place {
  const tokens = tokensOf(path);
  const token = tokens.pop() ?? "";
  let parent: unknown = root.value;
  for (const step of tokens) parent = isContainer(parent) ? childOf(parent, step) : undefined;
  if (!isContainer(parent)) {
    throw failed(`${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`);
  }
  return { parent, token };
}

function get(root: Root, path: string, op: string): unknown {
  if (path === "") return root.value;
  const { parent, token } = locate(root, path, op);
  const value = childOf(parent, token);
  if (value === undefined) {
    throw failed(`${op} operation does not apply: doc is missing key: ${JSON.stringify(path)}: missing value`);
  }
  return value;
}

function add(root: Root, path: string, value: unknown): void {
  if (path === "") {
    root.value = value;
    return;
  }
  const { parent, token } = locate(root, path, "add");
  if (!Array.isArray(parent)) return setOwn(parent, token, value);
  const index = token === "-" ? parent.length : indexOf(token, parent.length + 1);
  if (index === undefined)
    throw failed(
      `add operation does not apply: doc is missing path: ${JSON.stringify(path)}: invalid index referenced`,
    );
  parent.splice(index, 0, value);
}

function remove(root: Root, path: string, op: string): unknown {
  if (path === "") throw failed(`${op} operation does not apply: unable to remove the root: missing value`);
  const { parent, token } = locate(root, path, op);
  if (Array.isArray(parent)) {
    const index = indexOf(token, parent.length);
    if (index === undefined)
      throw failed(
        `error in ${op} for path: '${path}': Unable to access invalid index: ${token}: invalid index referenced`,
      );
    return parent.splice(index, 1)[0];
  }
  if (!Object.hasOwn(parent, token))
    throw failed(`error in ${op} for path: '${path}': Unable to remove nonexistent key: ${token}: missing value`);
  const value = parent[token];
  delete parent[token];
  return value;
}

function replace(root: Root, path: string, value: unknown): void {
  if (path === "") {
    root.value = value;
    return;
  }
  const { parent, token } = locate(root, path, "replace");
  if (Array.isArray(parent)) {
    const index = indexOf(token, parent.length);
    if (index === undefined)
      throw failed(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    parent[index] = value;
    return;
  }
  if (!Object.hasOwn(parent, token))
    throw failed(`replace operation does not apply: doc is missing key: ${path}: missing value`);
  setOwn(parent, token, value);
}

function test(root: Root, operation: JsonPatchOperation): void {
  const path = pathOf(operation, "path");
  const { parent, token } = path === "" ? { parent: { "": root.value }, token: "" } : locate(root, path, "test");
  // A missing field equals null, as upstream has it.
  const actual = childOf(parent, token) ?? null;
  if (!deepEqual(actual, operation.value ?? null)) throw failed(`testing value ${path} failed: test failed`);
}
