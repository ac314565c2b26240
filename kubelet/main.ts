/** `kubelet`: flags only. */
import { parseFlags } from "../shared/process/flags.ts";
import { runMain } from "../shared/process/run-component.ts";
import { kubeletFlags, kubeletOptions, TOLERATED_FLAGS } from "./flags.ts";
import { run } from "./run.ts";

await runMain("kubelet", () => {
  const { values, warnings } = parseFlags(kubeletFlags, process.argv.slice(2), TOLERATED_FLAGS);
  for (const warning of warnings) process.stderr.write(`kubelet: ${warning}\n`);
  return run(kubeletOptions(values));
});
