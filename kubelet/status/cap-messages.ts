/** Keeps last words of containers from filling a pod: pure. Upstream: `status_manager.go` normalizeStatus. */
import type { ContainerState, ContainerStatus } from "../../shared/api/generated/core/v1.ts";

/** Over all containers of a pod. */
const POD_BYTES_MAX = 12 * 1024;

/** `containers`: how many the pod declares; each gets its share. */
export function capMessages(statuses: readonly ContainerStatus[], containers: number): ContainerStatus[] {
  const bytesMax = Math.floor(POD_BYTES_MAX / Math.max(1, containers));
  return statuses.map((status) => ({
    ...status,
    state: capped(status.state ?? {}, bytesMax),
    lastState: capped(status.lastState ?? {}, bytesMax),
  }));
}

function capped(state: ContainerState, bytesMax: number): ContainerState {
  const { terminated } = state;
  const bytes = new TextEncoder().encode(terminated?.message ?? "");
  if (terminated === undefined || bytes.length <= bytesMax) return state;
  // A character that was cut in two is left out.
  const message = new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
  return { ...state, terminated: { ...terminated, message } };
}
