import type { ServiceAccount } from "../../../shared/api/generated/core/v1.ts";
import { serviceAccounts } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";

export const serviceAccountStrategy = serve<ServiceAccount>({
  resource: serviceAccounts,
  shortNames: ["sa"],
  storagePrefix: "serviceaccounts",
  subresources: [
    { name: "token", verbs: ["create"], kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" } },
  ],
  columns: [
    nameColumn,
    textColumn("Secrets", "How many secrets its pods may use.", ({ secrets = [] }) => secrets.length),
    ageColumn,
  ],
  example: { automountServiceAccountToken: true },
});
