/** `kubelet`: flags and configuration only. */
import { runMain } from "../shared/process/run-component.ts";
import { readKubeletOptions } from "./flags.ts";
import { run } from "./run.ts";

await runMain("kubelet", () => {
  const { options, warnings } = readKubeletOptions(process.argv.slice(2));
  for (const warning of warnings) process.stderr.write(`kubelet: ${warning}\n`);
  return run(options);
});
