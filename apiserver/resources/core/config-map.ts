import type { ConfigMap } from "../../../shared/api/generated/core/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { configMaps } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { immutable } from "../../validation/object-meta.ts";
import { forbiddenField, invalidFor, invalidValue, tooLong } from "../../validation/field-errors.ts";
import { configKeyProblems } from "../../validation/names.ts";

const BYTES_MAX = 1024 * 1024;
const IMMUTABLE = "field is immutable when `immutable` is set";

export const configMapStrategy = serve<ConfigMap>({
  resource: configMaps,
  shortNames: ["cm"],
  storagePrefix: "configmaps",
  validate: validateConfigMap,
  validateUpdate: (next, previous) => {
    if (previous.immutable !== true) return [];
    return [
      ...(next.immutable === true ? [] : [forbiddenField("immutable", IMMUTABLE)]),
      ...immutable(next.data, previous.data, "data").map(() => forbiddenField("data", IMMUTABLE)),
      ...immutable(next.binaryData, previous.binaryData, "binaryData").map(() =>
        forbiddenField("binaryData", IMMUTABLE),
      ),
    ];
  },
  columns: [
    nameColumn,
    textColumn(
      "Data",
      "How many keys it holds.",
      ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    ),
    ageColumn,
  ],
  example: { data: { "app.properties": "color=blue\n" } },
});

function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    errors.push(...invalidFor(`data[${key}]`, key, configKeyProblems(key)));
    if (Object.hasOwn(binaryData, key))
      errors.push(invalidValue(`data[${key}]`, key, "duplicate of key present in binaryData"));
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...invalidFor(`binaryData[${key}]`, key, configKeyProblems(key)));
    bytes += Buffer.byteLength(value, "base64");
  }
  // The whole object is meant: a path of one empty name.
  return bytes > BYTES_MAX ? [...errors, tooLong("[]", BYTES_MAX)] : errors;
}
