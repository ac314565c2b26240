/** Which devices a container gets: pure. Upstream: `pkg/kubelet/cm/devicemanager/manager.go` devicesToAllocate. */
import type { Container, Pod } from "../../shared/api/generated/core/v1.ts";
import { value } from "../../shared/machinery/quantity.ts";

export interface DeviceNeed {
  readonly container: string;
  readonly resource: string;
  readonly count: number;
  /** Its devices are free again for the containers that come after it. */
  readonly isPassing: boolean;
}

/** In the order in which containers start; only resources that plugins of this node know. */
export function deviceNeeds({ spec }: Pod, isKnown: (resource: string) => boolean): DeviceNeed[] {
  const needsOf = ({ name, resources }: Container, isPassing: boolean): DeviceNeed[] =>
    Object.entries(resources?.limits ?? {})
      .filter(([resource, amount]) => isKnown(resource) && value(amount) > 0)
      .map(([resource, amount]) => ({ container: name, resource, count: value(amount), isPassing }));
  return [
    ...(spec.initContainers ?? []).flatMap((one) => needsOf(one, one.restartPolicy !== "Always")),
    ...spec.containers.flatMap((one) => needsOf(one, false)),
  ];
}

/** What there is to choose from; `reusable` must be taken first. Throws upstream's words when it is not enough. */
export function choices(
  { resource, count }: DeviceNeed,
  healthy: ReadonlySet<string>,
  used: ReadonlySet<string>,
  reusable: ReadonlySet<string>,
): { readonly mustHave: readonly string[]; readonly available: readonly string[] } {
  const mustHave = [...reusable].filter((id) => healthy.has(id)).slice(0, count);
  const free = [...healthy].filter((id) => !used.has(id) && !reusable.has(id)).toSorted();
  const missing = count - mustHave.length;
  if (free.length < missing) {
    throw new Error(
      `requested number of devices unavailable for ${resource}. Requested: ${count}, Available: ${free.length + mustHave.length}`,
    );
  }
  return { mustHave, available: free };
}

/** The plugin's preference as far as it keeps to what was offered, filled up from the rest. */
export function chosen(
  count: number,
  { mustHave, available }: { readonly mustHave: readonly string[]; readonly available: readonly string[] },
  preferred: readonly string[],
): string[] {
  const offered = new Set(available);
  const wanted = preferred.filter((id) => offered.has(id));
  return [...new Set([...mustHave, ...wanted, ...available])].slice(0, count);
}
