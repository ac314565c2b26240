/** The etcd3 client with everything automatic taken out of it: no retries, no circuit breaker, no watch manager. */
import { Etcd3, type IOptions } from "etcd3";
import type { Clock } from "../../../shared/process/clock.ts";
import type { EtcdTls } from "../open-storage.ts";

/** A call that takes longer has failed; the caller does not know whether it happened. */
const CALL_MS_MAX = 10_000;

type FaultPolicy = NonNullable<NonNullable<IOptions["faultHandling"]>["global"]>;

/** Calls through once: a write that was lost must not be sent again (S5), and a member that was down must be tried. */
function callThrough(): FaultPolicy {
  const never = { dispose: () => undefined };
  const neverAborts = new AbortController().signal;
  const policy = {
    execute: async (call: (context: { signal: AbortSignal }) => unknown) => call({ signal: neverAborts }),
    onSuccess: () => never,
    onFailure: () => never,
  };
  return policy as unknown as FaultPolicy;
}

export function connect(servers: readonly string[], clock: Clock, tls: EtcdTls | undefined): Etcd3 {
  return new Etcd3({
    hosts: [...servers],
    ...(tls === undefined
      ? {}
      : {
          credentials: {
            rootCertificate: tls.ca,
            ...(tls.key === undefined ? {} : { privateKey: tls.key }),
            ...(tls.cert === undefined ? {} : { certChain: tls.cert }),
          },
        }),
    faultHandling: { global: callThrough(), host: callThrough },
    defaultCallOptions: (context) => (context.isStream ? {} : { deadline: clock.nowMs() + CALL_MS_MAX }),
    grpcOptions: {
      // A catch-up batch of a watch has no limit; with one it would fail again after each reconnect.
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 2000,
      // Finds dead connections under a watch. Pings without a call would make etcd close the connection.
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5000,
    },
  });
}
