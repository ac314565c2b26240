/** The etcd3 client with everything automatic taken out of it: no retries, no circuit breaker, no watch manager. */
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ChannelCredentials, credentials as grpcCredentials } from "@grpc/grpc-js";
import { Etcd3, type IOptions } from "etcd3";
import type { Clock } from "../../../shared/process/clock.ts";
import type { EtcdTls } from "../open-storage.ts";

/** A call that takes longer has failed; the caller does not know whether it happened. */
export const CALL_MS_MAX = 10_000;

/** What an address is called in the TLS handshake; etcd does not look at it. */
const SENT_NAME = "etcd";

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
  const client = createClient(servers, clock, tls);
  if (tls !== undefined) allowAddresses(client, tls);
  return client;
}

/** As much of the library's `Host` as is needed to reach servers by address. */
interface HostOfPool {
  readonly host: string;
  channelCredentials: ChannelCredentials;
  channelOptions: Readonly<Record<string, unknown>>;
}

/**
 * gRPC sends the host as the TLS server name, and Node refuses to send an address as one. Hosts that are addresses
 * get some name to send, and their certificates are checked for the address all the same.
 */
function allowAddresses(client: Etcd3, tls: EtcdTls): void {
  const { hosts } = (client as unknown as { readonly pool: { readonly hosts: HostOfPool[] } }).pool;
  for (const host of hosts) {
    const address = new URL(`https://${host.host}`).hostname.replace(/^\[|\]$/gu, "");
    if (isIP(address) === 0) continue;
    host.channelCredentials = grpcCredentials.createSsl(tls.ca, tls.key ?? null, tls.cert ?? null, {
      checkServerIdentity: (_sentName: string, certificate: PeerCertificate) =>
        checkServerIdentity(address, certificate),
    });
    host.channelOptions = { ...host.channelOptions, "grpc.ssl_target_name_override": SENT_NAME };
  }
}

function createClient(servers: readonly string[], clock: Clock, tls: EtcdTls | undefined): Etcd3 {
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
