import type { CSINode, CSINodeDriver } from "../../../shared/api/generated/storage/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { qualifiedNameProblems } from "../../../shared/machinery/label-syntax.ts";
import { csiNodes } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, countColumn, nameColumn } from "../../tables/columns.ts";
import { addNegativeErrors } from "../../validation/error-list.ts";
import { duplicate, invalidFor, invalidValue, required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";
import { driverNameErrors } from "./driver-name.ts";

const NODE_ID_MAX = 192;

export const csiNodeStrategy = serve<CSINode>({
  resource: csiNodes,
  storagePrefix: "csinodes",
  allowUnconditionalUpdate: false,
  validate: ({ spec }) =>
    spec.drivers.flatMap((driver, index) => driverErrors(driver, spec.drivers.slice(0, index), index)),
  validateUpdate: (next, previous) =>
    previous.spec.drivers.flatMap((before) =>
      next.spec.drivers
        .filter(({ name }) => name === before.name)
        .flatMap((after) =>
          immutable({ ...after, allocatable: undefined }, { ...before, allocatable: undefined }, "spec.drivers"),
        ),
    ),
  columns: [
    nameColumn,
    countColumn("Drivers", "How many CSI drivers are registered on the node.", ({ spec }) => spec.drivers.length),
    ageColumn,
  ],
  example: {
    spec: { drivers: [{ name: "disk.example.com", nodeID: "node-1", topologyKeys: ["topology.example.com/zone"] }] },
  },
});

function driverErrors(driver: CSINodeDriver, before: readonly CSINodeDriver[], index: number): FieldError[] {
  const at = `spec.drivers[${index}]`;
  const { name, nodeID, allocatable } = driver;
  const keys = driver.topologyKeys ?? [];
  const errors = driverNameErrors(name, `${at}.name`);
  if (nodeID === "") errors.push(required(`${at}.nodeID`));
  if (nodeID.length > NODE_ID_MAX)
    errors.push(invalidValue(`${at}.nodeID`, nodeID, `must be ${NODE_ID_MAX} characters or less`));
  addNegativeErrors(errors, `${at}.allocatable.count`, allocatable?.count);
  if (before.some((other) => other.name === name)) errors.push(duplicate(`${at}.name`, name));
  for (const [position, key] of keys.entries()) {
    if (key === "") errors.push(required(at));
    if (keys.indexOf(key) < position) errors.push(duplicate(at, key));
    errors.push(...invalidFor(at, key, qualifiedNameProblems(key)));
  }
  return errors;
}
