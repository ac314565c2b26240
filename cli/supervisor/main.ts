/** `kubernode-supervisor PLAN.json`: see supervisor.ts. Started by `kubernode up`, not by hand. */
import { readFileSync } from "node:fs";
import { fileDescriptorDestination } from "../../shared/process/log-destination.ts";
import { nameProcess } from "../../shared/process/process-name.ts";
import type { SupervisorPlan } from "./process-spec.ts";
import { supervise } from "./supervisor.ts";

nameProcess("kubernode-supervisor");

const plan = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as SupervisorPlan;
const log = fileDescriptorDestination(1, (count) => `${count} lines could not be written\n`);
supervise(plan, (message) => log.write(`${new Date().toISOString()} ${message}\n`));
