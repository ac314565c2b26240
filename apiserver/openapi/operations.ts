/** The operations of every served resource, in a form that both versions of OpenAPI can be written from. */
import { apiVersionOf, type KubeObject, pathOf } from "../../shared/resources/resource.ts";
import type { AnyStrategy, Strategy, Subresource } from "../registry/strategy.ts";
import { definitionNameOf, type GroupVersionKind, META } from "../schema/definitions.ts";
import {
  CREATE_PARAMETERS,
  DELETE_COLLECTION_PARAMETERS,
  DELETE_PARAMETERS,
  LIST_PARAMETERS,
  type Parameter,
  PATCH_PARAMETERS,
  PRETTY,
} from "./parameters.ts";

export type Method = "get" | "put" | "post" | "delete" | "patch" | "options" | "head";

export interface Operation {
  readonly path: string;
  readonly method: Method;
  readonly id: string;
  readonly description: string;
  /** `x-kubernetes-action`. */
  readonly action: string;
  readonly gvk: GroupVersionKind;
  /** `core_v1`. */
  readonly tag: string;
  readonly parameters: readonly Parameter[];
  /** Name of the definition of the body. */
  readonly body?: string;
  /** Name of the definition of the answer; text when there is none. */
  readonly answer?: string;
  readonly codes: readonly number[];
}

/** A path with what stands in its braces. */
interface Route {
  readonly path: string;
  readonly parameters: readonly Parameter[];
}

const STATUS = `${META}.Status`;
const DELETE_OPTIONS = `${META}.DeleteOptions`;
const PATCH = `${META}.Patch`;

const NAME: Parameter = { name: "name", in: "path", type: "string", description: "name of the object" };
const NAMESPACE: Parameter = { name: "namespace", in: "path", type: "string", description: "namespace of the object" };

export function operationsOf(strategies: readonly AnyStrategy[]): Operation[] {
  return strategies.flatMap((strategy) => strategy.use(operationsOfStrategy));
}

function operationsOfStrategy<T extends KubeObject>(strategy: Strategy<T>): Operation[] {
  const { resource } = strategy;
  const isNamespaced = resource.scope === "Namespaced";
  const definition = definitionNameOf(resource);
  if (definition === undefined) return [];
  const scope = isNamespaced ? [NAMESPACE] : [];
  const namespace = isNamespaced ? "{namespace}" : undefined;
  const collection: Route = { path: decoded(pathOf(resource, namespace)), parameters: scope };
  const item: Route = { path: decoded(pathOf(resource, namespace, "{name}")), parameters: [NAME, ...scope] };
  const make = maker(strategy, definition);
  const verbs = new Set(strategy.verbs);
  const operations: Operation[] = [];
  const list = `${definition}List`;
  if (verbs.has("list")) operations.push(make.operation(collection, "get", "list", LIST_PARAMETERS, { answer: list }));
  if (verbs.has("create"))
    operations.push(
      make.operation(collection, "post", "post", CREATE_PARAMETERS, {
        body: definition,
        answer: definition,
        codes: [200, 201, 202],
      }),
    );
  if (verbs.has("deletecollection"))
    operations.push(
      make.operation(collection, "delete", "deletecollection", DELETE_COLLECTION_PARAMETERS, {
        body: DELETE_OPTIONS,
        answer: STATUS,
      }),
    );
  if (verbs.has("get")) operations.push(make.operation(item, "get", "get", [], { answer: definition }));
  if (verbs.has("update"))
    operations.push(
      make.operation(item, "put", "put", CREATE_PARAMETERS, {
        body: definition,
        answer: definition,
        codes: [200, 201],
      }),
    );
  if (verbs.has("delete"))
    operations.push(
      make.operation(item, "delete", "delete", DELETE_PARAMETERS, {
        body: DELETE_OPTIONS,
        answer: STATUS,
        codes: [200, 202],
      }),
    );
  if (verbs.has("patch"))
    operations.push(
      make.operation(item, "patch", "patch", PATCH_PARAMETERS, { body: PATCH, answer: definition, codes: [200, 201] }),
    );
  for (const subresource of strategy.subresources) operations.push(...subresourceOperations(make, item, subresource));
  if (isNamespaced && verbs.has("list")) {
    operations.push(
      make.operation(
        { path: decoded(pathOf(resource, undefined)), parameters: [] },
        "get",
        "list",
        LIST_PARAMETERS,
        { answer: list },
        "ForAllNamespaces",
      ),
    );
  }
  return operations;
}

