/** What annotations carry is anybody's text: it is read by its shape, as Go reads JSON into a struct. Pure. */
import { parseQuantity } from "../../../shared/machinery/quantity.ts";

export type Shape =
  | "text"
  | "count"
  | "quantity"
  | { readonly fields: Readonly<Record<string, Shape>> }
  | { readonly list: Shape }
  | { readonly map: Shape };

const MISFIT = Symbol("misfit");

function isQuantity(value: unknown): boolean {
  try {
    return typeof value === "string" && parseQuantity(value) !== undefined;
  } catch {
    return false;
  }
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function read(value: unknown, shape: Shape): unknown {
  if (value === null || value === undefined) return undefined;
  if (shape === "text") return typeof value === "string" ? value : MISFIT;
  if (shape === "count") return Number.isInteger(value) ? value : MISFIT;
  if (shape === "quantity") return isQuantity(value) ? value : MISFIT;
  if ("list" in shape) {
    if (!Array.isArray(value)) return MISFIT;
    const items = value.map((item) => read(item, shape.list));
    return items.includes(MISFIT) ? MISFIT : items.filter((item) => item !== undefined);
  }
  if (!isFields(value)) return MISFIT;
  const shapes = "map" in shape ? undefined : shape.fields;
  const entries = Object.entries(value).flatMap(([name, field]): [string, unknown][] => {
    const own = "map" in shape ? shape.map : Object.hasOwn(shapes ?? {}, name) ? shapes?.[name] : undefined;
    if (own === undefined) return [];
    const fitting = read(field, own);
    return fitting === undefined ? [] : [[name, fitting]];
  });
  return entries.some(([, field]) => field === MISFIT) ? MISFIT : Object.fromEntries(entries);
}

/** The value with the fields that its shape has; nothing when one of them does not fit. */
export function shaped(value: unknown, shape: Shape): unknown {
  const fitting = read(value, shape);
  return fitting === MISFIT ? undefined : fitting;
}

const SELECTOR: Shape = {
  fields: {
    matchLabels: { map: "text" },
    matchExpressions: { list: { fields: { key: "text", operator: "text", values: { list: "text" } } } },
  },
};
const SOURCE: Shape = {
  fields: {
    name: "text",
    container: "text",
    metricName: "text",
    selector: SELECTOR,
    metricSelector: SELECTOR,
    target: { fields: { kind: "text", name: "text", apiVersion: "text" } },
    targetValue: "quantity",
    averageValue: "quantity",
    targetAverageValue: "quantity",
    targetAverageUtilization: "count",
    currentValue: "quantity",
    currentAverageValue: "quantity",
    currentAverageUtilization: "count",
  },
};
export const OLD_METRICS: Shape = {
  list: {
    fields: {
      type: "text",
      object: SOURCE,
      pods: SOURCE,
      resource: SOURCE,
      containerResource: SOURCE,
      external: SOURCE,
    },
  },
};
export const CONDITIONS: Shape = {
  list: { fields: { type: "text", status: "text", lastTransitionTime: "text", reason: "text", message: "text" } },
};
const RULES: Shape = {
  fields: {
    stabilizationWindowSeconds: "count",
    selectPolicy: "text",
    tolerance: "quantity",
    policies: { list: { fields: { type: "text", value: "count", periodSeconds: "count" } } },
  },
};
export const BEHAVIOR: Shape = { fields: { scaleUp: RULES, scaleDown: RULES } };
