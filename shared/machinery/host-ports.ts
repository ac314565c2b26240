import type { Pod } from "../api/generated/core/v1.ts";

/** A port that a pod wants on the node itself. */
export interface HostPort {
  readonly ip: string;
  /** `TCP/80`. */
  readonly socket: string;
}

const ANY = "0.0.0.0";

/** Host ports of a pod, those of sidecars included. */
export function hostPortsOf(pod: Pod): HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter((container) => container.restartPolicy === "Always");
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, hostIP, protocol }) => {
      if (hostPort === undefined || hostPort <= 0) return [];
      return [{ ip: hostIP === undefined || hostIP === "" ? ANY : hostIP, socket: `${protocol ?? "TCP"}/${hostPort}` }];
    }),
  );
}

/** True when both cannot be had on one node: the same port on the same address, or on all of them. */
export function portsConflict(left: HostPort, right: HostPort): boolean {
  return left.socket === right.socket && (left.ip === right.ip || left.ip === ANY || right.ip === ANY);
}
