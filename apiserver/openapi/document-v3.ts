/** The documents of `/openapi/v3/…`: one per group and version. */
import type { Operation } from "./operations.ts";
import { reachable, schemasV3 } from "./schemas.ts";

type Json = Record<string, unknown>;

const BODY_TYPES = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];
const REF = "#/components/schemas/";
const RESPONSES: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

export function documentV3(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations)
    (paths[operation.path] ??= pathItem(operation))[operation.method] = operationV3(operation);
  const named = operations.flatMap(({ body, answer }) => [body, answer].filter((name) => name !== undefined));
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version },
    paths,
    components: {
      schemas: schemasV3(reachable(named)),
      securitySchemes: {
        BearerToken: {
          type: "apiKey",
          description: "Bearer Token authentication",
          name: "authorization",
          in: "header",
        },
      },
    },
  };
}

/** What all operations of a path share: what stands in its braces. */
function pathItem(operation: Operation): Json {
  const shared = operation.parameters.filter((parameter) => parameter.in === "path");
  return shared.length === 0 ? {} : { parameters: shared.map(parameterV3) };
}

function parameterV3({ name, in: place, type, description }: Operation["parameters"][number]): Json {
  return {
    name,
    in: place,
    description,
    ...(place === "path" ? { required: true } : {}),
    schema: { type, uniqueItems: true },
  };
}

function content(types: readonly string[], definition: string | undefined): Json {
  const schema = definition === undefined ? { type: "string" } : { $ref: REF + definition };
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function operationV3(operation: Operation): Json {
  const { action, body, answer } = operation;
  const answers =
    action === "connect"
      ? ["*/*"]
      : answer === undefined
        ? ["text/plain"]
        : action === "list"
          ? [...BODY_TYPES, "application/json;stream=watch"]
          : BODY_TYPES;
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    parameters: operation.parameters.filter((parameter) => parameter.in === "query").map(parameterV3),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: content(action === "patch" ? PATCH_TYPES : ["*/*"], body),
            ...(action.startsWith("delete") ? {} : { required: true }),
          },
        }),
    responses: {
      ...Object.fromEntries(
        operation.codes.map((code) => [
          String(code),
          { description: RESPONSES[code] ?? "", content: content(answers, answer) },
        ]),
      ),
      "401": { description: "Unauthorized" },
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": operation.gvk,
  };
}
