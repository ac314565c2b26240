import type { Clock } from "../../shared/process/clock.ts";
import type { Logger } from "../../shared/process/logger.ts";
import type { PodWorkers } from "../pods/pod-workers.ts";
import type { ContainerRuntime, ObservedPod } from "../runtime/runtime.ts";
import type { StreamingRoutes } from "./kubelet-server.ts";
import { HttpRefusal, type StreamTarget } from "./streaming/stream-target.ts";
import { createStreamingUpgrades } from "./streaming/streaming-upgrades.ts";

export interface StreamingRoutesOptions {
  readonly runtime: ContainerRuntime;
  readonly workers: PodWorkers;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Exec, attach and port-forward of the pods on this node. */
export function createStreamingRoutes({ runtime, workers, clock, logger }: StreamingRoutesOptions): StreamingRoutes {
  const observe = (target: StreamTarget): Promise<ObservedPod> => {
    const worker = workers.find(target.namespace, target.podName);
    if (worker === undefined || (target.podUid !== "" && worker.uid !== target.podUid)) {
      throw new HttpRefusal(404, "pod does not exist");
    }
    return runtime.observePod(worker.uid);
  };
  const serve = createStreamingUpgrades({
    runtime,
    clock,
    logger,
    findContainer: async (target) => {
      const { containers } = await observe(target);
      const running = containers.find(({ name, state }) => name === target.container && state === "running");
      if (running === undefined) throw new HttpRefusal(500, `container not found ("${target.container}")`);
      return running.id;
    },
    findSandbox: async (target) => {
      const { sandboxes } = await observe(target);
      const ready = sandboxes.find(({ state }) => state === "ready");
      if (ready === undefined) throw new HttpRefusal(500, `failed to find sandbox of pod ${target.podName}`);
      return ready.id;
    },
  });
  return {
    extend: (app) => {
      const paths = ["/exec/*path", "/attach/*path", "/portForward/*path"];
      app.all(
        paths,
        (_request, response) => void response.status(400).type("text/plain").send("Upgrade request required\n"),
      );
    },
    upgrade: (request, socket, head) => void serve(request, socket, head),
  };
}
