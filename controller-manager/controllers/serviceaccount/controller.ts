/** The account `default` in every namespace (upstream: `pkg/controller/serviceaccount/serviceaccounts_controller.go`). */
import type { Namespace } from "../../../shared/api/generated/core/v1.ts";
import { namespaces, serviceAccounts } from "../../../shared/resources/catalog.ts";
import { defineController } from "../../runtime/define-controller.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { World } from "../../runtime/resource-map.ts";

const DEFAULT_ACCOUNT = "default";

type Accounts = { readonly serviceAccounts: typeof serviceAccounts };

export function planDefaultAccount(namespace: Namespace, world: World<Namespace, Accounts>): Plan<Namespace, Accounts> {
  const { name } = namespace.metadata;
  const isActive = namespace.status?.phase !== "Terminating" && namespace.metadata.deletionTimestamp === undefined;
  if (!isActive || world.serviceAccounts.get(name, DEFAULT_ACCOUNT) !== undefined) return { actions: [] };
  const object = { metadata: { name: DEFAULT_ACCOUNT, namespace: name } };
  return { actions: [{ verb: "create", resource: "serviceAccounts", object }] };
}

export const serviceAccountController = defineController({
  name: "service-account-controller",
  queueName: "serviceaccount",
  reconciles: namespaces,
  reads: { serviceAccounts },
  writes: { serviceAccounts },
  triggers: [
    {
      on: "serviceAccounts",
      keys: ({ metadata }) => (metadata.name === DEFAULT_ACCOUNT ? [metadata.namespace ?? ""] : []),
    },
  ],
  writesStatus: false,
  reconcile: planDefaultAccount,
});
