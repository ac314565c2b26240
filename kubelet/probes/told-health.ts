/** Health of a container that was found before this kubelet started: pure. */
import type { Pod } from "../../shared/api/generated/core/v1.ts";
import type { RuntimeContainer } from "../runtime/runtime.ts";

/** What the kubelet before us told of a container that runs on. */
export interface ToldHealth {
  readonly isStarted: boolean;
  readonly isReady: boolean;
}

/** What the API has of this very container. */
export function toldHealth({ status }: Pod, { id }: RuntimeContainer): ToldHealth | undefined {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const told = all.find(({ containerID }) => containerID?.endsWith(`//${id}`) === true);
  return told === undefined ? undefined : { isStarted: told.started === true, isReady: told.ready };
}
