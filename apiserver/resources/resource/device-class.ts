import type { DeviceClass } from "../../../shared/api/generated/resource/v1.ts";
import { deviceClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { invalidValue } from "../../validation/field-errors.ts";
import { isExtendedResource } from "../pod-spec/resource-names.ts";
import { listErrors } from "./bounded.ts";
import { CONFIGS_MAX, opaqueErrors, selectorErrors } from "./device-claim.ts";

export const deviceClassStrategy = serve<DeviceClass>({
  resource: deviceClasses,
  storagePrefix: "deviceclasses",
  hasGeneration: true,
  validate: ({ spec: { selectors = [], config = [], extendedResourceName: name } }) => [
    ...selectorErrors(selectors, "spec.selectors"),
    ...listErrors(config, CONFIGS_MAX, "spec.config", ({ opaque }, at) => opaqueErrors(opaque, at)),
    ...(name === undefined || isExtendedResource(name)
      ? []
      : [invalidValue("spec.extendedResourceName", name, "must be a valid extended resource name")]),
  ],
  example: {
    spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }] },
  },
});
