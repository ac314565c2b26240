import type { Clock } from "../../shared/process/clock.ts";
import { createCriRuntime } from "./cri/cri-runtime.ts";
import { createDockerRuntime, type DockerRuntimeOptions } from "./docker/docker-runtime.ts";
import type { ContainerRuntime } from "./runtime.ts";

/** The Engine's socket is told from CRI's by its name: `docker.sock`, wherever it lies. */
export function isDockerEndpoint(endpoint: string): boolean {
  return endpoint.endsWith("/docker.sock");
}

/** The runtime that serves at the endpoint; connects with the first call. */
export function openRuntime(options: DockerRuntimeOptions, clock: Clock): ContainerRuntime {
  return isDockerEndpoint(options.endpoint)
    ? createDockerRuntime(options, clock)
    : createCriRuntime(options.endpoint, clock);
}
