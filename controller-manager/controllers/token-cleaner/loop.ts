/** Removes bootstrap tokens at their end (upstream: `pkg/controller/bootstrap/tokencleaner.go`). */
import type { Secret } from "../../../shared/api/generated/core/v1.ts";
import { bootstrapTokenEndMs } from "../../../shared/machinery/bootstrap-token.ts";
import { secrets } from "../../../shared/resources/catalog.ts";
import { bootstrapTokenInformer, TOKEN_NAMESPACE } from "../../bootstrap-tokens/informer.ts";
import { defineLoop, workOn } from "../../runtime/define-loop.ts";

/** Timers do not wait longer than 24 days: a token that ends later is looked at again meanwhile. */
const WAIT_MS_MAX = 24 * 60 * 60 * 1000;

export const tokenCleaner = defineLoop({
  name: "token-cleaner-controller",
  reads: {},
  writes: { secrets },
  rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] }],
  run: async (context) => {
    const { clock, signal, execute } = context;
    const tokens = bootstrapTokenInformer(context);
    const queue = context.createQueue("token_cleaner");
    const add = ({ metadata }: Secret): void => queue.add(metadata.name);
    const removeHandlers = tokens.addHandlers({ onAdd: add, onUpdate: add });
    const work = async (name: string): Promise<void> => {
      const secret = tokens.lister.get(TOKEN_NAMESPACE, name);
      const leftMs = secret === undefined ? Number.POSITIVE_INFINITY : bootstrapTokenEndMs(secret) - clock.nowMs();
      if (secret === undefined || leftMs === Number.POSITIVE_INFINITY) return;
      if (leftMs > 0) return queue.addAfter(name, Math.min(leftMs, WAIT_MS_MAX));
      const outcome = await execute([{ verb: "delete", resource: "secrets", target: secret }]);
      if (outcome.kind !== "done") throw outcome.error ?? new Error(`secret ${name} has changed`);
    };
    await Promise.all([tokens.run(signal), workOn(queue, 1, work, context)]);
    removeHandlers();
  },
});
