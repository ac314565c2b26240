/** `kubernode-supervisor PLAN.json`: see supervisor.ts. Started by `kubernode up`, not by hand. */
import { readFileSync } from "node:fs";
import type { SupervisorPlan } from "./process-spec.ts";
import { supervise } from "./supervisor.ts";

const plan = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as SupervisorPlan;
supervise(plan, (message) => process.stdout.write(`${new Date().toISOString()} ${message}\n`));
