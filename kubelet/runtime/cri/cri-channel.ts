/**
 * One gRPC channel to the runtime's socket: unary calls by name and server streams, with gRPC's status codes
 * translated into `RuntimeCallError`. The only importer of `@grpc/grpc-js` in the kubelet.
 */
import { fileURLToPath } from "node:url";
import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { invariant } from "../../../shared/errors/invariant.ts";
import type { Clock } from "../../../shared/process/clock.ts";
import { RuntimeCallError, type RuntimeFailure } from "../runtime-error.ts";
import type { CriMethod, CriResponses } from "./cri-wire.ts";

/** Answers of a runtime with many containers and images are larger than gRPC's 4 MiB. */
const RECEIVE_BYTES_MAX = 16 * 1024 * 1024;

/** What the kubelet waits for a call that does not wait for anything by design (upstream: --runtime-request-timeout). */
export const CALL_TIMEOUT_MS = 120_000;

const SERVICES = ["runtime.v1.RuntimeService", "runtime.v1.ImageService", "containerd.services.events.v1.Events"];

function loadMethods(): ReadonlyMap<string, MethodDefinition<object, object>> {
  const files = ["cri-v1.proto", "containerd-events.proto"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  const definition = loadSync(files, { longs: Number, enums: String, defaults: true, arrays: true, objects: true });
  const methods = new Map<string, MethodDefinition<object, object>>();
  for (const service of SERVICES) {
    for (const [name, method] of Object.entries(definition[service] as ServiceDefinition)) {
      methods.set(name, method as MethodDefinition<object, object>);
    }
  }
  return methods;
}

const FAILURES: Partial<Record<status, RuntimeFailure>> = {
  [status.NOT_FOUND]: "notFound",
  [status.UNAVAILABLE]: "unavailable",
  [status.DEADLINE_EXCEEDED]: "timeout",
  [status.CANCELLED]: "cancelled",
  [status.UNIMPLEMENTED]: "unimplemented",
};

function translate(error: ServiceError): RuntimeCallError {
  const failure = FAILURES[error.code] ?? "other";
  const code = status[error.code] ?? "UNKNOWN";
  const name = code
    .split("_")
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join("");
  return new RuntimeCallError(failure, `rpc error: code = ${name} desc = ${error.details}`, error, error.details);
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CriChannel {
  call<M extends CriMethod>(method: M, request: object, options?: CallOptions): Promise<CriResponses[M]>;
  /** Calls back for each message; resolves at the end of the stream or when `signal` aborts. */
  stream<T>(
    method: string,
    request: object,
    metadata: Readonly<Record<string, string>>,
    signal: AbortSignal,
    onOpen: () => void,
    onMessage: (message: T) => void,
  ): Promise<void>;
  close(): void;
}

/** `endpoint` is `unix:///run/containerd/containerd.sock`, or a plain path. */
export function openCriChannel(endpoint: string, clock: Clock): CriChannel {
  const target = endpoint.includes("://") ? endpoint : `unix://${endpoint}`;
  const methods = loadMethods();
  const client = new Client(target, credentials.createInsecure(), {
    // Go servers refuse the socket's path as an authority.
    "grpc.default_authority": "localhost",
    "grpc.max_receive_message_length": RECEIVE_BYTES_MAX,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 100,
  });
  return {
    call: (method, request, options) => callUnary(client, methods, clock, method, request, options),
    stream: (method, request, metadata, signal, onOpen, onMessage) =>
      readStream(client, methods, {
        method,
        request,
        metadata,
        signal,
        onOpen,
        onMessage: onMessage as (m: object) => void,
      }),
    close: () => client.close(),
  };
}

function callUnary<M extends CriMethod>(
  client: Client,
  methods: ReadonlyMap<string, MethodDefinition<object, object>>,
  clock: Clock,
  method: M,
  request: object,
  options: CallOptions = {},
): Promise<CriResponses[M]> {
  const definition = methods.get(method);
  invariant(definition, `no CRI method ${method}`);
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) return reject(new RuntimeCallError("cancelled", `${method} was cancelled`));
    const call = client.makeUnaryRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      request,
      new Metadata(),
      { deadline: clock.nowMs() + (options.timeoutMs ?? CALL_TIMEOUT_MS) },
      (error, response) => {
        options.signal?.removeEventListener("abort", cancel);
        if (error !== null) reject(translate(error));
        else resolve(response as CriResponses[M]);
      },
    );
    const cancel = (): void => call.cancel();
    options.signal?.addEventListener("abort", cancel, { once: true });
  });
}

interface StreamRequest {
  readonly method: string;
  readonly request: object;
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  onOpen(): void;
  onMessage(message: object): void;
}

function readStream(
  client: Client,
  methods: ReadonlyMap<string, MethodDefinition<object, object>>,
  options: StreamRequest,
): Promise<void> {
  const definition = methods.get(options.method);
  invariant(definition, `no CRI method ${options.method}`);
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(options.metadata)) metadata.set(key, value);
  return new Promise((resolve, reject) => {
    const stream: ClientReadableStream<object> = client.makeServerStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      options.request,
      metadata,
    );
    const cancel = (): void => stream.cancel();
    options.signal.addEventListener("abort", cancel, { once: true });
    // Go servers send the headers with the first message; the request itself is on its way before anything later.
    options.onOpen();
    stream.on("data", (message: object) => options.onMessage(message));
    stream.on("end", () => resolve());
    stream.on("error", (error: ServiceError) => {
      options.signal.removeEventListener("abort", cancel);
      if (options.signal.aborted) resolve();
      else reject(translate(error));
    });
    if (options.signal.aborted) cancel();
  });
}
