import type { RuntimeClass } from "../../../shared/api/generated/node/v1.ts";
import { runtimeClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { invalidFor } from "../../validation/field-errors.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";

export const runtimeClassStrategy = serve<RuntimeClass>({
  resource: runtimeClasses,
  storagePrefix: "runtimeclasses",
  validate: ({ handler }) => invalidFor("handler", handler, dnsLabelProblems(handler)),
  validateUpdate: (next, previous) => immutable(next.handler, previous.handler, "handler"),
  columns: [
    nameColumn,
    textColumn("Handler", "Name of the runtime on the nodes.", ({ handler }) => handler),
    ageColumn,
  ],
  example: { handler: "runc" },
});
