/** Removes certificate requests that nobody needs any more, every hour (upstream: `pkg/controller/certificates/cleaner`). */
import { X509Certificate } from "node:crypto";
import { certificateSigningRequests } from "../../../shared/resources/catalog.ts";
import { defineLoop } from "../../runtime/define-loop.ts";
import { isOutdated } from "./plan.ts";

const CHECK_EVERY_MS = 60 * 60 * 1000;

/** Never, for what cannot be read: it is not ours to judge. */
function certificateEndMs(base64: string): number {
  try {
    return new X509Certificate(Buffer.from(base64, "base64")).validToDate.getTime();
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export const certificateCleaner = defineLoop({
  name: "certificatesigningrequest-cleaner-controller",
  reads: { requests: certificateSigningRequests },
  writes: { requests: certificateSigningRequests },
  run: async ({ clock, signal, informers, execute, logger }) => {
    while (!signal.aborted) {
      const nowMs = clock.nowMs();
      const outdated = informers.requests.lister.list().filter((one) => isOutdated(one, certificateEndMs, nowMs));
      const outcome = await execute(
        outdated.map((target) => ({ verb: "delete", resource: "requests", target }) as const),
      );
      if (outcome.kind === "failed" && !signal.aborted) {
        logger.warn({ err: outcome.error }, "a certificate request could not be removed");
      }
      await clock.sleep(CHECK_EVERY_MS, signal);
    }
  },
});
