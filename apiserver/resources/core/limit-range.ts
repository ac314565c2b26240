import type { LimitRange } from "../../../shared/api/generated/core/v1.ts";
import { limitRanges } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { createdAtColumn, nameColumn } from "../../tables/columns.ts";
import { validateLimitRange } from "./limit-range-validation.ts";

export const limitRangeStrategy = serve<LimitRange>({
  resource: limitRanges,
  shortNames: ["limits"],
  storagePrefix: "limitranges",
  allowCreateOnUpdate: true,
  defaults: ({ spec }) => {
    for (const item of spec.limits ?? []) {
      if (item.type !== "Container") continue;
      // Upstream's order: a maximum is the default limit, that the default request, then the minimum.
      if (item.max !== undefined || item.default !== undefined) item.default = { ...item.max, ...item.default };
      if (item.default !== undefined || item.min !== undefined || item.defaultRequest !== undefined) {
        item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
      }
    }
  },
  validate: validateLimitRange,
  columns: [nameColumn, createdAtColumn],
  example: { spec: { limits: [{ type: "Container", default: { cpu: "500m" } }] } },
});
