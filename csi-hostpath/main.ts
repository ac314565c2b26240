import { hostname } from "node:os";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { systemClock } from "../shared/process/clock.ts";
import { flagHelp, parseFlags } from "../shared/process/flags.ts";
import { createLogger } from "../shared/process/logger.ts";
import { runMain } from "../shared/process/run-component.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import { DRIVER_NAME } from "./driver-name.ts";
import { run } from "./run.ts";

const NAME = "csi-hostpath";

const FLAGS = {
  kubeconfig: { type: "string", help: "Path to the kubeconfig file" },
  drivername: { type: "string", default: DRIVER_NAME, help: "Name of the driver" },
  nodeid: { type: "string", help: "Name of the node; the host's name when left out" },
  endpoint: { type: "string", default: "unix:///csi/csi.sock", help: "Socket of the CSI services" },
  "kubelet-registration-path": {
    type: "string",
    help: "The kubelet's plugins_registry; it is not told of the driver when left out",
  },
  statedir: { type: "string", default: "/csi-data-dir", help: "Where the volumes are" },
  "log-level": { type: "string", default: "info", help: "debug, info, warn, error or silent" },
  version: { type: "boolean", default: false, help: "Print the version and end" },
  help: { type: "boolean", default: false, help: "Print this and end" },
} as const;

await runMain(NAME, async () => {
  const { values, warnings } = parseFlags(FLAGS, process.argv.slice(2), new Set(["v"]));
  if (values.help || values.version) {
    process.stdout.write(values.help ? flagHelp(NAME, FLAGS) : `Kubernetes ${GIT_VERSION}\n`);
    process.exit(0);
  }
  const logger = createLogger(NAME, values["log-level"]);
  for (const warning of warnings) logger.warn({}, warning);
  if (values.kubeconfig === undefined) throw new Error("--kubeconfig is needed");
  return run({
    driverName: values.drivername,
    nodeName: values.nodeid ?? hostname(),
    endpoint: values.endpoint.replace(/^unix:(\/\/)?/u, ""),
    registrationDir: values["kubelet-registration-path"],
    stateDir: values.statedir,
    client: createApiClient(loadKubeconfig(values.kubeconfig), {
      userAgent: `${NAME}/${GIT_VERSION}`,
      clock: systemClock,
    }),
    clock: systemClock,
    logger,
  });
});
