import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { createApiClient } from "../shared/client/http-client.ts";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { systemClock } from "../shared/process/clock.ts";
import { flagHelp, parseFlags } from "../shared/process/flags.ts";
import { createLogger } from "../shared/process/logger.ts";
import { runMain } from "../shared/process/run-component.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import { run } from "./run.ts";

const FLAGS = {
  kubeconfig: { type: "string", help: "Path to the kubeconfig file" },
  "leader-elect": {
    type: "boolean",
    default: true,
    help: "Work only while holding the lease kube-system/kube-scheduler",
  },
  "scheduler-name": {
    type: "list",
    default: ["default-scheduler"],
    help: "Names of spec.schedulerName that this scheduler serves",
  },
  "bind-address": { type: "string", default: "127.0.0.1", help: "Where health and metrics are served" },
  "secure-port": { type: "number", default: 10259, help: "Port of health and metrics, over TLS; 0 for none" },
  "tls-cert-file": { type: "string", help: "Certificate to serve with; one is made when left out" },
  "tls-private-key-file": { type: "string", help: "Key of the certificate" },
  "log-level": { type: "string", default: "info", help: "debug, info, warn, error or silent" },
  version: { type: "boolean", default: false, help: "Print the version and end" },
  help: { type: "boolean", default: false, help: "Print this and end" },
} as const;

const TOLERATED = new Set(["v", "config", "authentication-kubeconfig", "authorization-kubeconfig", "profiling"]);

/** What is served with: the given files, or a certificate of our own for this run. */
async function servingPair(
  certFile: string | undefined,
  keyFile: string | undefined,
): Promise<{ cert: string; key: string }> {
  if (certFile !== undefined && keyFile !== undefined) {
    return { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  }
  // Only now: the libraries behind it take memory that most clusters, with certificates of their own, can spare.
  const { createCertificateAuthority, issueCertificate } = await import("../shared/process/pki.ts");
  const authority = await createCertificateAuthority(`${hostname()}-ca`);
  const pair = await issueCertificate(authority, {
    commonName: hostname(),
    dnsNames: [hostname(), "localhost"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server"],
  });
  return { cert: pair.certificate, key: pair.key };
}

await runMain("kube-scheduler", async () => {
  const { values, warnings } = parseFlags(FLAGS, process.argv.slice(2), TOLERATED);
  if (values.help || values.version) {
    process.stdout.write(values.help ? flagHelp("kube-scheduler", FLAGS) : `Kubernetes ${GIT_VERSION}\n`);
    process.exit(0);
  }
  const logger = createLogger("kube-scheduler", values["log-level"]);
  for (const warning of warnings) logger.warn({}, warning);
  if (values.kubeconfig === undefined) throw new Error("--kubeconfig is needed");
  const port = values["secure-port"];
  const tls = await servingPair(values["tls-cert-file"], values["tls-private-key-file"]);
  return run({
    client: createApiClient(loadKubeconfig(values.kubeconfig), { userAgent: `kube-scheduler/${GIT_VERSION}` }),
    clock: systemClock,
    logger,
    identity: `${hostname()}_${randomUUID()}`,
    leaderElect: values["leader-elect"],
    schedulerNames: values["scheduler-name"],
    serving: port === 0 ? undefined : { host: values["bind-address"], port, tls },
  });
});
