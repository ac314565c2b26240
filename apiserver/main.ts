import { systemClock } from "../shared/process/clock.ts";
import { flagHelp, parseFlags } from "../shared/process/flags.ts";
import { createLogger } from "../shared/process/logger.ts";
import { runMain } from "../shared/process/run-component.ts";
import { GIT_VERSION } from "../shared/process/version.ts";
import { apiServerOptions, FLAGS, storageOptions, TOLERATED } from "./flags.ts";
import { run } from "./run.ts";
import { openStorage } from "./storage/open-storage.ts";

const NAME = "kube-apiserver";
const DEBUG_VERBOSITY = 4;

await runMain(NAME, async () => {
  const { values, warnings } = parseFlags(FLAGS, process.argv.slice(2), TOLERATED);
  if (values.help || values.version) {
    process.stdout.write(values.help ? flagHelp(NAME, FLAGS) : `Kubernetes ${GIT_VERSION}\n`);
    process.exit(0);
  }
  const logger = createLogger(NAME, values.v >= DEBUG_VERBOSITY ? "debug" : "info");
  for (const warning of warnings) logger.warn({}, warning);
  const storage = await openStorage(storageOptions(values, systemClock, logger));
  return run(apiServerOptions(values, storage, systemClock, logger));
});
