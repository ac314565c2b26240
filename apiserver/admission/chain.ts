import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

/** Lets every plugin change the object, in order; rejects with the first refusal. Runs before validation. */
export async function mutateThrough(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) await plugin.mutate?.(request);
}

/** Asks every plugin, in order; rejects with the first refusal. Runs after validation, on what will be stored. */
export async function validateThrough(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) await plugin.validate?.(request);
}
