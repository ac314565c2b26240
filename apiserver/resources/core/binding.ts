import type { Binding } from "../../../shared/api/generated/core/v1.ts";
import { bindings } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { notSupported, required } from "../../validation/field-errors.ts";

/** Never stored: creating one binds a pod, as `pods/binding` does. */
export const bindingStrategy = serve<Binding>({
  resource: bindings,
  verbs: ["create"],
  storagePrefix: "",
  validate: ({ target }) => [
    ...((target.kind ?? "") === "" || target.kind === "Node"
      ? []
      : [notSupported("target.kind", target.kind, ["Node", "<empty>"])]),
    ...((target.name ?? "") === "" ? [required("target.name")] : []),
  ],
  example: { target: { kind: "Node", name: "node-1" } },
});
