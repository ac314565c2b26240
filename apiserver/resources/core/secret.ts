import type { Secret } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { secrets } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { immutable } from "../../validation/object-meta.ts";
import { forbiddenField, invalidFor, invalidValue, required, tooLong } from "../../validation/field-errors.ts";
import { configKeyProblems } from "../../validation/names.ts";
import { secretWarnings } from "./secret-warnings.ts";

const BYTES_MAX = 1024 * 1024;
const IMMUTABLE = "field is immutable when `immutable` is set";

export const secretStrategy = serve<Secret>({
  resource: secrets,
  storagePrefix: "secrets",
  defaults: (secret) => {
    secret.type ??= "Opaque";
    foldStringData(secret);
  },
  prepareForUpdate: (next, previous) => {
    // A write without a type means the type it has.
    if ((next.type ?? "") === "") next.type = previous.type;
  },
  validate: validateSecret,
  validateUpdate: (next, previous) => {
    const errors = immutable(next.type, previous.type, "type");
    if (previous.immutable !== true) return errors;
    return [
      ...errors,
      ...(next.immutable === true ? [] : [forbiddenField("immutable", IMMUTABLE)]),
      ...immutable(next.data, previous.data, "data").map(() => forbiddenField("data", IMMUTABLE)),
    ];
  },
  warnings: secretWarnings,
  selectableFields: { type: (secret) => secret.type ?? "" },
  columns: [
    nameColumn,
    textColumn("Type", "What kind of data it holds.", (secret) => secret.type ?? ""),
    textColumn("Data", "How many keys it holds.", (secret) => Object.keys(secret.data ?? {}).length),
    ageColumn,
  ],
  example: { type: "Opaque", data: { password: "aHVudGVyMg==" } },
});

/** `stringData` is for writing only: it ends up in `data`. */
function foldStringData(secret: Secret): void {
  if (secret.stringData === undefined) return;
  const entries = Object.entries(secret.stringData).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
  secret.data = { ...secret.data, ...(Object.fromEntries(entries) as Record<string, string>) };
  delete secret.stringData;
}

/** Keys that a type of secret must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/dockercfg": [".dockercfg"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
};
const ACCOUNT = "kubernetes.io/service-account.name";

function validateSecret(secret: Secret): FieldError[] {
  const data = secret.data ?? {};
  const errors = Object.keys(data).flatMap((key) => invalidFor(`data[${key}]`, key, configKeyProblems(key)));
  const bytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, "base64"), 0);
  if (bytes > BYTES_MAX) errors.push(tooLong("data", BYTES_MAX));
  return [...errors, ...typeErrors(secret, data)];
}

function typeErrors({ type = "", metadata }: Secret, data: Readonly<Record<string, string>>): FieldError[] {
  if (type === "kubernetes.io/basic-auth") {
    const names = ["username", "password"];
    return names.some((name) => data[name] !== undefined) ? [] : names.map((name) => required(`data[${name}]`));
  }
  if (type === "kubernetes.io/service-account-token") {
    const isNamed = (metadata.annotations?.[ACCOUNT] ?? "") !== "";
    return isNamed ? [] : [required(`metadata.annotations[${ACCOUNT}]`)];
  }
  return (REQUIRED_KEYS[type] ?? []).flatMap((key) => {
    const value = data[key];
    // A key for ssh must say something, too.
    if (value === undefined || (value === "" && key === "ssh-privatekey")) return [required(`data[${key}]`)];
    const problem = key.startsWith(".docker") ? objectProblem(value) : undefined;
    return problem === undefined ? [] : [invalidValue(`data[${key}]`, "<secret contents redacted>", problem)];
  });
}

/** Why bytes are no JSON object, as Go says it. */
function objectProblem(base64: string): string | undefined {
  const text = Buffer.from(base64, "base64").toString();
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && !Array.isArray(value)) return undefined;
    const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const [first = ""] = text.trim();
    return first === "" || first === "{"
      ? "unexpected end of JSON input"
      : `invalid character '${first}' looking for beginning of value`;
  }
}
