import { aPod } from "../../test/support/pod-builders.ts";
import type { Pod, PodStatus } from "../../shared/api/generated/core/v1.ts";
import type { ApiClient } from "../../shared/client/api-client.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { StatusManager } from "./status-manager.ts";

/** An API of one pod: merges what it is told, and calls back in the middle of each answer. */
function fakeApi(pod: Pod, onAnswer: () => void) {
  const written: PodStatus[] = [];
  const client = {
    patch: (_resource: unknown, _at: unknown, _kind: string, body: { status: PodStatus }) => {
      written.push(body.status);
      pod.status = { ...pod.status, ...body.status };
      pod.metadata.resourceVersion = String(written.length);
      return Promise.resolve(structuredClone(pod)).finally(onAnswer);
    },
  };
  return { client: client as unknown as ApiClient, written };
}

describe("the writer of statuses", () => {
  it("writes the last word, however it falls between the writes", async () => {
    for (let delay = 0; delay < 12; delay++) {
      const pod = aPod();
      const stop = new AbortController();
      let isTold = false;
      const api = fakeApi(pod, () => {
        if (isTold) return;
        isTold = true;
        void tellLater(delay);
      });
      const manager = new StatusManager(api.client, systemClock, silentLogger, stop.signal);
      const tellLater = async (turns: number): Promise<void> => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        manager.publish(pod, { phase: "Running" });
      };
      manager.publish(pod, { phase: "Pending" });
      await new Promise((resolve) => setImmediate(resolve));
      stop.abort();
      expect([delay, api.written.at(-1)?.phase]).toEqual([delay, "Running"]);
    }
  });
});
