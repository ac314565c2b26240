import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresourceScale,
  JSONSchemaProps,
  SelectableField,
} from "../../../shared/api/generated/apiextensions/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { duplicate, forbiddenField, invalidValue, required, tooMany } from "../../validation/field-errors.ts";
import { schemaErrors } from "./schema.ts";
import { structuralErrors } from "./structural-schema.ts";

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
const WARNING_LENGTH_MAX = 256;
const SELECTABLE_FIELDS_MAX = 8;
const NOT_PRINTABLE = /[^\P{C}]|[^\P{Z} ]/u;

export function versionErrors(version: CustomResourceDefinitionVersion, field: string): FieldError[] {
  const { schema, subresources, additionalPrinterColumns = [], selectableFields = [] } = version;
  const props = schema?.openAPIV3Schema;
  const at = `${field}.schema.openAPIV3Schema`;
  return [
    ...deprecationErrors(version).map((problem) =>
      invalidValue(`${field}.deprecationWarning`, version.deprecationWarning, problem),
    ),
    ...(props === undefined ? [] : rootSchemaErrors(props, at, subresources?.status !== undefined)),
    ...scaleErrors(subresources?.scale, `${field}.subresources`),
    ...additionalPrinterColumns.flatMap((column, index) =>
      columnErrors(column, `${field}.additionalPrinterColumns[${index}]`),
    ),
    ...selectableErrors(selectableFields, props, `${field}.selectableFields`),
  ];
}

function deprecationErrors({
  deprecated = false,
  deprecationWarning: text,
}: CustomResourceDefinitionVersion): string[] {
  if (text === undefined) return [];
  if (!deprecated) return ["can only be set for deprecated versions"];
  const problems: string[] = [];
  if (Buffer.byteLength(text) > WARNING_LENGTH_MAX) problems.push(`must be <= ${WARNING_LENGTH_MAX} characters long`);
  if (text === "") problems.push("must not be an empty string");
  const wrong = text.search(NOT_PRINTABLE);
  if (wrong >= 0)
    problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${wrong}`);
  return problems;
}

function rootSchemaErrors(schema: JSONSchemaProps, field: string, hasStatus: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (hasStatus && schema.type !== "object") {
    errors.push(
      invalidValue(
        `${field}.type`,
        schema.type ?? "",
        'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
      ),
    );
  }
  if (schema.nullable === true) errors.push(forbiddenField(`${field}.nullable`, "nullable cannot be true at the root"));
  errors.push(...schemaErrors(schema, field));
  return [...errors, ...structuralErrors(schema, field)];
}

function columnErrors(
  { name, type, format = "", jsonPath }: CustomResourceColumnDefinition,
  field: string,
): FieldError[] {
  const types = `must be one of ${COLUMN_TYPES.join(",")}`;
  const formats = `must be one of ${COLUMN_FORMATS.join(",")}`;
  return [
    ...(name === "" ? [required(`${field}.name`)] : []),
    ...(type === ""
      ? [required(`${field}.type`, types)]
      : COLUMN_TYPES.includes(type)
        ? []
        : [invalidValue(`${field}.type`, type, types)]),
    ...(format === "" || COLUMN_FORMATS.includes(format) ? [] : [invalidValue(`${field}.format`, format, formats)]),
    ...(jsonPath === "" ? [required(`${field}.JSONPath`)] : pathErrors(jsonPath, `${field}.JSONPath`)),
  ];
}

function pathErrors(path: string, field: string): FieldError[] {
  return path.startsWith(".") ? [] : [invalidValue(field, path, "must be a simple json path starting with .")];
}

function scaleErrors(scale: CustomResourceSubresourceScale | undefined, field: string): FieldError[] {
  if (scale === undefined) return [];
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = "" } = scale;
  const below = (path: string, name: string, roots: readonly string[], where: string): FieldError[] => {
    const at = `${field}.scale.${name}`;
    const errors = pathErrors(path, at);
    if (errors.length > 0 || roots.some((root) => path.startsWith(root))) return errors;
    return [invalidValue(at, path, `should be a json path under ${where}`)];
  };
  return [
    ...(specReplicasPath === ""
      ? [required(`${field}.scale.specReplicasPath`)]
      : below(specReplicasPath, "specReplicasPath", [".spec."], ".spec")),
    ...(statusReplicasPath === ""
      ? [required(`${field}.scale.statusReplicasPath`)]
      : below(statusReplicasPath, "statusReplicasPath", [".status."], ".status")),
    ...(labelSelectorPath === ""
      ? []
      : below(labelSelectorPath, "labelSelectorPath", [".spec.", ".status."], "either .spec or .status")),
  ];
}

function selectableErrors(
  fields: readonly SelectableField[],
  schema: JSONSchemaProps | undefined,
  field: string,
): FieldError[] {
  if (fields.length === 0) return [];
  if (schema === undefined)
    return [invalidValue(field, "", "may only be set when `version.schema.openAPIV3Schema` is not included")];
  const paths = fields.map(({ jsonPath }) => jsonPath);
  const errors = paths.flatMap((path, index): FieldError[] => {
    const at = `${field}[${index}].jsonPath`;
    if (path === "") return [required(at)];
    const found = fieldOf(schema, path);
    if (found === undefined) return [invalidValue(at, path, `is an invalid path: does not refer to a valid field`)];
    return [
      ...(path.startsWith(".metadata") ? [invalidValue(at, path, "must not point to fields in metadata")] : []),
      ...(["string", "boolean", "integer"].includes(found.type ?? "")
        ? []
        : [
            invalidValue(
              at,
              path,
              "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
            ),
          ]),
      ...(paths.indexOf(path) < index ? [duplicate(at, path)] : []),
    ];
  });
  const count = new Set(paths).size;
  return count > SELECTABLE_FIELDS_MAX ? [...errors, tooMany(field, count, SELECTABLE_FIELDS_MAX)] : errors;
}

/** The schema at `.spec.color`. */
function fieldOf(schema: JSONSchemaProps, path: string): JSONSchemaProps | undefined {
  if (!path.startsWith(".")) return undefined;
  let found: JSONSchemaProps | undefined = schema;
  for (const step of path.slice(1).split(".")) {
    found = Object.hasOwn(found?.properties ?? {}, step) ? found?.properties?.[step] : undefined;
  }
  return found;
}
