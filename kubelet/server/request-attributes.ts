/**
 * What a caller of the kubelet's server must be allowed in the API: pure. Upstream: `pkg/kubelet/server/auth.go`.
 * Any one of the subresources will do, the finest is asked first.
 */
const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

export function verbOf(method: string): string {
  return VERBS[method.toUpperCase()] ?? "";
}

const FINE: readonly (readonly [root: string, subresources: readonly string[]])[] = [
  ["/stats", ["stats"]],
  ["/metrics", ["metrics"]],
  ["/logs", ["log"]],
  ["/checkpoint", ["checkpoint"]],
  ["/healthz", ["healthz", "proxy"]],
  ["/configz", ["configz", "proxy"]],
  ["/pods", ["pods", "proxy"]],
  ["/runningpods", ["pods", "proxy"]],
  ["/statusz", ["statusz"]],
  ["/flagz", ["configz"]],
];

/** `/metrics/cadvisor` is below `/metrics`, `/metricsx` is not. */
export function subresourcesOf(path: string): readonly string[] {
  const found = FINE.find(([root]) => path === root || path.startsWith(`${root}/`));
  return found?.[1] ?? ["proxy"];
}
