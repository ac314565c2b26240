/**
 * From files and flags to one configuration. Upstream: `cmd/kubelet/app/server.go` (loadConfigFile, mergeKubeletConfigurations,
 * kubeletConfigFlagPrecedence), `pkg/kubelet/kubeletconfig/configfiles`.
 *
 * C1. What a later source says wins: defaults, the file, the drop-in files by name, the flags.
 * C2. A file that says something we do not know is refused as a whole, with the field's name.
 */
import { parseDocument } from "yaml";
import { parseDurationMs } from "../../shared/process/flags.ts";
import {
  configurationFields,
  DEFAULT_EVICTION_HARD,
  type FieldSpec,
  type FieldSpecs,
  type KubeletConfiguration,
} from "./configuration-fields.ts";

/** The configuration cannot be used; the message is one plain line. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

export interface ConfigurationFile {
  readonly path: string;
  readonly text: string;
}

const API_VERSION = "kubelet.config.k8s.io/v1beta1";
const KIND = "KubeletConfiguration";
const fields: FieldSpecs = configurationFields;
/** Paths that are objects in the file, for example `authentication.webhook`. */
const objectPaths = new Set(
  Object.keys(fields).flatMap((path) => {
    const steps = path.split(".");
    return steps.slice(1).map((_, index) => steps.slice(0, index + 1).join("."));
  }),
);

type Values = Record<string, unknown>;

/** `flags` are those that were given, by the field they set. Throws `ConfigurationError`. */
export function readConfiguration(files: readonly ConfigurationFile[], flags: Values = {}): KubeletConfiguration {
  const told: Values = {};
  for (const file of files) Object.assign(told, readFile(file));
  Object.assign(told, flags);
  const values: Values = {};
  for (const [path, spec] of Object.entries(fields)) values[path] = told[path] ?? defaultOf(spec);
  values["evictionHard"] = hardThresholds(told);
  return values as unknown as KubeletConfiguration;
}

/** The default thresholds stand when none is told, and beside those that are told when that is asked for. */
function hardThresholds(told: Values): unknown {
  if (told["evictionHard"] === undefined) return DEFAULT_EVICTION_HARD;
  return told["mergeDefaultEvictionSettings"] === true
    ? { ...DEFAULT_EVICTION_HARD, ...(told["evictionHard"] as object) }
    : told["evictionHard"];
}

function defaultOf(spec: FieldSpec): unknown {
  return spec.type === "duration" ? parseDurationMs(spec.default) : spec.default;
}

function readFile({ path, text }: ConfigurationFile): Values {
  const fail = (problem: string): never => {
    throw new ConfigurationError(
      `failed to load kubelet config file, path: ${path}, error: ${problem.replaceAll("\n", " ")}`,
    );
  };
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) return fail(error.message);
  const content: unknown = document.toJS();
  if (!isObject(content)) return fail("it is not a mapping");
  const { apiVersion, kind, ...rest } = content;
  if (apiVersion !== API_VERSION || kind !== KIND) {
    return fail(`no kind ${JSON.stringify(kind ?? "")} is registered for version ${JSON.stringify(apiVersion ?? "")}`);
  }
  const values: Values = {};
  const problem = collect(rest, "", values);
  return problem === undefined ? values : fail(problem);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Fills `values` by path; gives the first thing that is wrong. */
function collect(content: Record<string, unknown>, prefix: string, values: Values): string | undefined {
  for (const [name, value] of Object.entries(content)) {
    const path = `${prefix}${name}`;
    const problem = takeField(path, value, values);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function takeField(path: string, value: unknown, values: Values): string | undefined {
  const spec = Object.hasOwn(fields, path) ? fields[path] : undefined;
  if (spec === undefined && !objectPaths.has(path)) return `strict decoding error: unknown field "${path}"`;
  if (value === null) return undefined;
  if (spec === undefined) {
    return isObject(value) ? collect(value, `${path}.`, values) : `${path} must be an object`;
  }
  const read = readValue(spec, value);
  if ("problem" in read) return `${path} ${read.problem}`;
  values[path] = read.value;
  return undefined;
}

type ReadValue = { readonly value: unknown } | { readonly problem: string };

function readValue(spec: FieldSpec, value: unknown): ReadValue {
  switch (spec.type) {
    case "string":
      return typeof value === "string" ? { value } : { problem: "must be a string" };
    case "number":
      return typeof value === "number" ? { value } : { problem: "must be a number" };
    case "boolean":
      return typeof value === "boolean" ? { value } : { problem: "must be true or false" };
    case "duration":
      return readDuration(value);
    case "list": {
      const isList = Array.isArray(value) && value.every((item) => typeof item === "string");
      return isList ? { value } : { problem: "must be a list of strings" };
    }
    case "map":
      return readMap(value);
    case "json":
      return { value };
  }
}

function readDuration(value: unknown): ReadValue {
  if (typeof value !== "string") return { problem: "must be a duration such as 30s" };
  try {
    return { value: parseDurationMs(value) };
  } catch (error) {
    return { problem: `is not a duration: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Booleans are what feature gates have. */
function readMap(value: unknown): ReadValue {
  if (!isObject(value)) return { problem: "must be an object" };
  const entries = Object.entries(value).map(([key, item]) => [key, item] as const);
  const isPlain = entries.every(([, item]) => ["string", "number", "boolean"].includes(typeof item));
  return isPlain
    ? { value: Object.fromEntries(entries.map(([key, item]) => [key, String(item)])) }
    : { problem: "must have strings as values" };
}