interface Rest {
  readonly body?: string;
  readonly answer?: string;
  readonly codes?: readonly number[];
}

interface Maker {
  readonly definition: string;
  operation(
    route: Route,
    method: Method,
    action: string,
    parameters: readonly Parameter[],
    rest: Rest,
    suffix?: string,
    kind?: GroupVersionKind,
  ): Operation;
}

const VERBS: Readonly<Record<string, string>> = {
  list: "list",
  post: "create",
  deletecollection: "delete",
  get: "read",
  put: "replace",
  delete: "delete",
  patch: "patch",
  connect: "connect",
};

function maker<T extends KubeObject>(strategy: Strategy<T>, definition: string): Maker {
  const { group, version, kind, scope } = strategy.resource;
  const words = (group === "" ? "core" : group.replace(/\.k8s\.io$/u, "")).split(/[.-]/u);
  const camel = words.map((word, index) => (index === 0 ? word : capitalize(word))).join("");
  return {
    definition,
    operation: (route, method, action, parameters, rest, suffix = "", gvk = { group, version, kind }) => {
      const isCollection = action === "deletecollection" ? "Collection" : "";
      const scoped = scope === "Namespaced" && suffix !== "ForAllNamespaces" ? "Namespaced" : "";
      const verb = action === "connect" ? `connect${capitalize(method)}` : (VERBS[action] ?? action);
      return {
        path: route.path,
        method,
        id: `${verb}${capitalize(camel)}${capitalize(version)}${isCollection}${scoped}${kind}${suffix}`,
        description: `${verb} ${kind} of ${apiVersionOf(strategy.resource)}`,
        action,
        gvk,
        tag: `${camel}_${version}`,
        parameters: [...route.parameters, PRETTY, ...parameters],
        codes: rest.codes ?? [200],
        ...(rest.body === undefined ? {} : { body: rest.body }),
        ...(rest.answer === undefined ? {} : { answer: rest.answer }),
      };
    },
  };
}

const METHODS: Readonly<Record<string, readonly Method[]>> = {
  get: ["get"],
  create: ["post"],
  update: ["put"],
  patch: ["patch"],
  delete: ["delete"],
};

function subresourceOperations(make: Maker, item: Route, subresource: Subresource): Operation[] {
  const route = { path: `${item.path}/${subresource.name}`, parameters: item.parameters };
  const kind = subresource.kind;
  const body = (kind === undefined ? undefined : definitionNameOf(kind)) ?? make.definition;
  const suffix = capitalize(subresource.name);
  return subresource.verbs
    .flatMap((verb) => METHODS[verb] ?? [])
    .map((method) => {
      if (subresource.isConnect === true) return make.operation(route, method, "connect", [], {}, suffix, kind);
      if (subresource.name === "log") return make.operation(route, method, method, [], {}, suffix, kind);
      if (method === "get") return make.operation(route, method, method, [], { answer: body }, suffix, kind);
      if (method === "patch")
        return make.operation(route, method, method, PATCH_PARAMETERS, { body: PATCH, answer: body }, suffix, kind);
      return make.operation(
        route,
        method,
        method,
        CREATE_PARAMETERS,
        { body, answer: body, codes: [200, 201] },
        suffix,
        kind,
      );
    });
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** `pathOf` escapes the braces. */
function decoded(path: string): string {
  return path.replaceAll("%7B", "{").replaceAll("%7D", "}");
}
