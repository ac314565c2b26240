import type { IPAddress } from "../../../shared/api/generated/networking/v1.ts";
import { ipAddresses } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { isIp } from "../../validation/addresses.ts";
import { required } from "../../validation/field-errors.ts";
import { immutable } from "../../validation/object-meta.ts";

export const ipAddressStrategy = serve<IPAddress>({
  resource: ipAddresses,
  shortNames: ["ip"],
  storagePrefix: "ipaddresses",
  validateName: (name) => (isIp(name) ? [] : ["must be a valid IP address"]),
  validate: ({ spec }) => [
    ...(spec.parentRef?.resource === undefined || spec.parentRef.resource === ""
      ? [required("spec.parentRef.resource")]
      : []),
    ...(spec.parentRef?.name === undefined || spec.parentRef.name === "" ? [required("spec.parentRef.name")] : []),
  ],
  validateUpdate: (next, previous) => immutable(next.spec.parentRef, previous.spec.parentRef, "spec.parentRef"),
  columns: [
    nameColumn,
    textColumn("ParentRef", "What the address belongs to.", ({ spec: { parentRef } }) => {
      if (parentRef === undefined) return "";
      const resource = (parentRef.group ?? "") === "" ? parentRef.resource : `${parentRef.resource}.${parentRef.group}`;
      return [resource, parentRef.namespace, parentRef.name]
        .filter((part) => part !== undefined && part !== "")
        .join("/");
    }),
    ageColumn,
  ],
  example: {
    metadata: { name: "10.0.0.1" },
    spec: { parentRef: { resource: "services", namespace: "default", name: "web" } },
  },
});
