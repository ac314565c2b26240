import type { ContainerPort } from "../../shared/api/generated/core/v1.ts";

/** Named port of a container, or the number itself; undefined when there is no such port. */
export function portNumber(port: number | string, ports: readonly ContainerPort[] | undefined): number | undefined {
  if (typeof port === "number") return port;
  const number = Number(port);
  if (Number.isInteger(number)) return number;
  return ports?.find(({ name }) => name === port)?.containerPort;
}
