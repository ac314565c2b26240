import type { Secret } from "../../shared/api/generated/core/v1.ts";
import { createInformer } from "../../shared/informer/informer.ts";
import { BOOTSTRAP_TOKEN_TYPE } from "../../shared/machinery/bootstrap-token.ts";
import { secrets } from "../../shared/resources/catalog.ts";
import type { LoopContext } from "../runtime/define-loop.ts";
import type { ResourceMap } from "../runtime/resource-map.ts";

export const TOKEN_NAMESPACE = "kube-system";

/** The Secrets of bootstrap tokens, and no others. */
export function bootstrapTokenInformer({
  client,
  clock,
  logger,
}: Pick<LoopContext<ResourceMap, ResourceMap>, "client" | "clock" | "logger">): ReturnType<
  typeof createInformer<Secret>
> {
  return createInformer({
    client,
    resource: secrets,
    clock,
    logger,
    namespace: TOKEN_NAMESPACE,
    fieldSelector: `type=${BOOTSTRAP_TOKEN_TYPE}`,
  });
}
