/**
 * From what a request asks for to the handler that answers: the innermost step of the chain. Resource requests are
 * found by group, version and plural in one map; everything else is a path (`paths.ts`).
 */
import { badRequest, StatusError } from "../../shared/errors/status-error.ts";
import { apiVersionOf } from "../../shared/resources/resource.ts";
import type { RequestHandler } from "../http/filter.ts";
import { negotiate } from "../http/negotiate.ts";
import type { RequestContext, RequestInfo } from "../http/request-context.ts";
import type { AnyStrategy, Verb } from "../registry/strategy.ts";
import { ALL_VERBS } from "../registry/strategy.ts";
import { pathSegmentProblems } from "../validation/names.ts";
import type { Handler, ResourceTarget } from "./handler.ts";

/** `<method verb>` of a handler table: those of `Verb`, without deletecollection's long name. */
export interface DispatchTable {
  readonly strategies: readonly AnyStrategy[];
  readonly verbs: Readonly<Record<Verb, Handler>>;
  /** By `<group>/<plural>/<subresource>`; wins over `anySubresource`. With an empty subresource: over the verbs. */
  readonly subresources: ReadonlyMap<string, Handler>;
  /** By subresource name: what every kind has that declares it. */
  readonly anySubresource: ReadonlyMap<string, Handler>;
  /** Paths that are no resources. */
  readonly paths: (context: RequestContext) => Promise<boolean>;
}

function notServed(): StatusError {
  return new StatusError("NotFound", "the server could not find the requested resource", { details: {} });
}

function methodNotAllowed(): StatusError {
  return new StatusError("MethodNotAllowed", "the server does not allow this method on the requested resource", {
    details: {},
  });
}

function isVerb(verb: string): verb is Verb {
  return (ALL_VERBS as readonly string[]).includes(verb);
}

/** Verbs that are about a collection: they have no name in the path. */
const COLLECTION_VERBS: ReadonlySet<string> = new Set(["create", "list", "deletecollection"]);
/** Verbs that work over all namespaces. */
const CLUSTER_WIDE_VERBS: ReadonlySet<string> = new Set(["list", "watch"]);

const CHANGING_VERBS: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);
const CONNECTING: ReadonlySet<string> = new Set(["attach", "exec", "portforward", "proxy"]);

/** 404 for another scope than the kind's, 400 for names that no object can have. */
function checkPlace(strategy: AnyStrategy, info: RequestInfo): void {
  const isNamespaced = strategy.resource.scope === "Namespaced";
  const isNamespaceItself = info.resource === "namespaces" && info.group === "";
  if (!isNamespaced && info.namespace !== "" && !isNamespaceItself) throw notServed();
  if (isNamespaced && info.namespace === "" && !CLUSTER_WIDE_VERBS.has(info.verb)) throw methodNotAllowed();
  for (const [what, value] of [
    ["Name", info.name],
    ["Namespace", info.namespace],
  ] as const) {
    const problems = value === "" ? [] : pathSegmentProblems(value);
    if (problems.length > 0)
      throw badRequest(`${what} parameter invalid: ${JSON.stringify(value)}: ${problems.join(";")}`);
  }
}

/** Who takes no answer of ours must not change anything either. Reads negotiate for themselves; streams do not. */
function checkAccept({ info, request }: RequestContext, strategy: AnyStrategy): void {
  if (!CHANGING_VERBS.has(info.verb) || CONNECTING.has(info.subresource)) return;
  // What cannot be read, as reviews, has no columns either.
  const hasTables = strategy.use((one) => one.verbs.includes("get"));
  negotiate(request.headers.accept, { hasTables });
}

function verbHandler(table: DispatchTable, strategy: AnyStrategy, info: RequestInfo): Handler {
  const { verb } = info;
  const isServed = isVerb(verb) && strategy.use((one) => one.verbs.includes(verb));
  if (!isServed || (info.name === "" && !COLLECTION_VERBS.has(verb) && verb !== "watch")) throw methodNotAllowed();
  // The name of a collection request comes from its field selector, never from its path.
  const isNamed = info.path.replace(/\/+$/u, "").endsWith(`/${info.resource}/${info.name}`);
  if (info.name !== "" && isNamed && COLLECTION_VERBS.has(verb)) throw methodNotAllowed();
  return table.verbs[verb];
}

function subresourceHandler(table: DispatchTable, strategy: AnyStrategy, info: RequestInfo): Handler {
  const { group, resource, subresource } = info;
  const isDeclared = strategy.use((one) => one.subresources.some((declared) => declared.name === subresource));
  const handler =
    table.subresources.get(`${group}/${resource}/${subresource}`) ?? table.anySubresource.get(subresource);
  // Only what is proxied has paths of its own.
  const isTooLong = info.trailingPath !== "" && subresource !== "proxy";
  if (!isDeclared || handler === undefined || isTooLong) throw notServed();
  return handler;
}

export function createDispatcher(table: DispatchTable): RequestHandler {
  const strategies = new Map(
    table.strategies.map((one) => [`${apiVersionOf(one.resource)}/${one.resource.plural}`, one]),
  );
  return async (context) => {
    const { info } = context;
    if (!info.isResourceRequest) {
      if (!(await table.paths(context))) throw notServed();
      return;
    }
    const strategy = strategies.get(`${apiVersionOf(info)}/${info.resource}`);
    if (strategy === undefined) throw notServed();
    checkPlace(strategy, info);
    // The deprecated `watch/` in a path says so for any method.
    if (info.verb === "watch" && context.request.method !== "GET") throw methodNotAllowed();
    checkAccept(context, strategy);
    const deprecation = strategy.use((one) => one.deprecation);
    if (deprecation !== undefined) context.warnings.push(deprecation);
    const isNamespaceItself = info.resource === "namespaces" && info.group === "";
    const target: ResourceTarget = {
      strategy,
      namespace: isNamespaceItself ? "" : info.namespace,
      name: info.name,
      subresource: info.subresource,
    };
    const whole = table.subresources.get(`${info.group}/${info.resource}/`);
    if (info.subresource !== "") return subresourceHandler(table, strategy, info)(context, target);
    const own = verbHandler(table, strategy, info);
    return (whole ?? own)(context, target);
  };
}
