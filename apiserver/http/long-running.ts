import type { RequestInfo } from "./request-context.ts";

const VERBS = new Set(["watch", "proxy"]);
const SUBRESOURCES = new Set(["attach", "exec", "proxy", "log", "portforward"]);

/** Requests without an end of their own: no timeout, no limit in flight (upstream: BasicLongRunningRequestCheck). */
export function isLongRunning(info: RequestInfo): boolean {
  if (!info.isResourceRequest) return info.path.startsWith("/debug/pprof/");
  return VERBS.has(info.verb) || SUBRESOURCES.has(info.subresource);
}
