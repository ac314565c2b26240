import { apiVersionOf } from "../../shared/resources/resource.ts";
import type { RequestState } from "../http/request-state.ts";
import type { AnyStrategy } from "../registry/strategy.ts";

/** A type, not an interface, so that it is a plain record of label values. */
export type RequestLabels = {
  readonly verb: string;
  readonly dry_run: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
  readonly component: string;
};

const VERB_LABELS: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
};
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"]);
const CONNECT_SUBRESOURCES = new Set(["exec", "attach", "portforward", "proxy"]);

/**
 * Labels of a request's series. Only what is served becomes a label, so that clients cannot make series at will.
 * Equal labels are the same object.
 */
export class RequestLabeller {
  readonly #served = new Set<string>();
  readonly #known = new Map<string, RequestLabels>();

  constructor(strategies: readonly AnyStrategy[]) {
    for (const strategy of strategies) {
      const id = `${apiVersionOf(strategy.resource)}/${strategy.resource.plural}`;
      this.#served.add(`${id}/`);
      for (const { name } of strategy.use((one) => one.subresources)) this.#served.add(`${id}/${name}`);
    }
  }

  labelsOf({ info, request, query }: RequestState): RequestLabels {
    const { group, version, resource, subresource } = info;
    const isServed = info.isResourceRequest && this.#served.has(`${apiVersionOf(info)}/${resource}/${subresource}`);
    if (!isServed) {
      const verb = METHODS.has(request.method ?? "") ? (request.method ?? "") : "other";
      return this.#intern(verb, "", "", "", "", "", "");
    }
    const verb = CONNECT_SUBRESOURCES.has(subresource) ? "CONNECT" : (VERB_LABELS[info.verb] ?? "other");
    const isApply = verb === "PATCH" && (request.headers["content-type"] ?? "").startsWith("application/apply-patch");
    const dryRun = query.get("dryRun") === "All" ? "All" : "";
    const scope = scopeOf(info.name, info.namespace, info.verb);
    return this.#intern(isApply ? "APPLY" : verb, dryRun, group, version, resource, subresource, scope);
  }

  #intern(
    verb: string,
    dryRun: string,
    group: string,
    version: string,
    resource: string,
    subresource: string,
    scope: string,
  ): RequestLabels {
    const key = `${verb}|${dryRun}|${group}|${version}|${resource}|${subresource}|${scope}`;
    let labels = this.#known.get(key);
    if (labels === undefined) {
      labels = { verb, dry_run: dryRun, group, version, resource, subresource, scope, component: "apiserver" };
      this.#known.set(key, labels);
    }
    return labels;
  }
}

function scopeOf(name: string, namespace: string, verb: string): string {
  if (name !== "" || verb === "create") return "resource";
  return namespace === "" ? "cluster" : "namespace";
}
