/** Calls to a CSI driver's socket by name, with gRPC's status codes translated into `CsiError`. */
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { invariant } from "../errors/invariant.ts";
import type { Clock } from "../process/clock.ts";
import { type CsiCode, CsiError } from "./csi-error.ts";
import { csiServices } from "./csi-services.ts";
import type { CsiMethod, CsiRequest, CsiResponse } from "./csi-wire.ts";

/** What callers wait when they say nothing (upstream: `csiTimeout`). */
const CALL_TIMEOUT_MS = 120_000;

export interface CsiCallOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CsiClient {
  /** Rejects with `CsiError`. */
  call<M extends CsiMethod>(method: M, request: CsiRequest<M>, options?: CsiCallOptions): Promise<CsiResponse<M>>;
  close(): void;
}

/** `endpoint` is the path of a unix socket, or `unix://…`. Connects with the first call, and again when it must. */
export function openCsiClient(endpoint: string, clock: Clock): CsiClient {
  const target = endpoint.startsWith("unix:") ? endpoint : `unix://${endpoint}`;
  const { methods } = csiServices();
  const client = new Client(target, credentials.createInsecure(), {
    // Go servers refuse the socket's path as an authority.
    "grpc.default_authority": "localhost",
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 100,
  });
  return {
    call: <M extends CsiMethod>(method: M, request: CsiRequest<M>, options: CsiCallOptions = {}) => {
      const { signal, timeoutMs = CALL_TIMEOUT_MS } = options;
      const definition = methods.get(method);
      invariant(definition, `no CSI method ${method}`);
      return new Promise<CsiResponse<M>>((resolve, reject) => {
        if (signal?.aborted === true) return reject(new CsiError("CANCELLED", `${method} was cancelled`));
        const call = client.makeUnaryRequest(
          definition.path,
          definition.requestSerialize,
          definition.responseDeserialize,
          request,
          new Metadata(),
          { deadline: clock.nowMs() + timeoutMs },
          (error, response) => {
            signal?.removeEventListener("abort", cancel);
            if (error === null) resolve(response as CsiResponse<M>);
            else reject(translate(error));
          },
        );
        const cancel = (): void => call.cancel();
        signal?.addEventListener("abort", cancel, { once: true });
      });
    },
    close: () => client.close(),
  };
}

function translate(error: ServiceError): CsiError {
  return new CsiError((status[error.code] ?? "UNKNOWN") as CsiCode, error.details, error);
}
