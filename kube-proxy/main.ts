import { hostname } from "node:os";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { systemClock } from "../shared/process/clock.ts";
import { flagHelp, parseFlags } from "../shared/process/flags.ts";
import { createLogger } from "../shared/process/logger.ts";
import { runMain } from "../shared/process/run-component.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import { createIptables } from "./iptables/iptables.ts";
import { chainNames } from "./rules/chain-names.ts";
import { cleanUp, type HostPort, run } from "./run.ts";

const FLAGS = {
  kubeconfig: { type: "string", help: "Path to the kubeconfig file" },
  "hostname-override": { type: "string", help: "Name of the node; the host's name when left out" },
  "cluster-cidr": { type: "string", help: "Range of all pod addresses; traffic from elsewhere is masqueraded" },
  "proxy-mode": { type: "string", default: "iptables", help: "Only iptables" },
  "metrics-bind-address": {
    type: "string",
    default: "127.0.0.1:10249",
    help: "Where metrics are served; empty for nowhere",
  },
  "healthz-bind-address": {
    type: "string",
    default: "0.0.0.0:10256",
    help: "Where health is served; empty for nowhere",
  },
  "iptables-chain-prefix": {
    type: "string",
    default: "KUBE",
    help: "First word of all chain names: one per cluster in a network namespace",
  },
  "iptables-localhost-nodeports": { type: "boolean", default: true, help: "Node ports also answer on 127.0.0.1" },
  "iptables-masquerade-bit": { type: "number", default: 14, help: "Bit of the packet mark that asks for masquerading" },
  "iptables-sync-period": {
    type: "duration",
    default: "30s",
    help: "How often we look whether our rules are still there",
  },
  "iptables-min-sync-period": {
    type: "duration",
    default: "100ms",
    help: "Changes within this time are written together",
  },
  "masquerade-all": { type: "boolean", default: false, help: "Masquerade everything that goes to a cluster IP" },
  cleanup: { type: "boolean", default: false, help: "Remove all our rules and end" },
  "log-level": { type: "string", default: "info", help: "debug, info, warn, error or silent" },
  version: { type: "boolean", default: false, help: "Print the version and end" },
  help: { type: "boolean", default: false, help: "Print this and end" },
} as const;

const TOLERATED = new Set([
  "v",
  "config",
  "conntrack-max-per-core",
  "conntrack-min",
  "bind-address",
  "nodeport-addresses",
]);

function readAddress(text: string): HostPort | undefined {
  if (text === "") return undefined;
  const colon = text.lastIndexOf(":");
  const port = Number(text.slice(colon + 1));
  if (colon < 0 || !Number.isInteger(port)) throw new Error(`invalid address "${text}": write HOST:PORT`);
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ""), port };
}

await runMain("kube-proxy", async () => {
  const { values, warnings } = parseFlags(FLAGS, process.argv.slice(2), TOLERATED);
  if (values.help || values.version) {
    process.stdout.write(values.help ? flagHelp("kube-proxy", FLAGS) : `Kubernetes ${GIT_VERSION}\n`);
    process.exit(0);
  }
  const logger = createLogger("kube-proxy", values["log-level"]);
  for (const warning of warnings) logger.warn({}, warning);
  if (values["proxy-mode"] !== "iptables")
    throw new Error(`--proxy-mode: "${values["proxy-mode"]}" is not served, only iptables`);
  const chainPrefix = values["iptables-chain-prefix"];
  if (values.cleanup) {
    await cleanUp(createIptables(), chainNames(chainPrefix));
    process.exit(0);
  }
  if (values.kubeconfig === undefined) throw new Error("--kubeconfig is needed");
  return run({
    client: createApiClient(loadKubeconfig(values.kubeconfig), { userAgent: `kube-proxy/${GIT_VERSION}` }),
    clock: systemClock,
    logger,
    nodeName: (values["hostname-override"] ?? hostname()).trim().toLowerCase(),
    clusterCidr: values["cluster-cidr"],
    chainPrefix,
    masqueradeAll: values["masquerade-all"],
    masqueradeBit: values["iptables-masquerade-bit"],
    localhostNodePorts: values["iptables-localhost-nodeports"],
    syncPeriodMs: values["iptables-sync-period"],
    minSyncPeriodMs: values["iptables-min-sync-period"],
    metricsAddress: readAddress(values["metrics-bind-address"]),
    healthzAddress: readAddress(values["healthz-bind-address"]),
  });
});
