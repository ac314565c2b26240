import type { VolumeAttributesClass } from "../../../shared/api/generated/storage/v1.ts";
import { deepEqual } from "../../../shared/machinery/deep-equal.ts";
import { volumeAttributesClasses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { forbiddenField } from "../../validation/field-errors.ts";
import { parameterErrors, provisionerErrors } from "./driver-name.ts";

const FROZEN = ["driverName", "parameters"] as const;

export const volumeAttributesClassStrategy = serve<VolumeAttributesClass>({
  resource: volumeAttributesClasses,
  shortNames: ["vac"],
  storagePrefix: "volumeattributesclasses",
  validate: ({ driverName, parameters }) => [
    ...provisionerErrors(driverName, "driverName"),
    ...parameterErrors(parameters, "parameters", { mayBeEmpty: false }),
  ],
  validateUpdate: (next, previous) =>
    FROZEN.filter((field) => !deepEqual(next[field], previous[field])).map((field) =>
      forbiddenField(field, `updates to ${field} are forbidden.`),
    ),
  columns: [
    nameColumn,
    textColumn("DriverName", "Driver that the attributes are for.", ({ driverName }) => driverName),
    ageColumn,
  ],
  example: { driverName: "disk.example.com", parameters: { iops: "1000" } },
});
