import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { loadKubeconfig } from "../shared/client/kubeconfig.ts";
import { systemClock } from "../shared/process/clock.ts";
import { flagHelp, parseFlags } from "../shared/process/flags.ts";
import { createLogger } from "../shared/process/logger.ts";
import { runMain } from "../shared/process/run-component.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import { FLAGS, settingsOf, TOLERATED } from "./flags.ts";
import { run } from "./run.ts";

const NAME = "kube-controller-manager";
const DEBUG_VERBOSITY = 4;

const read = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : readFileSync(path, "utf8");

await runMain(NAME, () => {
  const { values, warnings } = parseFlags(FLAGS, process.argv.slice(2), TOLERATED);
  if (values.help || values.version) {
    process.stdout.write(values.help ? flagHelp(NAME, FLAGS) : `Kubernetes ${GIT_VERSION}\n`);
    process.exit(0);
  }
  const logger = createLogger(NAME, values.v >= DEBUG_VERBOSITY ? "debug" : "info");
  for (const warning of warnings) logger.warn({}, warning);
  const [cert, key] = [read(values["tls-cert-file"]), read(values["tls-private-key-file"])];
  return run({
    access: loadKubeconfig(values.kubeconfig),
    settings: settingsOf(values, {
      rootCa: read(values["root-ca-file"]),
      signingCertificate: read(values["cluster-signing-cert-file"]),
      signingKey: read(values["cluster-signing-key-file"]),
      tokenKey: read(values["service-account-private-key-file"]),
    }),
    clock: systemClock,
    logger,
    leaderElect: values["leader-elect"],
    identity: `${hostname()}_${randomUUID()}`,
    lease: {
      durationMs: values["leader-elect-lease-duration"],
      renewDeadlineMs: values["leader-elect-renew-deadline"],
      retryPeriodMs: values["leader-elect-retry-period"],
    },
    side: {
      host: values["bind-address"],
      port: values["secure-port"],
      tls: cert === undefined || key === undefined ? undefined : { cert, key },
    },
  });
});
