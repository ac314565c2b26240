/**
 * Metrics of one process: prom-client's registry with the process metrics that dashboards expect, `go_goroutines`
 * (they plot it for every component: we count pending resources of the event loop) and `kubernetes_build_info`.
 */
import { Gauge, Registry } from "prom-client";
import { collectProcessMetrics } from "./process-metrics.ts";
import { GIT_VERSION, KUBERNETES_MAJOR, KUBERNETES_MINOR } from "./version.ts";

export { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from "prom-client";

/** A registry of its own, so that several components can live in one process. */
export function createMetrics(component: string): Registry {
  const registry = new Registry();
  collectProcessMetrics(registry);
  new Gauge({
    name: "go_goroutines",
    help: "Resources that keep the event loop of this Node process busy; the name is what dashboards look for.",
    registers: [registry],
    collect() {
      this.set(process.getActiveResourcesInfo().length);
    },
  });
  new Gauge({
    name: "kubernetes_build_info",
    help: "Always 1; labels say which version runs.",
    labelNames: ["major", "minor", "git_version", "platform", "component"],
    registers: [registry],
  }).set(
    {
      major: KUBERNETES_MAJOR,
      minor: KUBERNETES_MINOR,
      git_version: GIT_VERSION,
      platform: `linux/${goArch()}`,
      component,
    },
    1,
  );
  return registry;
}

/** GOARCH name of this machine: `amd64` or `arm64`. */
export function goArch(): string {
  return process.arch === "x64" ? "amd64" : process.arch;
}
