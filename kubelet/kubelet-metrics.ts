/** Metrics of the kubelet, with upstream's names. Upstream: `pkg/kubelet/metrics`. */
import { Gauge, type Registry } from "../shared/process/metrics.ts";
import type { PodWorkers } from "./pods/pod-workers.ts";

export function registerKubeletMetrics(registry: Registry, nodeName: string, workers: PodWorkers): void {
  const registers = [registry];
  new Gauge({
    name: "kubelet_node_name",
    help: "The node's name. The count is always 1.",
    labelNames: ["node"],
    registers,
  }).set({ node: nodeName }, 1);
  new Gauge({
    name: "kubelet_running_pods",
    help: "Number of pods that have a running pod sandbox",
    registers,
    collect() {
      this.set(workers.list().filter(({ fingerprint }) => fingerprint.includes("=ready")).length);
    },
  });
  new Gauge({
    name: "kubelet_running_containers",
    help: "Number of containers currently running",
    labelNames: ["container_state"],
    registers,
    collect() {
      for (const state of ["created", "running", "exited", "unknown"]) {
        const count = workers
          .list()
          .reduce((total, { fingerprint }) => total + fingerprint.split(`=${state}`).length - 1, 0);
        this.set({ container_state: state }, count);
      }
    },
  });
}
