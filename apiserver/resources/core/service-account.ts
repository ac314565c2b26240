import type { ServiceAccount } from "../../../shared/api/generated/core/v1.ts";
import { serviceAccounts } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, nameColumn, textColumn } from "../../tables/columns.ts";

const MOUNTABLE = "kubernetes.io/enforce-mountable-secrets";

export const serviceAccountStrategy = serve<ServiceAccount>({
  resource: serviceAccounts,
  shortNames: ["sa"],
  storagePrefix: "serviceaccounts",
  subresources: [
    { name: "token", verbs: ["create"], kind: { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" } },
  ],
  prepareForCreate: keepSecretNames,
  prepareForUpdate: keepSecretNames,
  warnings: ({ metadata }, previous) => {
    const isNew = previous?.metadata.annotations?.[MOUNTABLE] === undefined;
    if (!isNew || metadata.annotations?.[MOUNTABLE] === undefined) return [];
    const why = "deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets";
    return [`metadata.annotations[${MOUNTABLE}]: ${why}`];
  },
  columns: [
    nameColumn,
    textColumn("Secrets", "How many secrets its pods may use.", ({ secrets = [] }) => secrets.length),
    ageColumn,
  ],
  example: { automountServiceAccountToken: true },
});

/** Secrets lie in the account's own namespace: their names say all. */
function keepSecretNames(account: ServiceAccount): void {
  if (account.secrets !== undefined) account.secrets = account.secrets.map(({ name }) => ({ name }));
}
