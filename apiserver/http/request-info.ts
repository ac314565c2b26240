/**
 * What a method and a URL ask for, in one pass over the path (apiserver `pkg/endpoints/request/requestinfo.go`).
 *
 *   /api/v1/namespaces/NS/pods/NAME/SUB…   /apis/GROUP/VERSION/nodes/NAME   /apis/G/V/watch/…   /healthz
 */
import { parseFieldSelector } from "../../shared/machinery/field-selector.ts";
import type { RequestInfo } from "./request-context.ts";

const VERB_OF_METHOD: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
/** What stands after `/namespaces/NAME/` is a subresource of the namespace, not a resource in it. */
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);
/** Path words that name a verb. */
const SPECIAL_VERBS = new Set(["proxy", "watch"]);

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    group: "",
    version: "",
    namespace: "",
    resource: "",
    subresource: "",
    name: "",
    trailingPath: "",
  };
}

/** The name that `metadata.name=` of a field selector asks for, or nothing. */
function nameOfFieldSelector(selector: string | null): string {
  if (selector === null || !selector.includes("metadata.name")) return "";
  try {
    const wanted = parseFieldSelector(selector).find((one) => one.field === "metadata.name" && one.operator === "=");
    const name = wanted?.value ?? "";
    return /^[^/%]*$/u.test(name) && name !== "." && name !== ".." ? name : "";
  } catch {
    // The handler answers 400 for it; for authorization it names nothing.
    return "";
  }
}

interface Prefix {
  readonly group: string;
  readonly version: string;
  readonly rest: readonly string[];
}

function prefixOf(segments: readonly string[]): Prefix | undefined {
  if (segments[0] === "api" && segments.length >= 3) {
    return { group: "", version: segments[1] ?? "", rest: segments.slice(2) };
  }
  if (segments[0] === "apis" && segments.length >= 4) {
    return { group: segments[1] ?? "", version: segments[2] ?? "", rest: segments.slice(3) };
  }
  return undefined;
}

interface Place {
  readonly namespace: string;
  /** Resource, name, subresource, and what follows. */
  readonly parts: readonly string[];
}

function placeOf(rest: readonly string[]): Place {
  if (rest[0] !== "namespaces") return { namespace: "", parts: rest };
  const namespace = rest[1] ?? "";
  const isInside = rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? "");
  return { namespace, parts: isInside ? rest.slice(2) : rest };
}

function collectionVerb(verb: string, query: URLSearchParams): string {
  if (verb === "delete") return "deletecollection";
  if (verb !== "get") return verb;
  const watch = query.get("watch");
  return watch !== null && isTrue(watch) ? "watch" : "list";
}

/** As the query decoder of apimachinery reads booleans: present and not `false` or `0`. */
export function isTrue(value: string): boolean {
  return value.toLowerCase() !== "false" && value !== "0";
}

/** `path` is decoded and without query; `query` is read for `watch` and `fieldSelector` only. */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const prefix = prefixOf(path.split("/").filter((segment) => segment !== ""));
  if (prefix === undefined) return nonResource(method, path);
  const special = SPECIAL_VERBS.has(prefix.rest[0] ?? "") ? (prefix.rest[0] ?? "") : "";
  if (special !== "" && prefix.rest.length < 2) return nonResource(method, path);
  const place = placeOf(special === "" ? prefix.rest : prefix.rest.slice(1));
  const [resource = "", name = "", subresource = ""] = place.parts;
  let verb = special === "" ? (VERB_OF_METHOD[method] ?? "") : special;
  let wantedName = name;
  if (name === "" && special === "") verb = collectionVerb(verb, query);
  if (name === "" && (verb === "list" || verb === "watch" || verb === "deletecollection")) {
    wantedName = nameOfFieldSelector(query.get("fieldSelector"));
  }
  return {
    isResourceRequest: true,
    path,
    verb,
    group: prefix.group,
    version: prefix.version,
    namespace: place.namespace,
    resource,
    subresource: special === "" ? subresource : "",
    name: wantedName,
    trailingPath: place.parts.length > 3 ? `/${place.parts.slice(3).join("/")}` : "",
  };
}
