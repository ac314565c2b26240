import type { IncomingMessage } from "node:http";
import { badRequest, StatusError } from "../../shared/errors/status-error.ts";

/** Largest body of a resource request, as upstream: etcd takes 1.5 MiB, a patch may be larger than its object. */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

function tooLarge(limit: number): StatusError {
  return new StatusError("RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

function endedEarly(): StatusError {
  return badRequest("the request body ended early");
}

/**
 * The whole body. Rejects with 413 as soon as it is known to be larger than `limit` (the rest is not read), and with
 * 400 when the client went away in the middle of it.
 */
export function readBody(request: IncomingMessage, limit: number = BODY_BYTES_MAX): Promise<Buffer> {
  const declared = Number(request.headers["content-length"] ?? "0");
  if (declared > limit) return Promise.reject(tooLarge(limit));
  if (request.destroyed && !request.readableEnded) return Promise.reject(endedEarly());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (act: () => void): void => {
      request.off("data", onData).off("end", onEnd).off("error", onBroken).off("close", onBroken);
      act();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > limit) {
        request.pause();
        return finish(() => reject(tooLarge(limit)));
      }
      chunks.push(chunk);
    };
    const onEnd = (): void =>
      finish(() => resolve(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks, bytes)));
    const onBroken = (): void => finish(() => reject(endedEarly()));
    request.on("data", onData).on("end", onEnd).on("error", onBroken).on("close", onBroken);
  });
}
