import type { ComponentCondition, ComponentStatus } from "../../../shared/api/generated/core/v1.ts";
import { componentStatuses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { nameColumn, textColumn } from "../../tables/columns.ts";

/** How the control plane is. Never stored: `handlers/component-statuses.ts` looks at the moment that it is asked. */
export const componentStatusStrategy = serve<ComponentStatus>({
  resource: componentStatuses,
  shortNames: ["cs"],
  verbs: ["get", "list"],
  storagePrefix: "",
  deprecation: "v1 ComponentStatus is deprecated in v1.19+",
  columns: [
    nameColumn,
    textColumn("Status", "Whether it is healthy.", (component) => statusText(healthOf(component))),
    textColumn("Message", "What it says.", (component) => healthOf(component)?.message ?? ""),
    textColumn("Error", "Why it could not be asked.", (component) => healthOf(component)?.error ?? ""),
  ],
  example: { conditions: [{ type: "Healthy", status: "True", message: "ok" }] },
});

function healthOf({ conditions = [] }: ComponentStatus): ComponentCondition | undefined {
  return conditions.find(({ type }) => type === "Healthy");
}

function statusText(condition: ComponentCondition | undefined): string {
  if (condition === undefined) return "Unknown";
  return condition.status === "True" ? "Healthy" : "Unhealthy";
}
