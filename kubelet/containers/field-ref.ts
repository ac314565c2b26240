/** Values of `fieldRef` and `resourceFieldRef` (downward API): pure. Upstream: `pkg/fieldpath`, `pkg/api/v1/resource`. */
import type { Container, Pod, ResourceFieldSelector } from "../../shared/api/generated/core/v1.ts";
import { milliValue, value } from "../../shared/machinery/quantity.ts";

export interface PodAddresses {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
}

/** `key="value"` lines, sorted, as Go's `%q` writes the value. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .map(([key, text]) => `${key}=${JSON.stringify(text)}`)
    .toSorted()
    .join("\n");
}

function subscripted(path: string): { map: string; key: string } | undefined {
  const match = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(path);
  return match === null ? undefined : { map: match[1] ?? "", key: match[2] ?? "" };
}

/** Throws when the path is not one of the downward API. */
export function podFieldValue(pod: Pod, path: string, addresses: PodAddresses): string {
  const { metadata, spec } = pod;
  const entry = subscripted(path);
  if (entry !== undefined)
    return (entry.map.endsWith("labels") ? metadata.labels : metadata.annotations)?.[entry.key] ?? "";
  switch (path) {
    case "metadata.name":
      return metadata.name;
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid ?? "";
    case "metadata.labels":
      return formatMap(metadata.labels);
    case "metadata.annotations":
      return formatMap(metadata.annotations);
    case "spec.nodeName":
      return spec.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec.serviceAccountName ?? "";
    case "status.hostIP":
      return addresses.hostIps[0] ?? "";
    case "status.hostIPs":
      return addresses.hostIps.join(",");
    case "status.podIP":
      return addresses.podIps[0] ?? "";
    case "status.podIPs":
      return addresses.podIps.join(",");
    default:
      throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** A limit that is not set is the node's allocatable amount. Throws for an unknown resource. */
export function resourceFieldValue(
  selector: ResourceFieldSelector,
  container: Pick<Container, "resources">,
  allocatable: Readonly<Record<string, string>>,
): string {
  const match = /^(limits|requests)\.(.+)$/.exec(selector.resource);
  if (match === null) throw new Error(`unsupported container resource : ${selector.resource}`);
  const [, kind, name = ""] = match;
  const own = kind === "limits" ? container.resources?.limits?.[name] : container.resources?.requests?.[name];
  const quantity = own ?? (kind === "limits" ? allocatable[name] : undefined) ?? "0";
  const divisor = selector.divisor === undefined || selector.divisor === "0" ? "1" : selector.divisor;
  if (name === "cpu") return String(Math.ceil(milliValue(quantity) / milliValue(divisor)));
  return String(Math.ceil(value(quantity) / value(divisor)));
}
