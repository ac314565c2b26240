/** The document of `/openapi/v2` (Swagger 2.0): one for the whole server. */
import { META } from "../schema/definitions.ts";
import type { Operation } from "./operations.ts";
import { definitionsV2, reachable } from "./schemas.ts";

const BODY_TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const STREAM_TYPES = ["application/json;stream=watch"];
const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const REF = "#/definitions/";
/** Definitions that no path refers to but clients look up. */
const ALSO = [
  "APIResourceList",
  "APIGroup",
  "APIGroupList",
  "APIVersions",
  "WatchEvent",
  "Status",
  "DeleteOptions",
].map((name) => `${META}.${name}`);

export interface OperationV2 {
  readonly description: string;
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly schemes: readonly string[];
  readonly tags: readonly string[];
  readonly parameters: readonly ParameterV2[];
  readonly responses: Readonly<Record<string, ResponseV2>>;
  readonly "x-kubernetes-action": string;
  readonly "x-kubernetes-group-version-kind": unknown;
}
export interface ParameterV2 {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly type?: string;
  readonly uniqueItems?: boolean;
  readonly schema?: { readonly $ref: string };
}
export interface ResponseV2 {
  readonly description: string;
  readonly schema?: { readonly $ref?: string; readonly type?: string };
}
export interface DocumentV2 {
  readonly swagger: "2.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationV2>>>>;
  readonly definitions: Readonly<Record<string, unknown>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly securityDefinitions: Readonly<
    Record<string, { readonly description: string; readonly in: string; readonly name: string; readonly type: string }>
  >;
}

const RESPONSES: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

export function documentV2(operations: readonly Operation[], version: string): DocumentV2 {
  const paths: Record<string, Record<string, OperationV2>> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = operationV2(operation);
  const named = operations.flatMap(({ body, answer }) => [body, answer].filter((name) => name !== undefined));
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version },
    paths,
    definitions: definitionsV2(reachable([...named, ...ALSO])),
    security: [{ BearerToken: [] }],
    securityDefinitions: {
      BearerToken: { description: "Bearer Token authentication", in: "header", name: "authorization", type: "apiKey" },
    },
  };
}

function operationV2(operation: Operation): OperationV2 {
  const { body, answer, action } = operation;
  return {
    description: operation.description,
    operationId: operation.id,
    consumes: action === "patch" ? PATCH_TYPES : ["*/*"],
    produces: action === "connect" ? ["*/*"] : action === "list" ? [...BODY_TYPES, ...STREAM_TYPES] : BODY_TYPES,
    schemes: ["https"],
    tags: [operation.tag],
    parameters: [
      ...(body === undefined
        ? []
        : [
            {
              name: "body",
              in: "body",
              required: action !== "delete" && action !== "deletecollection",
              schema: { $ref: REF + body },
            },
          ]),
      ...operation.parameters.map(({ name, in: place, type, description }) => ({
        name,
        in: place,
        type,
        description,
        uniqueItems: true,
        ...(place === "path" ? { required: true } : {}),
      })),
    ],
    responses: {
      ...Object.fromEntries(
        operation.codes.map((code) => [
          String(code),
          {
            description: RESPONSES[code] ?? "",
            schema: answer === undefined ? { type: "string" } : { $ref: REF + answer },
          },
        ]),
      ),
      "401": { description: "Unauthorized" },
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": operation.gvk,
  };
}
