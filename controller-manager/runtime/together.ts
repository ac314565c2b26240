import type { RunnableController } from "./services.ts";

/** Controllers that upstream runs as one: one name, and the rights of all of them. */
export function together(name: string, controllers: readonly RunnableController[]): RunnableController {
  const grants = controllers.map((controller) => controller.grants);
  const rules = new Map(grants.flatMap((grant) => grant.rules).map((rule) => [JSON.stringify(rule), rule]));
  return {
    name,
    grants: {
      reads: [...new Set(grants.flatMap(({ reads }) => reads))],
      writes: [...new Set(grants.flatMap(({ writes }) => writes))],
      rules: [...rules.values()],
    },
    run: async (services) => {
      await Promise.all(controllers.map((controller) => controller.run(services)));
    },
  };
}
