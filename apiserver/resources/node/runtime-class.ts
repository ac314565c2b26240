import type { RuntimeClass } from "../../../shared/api/generated/node/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { runtimeClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { addInvalid } from "../../validation/error-list.ts";
import { dnsLabelProblems } from "../../validation/names.ts";
import { immutable, validateLabels } from "../../validation/object-meta.ts";
import { deprecatedNodeLabel } from "../pod-spec/deprecated-labels.ts";
import { addOverheadErrors } from "../pod-spec/resources.ts";
import { addTolerationErrors } from "../pod-spec/tolerations.ts";

export const runtimeClassStrategy = serve<RuntimeClass>({
  resource: runtimeClasses,
  storagePrefix: "runtimeclasses",
  allowUnconditionalUpdate: false,
  validate: validateRuntimeClass,
  validateUpdate: (next, previous) => immutable(next.handler, previous.handler, "handler"),
  warnings: ({ scheduling }) =>
    Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => {
      const why = deprecatedNodeLabel(key);
      return why === undefined ? [] : [`scheduling.nodeSelector: ${why}`];
    }),
  columns: [
    nameColumn,
    textColumn("Handler", "Name of the runtime on the nodes.", ({ handler }) => handler),
    ageColumn,
  ],
  example: { handler: "runc" },
});

function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors: FieldError[] = [];
  addInvalid(errors, "handler", handler, dnsLabelProblems(handler));
  addOverheadErrors(overhead?.podFixed, "overhead", errors);
  errors.push(...validateLabels(scheduling?.nodeSelector, "scheduling.nodeSelector"));
  addTolerationErrors(scheduling?.tolerations, "scheduling.tolerations", errors);
  return errors;
}
